-- The layers of $1 whose version is no longer the one held ($2): layer, present version, whether the log has every version
-- between, and how many ids it has noted there, more than bandoso.most_ids() where a whole layer changed.
SELECT
    v.layer,
    v.version,
    coalesce(log.versions = v.version - h.version, false),
    coalesce(log.many, 0)
FROM unnest($1::text[], $2::bigint[]) AS h (layer, version)
JOIN bandoso.layer_version v ON v.layer = h.layer
CROSS JOIN LATERAL (
    SELECT
        count(DISTINCT c.version) AS versions,
        sum(i.many) AS many
    FROM bandoso.change_log c
    JOIN bandoso.change_ids i ON i.xact = c.xact AND i.layer = c.layer
    WHERE c.layer = h.layer AND c.version > h.version
) log
WHERE v.version <> h.version
