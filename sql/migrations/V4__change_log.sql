-- A log of what was written to layers, whoever wrote it, with one version per transaction and layer in the order of commits.
--
-- While a transaction runs, triggers note the ids of the rows that it writes (`change_ids`): nobody waits for anybody. At its
-- commit a deferred trigger gives each of its layers the next version (`change_log`). Who comes second waits until the first
-- has committed, so a version is given when the one before can be seen: whoever sees version 7 sees 1 to 6 as well, and there
-- are no gaps. No row is written over and over, which a long reader (pg_dump) would make slower and slower.
--
-- A writer that must know its version before it commits asks for it: SET CONSTRAINTS bandoso.give_versions IMMEDIATE. What it
-- writes afterwards belongs to the same version.
--
-- A writer that commits in two phases cannot announce (PostgreSQL refuses NOTIFY there): with the setting `bandoso.quiet` `on`
-- nothing is announced, and followers find the change when they look, once a second.

-- One row for each layer, and one named `units`.
ALTER TABLE bandoso.layer_version RENAME TO layers;

CREATE TABLE bandoso.change_log (
    layer text NOT NULL,
    version bigint NOT NULL,
    -- The writing transaction. Its number and the time of its begin: after a restore into another cluster numbers come again.
    xact xid8 NOT NULL,
    begun_at timestamptz NOT NULL,
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (layer, version)
);
COMMENT ON TABLE bandoso.change_log IS 'Versions of layers, one per transaction; old ones are pruned, the newest stays.';

CREATE TABLE bandoso.change_ids (
    xact xid8 NOT NULL,
    layer text NOT NULL,
    -- How many ids, or one more than are ever read where the whole layer changed.
    many integer NOT NULL,
    -- Those of one statement; NULL: the whole layer.
    ids bigint[],
    -- A publication of all tables refuses deletes from a table without a key.
    note bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (xact, layer, note)
);
COMMENT ON TABLE bandoso.change_ids IS 'Ids of the rows that a transaction of bandoso.change_log wrote or deleted.';
-- Numbers that count up hardly shrink.
ALTER TABLE bandoso.change_ids ALTER COLUMN ids SET STORAGE EXTERNAL;

-- Versions of before are those of whole layers.
INSERT INTO bandoso.change_log (layer, version, xact, begun_at, counted_at)
SELECT layer, version, pg_current_xact_id(), now(), clock_timestamp() FROM bandoso.layers WHERE version > 0;

-- The most ids that are noted of one statement, and read at one time: with more the layer is loaded whole.
CREATE FUNCTION bandoso.most_ids() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 200000;

INSERT INTO bandoso.change_ids (xact, layer, many)
SELECT xact, layer, bandoso.most_ids() + 1 FROM bandoso.change_log;

ALTER TABLE bandoso.layers DROP COLUMN version, DROP COLUMN xact, DROP COLUMN changed_at;

CREATE VIEW bandoso.layer_version AS
SELECT l.layer,
       coalesce((SELECT c.version FROM bandoso.change_log c WHERE c.layer = l.layer ORDER BY c.version DESC LIMIT 1), 0)
           AS version
FROM bandoso.layers l;
COMMENT ON VIEW bandoso.layer_version IS 'The present version of each layer, and of the units.';

-- Gives the next version to each layer that the transaction wrote; once, at the first of its notes.
--
-- The index is the queue: who finds the next version taken by a transaction that still runs waits for its end, and tries again.
-- Layers are taken in one order by everybody, so that no two transactions wait for each other.
CREATE FUNCTION bandoso.give_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    touched record;
    given bigint;
    last bigint;
    taken boolean;
BEGIN
    -- Who was given a version is the last one until it ends.
    IF (
        SELECT (c.xact, c.begun_at) = (NEW.xact, now())
        FROM bandoso.change_log c WHERE c.layer = NEW.layer ORDER BY c.version DESC LIMIT 1
    ) THEN
        RETURN NULL;
    END IF;
    FOR touched IN
        SELECT i.layer, last.version
        FROM (SELECT DISTINCT n.layer FROM bandoso.change_ids n WHERE n.xact = NEW.xact) i
        LEFT JOIN LATERAL (
            SELECT c.version, c.xact, c.begun_at
            FROM bandoso.change_log c WHERE c.layer = i.layer ORDER BY c.version DESC LIMIT 1
        ) last ON true
        WHERE (last.xact, last.begun_at) IS DISTINCT FROM (NEW.xact, now())
        ORDER BY i.layer
    LOOP
        given := coalesce(touched.version, 0) + 1;
        LOOP
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                EXIT WHEN bandoso.take_unseen(touched.layer, given, NEW.xact);
                given := given + 1;
                CONTINUE;
            END IF;
            INSERT INTO bandoso.change_log VALUES (touched.layer, given, NEW.xact, now(), clock_timestamp())
            ON CONFLICT DO NOTHING;
            taken := FOUND;
            SELECT c.version INTO last
            FROM bandoso.change_log c WHERE c.layer = touched.layer ORDER BY c.version DESC LIMIT 1;
            EXIT WHEN taken AND last = given;
            -- It was free because it is pruned: others went on meanwhile.
            DELETE FROM bandoso.change_log c WHERE taken AND c.layer = touched.layer AND c.version = given;
            given := last + 1;
        END LOOP;
        PERFORM bandoso.announce(touched.layer, given);
    END LOOP;
    RETURN NULL;
END
$$;

-- The same for a transaction of the level REPEATABLE READ: that a version was taken since it began is an error there. Whether
-- the version is this transaction's now; if not it is another's, which has ended well. Versions are kept for ten minutes (see
-- prune.sql): who began earlier could take one that was another's.
CREATE FUNCTION bandoso.take_unseen(layer text, version bigint, writer xid8) RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF clock_timestamp() > now() + interval '5 minutes' THEN
        RAISE 'a transaction of this level must write % within five minutes', layer USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO bandoso.change_log VALUES (layer, version, writer, now(), clock_timestamp());
    RETURN true;
EXCEPTION WHEN unique_violation THEN
    RETURN false;
END
$$;

CREATE FUNCTION bandoso.announce(layer text, version bigint) RETURNS void
LANGUAGE sql
RETURN CASE
    WHEN current_setting('bandoso.quiet', true) IS DISTINCT FROM 'on' THEN pg_notify('bandoso_changes', layer || ' ' || version)
END;

CREATE CONSTRAINT TRIGGER give_versions AFTER INSERT ON bandoso.change_ids
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION bandoso.give_versions();

-- Notes that a whole layer changed. Also for whoever wrote with triggers off: SELECT bandoso.note_whole('police.incidents').
CREATE FUNCTION bandoso.note_whole(layer text) RETURNS void
LANGUAGE sql
SET search_path FROM CURRENT
AS $$
    INSERT INTO bandoso.change_ids (xact, layer, many) VALUES (pg_current_xact_id(), layer, bandoso.most_ids() + 1)
$$;

-- After a statement: the whole of the layer named by the trigger's argument changed. Triggers of before count with it too.
ALTER FUNCTION bandoso.count_version() RENAME TO note_all;
CREATE OR REPLACE FUNCTION bandoso.note_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM bandoso.note_whole(TG_ARGV[0]);
    RETURN NULL;
END
$$;

-- After a statement: notes the ids of its rows. Arguments: the layer, the column of the key.
CREATE FUNCTION bandoso.note_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    most integer := bandoso.most_ids();
    changed bigint[];
BEGIN
    IF TG_ARGV[1] <> 'id' THEN
        EXECUTE format(
            CASE TG_OP
                WHEN 'INSERT' THEN 'SELECT array_agg(r.id) FROM (SELECT %1$I::bigint AS id FROM new_rows LIMIT $1) r'
                WHEN 'DELETE' THEN 'SELECT array_agg(r.id) FROM (SELECT %1$I::bigint AS id FROM old_rows LIMIT $1) r'
                ELSE 'SELECT array_agg(r.id) FROM ((SELECT %1$I::bigint AS id FROM new_rows LIMIT $1) '
                     'UNION (SELECT %1$I::bigint FROM old_rows LIMIT $1)) r'
            END, TG_ARGV[1])
        INTO changed USING most + 1;
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

REVOKE EXECUTE ON FUNCTION bandoso.give_versions(), bandoso.take_unseen(text, bigint, xid8), bandoso.announce(text, bigint),
    bandoso.note_whole(text), bandoso.note_all(), bandoso.note_rows() FROM PUBLIC;

-- Notes the changes of a layer's table, own or somebody's, with the column of its key. Needs the right to put triggers on it,
-- no more. A table may be several layers.
DROP FUNCTION bandoso.follow_layer(text, regclass);
CREATE FUNCTION bandoso.follow_layer(layer text, relation regclass, key text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    event text;
BEGIN
    INSERT INTO bandoso.layers (layer) VALUES (layer) ON CONFLICT DO NOTHING;
    IF (
        SELECT count(*)
        FROM pg_trigger t
        WHERE t.tgrelid = relation AND t.tgenabled <> 'D' AND t.tgfoid = 'bandoso.note_rows'::regproc
              AND t.tgargs = convert_to(layer, getdatabaseencoding()) || '\x00'
                             || convert_to(key, getdatabaseencoding()) || '\x00'
    ) = 3 THEN
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

-- Joins all points of all layers again. Rows whose links stay are not touched.
CREATE OR REPLACE FUNCTION bandoso.join_all() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    before text := current_setting('bandoso.joined', true);
    points regclass;
BEGIN
    PERFORM set_config('bandoso.joined', 'on', true);
    FOR points IN
        SELECT l.joined FROM bandoso.layers l JOIN pg_class c ON c.oid = l.joined ORDER BY l.layer
    LOOP
        EXECUTE format(
            'UPDATE %1$s p SET units = l.units FROM bandoso.links_of(%1$L, false) l '
            'WHERE p.id = l.id AND p.units IS DISTINCT FROM l.units', points);
    END LOOP;
    PERFORM set_config('bandoso.joined', coalesce(before, ''), true);
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
    PERFORM bandoso.follow_layer(layer, relation, 'id');
    UPDATE bandoso.layers l SET joined = relation
    WHERE l.layer = make_layer.layer AND l.joined IS DISTINCT FROM relation;
    PERFORM bandoso.join_unjoined(relation);
END
$$;

-- Layers of before; tables of others follow when the catalogue that names their keys is read.
DO $$
DECLARE
    own record;
BEGIN
    FOR own IN SELECT l.layer, l.joined FROM bandoso.layers l JOIN pg_class c ON c.oid = l.joined LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS bandoso_c_count ON %s', own.joined);
        PERFORM bandoso.follow_layer(own.layer, own.joined, 'id');
    END LOOP;
END
$$;
