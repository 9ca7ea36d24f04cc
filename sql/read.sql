-- At the start of a transaction that reads the tables of layers. $1: the longest wait for one that somebody has locked.
SELECT set_config('lock_timeout', $1::text, true)
