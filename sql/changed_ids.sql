-- The ids that a layer's ($1) log has noted since a version ($2), each once and in order.
SELECT id
FROM bandoso.changed_ids($1::text, $2::bigint) AS id
