-- Of the layers $1 with their tables $2 and the keys of these $3: the layers whose table is there without all of our triggers.
SELECT l.layer
FROM unnest($1::text[], $2::text[], $3::text[]) AS l (layer, relation, key)
WHERE to_regclass(l.relation) IS NOT NULL AND (
    SELECT count(*)
    FROM pg_trigger t
    WHERE t.tgrelid = to_regclass(l.relation) AND t.tgenabled <> 'D' AND t.tgfoid = 'bandoso.note_rows'::regproc
          AND t.tgargs = convert_to(l.layer, getdatabaseencoding()) || '\x00'
                         || convert_to(l.key, getdatabaseencoding()) || '\x00'
) < 3
