-- All changes of units.
SELECT old_code, new_code, date - date '1970-01-01', whole
FROM bandoso.unit_changes
WHERE isfinite(date)
ORDER BY old_code, new_code, date
