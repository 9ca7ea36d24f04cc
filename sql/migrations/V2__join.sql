-- The join's rule (ARCHITECTURE.md) in SQL. Links are unit ids, negative where near.

-- Metres per degree of longitude and latitude around a latitude. The same steps in the same order as
-- src/engine/locate/near.rs, so that both stores agree to the last bit.
CREATE FUNCTION bandoso.metres_per_degree(lat double precision, OUT x double precision, OUT y double precision)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    s double precision := sin(lat * '0.017453292519943295'::double precision);
    s2 double precision := s * s;
    w double precision := '1'::double precision - '0.006694379990141317'::double precision * s2;
    r double precision := sqrt(w);
BEGIN
    x := '6378137'::double precision / r * sqrt('1'::double precision - s2) * '0.017453292519943295'::double precision;
    y := '6335439.32729282'::double precision / (w * r) * '0.017453292519943295'::double precision;
END
$$;

-- A box in degrees that holds everything within 200 m of a point, and a tenth more; NULL where the point is empty. A degree of
-- latitude is at least 110,574 m, one of longitude at least 111,319 m times the latitude's cosine. At the poles all longitudes
-- are near.
CREATE FUNCTION bandoso.around(at geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- An expression, not a text: it is read once, here, and becomes part of the statements that use it.
RETURN ST_Expand(
    at,
    least(
        '0.002'::double precision / greatest(cos(radians(ST_Y(at))), '1e-9'::double precision),
        '360'::double precision
    ),
    '0.002'::double precision
);

-- For each level, the days on which it has a unit but none of the covering ones is valid.
CREATE FUNCTION bandoso.uncovered(covering integer[]) RETURNS TABLE (level bandoso.level, days datemultirange)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
    SELECT u.level,
           range_agg(u.valid) - coalesce(range_agg(u.valid) FILTER (WHERE u.id = ANY (covering)), '{}'::datemultirange)
    FROM bandoso.units u
    GROUP BY u.level
$$;

-- The units within 200 m of a point, valid on a day that the covering ones leave uncovered; negative, by level and distance.
--
-- The rule is the distance to the unit's polygons. Where those are sound and the point is not on their very border, it is the
-- distance to the pieces of border: the same arithmetic on the same segments, a hundredth of the work.
CREATE FUNCTION bandoso.near_units(at geometry, covering integer[]) RETURNS integer[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    metres record;
    scaled geometry;
    close integer[];
    border_m double precision[];
    sound boolean[];
    found integer[];
BEGIN
    SELECT * INTO metres FROM bandoso.metres_per_degree(ST_Y(at));
    scaled := ST_Scale(at, metres.x, metres.y);
    SELECT array_agg(near.unit), array_agg(near.border_m), array_agg(near.sound)
    INTO close, border_m, sound
    FROM (
        SELECT b.unit, b.sound, min(ST_Distance(ST_Scale(b.geom, metres.x, metres.y), scaled)) AS border_m
        FROM bandoso.unit_borders b
        WHERE b.geom && bandoso.around(at) AND b.unit <> ALL (covering)
        GROUP BY b.unit, b.sound
    ) near
    WHERE near.border_m <= 201;
    IF close IS NULL THEN
        RETURN '{}';
    END IF;
    SELECT array_agg(-near.id ORDER BY near.level, near.distance_m, near.code, near.valid_from NULLS FIRST)
    INTO found
    FROM (
        SELECT u.id, u.level, u.code, u.valid_from,
               CASE
                   WHEN c.sound AND c.border_m > 0.001 THEN c.border_m
                   ELSE ST_Distance(ST_Scale(u.geom, metres.x, metres.y), scaled)
               END AS distance_m
        FROM unnest(close, border_m, sound) AS c (unit, border_m, sound)
        JOIN bandoso.units u ON u.id = c.unit
        JOIN bandoso.uncovered(covering) lacking ON lacking.level = u.level AND u.valid && lacking.days
    ) near
    WHERE near.distance_m <= 200;
    RETURN coalesce(found, '{}');
END
$$;

-- All links of one point.
CREATE FUNCTION bandoso.unit_links(at geometry) RETURNS integer[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    covering integer[];
BEGIN
    SELECT coalesce(array_agg(u.id ORDER BY u.level, u.code, u.valid_from NULLS FIRST), '{}')
    INTO covering
    FROM bandoso.units u
    WHERE ST_Covers(u.geom, at);
    RETURN covering || bandoso.near_units(at, covering);
END
$$;

-- Links of many points: those of a table with columns `id`, `geom` (with a GiST index) and `units`; where `unjoined` only the
-- rows without units. Each unit looks for its points, so that PostGIS prepares each polygon once: a million points and 395
-- real units take ten seconds, where one point after the other takes an hour.
CREATE FUNCTION bandoso.links_of(points regclass, unjoined boolean) RETURNS TABLE (id bigint, units integer[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH unit AS MATERIALIZED (
            SELECT u.id, u.geom, row_number() OVER (ORDER BY u.level, u.code, u.valid_from NULLS FIRST) AS place
            FROM bandoso.units u
        ),
        covered AS (
            SELECT p.id, array_agg(unit.id ORDER BY unit.place) AS covering
            FROM unit
            JOIN %1$s p ON ST_Covers(unit.geom, p.geom)
            WHERE %2$s
            GROUP BY p.id
        ),
        point AS MATERIALIZED (
            SELECT p.id, p.geom, coalesce(c.covering, '{}') AS covering
            FROM %1$s p
            LEFT JOIN covered c ON c.id = p.id
            WHERE %2$s
        ),
        -- Points share few different sets of covering units: what each set leaves uncovered is asked once.
        lacking AS (
            SELECT s.covering
            FROM (SELECT DISTINCT covering FROM point) s
            WHERE EXISTS (SELECT FROM bandoso.uncovered(s.covering) l WHERE NOT isempty(l.days))
        )
        SELECT point.id::bigint,
               CASE
                   WHEN lacking.covering IS NOT NULL
                        AND EXISTS (SELECT FROM bandoso.unit_borders b WHERE b.geom && bandoso.around(point.geom))
                   THEN point.covering || bandoso.near_units(point.geom, point.covering)
                   ELSE point.covering
               END
        FROM point
        LEFT JOIN lacking ON lacking.covering = point.covering
    $query$, points, CASE WHEN unjoined THEN 'p.units IS NULL' ELSE 'true' END);
END
$$;
