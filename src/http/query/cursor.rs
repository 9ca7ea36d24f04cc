//! Where the next page begins: opaque to callers, of one question only.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::model::{After, Day, FieldType, Instant, Invalid, Value};

/// Changes when a cursor's meaning does.
const VERSION: u8 = 1;
/// Of cursors that hold what the page was sorted by as well.
const SORTED: u8 = 2;
/// Longest text of one value in a cursor, bytes: of [`crate::model::SORTED_CHARACTERS`] characters.
const MOST_TEXT_BYTES: usize = 4 * crate::model::SORTED_CHARACTERS;

/// The cursor after a page that ended there, for the question with this fingerprint.
pub fn write(after: &After, question: u64) -> String {
    let (version, mut values) = (if after.values.is_empty() { VERSION } else { SORTED }, String::new());
    if !after.values.is_empty() {
        let told: Vec<Json> = after.values.iter().map(told).collect();
        for byte in Json::from(told).to_string().bytes() {
            // Writing into a String does not fail.
            let _ = write!(values, "{byte:02x}");
        }
    }
    format!("{version:02x}{:016x}{:08x}{values}", after.id, question as u32)
}

/// Where the page before ended, which was sorted by values of these types. A cursor of another question is refused: it would skip
/// features in silence.
pub fn read(text: &str, question: u64, kinds: &[FieldType]) -> Result<After, Invalid> {
    read_parts(text, question, kinds).ok_or_else(|| {
        Invalid::new("cursor", "the cursor in the link `next` of the page before, with the same question")
    })
}

fn read_parts(text: &str, question: u64, kinds: &[FieldType]) -> Option<After> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = |range| u64::from_str_radix(text.get(range)?, 16).ok();
    let (version, id, check) = (number(0..2)?, number(2..18)?, number(18..26)?);
    let expected = if kinds.is_empty() { VERSION } else { SORTED };
    if !digits || version != u64::from(expected) || check != u64::from(question as u32) {
        return None;
    }
    let rest = text.get(26..)?;
    if kinds.is_empty() {
        return rest.is_empty().then(|| After::id(id));
    }
    let byte = |at: usize| u8::from_str_radix(rest.get(at..at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..rest.len()).step_by(2).map(byte).collect::<Option<_>>()?;
    let told: Vec<Json> = serde_json::from_slice(&bytes).ok()?;
    let values: Vec<Value> = told.iter().zip(kinds).map(|(json, kind)| value(json, *kind)).collect::<Option<_>>()?;
    (told.len() == kinds.len()).then_some(After { values, id })
}

/// Days and instants are the numbers that they are.
fn told(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::Date(day) => day.0.into(),
        Value::Timestamp(instant) => instant.0.into(),
    }
}

fn value(json: &Json, kind: FieldType) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    match kind {
        FieldType::Text | FieldType::Code => {
            let text = json.as_str().filter(|text| text.len() <= MOST_TEXT_BYTES && !text.contains('\0'))?;
            Some(Value::Text(text.to_owned()))
        }
        FieldType::Integer => json.as_i64().map(Value::Integer),
        FieldType::Real => json.as_f64().filter(|number| number.is_finite()).map(Value::Real),
        FieldType::Boolean => json.as_bool().map(Value::Boolean),
        FieldType::Date => json.as_i64().and_then(|day| i32::try_from(day).ok()).map(|day| Value::Date(Day(day))),
        FieldType::Timestamp => json.as_i64().map(|instant| Value::Timestamp(Instant(instant))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_question() {
        let cursor = write(&After::id(u64::MAX), 7);
        assert_eq!(cursor.len(), 26);
        assert_eq!(read(&cursor, 7, &[]), Ok(After::id(u64::MAX)));
        assert!(read(&cursor, 8, &[]).is_err());
        assert!(read(&cursor, 7, &[FieldType::Integer]).is_err());
    }

    #[test]
    fn a_cursor_holds_what_its_page_was_sorted_by() {
        let values = [
            (FieldType::Text, Value::Text("Đắk \"Đoa\"".into())),
            (FieldType::Code, Value::Null),
            (FieldType::Integer, Value::Integer(i64::MIN)),
            (FieldType::Real, Value::Real(0.1 + 0.2)),
            (FieldType::Boolean, Value::Boolean(true)),
            (FieldType::Date, Value::Date(Day(-3))),
            (FieldType::Timestamp, Value::Timestamp(Instant(1_751_331_600_123_456))),
        ];
        let (kinds, values): (Vec<FieldType>, Vec<Value>) = values.into_iter().unzip();
        let after = After { values, id: 4 };
        let cursor = write(&after, 7);
        assert_eq!(read(&cursor, 7, &kinds), Ok(after));
        assert!(read(&cursor, 7, &kinds[1..]).is_err() && read(&cursor, 7, &[]).is_err());
        let turned: Vec<FieldType> = kinds.iter().rev().copied().collect();
        assert!(read(&cursor, 7, &turned).is_err(), "values of other types");
        for text in [&cursor[..30], &cursor[..cursor.len() - 1], &format!("{cursor}zz"), &cursor[..26]] {
            assert!(read(text, 7, &kinds).is_err(), "{text}");
        }
    }

    #[test]
    fn a_cursor_that_nobody_gave_is_refused() {
        for text in [
            "",
            "1",
            "zz00000000000000000000000a",
            "010000000000000000000000",
            "020000000000000001000000070",
            "+1+0000000000000001+0000007",
            "ééééééééééééé",
        ] {
            assert_eq!(read(text, 7, &[]).map_err(|invalid| invalid.parameter), Err("cursor".to_owned()), "{text}");
        }
    }
}
