-- Notes what a batch ($2) added to a layer ($1), so many rows ($3), as the trigger that rested would have: see note_rows() in
-- migrations/V4__change_log.sql.
INSERT INTO bandoso.change_ids (xact, layer, many, ids)
SELECT
    pg_current_xact_id(),
    $1,
    least($3::bigint, bandoso.most_ids() + 1)::integer,
    CASE WHEN $3::bigint <= bandoso.most_ids() THEN (
        SELECT array_agg(u.id)
        FROM bandoso.batch_added a
        CROSS JOIN LATERAL unnest(a.ids) AS u (id)
        WHERE a.batch = $2::bigint
    ) END
