-- Whether the type of a table's ($1) column ($2) says that it holds points in WGS 84 and nothing else.
SELECT coalesce(bool_or(postgis_typmod_type(a.atttypmod) = 'Point' AND postgis_typmod_srid(a.atttypmod) = 4326), false)
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = $1::text::regclass AND a.attname = $2 AND NOT a.attisdropped
