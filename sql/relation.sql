-- What a table or view is ($1 its quoted name): nothing where there is none.
SELECT
    c.oid,
    c.relkind = 'r',
    c.relkind = 'r' AND has_table_privilege(c.oid, 'TRIGGER')
FROM pg_class c
WHERE c.oid = to_regclass($1::text)
