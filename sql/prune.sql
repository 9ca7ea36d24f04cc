-- Takes from the log what nobody can use: who is behind so many ids, or a whole layer, loads the layer instead. And what is
-- older than $1 seconds. The newest version of a layer stays. Does nothing while another program does the same; holds up no writer.
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(4707468923401933) AS mine
),
noted AS (
    SELECT
        c.layer,
        c.version,
        c.xact,
        c.counted_at,
        sum(sum(i.many)) OVER newer AS behind,
        row_number() OVER newer AS place
    FROM bandoso.change_log c
    LEFT JOIN bandoso.change_ids i ON i.xact = c.xact AND i.layer = c.layer
    WHERE (SELECT mine FROM turn)
    GROUP BY c.layer, c.version
    WINDOW newer AS (PARTITION BY c.layer ORDER BY c.version DESC)
),
gone AS (
    DELETE FROM bandoso.change_log c
    USING noted n
    WHERE
        c.layer = n.layer
        AND c.version = n.version
        AND n.place > 1
        AND (n.behind > bandoso.most_ids() OR n.counted_at < now() - make_interval(secs => $1))
    RETURNING c.layer, c.xact
)
DELETE FROM bandoso.change_ids i
USING gone g
WHERE i.xact = g.xact AND i.layer = g.layer
