//! One layer from its file `layers/ID.toml`, checked so that nobody needs to check again.

use toml::Spanned;

use super::toml_keys::{Keys, Source, Span};
use crate::model::{
    Classification, Code, Department, Field, FieldType, GeometryKind, Layer, LayerId, MAX_ZOOM, Published, Residency,
    ZoomRange,
};

/// Most fields of a layer.
pub(super) const MAX_FIELDS: usize = 200;
/// Most codes of a field.
pub(super) const MAX_CODES: usize = 2_000;

/// Names that stores, tiles or answers give a meaning of their own, beside `count_…`.
const RESERVED_FIELDS: [&str; 9] = ["id", "geom", "geometry", "units", "unit", "source_id", "fid", "ogc_fid", "count"];
/// First halves of ids that tiles or databases give a meaning of their own, alone or before an underscore.
const RESERVED_DEPARTMENTS: [&str; 10] =
    ["unit", "units", "labels", "public", "bandoso", "information_schema", "pg", "gpkg", "rtree", "sqlite"];
const SYMBOLS: [&str; 6] = ["circle", "square", "triangle", "diamond", "star", "drop"];
const DEFAULT_COLOUR: &str = "#4477aa";
const DEFAULT_MAX_FEATURES: i64 = 10_000;
/// Longest promise of an owner: ten years.
const MOST_UPDATE_DAYS: i64 = 3_660;
const COLOUR: &str = "a colour such as \"#0077bb\"";
const CLASSIFICATION: &str = "\"public\", \"internal\" or \"restricted\"";
const FIELD_TYPE: &str = "\"text\", \"integer\", \"real\", \"boolean\", \"date\", \"timestamp\" or \"code\"";
const LAYER_ID: &str = "\"department.layer\" of lower-case letters, digits and underscores";

/// Reads the layer of a file named `stem`. Its faults are noted in the source; `None` when there is any. Its department must
/// be one of those given, if any are.
pub(super) fn read_layer(source: &Source<'_>, stem: &str, departments: Option<&[Department]>) -> Option<Layer> {
    let mut keys = source.keys()?;
    let id = read_id(source, &mut keys, stem, departments);
    let title = keys.title("title");
    let geometry = read_geometry(source, &mut keys);
    let classification = keys.parsed_if("classification", CLASSIFICATION, parse_classification);
    let time = keys.text_if("time", "the name of a date or timestamp field");
    let category = keys.text_if("category", "the name of a code field");
    let name = keys.text_if("name", "the name of a text field");
    let zoom = read_zoom(source, &mut keys);
    let max_features = keys.integer_if("max_features", &(1..=1_000_000)).unwrap_or(DEFAULT_MAX_FEATURES);
    let published = read_published(&mut keys);
    let residency = keys.parsed_if("residency", "\"memory\" or \"database\"", parse_residency).unwrap_or_default();
    let update_days = keys.integer_if("update_days", &(1..=MOST_UPDATE_DAYS));
    let colour = keys.parsed_if("colour", COLOUR, parse_colour);
    let symbol = keys.parsed_if("symbol", &format!("one of {}", SYMBOLS.join(", ")), |text| {
        SYMBOLS.contains(&text).then(|| text.to_owned())
    });
    let fields = read_fields(source, &mut keys);
    let time = pick(source, time.as_ref(), &fields, "time", &[FieldType::Date, FieldType::Timestamp]);
    let category = pick(source, category.as_ref(), &fields, "category", &[FieldType::Code]);
    let name = pick(source, name.as_ref(), &fields, "name", &[FieldType::Text]).or_else(|| usual_name(&fields));
    keys.finish();
    if !source.is_clean() {
        return None;
    }
    Some(Layer {
        id: id?,
        title: title?,
        geometry: geometry?,
        // Not said: the safe side.
        classification: classification.unwrap_or(Classification::Restricted),
        time,
        category,
        name,
        zoom,
        max_features: u32::try_from(max_features).ok()?,
        published,
        residency,
        update_days: update_days.and_then(|days| u32::try_from(days).ok()),
        colour: colour.unwrap_or_else(|| DEFAULT_COLOUR.to_owned()),
        symbol: symbol.unwrap_or_else(|| SYMBOLS[0].to_owned()),
        fields: fields.into_iter().filter_map(|draft| draft.field).collect(),
    })
}

fn read_id(
    source: &Source<'_>,
    keys: &mut Keys<'_, '_>,
    stem: &str,
    departments: Option<&[Department]>,
) -> Option<LayerId> {
    let text = keys.text("id", LAYER_ID)?;
    let Ok(id) = LayerId::parse("id", text.get_ref()) else {
        source.fault(&text.span(), format!("id: {LAYER_ID}, such as police.incidents; found {:?}", text.get_ref()));
        return None;
    };
    if id.as_str() != stem {
        source.fault(&text.span(), format!("id: the file's own name, {stem:?}; found {:?}", id.as_str()));
    }
    if let Some(word) = RESERVED_DEPARTMENTS.iter().find(|word| is_word_of(id.department(), word)) {
        let expected = format!("id: a department other than {word:?}, which the map itself or a database uses");
        source.fault(&text.span(), expected);
    }
    if let Some(known) = departments.filter(|known| !known.iter().any(|one| one.id == id.department())) {
        let known = known.iter().map(|department| department.id.as_str()).collect::<Vec<_>>().join(", ");
        let expected = format!("id: a department that catalogue.toml lists ({known}); found {:?}", id.department());
        source.fault(&text.span(), expected);
    }
    Some(id)
}

fn read_geometry(source: &Source<'_>, keys: &mut Keys<'_, '_>) -> Option<GeometryKind> {
    let text = keys.text("geometry", "\"point\"")?;
    match text.get_ref().as_str() {
        "point" => Some(GeometryKind::Point),
        kind @ ("line" | "polygon") => {
            source.fault(&text.span(), format!("geometry: \"point\"; layers of {kind}s are not served yet"));
            None
        }
        other => {
            source.fault(&text.span(), format!("geometry: \"point\"; found {other:?}"));
            None
        }
    }
}

fn read_zoom(source: &Source<'_>, keys: &mut Keys<'_, '_>) -> ZoomRange {
    let all = ZoomRange { min: 0, max: MAX_ZOOM };
    let Some(mut zoom) = keys.table_if("zoom", "a range { min = 0, max = 22 }") else { return all };
    let mut end = |key, default: u8| {
        let number = zoom.integer_if(key, &(0..=i64::from(MAX_ZOOM)));
        number.and_then(|number| u8::try_from(number).ok()).unwrap_or(default)
    };
    let range = ZoomRange { min: end("min", all.min), max: end("max", all.max) };
    if range.min > range.max {
        source.fault(&zoom.at(), format!("zoom: min not above max; found {} and {}", range.min, range.max));
    }
    zoom.finish();
    range
}

fn read_published(keys: &mut Keys<'_, '_>) -> Option<Published> {
    const TABLE: &str = "a table or view, \"name\" or \"schema.name\", of letters, digits and underscores";
    const PARTS: [&str; 3] = ["table", "key", "geometry_column"];
    const COLUMN: &str = "a column's name of letters, digits and underscores";
    let absent = PARTS.into_iter().filter(|part| !keys.has(part)).collect::<Vec<_>>();
    if absent.len() < PARTS.len() {
        for part in absent {
            keys.missing(part, "table, key and geometry_column go together");
        }
    }
    let table = keys.parsed_if("table", TABLE, |text| {
        let parts: Vec<_> = text.split('.').collect();
        (parts.len() <= 2 && parts.iter().all(|part| is_identifier(part))).then(|| text.to_owned())
    });
    let mut column = |key| keys.parsed_if(key, COLUMN, |text| is_identifier(text).then(|| text.to_owned()));
    let (key, geometry_column) = (column("key"), column("geometry_column"));
    Some(Published { table: table?, key: key?, geometry_column: geometry_column? })
}

/// A field as far as it could be read: its name and type are known even when something else in it is wrong, so that `time`
/// and `category` are not said to name no field.
struct Draft {
    name: Spanned<String>,
    kind: Option<FieldType>,
    field: Option<Field>,
}

fn read_fields(source: &Source<'_>, keys: &mut Keys<'_, '_>) -> Vec<Draft> {
    let Some(tables) = keys.tables_if("fields", "tables [[fields]]", MAX_FIELDS) else { return Vec::new() };
    let mut drafts: Vec<Draft> = Vec::with_capacity(tables.len());
    for mut table in tables {
        let Some(draft) = read_field(source, &mut table) else {
            table.finish();
            continue;
        };
        table.finish();
        if drafts.iter().any(|earlier| earlier.name.get_ref() == draft.name.get_ref()) {
            source.fault(
                &draft.name.span(),
                format!("name: one that no field above has; found {:?}", draft.name.get_ref()),
            );
        }
        drafts.push(draft);
    }
    drafts
}

fn read_field(source: &Source<'_>, keys: &mut Keys<'_, '_>) -> Option<Draft> {
    let name = keys.text("name", "a name of lower-case letters, digits and underscores");
    let title = keys.title("title");
    let kind = keys.parsed("type", FIELD_TYPE, parse_field_type);
    let codes = read_codes(source, keys, kind);
    let classification = keys.parsed_if("classification", CLASSIFICATION, parse_classification);
    let unit = keys.text_if("unit", "a unit of measure such as \"m³\"").map(Spanned::into_inner);
    let (min, max) = read_range(source, keys, kind);
    let name = name?;
    if let Some(expected) = wrong_field_name(name.get_ref()) {
        source.fault(&name.span(), format!("name: {expected}; found {:?}", name.get_ref()));
    }
    let field = match (title, kind) {
        (Some(title), Some(kind)) => {
            Some(Field { name: name.get_ref().clone(), title, kind, codes, classification, unit, min, max })
        }
        _ => None,
    };
    Some(Draft { name, kind, field })
}

/// The least and the greatest number that are no mistake.
fn read_range(source: &Source<'_>, keys: &mut Keys<'_, '_>, kind: Option<FieldType>) -> (Option<f64>, Option<f64>) {
    let (min, max) = (keys.number_if("min"), keys.number_if("max"));
    let is_number = matches!(kind, None | Some(FieldType::Integer | FieldType::Real));
    if !is_number && (min.is_some() || max.is_some()) {
        source.fault(&keys.at(), "min, max: only in a field of type \"integer\" or \"real\"");
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        source.fault(&keys.at(), format!("min: not above max; found {min} and {max}"));
    }
    (min, max)
}

fn read_codes(source: &Source<'_>, keys: &mut Keys<'_, '_>, kind: Option<FieldType>) -> Vec<Code> {
    const CODES: &str = "a list of { code = \"…\", vi = \"…\", en = \"…\", colour = \"#…\" }";
    let absent = !keys.has("codes");
    let tables = keys.tables_if("codes", CODES, MAX_CODES);
    match (kind, &tables) {
        (Some(FieldType::Code), None) if absent => keys.missing("codes", CODES),
        (Some(FieldType::Code), Some(tables)) if tables.is_empty() => keys.missing("codes", "at least one code"),
        (Some(kind), Some(_)) if kind != FieldType::Code => {
            source.fault(&keys.at(), "codes: only in a field of type \"code\"");
        }
        _ => {}
    }
    let mut codes: Vec<Code> = Vec::new();
    for mut table in tables.unwrap_or_default() {
        let code = table.text("code", "the value as stored");
        let vi = table.text("vi", "the Vietnamese name, not empty");
        let en = table.text("en", "the English name, not empty");
        let colour = table.parsed_if("colour", COLOUR, parse_colour);
        table.finish();
        let (Some(code), Some(vi), Some(en)) = (code, vi, en) else { continue };
        check_code(source, &code, &codes);
        codes.push(Code { code: code.into_inner(), vi: vi.into_inner(), en: en.into_inner(), colour });
    }
    codes
}

fn check_code(source: &Source<'_>, code: &Spanned<String>, earlier: &[Code]) {
    let text = code.get_ref();
    if !is_word(text) || text.len() > 60 {
        let expected = "at most 60 lower-case letters, digits and underscores";
        source.fault(&code.span(), format!("code: {expected}; found {text:?}"));
    } else if earlier.iter().any(|earlier| earlier.code == *text) {
        source.fault(&code.span(), format!("code: one that the field does not list yet; found {text:?}"));
    }
}

/// The index of the field that `time`, `category` or `name` names.
fn pick(
    source: &Source<'_>,
    named: Option<&Spanned<String>>,
    fields: &[Draft],
    key: &str,
    kinds: &[FieldType],
) -> Option<usize> {
    let named = named?;
    let fault = |at: &Span, found: &str| {
        let kind = match kinds {
            [FieldType::Code] => "code",
            [FieldType::Text] => "text",
            _ => "date or timestamp",
        };
        source.fault(at, format!("{key}: the name of a {kind} field of this layer; {found}"));
    };
    let Some(index) = fields.iter().position(|field| field.name.get_ref() == named.get_ref()) else {
        fault(&named.span(), &format!("it has no field {:?}", named.get_ref()));
        return None;
    };
    // A field whose own type cannot be read has its own fault.
    if fields.get(index).and_then(|field| field.kind).is_some_and(|kind| !kinds.contains(&kind)) {
        fault(&named.span(), &format!("{:?} is of another type", named.get_ref()));
    }
    Some(index)
}

/// The text field that holds names where the file does not say which.
fn usual_name(fields: &[Draft]) -> Option<usize> {
    let named = |name: &str| {
        fields.iter().position(|field| field.name.get_ref() == name && field.kind == Some(FieldType::Text))
    };
    named("name").or_else(|| named("title"))
}

fn parse_classification(text: &str) -> Option<Classification> {
    match text {
        "public" => Some(Classification::Public),
        "internal" => Some(Classification::Internal),
        "restricted" => Some(Classification::Restricted),
        _ => None,
    }
}

fn parse_residency(text: &str) -> Option<Residency> {
    match text {
        "memory" => Some(Residency::Memory),
        "database" => Some(Residency::Database),
        _ => None,
    }
}

fn parse_field_type(text: &str) -> Option<FieldType> {
    match text {
        "text" => Some(FieldType::Text),
        "integer" => Some(FieldType::Integer),
        "real" => Some(FieldType::Real),
        "boolean" => Some(FieldType::Boolean),
        "date" => Some(FieldType::Date),
        "timestamp" => Some(FieldType::Timestamp),
        "code" => Some(FieldType::Code),
        _ => None,
    }
}

fn parse_colour(text: &str) -> Option<String> {
    let digits = text.strip_prefix('#')?;
    (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

/// Whether a department's id is the word, or begins with it and an underscore.
fn is_word_of(department: &str, word: &str) -> bool {
    department.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// An SQL identifier that needs no escape, at most `PostgreSQL`'s 63 bytes.
fn is_identifier(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What is expected of a field's name that this one is not.
fn wrong_field_name(name: &str) -> Option<String> {
    if !is_word(name) || !name.starts_with(|first: char| first.is_ascii_lowercase()) || name.len() > 60 {
        return Some("at most 60 lower-case letters, digits and underscores, a letter first".to_owned());
    }
    if RESERVED_FIELDS.contains(&name) || name.starts_with("count_") {
        return Some(format!("none of {} or count_…, which the map itself uses", RESERVED_FIELDS.join(", ")));
    }
    None
}
