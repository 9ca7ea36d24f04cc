-- Lets one import of a layer ($1) at a time through, and no change of units meanwhile.
SELECT
    pg_advisory_xact_lock_shared(bandoso.units_lock()),
    pg_advisory_xact_lock(hashtextextended('bandoso import ' || $1::text, 0))
