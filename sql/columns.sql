-- The columns of a table or view ($1 its oid): name, type, and whether the type is an enumeration.
SELECT a.attname::text, t.typname::text, t.typtype = 'e'
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
