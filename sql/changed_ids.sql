-- The ids that a layer's ($1) log has noted since a version ($2).
SELECT DISTINCT id
FROM bandoso.change_log c
JOIN bandoso.change_ids i ON i.xact = c.xact AND i.layer = c.layer
CROSS JOIN LATERAL unnest(i.ids) AS id
WHERE c.layer = $1 AND c.version > $2 AND id >= 0
ORDER BY id
