-- At the start of a transaction that brings its own links: the triggers leave them alone (see migrations/V3__triggers.sql).
SELECT set_config('bandoso.joined', 'on', true)
