-- A trigger of the table's owner whose name is behind our own (zzz_snap, đặt_toạ_độ) moved the point after that one had looked: forgets
-- the units of such a row, as an update that the other triggers see.
CREATE FUNCTION bandoso.forget_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    EXECUTE format('UPDATE %s SET units = NULL WHERE id = $1', TG_RELID::regclass) USING NEW.id;
    RETURN NULL;
END
$$;

-- A dump is restored with an empty search_path, where IS DISTINCT FROM finds no operator of geometries: it cannot be written with its
-- schema. The operator itself can, and pg_dump does.
CREATE OR REPLACE FUNCTION bandoso.keep_joined(relation regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER bandoso_a_hold BEFORE INSERT OR UPDATE OF geom, units ON %s FOR EACH STATEMENT '
        'WHEN (current_setting(''bandoso.joined'', true) IS DISTINCT FROM ''on'') '
        'EXECUTE FUNCTION bandoso.hold_units()', relation);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER bandoso_a_insert BEFORE INSERT ON %s FOR EACH ROW '
        'WHEN (current_setting(''bandoso.joined'', true) IS DISTINCT FROM ''on'') '
        'EXECUTE FUNCTION bandoso.forget_units()', relation);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER zz_bandoso_update BEFORE UPDATE ON %s FOR EACH ROW '
        'WHEN (current_setting(''bandoso.joined'', true) IS DISTINCT FROM ''on'' '
        'AND ((NEW.geom = OLD.geom) IS NOT TRUE OR NEW.units IS DISTINCT FROM OLD.units)) '
        'EXECUTE FUNCTION bandoso.forget_units()', relation);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER bandoso_b_forget AFTER UPDATE ON %s FOR EACH ROW '
        'WHEN (current_setting(''bandoso.joined'', true) IS DISTINCT FROM ''on'' '
        'AND (NEW.geom = OLD.geom) IS NOT TRUE AND NEW.units IS NOT NULL) '
        'EXECUTE FUNCTION bandoso.forget_moved()', relation);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER bandoso_b_join AFTER INSERT OR UPDATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION bandoso.join_written()', relation);
    -- The one of before never fires again. To drop it would take its owner, and wait for everybody who reads the table.
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = 'bandoso_a_update') THEN
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER bandoso_a_update BEFORE UPDATE OF units ON %s FOR EACH ROW WHEN (false) '
            'EXECUTE FUNCTION bandoso.forget_units()', relation);
    END IF;
END
$$;

-- On the tables that have it. Whoever may not put triggers there, or finds somebody writing for long, leaves the one of before: it joins
-- as well, and the dump of that table is restored without it until a node looks at the table again.
DO $$
DECLARE
    waits text := current_setting('lock_timeout');
    relation regclass;
BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    FOR relation IN
        SELECT t.tgrelid FROM pg_trigger t
        WHERE t.tgname = 'zz_bandoso_update' AND t.tgfoid = 'bandoso.forget_units'::regproc AND t.tgparentid = 0
    LOOP
        BEGIN
            PERFORM bandoso.keep_joined(relation);
        EXCEPTION WHEN insufficient_privilege OR lock_not_available THEN
            RAISE WARNING 'the triggers of % stay as they were: %', relation, SQLERRM;
        END;
    END LOOP;
    PERFORM set_config('lock_timeout', waits, true);
END
$$;
