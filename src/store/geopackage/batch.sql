-- Who wrote what, when, and how it was before: imports, edits and their undoing by bandoso.
CREATE TABLE IF NOT EXISTS bandoso_batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    layer TEXT NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    -- A JSON array of file names.
    source TEXT NOT NULL,
    -- Microseconds since 1970-01-01T00:00:00Z.
    at INTEGER NOT NULL,
    added INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    -- The layer's version afterwards.
    version INTEGER NOT NULL DEFAULT 0,
    -- Each batch is undone once at most; its undoing may be undone.
    undoes INTEGER UNIQUE
);
-- When a layer was last imported.
CREATE INDEX IF NOT EXISTS bandoso_batch_import ON bandoso_batch (layer, id) WHERE kind = 'import';

-- Rows of a batch one by one: `before` holds all columns but units as JSON, blobs as {"x": hex}; NULL where the row was not there.
-- `after` is the stamp (src/engine/stamp.rs) that it was left with; NULL where it was gone. `given`: its number is the store's.
CREATE TABLE IF NOT EXISTS bandoso_batch_row (
    batch INTEGER NOT NULL,
    id INTEGER NOT NULL,
    before TEXT,
    after INTEGER,
    given INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (batch, id)
) WITHOUT ROWID;

-- Rows that an import added, some thousand at a time: ids and stamps in turn, 64 bits each, little-endian.
CREATE TABLE IF NOT EXISTS bandoso_batch_added (
    batch INTEGER NOT NULL,
    part INTEGER NOT NULL,
    given INTEGER NOT NULL,
    rows BLOB NOT NULL,
    PRIMARY KEY (batch, part)
);
