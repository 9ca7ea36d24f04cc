-- One unit to be compared. Days are counted from 1970-01-01; $10 is WKB.
INSERT INTO pg_temp.bandoso_new_units
VALUES (
    $1::text::bandoso.level,
    $2,
    $3,
    $4,
    $5,
    $6,
    date '1970-01-01' + $7::integer,
    date '1970-01-01' + $8::integer,
    $9,
    ST_GeomFromWKB($10, 4326)
)
