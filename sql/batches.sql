-- Batches of a layer ($1; all where null), older than one ($2), at most $3, the newest first; or one alone ($4). Microseconds.
SELECT
    b.id,
    b.layer,
    b.kind,
    b.who,
    b.source,
    (extract(EPOCH FROM b.at) * 1000000)::bigint,
    b.added,
    b.changed,
    b.removed,
    b.unchanged,
    b.version,
    b.undoes,
    u.id
FROM bandoso.batches b
LEFT JOIN bandoso.batches u ON u.undoes = b.id
WHERE
    ($1::text IS NULL OR b.layer = $1)
    AND ($2::bigint IS NULL OR b.id < $2)
    AND ($4::bigint IS NULL OR b.id = $4)
ORDER BY b.id DESC
LIMIT $3
