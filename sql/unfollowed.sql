-- Of the layers $1 with their tables $2, the keys of these $3, whether they are the layers' own $4, and what they were when this
-- program last looked $5: the layers whose table is another now, or is there without all of our triggers.
SELECT l.layer
FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[]) AS l (layer, relation, key, is_own, shape)
WHERE
    bandoso.shape_of(to_regclass(l.relation)) IS DISTINCT FROM l.shape
    OR NOT bandoso.is_followed(l.layer, to_regclass(l.relation), l.key, l.is_own)
