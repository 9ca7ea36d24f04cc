-- What a search for names needs in SQL so that the database finds the very names that the index in memory finds
-- (src/engine/names/fold.rs).

-- Words between which there is whatever is no letter or digit: all of ASCII and Latin-1 but these, general and ideographic
-- punctuation. Apostrophes join. At most 24 words.
CREATE FUNCTION bandoso.words_of(value text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT (array_remove(regexp_split_to_array(
        translate(value, '''`´‘’ʼ', ''),
        '[\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u00D7\u00F7\u2000-\u206F\u3000-\u303F]+'
    ), ''))[1:24]
$$;

-- A name's words without case, accents and punctuation; an y after a consonant or qu is an i.
CREATE FUNCTION bandoso.plain_name(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT regexp_replace(
        array_to_string(bandoso.words_of(bandoso.fold_accents(bandoso.fold_case(value))), ' '),
        '([bcdfghjklmnpqrstvwxz]|qu)y', '\1i', 'g'
    )
$$;

-- The same words with their accents, decomposed, the mark of the tone at the end of each word.
CREATE FUNCTION bandoso.name_spelling(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT regexp_replace(
        array_to_string(bandoso.words_of(normalize(bandoso.fold_case(value), NFD)), ' '),
        '([\u0300\u0301\u0303\u0309\u0323])([^ ]*)', '\2\1', 'g'
    )
$$;

-- The words of the plain form, for an index: CREATE INDEX ON table USING gin (bandoso.name_words(name)).
CREATE FUNCTION bandoso.name_words(value text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT array_to_tsvector(string_to_array(bandoso.plain_name(value), ' '))
$$;
