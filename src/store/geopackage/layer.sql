-- What the layer {layer} needs beside its table {table}: a way to its senders' keys and to the rows to be joined, and a version.
CREATE UNIQUE INDEX IF NOT EXISTS "{table}_source_id" ON "{table}" (source_id);
CREATE INDEX IF NOT EXISTS "{table}_unjoined" ON "{table}" (id) WHERE units IS NULL;
INSERT OR IGNORE INTO bandoso_version (name, version, joined)
    SELECT '{layer}', 0, version FROM bandoso_version WHERE name = 'units';
