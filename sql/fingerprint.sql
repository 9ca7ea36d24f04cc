-- Counts a version of a published table that has no trigger ($1 its layer) when its rows look otherwise ($2) than last time.
WITH seen AS (
    INSERT INTO bandoso.layers AS l (layer, fingerprint)
    VALUES ($1, $2)
    ON CONFLICT (layer) DO UPDATE
    SET fingerprint = excluded.fingerprint
    WHERE l.fingerprint IS DISTINCT FROM excluded.fingerprint
    RETURNING l.layer
)
SELECT bandoso.note_whole(layer) FROM seen
