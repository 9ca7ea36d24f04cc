-- Locks an import of a layer ($1) and the units as lock_layer.sql does, if nobody holds them.
SELECT
    pg_try_advisory_xact_lock_shared(bandoso.units_lock())
    AND pg_try_advisory_xact_lock(hashtextextended('bandoso import ' || $1::text, 0))
