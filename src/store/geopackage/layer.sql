-- What the layer {layer} needs beside its table {table}: a way to its senders' keys and to the rows to be joined.
CREATE UNIQUE INDEX IF NOT EXISTS "{table}_source_id" ON "{table}" (source_id);
CREATE INDEX IF NOT EXISTS "{table}_unjoined" ON "{table}" (units) WHERE units IS NULL;
