-- All units of all dates, from the largest level. Days are counted from 1970-01-01, where the model counts from.
SELECT
    id,
    level::text,
    code,
    name,
    full_name,
    kind,
    parent,
    valid_from - date '1970-01-01',
    valid_to - date '1970-01-01',
    schematic,
    ST_AsBinary(geom, 'NDR')
FROM bandoso.units u
-- Not the column of this name above, which is a text.
ORDER BY u.level, u.code, u.valid_from NULLS FIRST
