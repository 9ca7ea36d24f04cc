-- At the start of a transaction that reads the tables of layers. $1: longest time of one of its statements, $2: longest wait for a
-- table that somebody has locked.
SELECT
    set_config('statement_timeout', $1::text, true),
    set_config('work_mem', '64MB', true),
    -- A list of a hundred thousand keys wants another plan than a list of one.
    set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('lock_timeout', $2::text, true)
