-- When each of the layers $1 was last written (null where that is not known) and last imported. Microseconds.
SELECT
    l.layer,
    (extract(EPOCH FROM written.counted_at) * 1000000)::bigint,
    (extract(EPOCH FROM imported.at) * 1000000)::bigint
FROM unnest($1::text[]) AS l (layer)
LEFT JOIN LATERAL (
    SELECT c.counted_at
    FROM bandoso.change_log c
    WHERE c.layer = l.layer AND c.edited
    ORDER BY c.version DESC
    LIMIT 1
) written ON true
LEFT JOIN LATERAL (
    SELECT b.at
    FROM bandoso.batches b
    WHERE b.layer = l.layer AND b.kind = 'import'
    ORDER BY b.id DESC
    LIMIT 1
) imported ON true
