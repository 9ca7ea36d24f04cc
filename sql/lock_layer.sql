-- Lets one import of a layer ($1) at a time through, and no change of units meanwhile.
SELECT pg_advisory_xact_lock_shared(bandoso.units_lock()), version
FROM bandoso.layer_version
WHERE layer = $1
FOR UPDATE
