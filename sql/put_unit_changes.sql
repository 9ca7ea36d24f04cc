-- Adds or replaces changes of units, given as columns. Days are counted from 1970-01-01.
INSERT INTO bandoso.unit_changes AS c (old_code, new_code, date, whole)
SELECT n.old_code, n.new_code, date '1970-01-01' + n.day, n.whole
FROM unnest($1::text[], $2::text[], $3::integer[], $4::boolean[]) AS n (old_code, new_code, day, whole)
WHERE NOT EXISTS (
    SELECT
    FROM bandoso.unit_changes o
    WHERE
        o.old_code = n.old_code
        AND o.new_code = n.new_code
        AND o.date = date '1970-01-01' + n.day
        AND o.whole = n.whole
)
ON CONFLICT (old_code, new_code, date) DO UPDATE SET whole = excluded.whole
