-- What moved of the layers named in $1, which are held at the versions $2 and were seen with the stamps $3: see bandoso.moved() in
-- migrations/V10__log_by_index.sql.
SELECT layer, version, is_logged, ids, stamp, is_another
FROM bandoso.moved($1::text[], $2::bigint[], $3::text[])
