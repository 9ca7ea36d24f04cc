-- What the functions of filters need beside PostgreSQL's own (src/engine/cql2/functions.rs).

-- lower and upper: by ICU, whose rules do not depend on the database's locale; where the server has none, by the locale.
DO $make$
DECLARE
    unicode text := CASE WHEN EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') THEN 'COLLATE "und-x-icu"' ELSE '' END;
BEGIN
    EXECUTE format($function$
        CREATE FUNCTION bandoso.lower_case(value text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS $$ SELECT lower(value %1$s) $$
    $function$, unicode);
    EXECUTE format($function$
        CREATE FUNCTION bandoso.upper_case(value text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS $$ SELECT upper(value %1$s) $$
    $function$, unicode);
END
$make$;

-- year, month, day, hour and isodow: null for the infinities, and the year before the first is 0.
CREATE FUNCTION bandoso.part_of(part text, at timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN NOT isfinite(at) THEN NULL
        WHEN part = 'year' AND date_part('year', at) < 0 THEN date_part('year', at)::bigint + 1
        ELSE date_part(part, at)::bigint
    END
$$;
CREATE FUNCTION bandoso.part_of(part text, at date) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT bandoso.part_of(part, at::timestamp) $$;
