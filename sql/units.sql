-- All units of all dates, from the largest level. Days are counted from 1970-01-01, where the model counts from.
SELECT
    id,
    level::text,
    code,
    name,
    full_name,
    kind,
    parent,
    -- An infinite day is how others write an open end.
    CASE WHEN isfinite(valid_from) THEN valid_from - date '1970-01-01' WHEN valid_from > date '1970-01-01' THEN date '9999-12-31' - date '1970-01-01' END,
    CASE WHEN isfinite(valid_to) THEN valid_to - date '1970-01-01' WHEN valid_to < date '1970-01-01' THEN date '0001-01-01' - date '1970-01-01' END,
    schematic,
    ST_AsBinary(geom, 'NDR')
FROM bandoso.units u
-- Not the column of this name above, which is a text.
ORDER BY u.level, u.code, u.valid_from NULLS FIRST
