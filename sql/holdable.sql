-- Which of these tables and views ($1, quoted names) LOCK TABLE takes.
SELECT name
FROM unnest($1::text[]) AS name
JOIN pg_class c ON c.oid = to_regclass(name)
WHERE c.relkind IN ('r', 'p', 'v')
