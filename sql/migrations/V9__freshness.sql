-- When the rows of a layer were last written. The log of changes has the time of each version, but a version may be one in which
-- only the links of points were made again because the units changed: those are told apart from now on. Versions of before count
-- as written.

-- The setting is on while links are made again, and only then.
ALTER TABLE bandoso.change_ids ADD COLUMN rejoined boolean NOT NULL
    DEFAULT (current_setting('bandoso.rejoining', true) IS NOT DISTINCT FROM 'on');
COMMENT ON COLUMN bandoso.change_ids.rejoined IS 'Only the links to units are others.';

ALTER TABLE bandoso.change_log ADD COLUMN edited boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN bandoso.change_log.edited IS 'Rows were written, not only their links to units.';

CREATE FUNCTION bandoso.is_edited() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    NEW.edited := EXISTS (
        SELECT FROM bandoso.change_ids i WHERE i.xact = NEW.xact AND i.layer = NEW.layer AND NOT i.rejoined
    );
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION bandoso.is_edited() FROM PUBLIC;
CREATE TRIGGER is_edited BEFORE INSERT ON bandoso.change_log
    FOR EACH ROW EXECUTE FUNCTION bandoso.is_edited();

-- When a layer was last imported.
CREATE INDEX ON bandoso.batches (layer, id) WHERE kind = 'import';

-- Joins all points of all layers again. Rows whose links stay are not touched.
CREATE OR REPLACE FUNCTION bandoso.join_all() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
    points regclass;
BEGIN
    PERFORM set_config('bandoso.joined', 'on', true), set_config('bandoso.rejoining', 'on', true);
    FOR points IN
        SELECT l.joined FROM bandoso.layers l JOIN pg_class c ON c.oid = l.joined ORDER BY l.layer
    LOOP
        EXECUTE format(
            'UPDATE %1$s p SET units = l.units FROM bandoso.links_of(%1$L, false) l '
            'WHERE p.id = l.id AND p.units IS DISTINCT FROM l.units', points);
    END LOOP;
    PERFORM set_config('bandoso.joined', coalesce(before, ''), true), set_config('bandoso.rejoining', '', true);
END
$$;
