-- Edits of any program, psql and QGIS as well, are joined with units and count as a new version.
--
-- The trigger functions run with the rights of their owner: who may edit a layer need not be able to write here. Only the
-- owner may put them on a table.
--
-- While the setting `bandoso.joined` is `on` (in a transaction of the program's own, which joins by itself) nothing is joined.

-- Writers of points hold it shared, writers of units alone: no point is committed with the links of bygone units.
CREATE FUNCTION bandoso.units_lock() RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT 4707468923401932 $$;

-- Counts a version of the layer named by the trigger's argument, once in a transaction.
CREATE FUNCTION bandoso.count_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO bandoso.layer_version AS v (layer, version, xact, changed_at)
    VALUES (TG_ARGV[0], 1, pg_current_xact_id(), now())
    ON CONFLICT (layer) DO UPDATE
        SET version = v.version + 1, xact = excluded.xact, changed_at = excluded.changed_at
        -- The time as well: after a restore into another cluster the numbers of transactions come again.
        WHERE (v.xact, v.changed_at) IS DISTINCT FROM (excluded.xact, excluded.changed_at);
    RETURN NULL;
END
$$;

-- Before a row: its links are unknown now, whatever its writer put there (QGIS copies them along with a feature).
CREATE FUNCTION bandoso.forget_units() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    NEW.units := NULL;
    RETURN NEW;
END
$$;

-- Joins the rows of a layer's table that have no links, few one by one, many together.
CREATE FUNCTION bandoso.join_unjoined(points regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
    many boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(bandoso.units_lock());
    PERFORM set_config('bandoso.joined', 'on', true);
    EXECUTE format('SELECT count(*) > 500 FROM (SELECT FROM %s WHERE units IS NULL LIMIT 501) few', points) INTO many;
    IF many THEN
        EXECUTE format('ANALYZE %s', points);
        EXECUTE format('UPDATE %1$s p SET units = l.units FROM bandoso.links_of(%1$L, true) l WHERE p.id = l.id', points);
    ELSE
        EXECUTE format('UPDATE %s SET units = bandoso.unit_links(geom) WHERE units IS NULL', points);
    END IF;
    PERFORM set_config('bandoso.joined', coalesce(before, ''), true);
END
$$;

-- After a statement: joins what it wrote.
CREATE FUNCTION bandoso.join_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF current_setting('bandoso.joined', true) IS DISTINCT FROM 'on' THEN
        PERFORM bandoso.join_unjoined(TG_RELID);
    END IF;
    RETURN NULL;
END
$$;

-- Joins all points of all layers again. Rows whose links stay are not touched.
CREATE FUNCTION bandoso.join_all() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
    points regclass;
BEGIN
    PERFORM set_config('bandoso.joined', 'on', true);
    FOR points IN
        SELECT v.joined FROM bandoso.layer_version v JOIN pg_class c ON c.oid = v.joined ORDER BY v.layer
    LOOP
        EXECUTE format(
            'UPDATE %1$s p SET units = l.units FROM bandoso.links_of(%1$L, false) l '
            'WHERE p.id = l.id AND p.units IS DISTINCT FROM l.units', points);
    END LOOP;
    PERFORM set_config('bandoso.joined', coalesce(before, ''), true);
END
$$;

CREATE FUNCTION bandoso.lock_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(bandoso.units_lock());
    RETURN NULL;
END
$$;

-- After a unit: its borders in pieces.
CREATE FUNCTION bandoso.cut_borders() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    sound boolean := ST_IsValid(NEW.geom);
BEGIN
    DELETE FROM bandoso.unit_borders WHERE unit = NEW.id;
    INSERT INTO bandoso.unit_borders (unit, sound, geom)
    SELECT NEW.id, sound, ST_Collect(segment.geom)
    FROM ST_DumpSegments(NEW.geom) segment
    -- polygon, ring, number of the segment
    GROUP BY segment.path[1], segment.path[2], (segment.path[3] - 1) / 32;
    RETURN NULL;
END
$$;

CREATE FUNCTION bandoso.join_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF current_setting('bandoso.joined', true) IS DISTINCT FROM 'on' THEN
        PERFORM bandoso.join_all();
    END IF;
    RETURN NULL;
END
$$;

REVOKE EXECUTE ON FUNCTION bandoso.count_version(), bandoso.join_written(), bandoso.lock_units(), bandoso.cut_borders(),
    bandoso.join_units() FROM PUBLIC;

-- Triggers of one kind fire in the order of their names.
CREATE TRIGGER a_lock BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON bandoso.units
    FOR EACH STATEMENT EXECUTE FUNCTION bandoso.lock_units();
CREATE TRIGGER a_cut AFTER INSERT OR UPDATE OF geom ON bandoso.units
    FOR EACH ROW EXECUTE FUNCTION bandoso.cut_borders();
CREATE TRIGGER b_join AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON bandoso.units
    FOR EACH STATEMENT EXECUTE FUNCTION bandoso.join_units();
CREATE TRIGGER c_count AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON bandoso.units
    FOR EACH STATEMENT EXECUTE FUNCTION bandoso.count_version('units');
CREATE TRIGGER c_count AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON bandoso.unit_changes
    FOR EACH STATEMENT EXECUTE FUNCTION bandoso.count_version('units');

-- Counts versions of a layer that is somebody's table.
CREATE FUNCTION bandoso.follow_layer(layer text, relation regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO bandoso.layer_version (layer) VALUES (layer) ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = 'bandoso_c_count') THEN
        EXECUTE format(
            'CREATE TRIGGER bandoso_c_count AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION bandoso.count_version(%L)', relation, layer);
    END IF;
END
$$;

-- Makes what is missing of a layer's own table but for its fields: schema, table, key, indexes, triggers, version.
CREATE FUNCTION bandoso.make_layer(layer text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    schema_name text := split_part(layer, '.', 1);
    table_name text := split_part(layer, '.', 2);
    relation regclass := to_regclass(format('%I.%I', schema_name, table_name));
BEGIN
    IF relation IS NULL THEN
        -- Asked first: who may not create schemas may still use one that is there.
        IF to_regnamespace(quote_ident(schema_name)) IS NULL THEN
            EXECUTE format('CREATE SCHEMA %I', schema_name);
        END IF;
        EXECUTE format(
            'CREATE TABLE %I.%I ('
            'id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY CHECK (id >= 0), '
            'geom geometry(Point, 4326) NOT NULL, '
            'source_id text UNIQUE, '
            'units integer[])', schema_name, table_name);
        relation := to_regclass(format('%I.%I', schema_name, table_name));
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = relation AND m.amname = 'gist' AND a.attname = 'geom' AND i.indpred IS NULL
    ) THEN
        EXECUTE format('CREATE INDEX ON %s USING gist (geom)', relation);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = 'bandoso_a_insert') THEN
        EXECUTE format('CREATE INDEX ON %s (id) WHERE units IS NULL', relation);
        EXECUTE format(
            'CREATE TRIGGER bandoso_a_insert BEFORE INSERT ON %s FOR EACH ROW '
            'WHEN (current_setting(''bandoso.joined'', true) IS DISTINCT FROM ''on'') '
            'EXECUTE FUNCTION bandoso.forget_units()', relation);
        EXECUTE format(
            'CREATE TRIGGER bandoso_a_update BEFORE UPDATE OF geom, units ON %s FOR EACH ROW '
            'WHEN (current_setting(''bandoso.joined'', true) IS DISTINCT FROM ''on'') '
            'EXECUTE FUNCTION bandoso.forget_units()', relation);
        EXECUTE format(
            'CREATE TRIGGER bandoso_b_join AFTER INSERT OR UPDATE OF geom, units ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION bandoso.join_written()', relation);
    END IF;
    PERFORM bandoso.follow_layer(layer, relation);
    UPDATE bandoso.layer_version v SET joined = relation
    WHERE v.layer = make_layer.layer AND v.joined IS DISTINCT FROM relation;
    PERFORM bandoso.join_unjoined(relation);
END
$$;
