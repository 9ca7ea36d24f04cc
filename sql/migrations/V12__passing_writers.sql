-- Writers of many points pass each other. ANALYZE, which told the planner of the rows that were just written, keeps its lock until the
-- writer's end: two of them waited for each other. Now no plan hangs on what the planner believes of a layer's table.

-- Links of many points: those of a table with columns `id`, `geom` and `units`; where `unjoined` only the rows without units. Points
-- that are neighbours lie in packets of a hundred, and each unit looks through the packets that its box meets, so that PostGIS
-- prepares each polygon once. Loops are only where they are written as such: two lists of points are never joined by one.
CREATE OR REPLACE FUNCTION bandoso.links_of(points regclass, unjoined boolean) RETURNS TABLE (id bigint, units integer[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
-- By the index of the rows without units; where all are asked for there is no other way.
SET enable_seqscan = off
SET jit = off
AS $$
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH unit AS MATERIALIZED (
            SELECT u.id, u.geom, ST_Envelope(u.geom) AS box,
                   row_number() OVER (ORDER BY u.level, u.code, u.valid_from NULLS FIRST) AS place
            FROM bandoso.units u
        ),
        -- In the order of geometries, which is that of a curve that keeps neighbours together.
        asked AS MATERIALIZED (
            SELECT p.id, p.geom, row_number() OVER (ORDER BY p.geom) / 100 AS packet FROM %1$s p WHERE %2$s
        ),
        packet AS MATERIALIZED (
            SELECT ST_Extent(a.geom)::geometry AS box, array_agg(a.id) AS ids, array_agg(a.geom) AS geoms
            FROM asked a
            GROUP BY a.packet
        ),
        covered AS (
            SELECT c.id, array_agg(unit.id ORDER BY unit.place) AS covering
            FROM unit
            -- The OFFSET keeps units the outer ones.
            CROSS JOIN LATERAL (
                SELECT member.id
                FROM packet CROSS JOIN LATERAL unnest(packet.ids, packet.geoms) AS member (id, geom)
                WHERE packet.box && unit.box AND ST_Covers(unit.geom, member.geom)
                OFFSET 0
            ) c
            GROUP BY c.id
        ),
        point AS MATERIALIZED (
            SELECT a.id, a.geom, coalesce(c.covering, '{}') AS covering
            FROM asked a
            LEFT JOIN covered c ON c.id = a.id
        ),
        -- Points share few different sets of covering units: what each set leaves uncovered is asked once.
        lacking AS (
            SELECT s.covering
            FROM (SELECT DISTINCT covering FROM point) s
            WHERE EXISTS (SELECT FROM bandoso.uncovered(s.covering) l WHERE NOT isempty(l.days))
        )
        SELECT point.id::bigint,
               CASE
                   WHEN lacking.covering IS NOT NULL
                        AND EXISTS (SELECT FROM bandoso.unit_borders b WHERE b.geom && bandoso.around(point.geom))
                   THEN point.covering || bandoso.near_units(point.geom, point.covering)
                   ELSE point.covering
               END
        FROM point
        LEFT JOIN lacking ON lacking.covering = point.covering
    $query$, points, CASE WHEN unjoined THEN 'p.units IS NULL' ELSE 'true' END);
END
$$;

-- Its plans are kept for the session, whoever asks first: they are for few units, which a loop finds.
ALTER FUNCTION bandoso.near_units(geometry, integer[]) SET enable_nestloop = on;

ALTER FUNCTION bandoso.join_again(regclass) SET enable_nestloop = off;
ALTER FUNCTION bandoso.join_again(regclass) SET jit = off;

-- Joins the rows of a layer's table that have no links together, however few the planner takes them for.
CREATE FUNCTION bandoso.join_many(points regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET enable_nestloop = off
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
BEGIN
    PERFORM set_config('bandoso.joined', 'on', true);
    EXECUTE format(
        'UPDATE %1$s p SET units = l.units FROM bandoso.links_of(%1$L, true) l WHERE p.id = l.id AND p.units IS NULL', points);
    PERFORM set_config('bandoso.joined', coalesce(before, ''), true);
END
$$;
REVOKE EXECUTE ON FUNCTION bandoso.join_many(regclass) FROM PUBLIC;

-- Joins the rows of a layer's table that have no links, few one by one, many together. Where there are none nothing is written, so
-- that nobody waits for who holds the table to write.
--
-- A transaction that does not see what others commit meanwhile may join as long as it sees the units as they are: else it is one
-- that must be tried again, as the row that writers of units write tells.
CREATE OR REPLACE FUNCTION bandoso.join_unjoined(points regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(bandoso.units_lock());
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM FROM bandoso.layers l WHERE l.layer = 'units' FOR SHARE;
    END IF;
    IF NOT bandoso.join_few(points) THEN
        PERFORM bandoso.join_many(points);
    END IF;
END
$$;
