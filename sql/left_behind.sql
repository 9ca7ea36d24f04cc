-- Notes the stamps ($3) with which a batch ($1) left rows ($2) that were not there, or were otherwise.
INSERT INTO bandoso.batch_rows AS r (batch, id, after)
SELECT $1, n.id, n.stamp
FROM unnest($2::bigint[], $3::bigint[]) AS n (id, stamp)
ON CONFLICT (batch, id) DO UPDATE SET after = excluded.after
