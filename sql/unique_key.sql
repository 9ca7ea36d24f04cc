-- Whether no two rows of a table can have one key ($1 its quoted name, $2 the key's column). Heirs of a table are not held to it.
SELECT EXISTS (
    SELECT
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = to_regclass($1::text)
        AND a.attname = $2::text
        AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indnkeyatts = 1
        AND (c.relkind = 'p' OR NOT c.relhassubclass)
)
