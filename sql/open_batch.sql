-- Opens a batch of a layer ($1): its kind, who writes, from what, and the batch that it undoes. Nothing where that is undone already.
INSERT INTO bandoso.batches (layer, kind, who, source, undoes)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (undoes) DO NOTHING
RETURNING id
