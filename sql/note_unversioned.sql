-- Notes that the whole of a layer ($1) changed where its log is empty: bandoso.follow_layer() notes it where there is one.
SELECT bandoso.note_whole($1) WHERE NOT EXISTS (SELECT FROM bandoso.change_log c WHERE c.layer = $1)
