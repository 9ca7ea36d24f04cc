-- Counts a version of a published table that has no trigger ($1 its layer) when its rows look otherwise ($2) than last time.
INSERT INTO bandoso.layer_version AS v (layer, version, changed_at, fingerprint)
VALUES ($1, 1, now(), $2)
ON CONFLICT (layer) DO UPDATE
SET version = v.version + 1, changed_at = now(), fingerprint = excluded.fingerprint
WHERE v.fingerprint IS DISTINCT FROM excluded.fingerprint
