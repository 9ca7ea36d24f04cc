-- Once on every new connection. $1: longest time of a statement.
-- PostGIS may live in a schema that is not on the path of the role. Just-in-time compilation costs more than it saves on
-- statements of milliseconds.
SELECT
    set_config(
        'search_path',
        concat(
            'bandoso, ',
            coalesce(
                (
                    SELECT quote_ident(n.nspname)
                    FROM pg_catalog.pg_extension e
                    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                    WHERE e.extname = 'postgis'
                ),
                'public'
            ),
            ', pg_temp'
        ),
        false
    ),
    set_config('jit', 'off', false),
    set_config('timezone', 'UTC', false),
    set_config('statement_timeout', $1::text, false)
