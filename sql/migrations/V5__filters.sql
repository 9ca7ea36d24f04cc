-- What filters (CQL2) need in SQL so that the database takes the very features that the columns in memory take.

-- CASEI: each letter in upper case and that in lower case, which is Unicode's full case folding (src/engine/cql2/fold.rs).
-- By ICU, whose rules do not depend on the database's locale; where the server has none, by the locale.
DO $make$
DECLARE
    unicode text := CASE WHEN EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') THEN 'COLLATE "und-x-icu"' ELSE '' END;
BEGIN
    EXECUTE format($function$
        CREATE FUNCTION bandoso.fold_case(value text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS $$
            SELECT translate(lower(upper(value %1$s) %1$s), 'ς', 'σ')
        $$
    $function$, unicode);
END
$make$;

-- ACCENTI: canonical decomposition without the combining diacritical marks, and đ as d.
CREATE FUNCTION bandoso.fold_accents(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN octet_length(value) = length(value) THEN value
        ELSE translate(
            regexp_replace(
                normalize(value, NFD),
                '[\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]', '', 'g'
            ),
            'đĐ', 'dD'
        )
    END
$$;

-- Whole numbers: null where 64 bits do not hold the result, and when divided by zero (src/engine/cql2/arithmetic.rs).
CREATE FUNCTION bandoso.calculated(operator text, a bigint, b bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    result numeric;
BEGIN
    IF operator IN ('div', '%') AND b = 0 THEN
        RETURN NULL;
    END IF;
    result := CASE operator
        WHEN '+' THEN a::numeric + b
        WHEN '-' THEN a::numeric - b
        WHEN '*' THEN a::numeric * b
        WHEN 'div' THEN div(a::numeric, b)
        WHEN '%' THEN mod(a::numeric, b)
    END;
    RETURN CASE WHEN result BETWEEN -9223372036854775808 AND 9223372036854775807 THEN result::bigint END;
END
$$;

-- Doubles: null outside the bounds within which no result overflows or underflows, when divided by zero, and for powers that
-- are no real number.
CREATE FUNCTION bandoso.calculated(operator text, a double precision, b double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    IF operator IN ('+', '-') THEN
        RETURN CASE WHEN abs(a) > 1e300 OR abs(b) > 1e300 THEN NULL WHEN operator = '+' THEN a + b ELSE a - b END;
    END IF;
    IF (a <> 0 AND abs(a) NOT BETWEEN 1e-150 AND 1e150) OR (b <> 0 AND abs(b) NOT BETWEEN 1e-150 AND 1e150) THEN
        RETURN NULL;
    END IF;
    IF operator = '*' THEN
        RETURN a * b;
    END IF;
    IF operator = '^' THEN
        IF a = 0 THEN
            RETURN CASE WHEN b > 0 THEN 0 WHEN b = 0 THEN 1 END;
        ELSIF a < 0 AND b <> floor(b) OR abs(b * ln(abs(a))) > 690 THEN
            RETURN NULL;
        END IF;
        RETURN power(a, b);
    END IF;
    IF b = 0 THEN
        RETURN NULL;
    END IF;
    RETURN CASE operator WHEN '/' THEN a / b WHEN 'div' THEN trunc(a / b) WHEN '%' THEN a - b * trunc(a / b) END;
END
$$;
