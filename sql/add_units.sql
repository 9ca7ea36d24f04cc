-- Adds the units that are not there.
INSERT INTO bandoso.units (level, code, name, full_name, kind, parent, valid_from, valid_to, schematic, geom)
SELECT n.level, n.code, n.name, n.full_name, n.kind, n.parent, n.valid_from, n.valid_to, n.schematic, n.geom
FROM pg_temp.bandoso_new_units n
WHERE NOT EXISTS (
    SELECT
    FROM bandoso.units u
    WHERE u.level = n.level AND u.code = n.code AND u.valid_from IS NOT DISTINCT FROM n.valid_from
)
ORDER BY n.level, n.code, n.valid_from NULLS FIRST
