-- The versions of the units and of the layers named in $1.
SELECT layer, version
FROM bandoso.layer_version
WHERE layer = ANY ($1::text[]) OR layer = 'units'
