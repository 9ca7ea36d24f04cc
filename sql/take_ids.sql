-- Takes the next $2 ids of a table ($1) that nobody else writes; gives the first.
SELECT setval(g.name, nextval(g.name) + $2::bigint - 1) - $2::bigint + 1
FROM (SELECT pg_get_serial_sequence($1::text, 'id')::regclass AS name) g
