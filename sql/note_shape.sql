-- Remembers what the table $2 of a layer $1 is now, notes the whole layer where it is another, and gives it.
SELECT bandoso.note_shape($1, to_regclass($2::text))
