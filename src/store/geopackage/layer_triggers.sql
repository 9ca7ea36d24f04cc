-- What makes the layer {layer} live in the table {table}: every row that any program changes is an entry of the log, and rows whose
-- place or whose units that program wrote lose their units, to be joined again by bandoso. Only SQLite's own words here: other
-- programs run these triggers. One statement a paragraph: each is compared with what the file has.

CREATE TRIGGER "bandoso_{table}_insert" AFTER INSERT ON "{table}" WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN
    INSERT INTO bandoso_change
        VALUES ('{layer}', (SELECT version + 1 FROM bandoso_version WHERE name = '{layer}'), NEW._rowid_);
    UPDATE "{table}" SET units = NULL WHERE _rowid_ = NEW._rowid_ AND units NOT NULL;
END;

-- Under another id the row is another feature, and the old one is gone.
CREATE TRIGGER "bandoso_{table}_update" AFTER UPDATE ON "{table}" WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN
    INSERT INTO bandoso_change
        SELECT '{layer}', (SELECT version + 1 FROM bandoso_version WHERE name = '{layer}'), OLD._rowid_ WHERE OLD._rowid_ <> NEW._rowid_;
    INSERT INTO bandoso_change
        VALUES ('{layer}', (SELECT version + 1 FROM bandoso_version WHERE name = '{layer}'), NEW._rowid_);
    UPDATE "{table}" SET units = NULL
        WHERE _rowid_ = NEW._rowid_ AND units NOT NULL AND (NEW.geom IS NOT OLD.geom OR NEW.units IS NOT OLD.units);
END;

CREATE TRIGGER "bandoso_{table}_delete" AFTER DELETE ON "{table}" WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN
    INSERT INTO bandoso_change
        VALUES ('{layer}', (SELECT version + 1 FROM bandoso_version WHERE name = '{layer}'), OLD._rowid_);
END;

-- INSERT OR REPLACE and UPDATE OR REPLACE delete the row with the same source_id without its delete trigger. Where nothing is
-- replaced after all, the entry is one too many and does no harm.
CREATE TRIGGER "bandoso_{table}_replace_by_insert" BEFORE INSERT ON "{table}"
WHEN NEW.source_id NOT NULL AND NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN
    INSERT INTO bandoso_change SELECT v.name, v.version + 1, t._rowid_ FROM bandoso_version AS v, "{table}" AS t
        WHERE v.name = '{layer}' AND t.source_id = NEW.source_id AND t._rowid_ IS NOT NEW._rowid_;
END;

CREATE TRIGGER "bandoso_{table}_replace_by_update" BEFORE UPDATE ON "{table}"
WHEN NEW.source_id NOT NULL AND NEW.source_id IS NOT OLD.source_id AND NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN
    INSERT INTO bandoso_change SELECT v.name, v.version + 1, t._rowid_ FROM bandoso_version AS v, "{table}" AS t
        WHERE v.name = '{layer}' AND t.source_id = NEW.source_id AND t._rowid_ <> OLD._rowid_;
END;
