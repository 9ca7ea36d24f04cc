//! A row of a table of counts in an address, as JSON: its keys under the names that they have in the table.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::atlas::UnitMap;
use crate::model::{By, CountKey, Day, FirstDay, Invalid, LinePick, PickedKey};

/// Most members of a row: three keys, and the first days of units.
const MOST_MEMBERS: usize = 6;
const FIRST_DAY: &str = "_valid_from";
/// What needs no escape in a query.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b',');

/// Reads the keys of a row.
pub fn read_row(parameter: &str, text: &str) -> Result<Vec<LinePick>, Invalid> {
    let expected = || Invalid::new(parameter, "a row of /query/count as a JSON object of its keys");
    let row: Map<String, Value> = serde_json::from_str(text).map_err(|_| expected())?;
    if row.len() > MOST_MEMBERS || row.values().any(|value| value.as_str().is_some_and(|text| text.contains('\0'))) {
        return Err(expected());
    }
    let mut picks = Vec::new();
    for (name, value) in &row {
        let of_unit = name.strip_suffix(FIRST_DAY).is_some_and(|level| {
            matches!(By::parse(level), By::Level(_)) && row.get(level).is_some_and(Value::is_string)
        });
        if !of_unit {
            let by = By::parse(name);
            let from = row.get(&format!("{name}{FIRST_DAY}"));
            picks.push(LinePick { key: key(parameter, (&by, value), from)?, by });
        }
    }
    Ok(picks)
}

fn key(parameter: &str, (by, value): (&By, &Value), from: Option<&Value>) -> Result<PickedKey, Invalid> {
    let refused = || Invalid::new(parameter, format!("{}: a value as in a row of /query/count", by.name()));
    let key = match (by, value) {
        (By::Level(_), Value::String(text)) => match text.as_str() {
            "near" => CountKey::Near,
            "outside" => CountKey::Outside,
            code => {
                let from = match from {
                    None => FirstDay::Any,
                    Some(Value::Null) => FirstDay::Is(None),
                    Some(Value::String(day)) => FirstDay::Is(Some(Day::parse(parameter, day)?)),
                    Some(_) => return Err(refused()),
                };
                return Ok(PickedKey::Unit { code: code.to_owned(), from });
            }
        },
        (By::Level(_), _) => return Err(refused()),
        (_, Value::Null) => CountKey::Null,
        (By::Time(part), Value::String(text)) if part.is_period() => CountKey::Time(part.parse(parameter, text)?),
        (By::Time(part), Value::Number(number)) if !part.is_period() => {
            CountKey::Time(part.parse(parameter, &number.to_string())?)
        }
        (By::Category | By::Field(_), Value::String(text)) => CountKey::Code(text.clone()),
        (By::Field(_), Value::Bool(truth)) => CountKey::Truth(*truth),
        _ => return Err(refused()),
    };
    Ok(PickedKey::Key(key))
}

/// A key as it is written: `near` and `outside` where no unit covers, nothing where the features have no value.
pub fn written(by: &By, key: &CountKey, units: &UnitMap) -> Value {
    match (key, by) {
        (CountKey::Unit(id), _) => units.unit(*id).map(|unit| unit.code.as_str()).into(),
        (CountKey::Near, _) => "near".into(),
        (CountKey::Outside, _) => "outside".into(),
        (CountKey::Code(text), _) => text.as_str().into(),
        (CountKey::Truth(truth), _) => (*truth).into(),
        (CountKey::Time(value), By::Time(part)) if part.is_period() => part.text(*value).into(),
        (CountKey::Time(value), _) => (*value).into(),
        (CountKey::Null, _) => Value::Null,
    }
}

/// A key as a member of the row that [`read_row`] reads, escaped for an address.
pub fn escaped_members(by: &By, key: &CountKey, units: &UnitMap) -> String {
    let mut row = Map::from_iter([(by.name().to_owned(), written(by, key, units))]);
    if let CountKey::Unit(id) = key {
        let from = units.unit(*id).and_then(|unit| unit.valid.from);
        row.insert(format!("{}{FIRST_DAY}", by.name()), from.map(|day| day.to_string()).into());
    }
    let object = Value::Object(row).to_string();
    let members = object.strip_prefix('{').and_then(|object| object.strip_suffix('}')).unwrap_or("");
    utf8_percent_encode(members, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_by_the_names_of_its_keys() {
        let read =
            read_row("row", r#"{"commune":"21001","commune_valid_from":"2025-07-01","week":"2025-W27","hour":7}"#);
        let picks = read.expect("a row");
        let key = |name: &str| picks.iter().find(|pick| pick.by.name() == name).map(|pick| pick.key.clone());
        let from = FirstDay::Is(Day::parse("row", "2025-07-01").ok());
        assert_eq!(key("commune"), Some(PickedKey::Unit { code: "21001".to_owned(), from }));
        assert_eq!(key("hour"), Some(PickedKey::Key(CountKey::Time(7))));
        assert_eq!(picks.len(), 3);
        assert_eq!(read_row("row", "{}"), Ok(Vec::new()));
    }

    #[test]
    fn what_no_row_has_is_refused() {
        for text in [
            "",
            "[]",
            "{\"commune\":null}",
            "{\"commune\":1}",
            "{\"month\":\"2025-7\"}",
            "{\"month\":7}",
            "{\"hour\":\"7\"}",
            "{\"hour\":24}",
            "{\"weekday\":1.5}",
            "{\"category\":1}",
            "{\"commune\":\"1\",\"commune_valid_from\":1}",
            "{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":null,\"f\":null,\"g\":null}",
        ] {
            assert_eq!(read_row("row", text).map_err(|invalid| invalid.parameter), Err("row".to_owned()), "{text}");
        }
    }
}
