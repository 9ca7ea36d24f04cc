//! One value of a feature that a program sends: of the JSON type that the served schema names for its field, and no other.
//!
//! Files come from people, who write numbers as text and days in many ways (`values`). A program has read the schema: what it sends
//! otherwise is its mistake, and is told to it rather than read as something that it may not have meant.

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::values::{EXACT_WHOLE, MAX_TEXT_BYTES, shown};
use super::{fault::Fault, text::normal};
use crate::model::{Day, Field, FieldType, FindingKind, Instant, Value};

/// Reads a value. Null is no value, of whatever type; a text is kept in its normal form (NFC, without white space around), and an
/// empty one is no value either.
pub(super) fn read(field: &Field, json: &Json, zone: &TimeZone) -> Result<Value, Fault> {
    let expected = |expected: &str| {
        let message = format!("{}: expected {expected}, found {}", field.name, found(json));
        Err(Fault::new(FindingKind::InvalidValue, message))
    };
    match (field.kind, json) {
        (_, Json::Null) => Ok(Value::Null),
        (FieldType::Text, Json::String(text)) if text.contains('\0') => expected("a string without a zero character"),
        (FieldType::Text, Json::String(text)) => {
            let text = normal(text);
            if text.len() > MAX_TEXT_BYTES {
                return expected(&format!("a string of at most {MAX_TEXT_BYTES} bytes"));
            }
            Ok(if text.is_empty() { Value::Null } else { Value::Text(text.into_owned()) })
        }
        (FieldType::Text, _) => expected("a string or null"),
        (FieldType::Code, Json::String(text)) if field.codes.iter().any(|known| known.code == *text) => {
            Ok(Value::Text(text.clone()))
        }
        (FieldType::Code, _) => {
            let codes: Vec<&str> = field.codes.iter().map(|known| known.code.as_str()).collect();
            expected(&format!("one of the strings {}, or null", codes.join(", ")))
        }
        (FieldType::Integer, Json::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Value::Integer(whole)),
            // JSON has one type of number: 3.0 is a whole one (JSON Schema, 6.1.1), as far as doubles tell all of them apart.
            (None, Some(real)) if real.fract() == 0.0 && real.abs() <= EXACT_WHOLE => Ok(Value::Integer(real as i64)),
            _ => expected("a whole number of 64 bits, or null"),
        },
        (FieldType::Integer, _) => expected("a whole number or null"),
        (FieldType::Real, Json::Number(number)) => match number.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(Value::Real(number)),
            None => expected("a finite number or null"),
        },
        (FieldType::Real, _) => expected("a number or null"),
        (FieldType::Boolean, Json::Bool(truth)) => Ok(Value::Boolean(*truth)),
        (FieldType::Boolean, _) => expected("true, false or null"),
        (FieldType::Date, json) => match json.as_str().and_then(|text| Day::parse(&field.name, text).ok()) {
            Some(day) => Ok(Value::Date(day)),
            None => expected("a string with a date such as \"2025-12-31\", or null"),
        },
        (FieldType::Timestamp, json) => match json.as_str().and_then(|text| instant(text, zone)) {
            Some(instant) => Ok(Value::Timestamp(instant)),
            None => expected("a string with a time such as \"2025-12-31T08:30:00+07:00\", or null"),
        },
    }
}

/// A time of a day (RFC 3339); without an offset it is one of the zone. A day alone is no time.
fn instant(text: &str, zone: &TimeZone) -> Option<Instant> {
    Day::parse("", text).err().and_then(|_| Instant::parse("", text, zone).ok())
}

/// The value's type and the value, shortened.
fn found(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(truth) => format!("the boolean {truth}"),
        Json::Number(number) => format!("the number {:.60}", number.to_string()),
        Json::String(text) => format!("the string {}", shown(text)),
        Json::Array(_) => "an array".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::values::tests::field;
    use super::*;

    #[test]
    fn a_value_has_the_json_type_of_its_field() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let one = Some(Value::Timestamp(Instant::parse("f", "2025-06-30T18:00:00Z", &zone).unwrap()));
        let kinds = [
            FieldType::Text,
            FieldType::Code,
            FieldType::Integer,
            FieldType::Real,
            FieldType::Boolean,
            FieldType::Date,
            FieldType::Timestamp,
        ];
        for kind in kinds {
            assert_eq!(read(&field(kind), &json!(null), &zone), Ok(Value::Null), "{kind:?}");
            for no in [json!([]), json!({ "a": 1 }), json!(["theft"])] {
                assert!(read(&field(kind), &no, &zone).is_err(), "{kind:?} {no}");
            }
        }
        for (kind, json, expected) in [
            (FieldType::Text, json!(" Qua\u{309}ng "), Some(Value::Text("Quảng".into()))),
            (FieldType::Text, json!(" "), Some(Value::Null)),
            (FieldType::Text, json!(5), None),
            (FieldType::Text, json!(true), None),
            (FieldType::Text, json!("a\0"), None),
            (FieldType::Text, json!("x".repeat(MAX_TEXT_BYTES + 1)), None),
            (FieldType::Code, json!("theft"), Some(Value::Text("theft".into()))),
            (FieldType::Code, json!(" theft"), None),
            (FieldType::Code, json!(""), None),
            (FieldType::Integer, json!(-7), Some(Value::Integer(-7))),
            (FieldType::Integer, json!(3.0), Some(Value::Integer(3))),
            (FieldType::Integer, json!(3.5), None),
            (FieldType::Integer, json!(1e300), None),
            (FieldType::Integer, json!(u64::MAX), None),
            (FieldType::Integer, json!("12"), None),
            (FieldType::Real, json!(3), Some(Value::Real(3.0))),
            (FieldType::Real, json!("3"), None),
            (FieldType::Boolean, json!(false), Some(Value::Boolean(false))),
            (FieldType::Boolean, json!(1), None),
            (FieldType::Boolean, json!("có"), None),
            (FieldType::Date, json!("2025-07-01"), Some(Value::Date(Day(20_270)))),
            (FieldType::Date, json!("01/07/2025"), None),
            (FieldType::Date, json!("2025-07-01T00:00:00Z"), None),
            (FieldType::Date, json!(""), None),
            (FieldType::Date, json!(20_250_701), None),
            (FieldType::Timestamp, json!("2025-07-01T01:00:00+07:00"), one.clone()),
            (FieldType::Timestamp, json!("2025-07-01T01:00:00"), one),
            (FieldType::Timestamp, json!("2025-07-01"), None),
            (FieldType::Timestamp, json!("1/7/2025 1h00"), None),
            (FieldType::Timestamp, json!(""), None),
        ] {
            assert_eq!(read(&field(kind), &json, &zone).ok(), expected, "{kind:?} {json:.40}");
        }
    }

    #[test]
    fn a_fault_tells_the_field_both_types_and_not_all_of_a_long_value() {
        let told = |json: Json| read(&field(FieldType::Integer), &json, &TimeZone::UTC).unwrap_err().message;
        assert_eq!(told(json!("many")), "f: expected a whole number or null, found the string \"many\"");
        assert_eq!(told(json!([1])), "f: expected a whole number or null, found an array");
        assert!(told(json!("x".repeat(9_999))).len() < 200);
    }
}
