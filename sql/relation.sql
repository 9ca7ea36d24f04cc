-- What a table or view is ($1 its quoted name): nothing where there is none.
SELECT
    c.oid,
    c.relkind = 'r',
    -- What is written into a table's heirs, or into a partition by way of the whole, its own triggers do not tell.
    c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relispartition AND has_table_privilege(c.oid, 'TRIGGER'),
    c.relkind IN ('r', 'p', 'v')
FROM pg_class c
WHERE c.oid = to_regclass($1::text)
