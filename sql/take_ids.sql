-- Takes the next $2 ids of a table ($1) that nobody else writes; gives the first.
SELECT setval(g.name, coalesce(pg_sequence_last_value(g.name), s.seqstart - 1) + $2::bigint) - $2::bigint + 1
FROM (SELECT pg_get_serial_sequence($1::text, 'id')::regclass AS name) g
JOIN pg_sequence s ON s.seqrelid = g.name
