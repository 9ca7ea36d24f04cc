-- Tells of a batch ($1) how many features it added, changed, removed and found unchanged, and the layer's version.
UPDATE bandoso.batches
SET added = $2, changed = $3, removed = $4, unchanged = $5, version = $6
WHERE id = $1
