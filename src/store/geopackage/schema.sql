-- What bandoso keeps besides the tables of the format (`format.sql`). Run once for each file.
INSERT OR IGNORE INTO gpkg_spatial_ref_sys
    (srs_name, srs_id, organization, organization_coordsys_id, definition, description)
VALUES
    ('WGS 84 geodetic', 4326, 'EPSG', 4326,
     'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]',
     'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');

-- One row for each layer and one named `units`: `version` grows with every change, whoever makes it (the triggers of each
-- table see to it); `joined` is the version of `units` under which the rows' column `units` was last filled; `updated_at` is when
-- a row was last added, changed or deleted, in microseconds since 1970-01-01T00:00:00Z (NULL where that is not known); `shape` is
-- the columns of its table when that was last looked at: with others it is read as something else.
CREATE TABLE IF NOT EXISTS bandoso_version (
    name TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    joined INTEGER NOT NULL,
    updated_at INTEGER,
    shape TEXT
);
INSERT OR IGNORE INTO bandoso_version (name, version, joined) VALUES ('units', 0, 0);

-- What changed, by layer and version: every version of a layer has the ids of the rows that it added, changed or deleted, or the
-- word 'all' where they are not told. A row that another program changes is a version of its own; a transaction of bandoso is
-- one. The version is always that of the newest entry, so none is skipped, and one that was rolled back is not kept either.
CREATE TABLE IF NOT EXISTS bandoso_change (
    layer TEXT NOT NULL,
    version INTEGER NOT NULL,
    id NOT NULL,
    PRIMARY KEY (layer, version, id)
) WITHOUT ROWID;

-- A random number for each version: after the file was put back from a backup the same versions have others.
CREATE TABLE IF NOT EXISTS bandoso_stamp (
    layer TEXT NOT NULL,
    version INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (layer, version)
) WITHOUT ROWID;

-- Holds a row only inside bandoso's own transactions: then the triggers leave versions and links to it.
CREATE TABLE IF NOT EXISTS bandoso_guard (
    busy INTEGER NOT NULL PRIMARY KEY
);

CREATE TABLE IF NOT EXISTS units (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    geom MULTIPOLYGON,
    level TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    full_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    parent TEXT,
    valid_from DATE,
    valid_to DATE,
    schematic BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS units_identity ON units (level, code, ifnull(valid_from, ''));

CREATE TABLE IF NOT EXISTS unit_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    old_code TEXT NOT NULL,
    new_code TEXT NOT NULL,
    date DATE NOT NULL,
    whole BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS unit_changes_identity ON unit_changes (old_code, new_code, date);

INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES
    ('units', 'features', 'units', 'Administrative units of all dates', 4326),
    ('unit_changes', 'attributes', 'unit_changes', 'What became of the units of before', 0);
INSERT OR IGNORE INTO gpkg_geometry_columns VALUES ('units', 'geom', 'MULTIPOLYGON', 4326, 0, 0);
