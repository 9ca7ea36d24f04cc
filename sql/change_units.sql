-- Replaces units that are there and differ. Geometries are compared byte by byte: a ring begun elsewhere is a change.
UPDATE bandoso.units u
SET
    name = n.name,
    full_name = n.full_name,
    kind = n.kind,
    parent = n.parent,
    valid_to = n.valid_to,
    schematic = n.schematic,
    geom = n.geom
FROM pg_temp.bandoso_new_units n
WHERE
    u.level = n.level
    AND u.code = n.code
    AND u.valid_from IS NOT DISTINCT FROM n.valid_from
    AND (u.name, u.full_name, u.kind, u.parent, u.valid_to, u.schematic, ST_AsBinary(u.geom))
    IS DISTINCT FROM (n.name, n.full_name, n.kind, n.parent, n.valid_to, n.schematic, ST_AsBinary(n.geom))
