-- What makes the layer {layer} live in the table {table}: its version grows with every row that any program changes, and rows
-- whose place or whose units that program wrote lose their units, to be joined again by bandoso. Only SQLite's own words here:
-- other programs run these triggers.
CREATE UNIQUE INDEX IF NOT EXISTS "{table}_source_id" ON "{table}" (source_id);
CREATE INDEX IF NOT EXISTS "{table}_unjoined" ON "{table}" (id) WHERE units IS NULL;
INSERT OR IGNORE INTO bandoso_version
    SELECT '{layer}', 0, version FROM bandoso_version WHERE name = 'units';
CREATE TRIGGER IF NOT EXISTS "bandoso_{table}_insert" AFTER INSERT ON "{table}"
WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN
    UPDATE bandoso_version SET version = version + 1 WHERE name = '{layer}';
    UPDATE "{table}" SET units = NULL WHERE id = NEW.id AND units NOT NULL;
END;
CREATE TRIGGER IF NOT EXISTS "bandoso_{table}_update" AFTER UPDATE ON "{table}"
WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN
    UPDATE bandoso_version SET version = version + 1 WHERE name = '{layer}';
    UPDATE "{table}" SET units = NULL
        WHERE id = NEW.id AND units NOT NULL AND (NEW.geom IS NOT OLD.geom OR NEW.units IS NOT OLD.units);
END;
CREATE TRIGGER IF NOT EXISTS "bandoso_{table}_delete" AFTER DELETE ON "{table}"
WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN
    UPDATE bandoso_version SET version = version + 1 WHERE name = '{layer}';
END;
