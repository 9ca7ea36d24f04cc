-- The version of one layer ($1), at the moment of the transaction.
SELECT version
FROM bandoso.layer_version
WHERE layer = $1
