-- Where units wait to be compared with those that are there.
CREATE TEMP TABLE bandoso_new_units (
    level bandoso.level NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    full_name text NOT NULL,
    kind text NOT NULL,
    parent text,
    valid_from date,
    valid_to date,
    schematic boolean NOT NULL,
    geom geometry(MultiPolygon, 4326) NOT NULL
) ON COMMIT DROP
