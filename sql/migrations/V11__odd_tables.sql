-- Tables that others make, change and swap, and rows that no map has: none of it stops the others or is missed.

-- Places that are none: sine and cosine of what is infinite are errors.
CREATE OR REPLACE FUNCTION bandoso.around(at geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ST_Expand(
    at,
    least(
        '0.002'::double precision / greatest(
            cos(radians(CASE WHEN ST_Y(at) BETWEEN -90 AND 90 THEN ST_Y(at) ELSE 90 END)),
            '1e-9'::double precision
        ),
        '360'::double precision
    ),
    '0.002'::double precision
);

-- The square of what is next to nothing is an error too; that it is nothing changes no result.
CREATE OR REPLACE FUNCTION bandoso.metres_per_degree(lat double precision, OUT x double precision, OUT y double precision)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    s double precision :=
        sin(CASE WHEN abs(lat) > '1e-100'::double precision THEN lat ELSE '0' END * '0.017453292519943295'::double precision);
    s2 double precision := s * s;
    w double precision := '1'::double precision - '0.006694379990141317'::double precision * s2;
    r double precision := sqrt(w);
BEGIN
    x := '6378137'::double precision / r * sqrt('1'::double precision - s2) * '0.017453292519943295'::double precision;
    y := '6335439.32729282'::double precision / (w * r) * '0.017453292519943295'::double precision;
END
$$;

CREATE OR REPLACE FUNCTION bandoso.unit_links(at geometry) RETURNS integer[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    covering integer[];
BEGIN
    IF ST_X(at) NOT BETWEEN -180 AND 180 OR ST_Y(at) NOT BETWEEN -90 AND 90 THEN
        RETURN '{}';
    END IF;
    SELECT coalesce(array_agg(u.id ORDER BY u.level, u.code, u.valid_from NULLS FIRST), '{}')
    INTO covering
    FROM bandoso.units u
    WHERE ST_Covers(u.geom, at);
    RETURN covering || bandoso.near_units(at, covering);
END
$$;

-- The place of a point of any reference system in degrees; NULL where it is no point, or has no place there.
CREATE FUNCTION bandoso.in_degrees(at geometry) RETURNS geometry
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF GeometryType(at) <> 'POINT' OR ST_IsEmpty(at) THEN
        RETURN NULL;
    END IF;
    RETURN ST_Transform(at, 4326);
EXCEPTION WHEN OTHERS THEN
    -- The library gives up at a system that it does not know, and at coordinates that its formulas do not reach.
    RETURN NULL;
END
$$;

-- Joins the rows of a layer's table that have no links one by one, if they are few: false where they are many. They are found by their
-- index, whatever the planner believes: what it knows of a table may be of a moment when all rows had none.
CREATE FUNCTION bandoso.join_few(points regclass) RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
    few integer;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %s WHERE units IS NULL LIMIT 501) few', points) INTO few;
    IF few > 500 THEN
        RETURN false;
    ELSIF few > 0 THEN
        PERFORM set_config('bandoso.joined', 'on', true);
        EXECUTE format('UPDATE %s SET units = bandoso.unit_links(geom) WHERE units IS NULL', points);
        PERFORM set_config('bandoso.joined', coalesce(before, ''), true);
    END IF;
    RETURN true;
END
$$;

-- Joins the rows of a layer's table that have no links, few one by one, many together. Where there are none nothing is written, so
-- that nobody waits for who holds the table to write.
--
-- A transaction that does not see what others commit meanwhile may join as long as it sees the units as they are: else it is one
-- that must be tried again, as the row that writers of units write tells.
CREATE OR REPLACE FUNCTION bandoso.join_unjoined(points regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
BEGIN
    PERFORM pg_advisory_xact_lock_shared(bandoso.units_lock());
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM FROM bandoso.layers l WHERE l.layer = 'units' FOR SHARE;
    END IF;
    IF NOT bandoso.join_few(points) THEN
        PERFORM set_config('bandoso.joined', 'on', true);
        EXECUTE format('ANALYZE %s', points);
        EXECUTE format('UPDATE %1$s p SET units = l.units FROM bandoso.links_of(%1$L, true) l WHERE p.id = l.id', points);
        PERFORM set_config('bandoso.joined', coalesce(before, ''), true);
    END IF;
END
$$;

-- Before a row: its links are unknown now, whatever its writer put there (QGIS copies them along with a feature). The statement's end
-- is told, of this table.
CREATE OR REPLACE FUNCTION bandoso.forget_units() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    told text := 'bandoso.forgot_' || TG_RELID;
BEGIN
    NEW.units := NULL;
    IF current_setting(told, true) IS DISTINCT FROM 'on' THEN
        PERFORM set_config(told, 'on', true);
    END IF;
    RETURN NEW;
END
$$;

-- After a statement: joins what it wrote, if it wrote anything that is to be joined.
CREATE OR REPLACE FUNCTION bandoso.join_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    told text := 'bandoso.forgot_' || TG_RELID;
BEGIN
    IF current_setting('bandoso.joined', true) IS DISTINCT FROM 'on' AND current_setting(told, true) = 'on' THEN
        PERFORM set_config(told, '', true);
        PERFORM bandoso.join_unjoined(TG_RELID);
    END IF;
    RETURN NULL;
END
$$;

-- Before a statement that writes places: whoever writes units has his turn first or waits, before any row is held.
CREATE FUNCTION bandoso.hold_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(bandoso.units_lock());
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION bandoso.hold_units(), bandoso.join_few(regclass) FROM PUBLIC;

-- Joins all points of one layer's table again. Rows whose links stay are not touched.
CREATE FUNCTION bandoso.join_again(points regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
BEGIN
    PERFORM set_config('bandoso.joined', 'on', true), set_config('bandoso.rejoining', 'on', true);
    EXECUTE format(
        'UPDATE %1$s p SET units = l.units FROM bandoso.links_of(%1$L, false) l '
        'WHERE p.id = l.id AND p.units IS DISTINCT FROM l.units', points);
    PERFORM set_config('bandoso.joined', coalesce(before, ''), true), set_config('bandoso.rejoining', '', true);
END
$$;

-- Joins all points of all layers again.
CREATE OR REPLACE FUNCTION bandoso.join_all() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    points regclass;
BEGIN
    FOR points IN
        SELECT l.joined FROM bandoso.layers l JOIN pg_class c ON c.oid = l.joined ORDER BY l.layer
    LOOP
        PERFORM bandoso.join_again(points);
    END LOOP;
END
$$;

-- Who writes units joins all points there are: that is for who sees them all.
CREATE OR REPLACE FUNCTION bandoso.lock_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE 'units are written at the level READ COMMITTED: at this one, points that others write meanwhile would keep bygone units'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    PERFORM pg_advisory_xact_lock(bandoso.units_lock());
    UPDATE bandoso.layers SET joined = joined WHERE layer = 'units';
    RETURN NULL;
END
$$;

-- After a statement: notes the ids of its rows. Arguments: the layer, the column of the key.
CREATE OR REPLACE FUNCTION bandoso.note_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    most integer := bandoso.most_ids();
    changed bigint[];
BEGIN
    IF TG_ARGV[1] <> 'id' THEN
        BEGIN
            EXECUTE format(
                CASE TG_OP
                    WHEN 'INSERT' THEN 'SELECT array_agg(r.id) FROM (SELECT %1$I::bigint AS id FROM new_rows LIMIT $1) r'
                    WHEN 'DELETE' THEN 'SELECT array_agg(r.id) FROM (SELECT %1$I::bigint AS id FROM old_rows LIMIT $1) r'
                    ELSE 'SELECT array_agg(r.id) FROM ((SELECT %1$I::bigint AS id FROM new_rows LIMIT $1) '
                         'UNION (SELECT %1$I::bigint FROM old_rows LIMIT $1)) r'
                END, TG_ARGV[1])
            INTO changed USING most + 1;
        EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception THEN
            -- Its owner gave the key another name or type. That is no reason to keep him from writing.
            PERFORM bandoso.note_whole(TG_ARGV[0]);
            RETURN NULL;
        END;
    ELSIF TG_OP = 'INSERT' THEN
        changed := (SELECT array_agg(r.id) FROM (SELECT n.id FROM new_rows n LIMIT most + 1) r);
    ELSIF TG_OP = 'DELETE' THEN
        changed := (SELECT array_agg(r.id) FROM (SELECT o.id FROM old_rows o LIMIT most + 1) r);
    ELSE
        -- A key may change: then the old one is gone.
        changed := (
            SELECT array_agg(r.id)
            FROM ((SELECT n.id FROM new_rows n LIMIT most + 1) UNION (SELECT o.id FROM old_rows o LIMIT most + 1)) r
        );
    END IF;
    IF changed IS NOT NULL THEN
        INSERT INTO bandoso.change_ids (xact, layer, many, ids)
        VALUES (
            pg_current_xact_id(), TG_ARGV[0], least(cardinality(changed), most + 1),
            CASE WHEN cardinality(changed) <= most THEN changed END
        );
    END IF;
    RETURN NULL;
END
$$;

-- What a layer's table was when it was last looked at: which one, since when its rows lie where they do, and its columns. It is
-- another where a table was swapped for it, emptied, or written anew by ALTER TABLE, of none of which a trigger tells.
ALTER TABLE bandoso.layers ADD COLUMN shape text;

CREATE FUNCTION bandoso.shape_of(relation regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $$
    SELECT concat_ws(' ', c.oid, c.relfilenode, c.relhassubclass, c.relispartition, (
        SELECT md5(string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod), ',' ORDER BY a.attnum))
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ))
    FROM pg_class c WHERE c.oid = relation
$$;

-- Remembers what a layer's table is now, and notes that the whole layer changed where it was another: whoever sees it first does.
CREATE FUNCTION bandoso.note_shape(layer text, relation regclass) RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    now_is text := bandoso.shape_of(relation);
    was text;
BEGIN
    SELECT l.shape INTO was FROM bandoso.layers l WHERE l.layer = note_shape.layer AND l.shape IS DISTINCT FROM now_is FOR UPDATE;
    IF FOUND THEN
        UPDATE bandoso.layers l SET shape = now_is WHERE l.layer = note_shape.layer;
        IF was IS NOT NULL THEN
            PERFORM bandoso.note_whole(layer);
        END IF;
    END IF;
    RETURN now_is;
END
$$;

-- Whether all of our triggers are on a layer's table and work: those that note its changes and, on its own table, those that join.
CREATE FUNCTION bandoso.is_followed(layer text, relation regclass, key text, is_own boolean) RETURNS boolean
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $$
    SELECT count(*) = CASE WHEN is_own THEN 8 ELSE 4 END
    FROM pg_trigger t
    WHERE t.tgrelid = relation AND t.tgenabled IN ('O', 'A') AND (
        t.tgfoid = 'bandoso.note_rows'::regproc
            AND t.tgargs = convert_to(layer, getdatabaseencoding()) || '\x00'
                           || convert_to(key, getdatabaseencoding()) || '\x00'
        OR t.tgname = format('bandoso_c_truncate_%s', left(md5(layer), 8)) AND t.tgfoid = 'bandoso.note_all'::regproc
        OR is_own AND t.tgname IN ('bandoso_a_insert', 'zz_bandoso_update') AND t.tgfoid = 'bandoso.forget_units'::regproc
        OR is_own AND t.tgname = 'bandoso_b_join' AND t.tgfoid = 'bandoso.join_written'::regproc
        OR is_own AND t.tgname = 'bandoso_a_hold' AND t.tgfoid = 'bandoso.hold_units'::regproc
    )
$$;

-- Notes the changes of a layer's table, own or somebody's, with the column of its key. Needs the right to put triggers on it,
-- no more. A table may be several layers.
CREATE OR REPLACE FUNCTION bandoso.follow_layer(layer text, relation regclass, key text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    event text;
BEGIN
    INSERT INTO bandoso.layers (layer) VALUES (layer) ON CONFLICT DO NOTHING;
    IF bandoso.is_followed(layer, relation, key, false) THEN
        RETURN;
    END IF;
    FOREACH event IN ARRAY '{insert,update,delete}'::text[] LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION bandoso.note_rows(%L, %L)',
            format('bandoso_c_%s_%s', event, left(md5(layer), 8)), event, relation,
            CASE event
                WHEN 'insert' THEN 'REFERENCING NEW TABLE AS new_rows'
                WHEN 'delete' THEN 'REFERENCING OLD TABLE AS old_rows'
                ELSE 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
            END,
            layer, key);
    END LOOP;
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER %I AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION bandoso.note_all(%L)',
        format('bandoso_c_truncate_%s', left(md5(layer), 8)), relation, layer);
    -- The trigger of before: who may only put triggers there may not drop it.
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = 'bandoso_c_count') THEN
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER bandoso_c_count AFTER TRUNCATE ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION bandoso.note_all(%L)', relation, layer);
    END IF;
    -- What was written while the triggers were not there is not known.
    IF EXISTS (SELECT FROM bandoso.change_log c WHERE c.layer = follow_layer.layer) THEN
        PERFORM bandoso.note_whole(layer);
    END IF;
END
$$;

-- Puts the triggers on a layer's own table that join what is written. The one of an update comes after triggers of the table's owner
-- whose names are before its own: they may move the point, and it looks at what they made of it. None of it waits for readers.
CREATE FUNCTION bandoso.keep_joined(relation regclass) RETURNS void
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
        'AND (NEW.geom IS DISTINCT FROM OLD.geom OR NEW.units IS DISTINCT FROM OLD.units)) '
        'EXECUTE FUNCTION bandoso.forget_units()', relation);
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

-- Makes what is missing of a layer's own table but for its fields: schema, table, key, indexes, triggers, version.
CREATE OR REPLACE FUNCTION bandoso.make_layer(layer text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    schema_name text := split_part(layer, '.', 1);
    table_name text := split_part(layer, '.', 2);
    relation regclass := to_regclass(format('%I.%I', schema_name, table_name));
    was_followed boolean;
    was_joined boolean;
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
    IF NOT EXISTS (
        SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = relation AND a.attname = 'id' AND pg_get_expr(i.indpred, i.indrelid) = '(units IS NULL)'
    ) THEN
        EXECUTE format('CREATE INDEX ON %s (id) WHERE units IS NULL', relation);
    END IF;
    was_followed := bandoso.is_followed(layer, relation, 'id', true);
    -- By these, or by those of before.
    was_joined := was_followed OR (
        SELECT count(*) = 3 FROM pg_trigger t
        WHERE t.tgrelid = relation AND t.tgenabled IN ('O', 'A')
              AND t.tgname IN ('bandoso_a_insert', 'bandoso_a_update', 'bandoso_b_join')
    ) AND bandoso.is_followed(layer, relation, 'id', false);
    IF NOT was_followed THEN
        PERFORM bandoso.keep_joined(relation);
        PERFORM bandoso.follow_layer(layer, relation, 'id');
    END IF;
    UPDATE bandoso.layers l SET joined = relation
    WHERE l.layer = make_layer.layer AND l.joined IS DISTINCT FROM relation;
    IF FOUND OR NOT was_joined THEN
        -- Links that were written while nobody looked, or units, may be anything.
        PERFORM pg_advisory_xact_lock_shared(bandoso.units_lock());
        PERFORM bandoso.join_again(relation);
    END IF;
    PERFORM bandoso.join_unjoined(relation);
END
$$;

REVOKE EXECUTE ON FUNCTION bandoso.join_again(regclass), bandoso.note_shape(text, regclass), bandoso.keep_joined(regclass)
    FROM PUBLIC;
