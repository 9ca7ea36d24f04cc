-- Whether rows may be copied straight into the own table ($1) of a layer ($2), and which of our triggers rest meanwhile: nothing
-- where it may not be. Triggers are its owner's to stop; rules and policies do not see a COPY; a trigger that waits for the
-- transaction's end would forbid to start them again; the generator of ids counts by one.
SELECT array(
    SELECT quote_ident(t.tgname)
    FROM pg_trigger t
    WHERE
        t.tgrelid = c.oid
        AND t.tgenabled = 'O'
        AND t.tgname IN ('bandoso_a_insert', 'bandoso_c_insert_' || left(md5($2::text), 8))
    ORDER BY t.tgname
)
FROM pg_class c
JOIN pg_sequence s ON s.seqrelid = pg_get_serial_sequence($1::text, 'id')::regclass
WHERE
    c.oid = $1::text::regclass
    AND c.relkind = 'r'
    AND pg_has_role(c.relowner, 'USAGE')
    AND has_table_privilege('bandoso.change_ids', 'INSERT')
    AND s.seqincrement = 1
    AND NOT (c.relrowsecurity OR c.relhasrules)
    AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tginitdeferred)
