-- Takes from the log what nobody can use: who is behind so many ids, or a whole layer, loads the layer instead. And what is
-- older than $1 seconds. Versions stay for ten minutes; the newest of a layer, and the newest in which rows were written, for
-- ever. Does nothing while another program does the same; holds up no writer.
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(4707468923401933) AS mine
),
noted AS (
    SELECT
        c.layer,
        c.version,
        c.xact,
        c.counted_at,
        c.edited,
        sum(sum(i.many)) OVER newer AS behind,
        row_number() OVER newer AS place,
        row_number() OVER (PARTITION BY c.layer, c.edited ORDER BY c.version DESC) AS place_of_kind
    FROM bandoso.change_log c
    LEFT JOIN bandoso.change_ids i ON i.xact = c.xact AND i.layer = c.layer
    WHERE (SELECT mine FROM turn)
    GROUP BY c.layer, c.version
    WINDOW newer AS (PARTITION BY c.layer ORDER BY c.version DESC)
),
gone AS (
    SELECT layer, version, xact, counted_at, edited AND place_of_kind = 1 AS tells_when
    FROM noted
    WHERE place > 1 AND (behind > bandoso.most_ids() OR counted_at < now() - make_interval(secs => $1))
),
forgotten AS (
    DELETE FROM bandoso.change_log c
    USING gone g
    -- Longer than a writer may fail to see it.
    WHERE c.layer = g.layer AND c.version = g.version AND NOT g.tells_when AND g.counted_at < now() - interval '10 minutes'
)
DELETE FROM bandoso.change_ids i
USING gone g
WHERE i.xact = g.xact AND i.layer = g.layer
