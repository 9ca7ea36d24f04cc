-- Administrative units of all dates, and what a database must remember of layers.
--
-- Applied with the search path "bandoso, the schema of PostGIS, pg_temp"; functions keep it (SET search_path FROM CURRENT), so
-- that they work in the session of anyone who edits a table, whatever that one's own path is.

CREATE TYPE bandoso.level AS ENUM ('province', 'district', 'commune');

CREATE TABLE bandoso.units (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    level bandoso.level NOT NULL,
    -- Byte order, as the program sorts: the lowest code wins on a shared border.
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    full_name text NOT NULL,
    kind text NOT NULL,
    parent text,
    -- Half-open: valid_to is the first day no longer in force. NULL is open.
    valid_from date,
    valid_to date,
    schematic boolean NOT NULL DEFAULT false,
    geom geometry(MultiPolygon, 4326) NOT NULL,
    valid daterange GENERATED ALWAYS AS (daterange(valid_from, valid_to)) STORED
);
COMMENT ON TABLE bandoso.units IS 'Administrative units with their validity. Points are joined again when this table changes.';
-- A unit is its level, its code and its first day: codes alone were reused in 2025.
CREATE UNIQUE INDEX units_identity ON bandoso.units (level, code, coalesce(valid_from, '-infinity'));
CREATE INDEX units_geom ON bandoso.units USING gist (geom);
-- Polygons of 10,000 vertices are read thousands of times and hardly shrink when compressed.
ALTER TABLE bandoso.units ALTER COLUMN geom SET STORAGE EXTERNAL;

-- The same borders, 32 segments a row, so that the few near a point are found without reading whole polygons.
CREATE TABLE bandoso.unit_borders (
    unit integer NOT NULL REFERENCES bandoso.units ON DELETE CASCADE,
    -- The unit's polygons are valid.
    sound boolean NOT NULL,
    geom geometry(MultiLineString, 4326) NOT NULL
);
CREATE INDEX unit_borders_geom ON bandoso.unit_borders USING gist (geom);
CREATE INDEX unit_borders_unit ON bandoso.unit_borders (unit);

CREATE TABLE bandoso.unit_changes (
    old_code text COLLATE "C" NOT NULL,
    new_code text COLLATE "C" NOT NULL,
    -- First day of the new unit.
    date date NOT NULL,
    -- The whole old unit went there, or a part of it.
    whole boolean NOT NULL,
    PRIMARY KEY (old_code, new_code, date)
);

-- One row for each layer, and one named `units`. The row stays locked until the writer commits, so that versions are given out
-- in the order of commits, without gaps.
CREATE TABLE bandoso.layer_version (
    layer text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0,
    -- The writing transaction: several statements of one are one version.
    xact xid8,
    changed_at timestamptz,
    -- The table whose points are joined with units; NULL for `units` and for published tables.
    joined regclass,
    -- Of a published table without a trigger: what its rows looked like when last seen.
    fingerprint text
);
INSERT INTO bandoso.layer_version (layer) VALUES ('units');
