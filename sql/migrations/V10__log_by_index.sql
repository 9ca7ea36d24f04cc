-- The log of changes is read by its keys, whatever the planner believes of its size. It is tiny when the first plans are made and
-- grows by thousands of rows a minute: a plan made for a tiny table reads all of it for every row, and stays until statistics are
-- taken again. With 14,000 versions an answer to "what changed" took seconds.

ALTER FUNCTION bandoso.give_versions() SET enable_seqscan = off;
ALTER FUNCTION bandoso.give_versions() SET enable_bitmapscan = off;
ALTER FUNCTION bandoso.give_versions() SET enable_hashjoin = off;
ALTER FUNCTION bandoso.give_versions() SET enable_mergejoin = off;

-- The writing transaction of a version, and the time of that one's begin: after a restore versions are given again, to others.
CREATE FUNCTION bandoso.stamp(entry bandoso.change_log) RETURNS text
LANGUAGE sql STABLE
RETURN entry.xact || ' ' || extract(epoch FROM entry.begun_at);

-- The layers of `names` whose version is no longer the one held, or whose entry of that version no longer has the stamp that it
-- was seen with (NULL where it was not): the present version, whether the log has every version between, how many ids it has
-- noted there (more than bandoso.most_ids() where a whole layer changed), the stamp of the present version, and whether the held
-- version is another than it was: then the database was restored, and numbers are given again.
CREATE FUNCTION bandoso.moved(names text[], versions bigint[], stamps text[])
RETURNS TABLE (layer text, version bigint, is_logged boolean, ids bigint, stamp text, is_another boolean)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        h.layer,
        coalesce(present.version, 0),
        coalesce(log.versions = coalesce(present.version, 0) - h.version, false),
        coalesce(log.many, 0),
        coalesce(present.stamp, ''),
        coalesce(h.stamp <> coalesce(then_held.stamp, ''), false)
    FROM unnest(names, versions, stamps) AS h (layer, version, stamp)
    JOIN bandoso.layers l ON l.layer = h.layer
    LEFT JOIN LATERAL (
        SELECT c.version, bandoso.stamp(c) AS stamp
        FROM bandoso.change_log c WHERE c.layer = h.layer ORDER BY c.version DESC LIMIT 1
    ) present ON true
    LEFT JOIN LATERAL (
        SELECT bandoso.stamp(c) AS stamp FROM bandoso.change_log c WHERE c.layer = h.layer AND c.version = h.version
    ) then_held ON true
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT c.version) AS versions, sum(i.many) AS many
        FROM bandoso.change_log c
        JOIN bandoso.change_ids i ON i.xact = c.xact AND i.layer = c.layer
        WHERE c.layer = h.layer AND c.version > h.version
    ) log
    WHERE coalesce(present.version, 0) <> h.version OR h.stamp IS DISTINCT FROM coalesce(then_held.stamp, '');
END
$$;

-- The ids that a layer's log has noted since a version.
CREATE FUNCTION bandoso.changed_ids(layer text, since bigint) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT id
    FROM bandoso.change_log c
    JOIN bandoso.change_ids i ON i.xact = c.xact AND i.layer = c.layer
    CROSS JOIN LATERAL unnest(i.ids) AS id
    WHERE c.layer = changed_ids.layer AND c.version > changed_ids.since AND id >= 0
    ORDER BY id;
END
$$;

-- Joins the rows of a layer's table that have no links, few one by one, many together. Where there are none nothing is written,
-- so that nobody waits for who holds the table to write.
CREATE OR REPLACE FUNCTION bandoso.join_unjoined(points regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
    few integer;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(bandoso.units_lock());
    PERFORM set_config('bandoso.joined', 'on', true);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %s WHERE units IS NULL LIMIT 501) few', points) INTO few;
    IF few > 500 THEN
        EXECUTE format('ANALYZE %s', points);
        EXECUTE format('UPDATE %1$s p SET units = l.units FROM bandoso.links_of(%1$L, true) l WHERE p.id = l.id', points);
    ELSIF few > 0 THEN
        EXECUTE format('UPDATE %s SET units = bandoso.unit_links(geom) WHERE units IS NULL', points);
    END IF;
    PERFORM set_config('bandoso.joined', coalesce(before, ''), true);
END
$$;
