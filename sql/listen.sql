-- Hears of every version that a transaction gives, as `layer version` (see migrations/V4__change_log.sql).
LISTEN bandoso_changes
