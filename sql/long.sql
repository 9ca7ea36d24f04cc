-- At the start of a transaction that moves many rows. $1: longest time of one of its statements.
SELECT set_config('statement_timeout', $1::text, true), set_config('work_mem', '64MB', true)
