-- The log, and units edited by another program. One statement a paragraph: each is compared with what the file has.

-- The version of a layer is that of its newest entry, and has a stamp; the time at which it was written is that entry's too. Of bandoso's own transactions it
-- tells that itself; 'all' of another program's is a change of the units.
CREATE TRIGGER "bandoso_change_version" AFTER INSERT ON bandoso_change
BEGIN
    INSERT INTO bandoso_stamp SELECT name, NEW.version, random() FROM bandoso_version
        WHERE name = NEW.layer AND version < NEW.version
            AND NOT EXISTS (SELECT 1 FROM bandoso_stamp WHERE layer = NEW.layer AND version = NEW.version);
    UPDATE bandoso_version
    SET version = NEW.version,
        updated_at = CASE WHEN NEW.id = 'all' OR EXISTS (SELECT 1 FROM bandoso_guard) THEN updated_at
            ELSE CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000 END
    WHERE name = NEW.layer AND version < NEW.version;
END;

-- A long log loses its oldest versions, so many at a time.
CREATE TRIGGER "bandoso_change_prune" AFTER INSERT ON bandoso_change WHEN NEW.version % {at_a_time} = 0
BEGIN
    DELETE FROM bandoso_change WHERE layer = NEW.layer AND version <= NEW.version - {kept};
    DELETE FROM bandoso_stamp WHERE layer = NEW.layer AND version <= NEW.version - {kept};
END;

-- Units edited elsewhere: every layer is to be joined anew.
CREATE TRIGGER "bandoso_units_insert" AFTER INSERT ON units WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN INSERT INTO bandoso_change SELECT name, version + 1, 'all' FROM bandoso_version; END;

CREATE TRIGGER "bandoso_units_update" AFTER UPDATE ON units WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN INSERT INTO bandoso_change SELECT name, version + 1, 'all' FROM bandoso_version; END;

CREATE TRIGGER "bandoso_units_delete" AFTER DELETE ON units WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN INSERT INTO bandoso_change SELECT name, version + 1, 'all' FROM bandoso_version; END;

-- What became of units moves no point.
CREATE TRIGGER "bandoso_unit_changes_insert" AFTER INSERT ON unit_changes WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN INSERT INTO bandoso_change SELECT name, version + 1, 'all' FROM bandoso_version WHERE name = 'units'; END;

CREATE TRIGGER "bandoso_unit_changes_update" AFTER UPDATE ON unit_changes WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN INSERT INTO bandoso_change SELECT name, version + 1, 'all' FROM bandoso_version WHERE name = 'units'; END;

CREATE TRIGGER "bandoso_unit_changes_delete" AFTER DELETE ON unit_changes WHEN NOT EXISTS (SELECT 1 FROM bandoso_guard)
BEGIN INSERT INTO bandoso_change SELECT name, version + 1, 'all' FROM bandoso_version WHERE name = 'units'; END;
