-- Who wrote what, when, and how it was before: imports, edits and their undoing by this program. What psql or QGIS write is in the
-- log of changes alone.

CREATE TABLE bandoso.batches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    layer text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('import', 'edit', 'undo')),
    who text NOT NULL,
    source text[] NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    added bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    removed bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    -- The layer's version afterwards.
    version bigint NOT NULL DEFAULT 0,
    -- Each batch is undone once at most; its undoing may be undone.
    undoes bigint UNIQUE REFERENCES bandoso.batches
);
CREATE INDEX ON bandoso.batches (layer, id);
COMMENT ON TABLE bandoso.batches IS 'Imports, edits and their undoing: bandoso batches, bandoso undo.';

-- Rows of a batch one by one. `before` is {"row": all columns but place and units, "lon": …, "lat": …}.
CREATE TABLE bandoso.batch_rows (
    batch bigint NOT NULL REFERENCES bandoso.batches ON DELETE CASCADE,
    id bigint NOT NULL,
    -- NULL: it was not there.
    before jsonb,
    -- The stamp (src/engine/stamp.rs) that it was left with; NULL: it was gone.
    after bigint,
    -- The store gave it its number.
    given boolean NOT NULL DEFAULT false,
    PRIMARY KEY (batch, id)
);

-- Rows that an import added, some thousand at a time: sixteen bytes each.
CREATE TABLE bandoso.batch_added (
    batch bigint NOT NULL REFERENCES bandoso.batches ON DELETE CASCADE,
    part integer NOT NULL,
    given boolean NOT NULL,
    ids bigint[] NOT NULL,
    -- In the order of the ids.
    stamps bigint[] NOT NULL,
    PRIMARY KEY (batch, given, part)
);
-- Numbers that count up hardly shrink, hashes do not at all.
ALTER TABLE bandoso.batch_added ALTER COLUMN ids SET STORAGE EXTERNAL, ALTER COLUMN stamps SET STORAGE EXTERNAL;

-- The rows of a batch, each with the stamp that it was left with.
CREATE FUNCTION bandoso.rows_of_batch(batch bigint) RETURNS TABLE (id bigint, before jsonb, after bigint)
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $$
    SELECT r.id, r.before, r.after FROM bandoso.batch_rows r WHERE r.batch = rows_of_batch.batch
    UNION ALL
    SELECT u.id, NULL, u.stamp
    FROM bandoso.batch_added a CROSS JOIN LATERAL unnest(a.ids, a.stamps) AS u (id, stamp)
    WHERE a.batch = rows_of_batch.batch
$$;

-- The ids that the store gave to features of a layer.
CREATE FUNCTION bandoso.given_ids(layer text) RETURNS SETOF bigint
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $$
    SELECT unnest(a.ids)
    FROM bandoso.batches b JOIN bandoso.batch_added a ON a.batch = b.id
    WHERE b.layer = given_ids.layer AND a.given
    UNION ALL
    SELECT r.id
    FROM bandoso.batches b JOIN bandoso.batch_rows r ON r.batch = b.id
    WHERE b.layer = given_ids.layer AND r.given
$$;

-- Whether a sender's key is a number, and so stands for the number that another feature had taken.
CREATE FUNCTION bandoso.is_number(source_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN source_id ~ '^(0|[1-9][0-9]{0,18})$';
