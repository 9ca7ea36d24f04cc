//! One value of a field, read strictly by the field's type: what is not of the type is a fault, never a guess.

use jiff::tz::TimeZone;

use super::fault::Fault;
use super::plan::Way;
use super::record::Cell;
use super::text::{folded, normal};
use super::written::{self, DateOrder, Decimal, Written};
use crate::model::{Day, Field, FieldType, FindingKind, Instant, Value};

/// Longest text of one value, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Most of a bad value that a finding repeats, in characters.
const SHOWN_CHARS: usize = 60;
/// Whole numbers beyond this are not all doubles (2⁵³).
pub(super) const EXACT_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Reads the text of a column; nothing but white space is null.
pub(super) fn from_text(field: &Field, text: &str, way: &Way, zone: &TimeZone) -> Result<Value, Fault> {
    let text = normal(text);
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let text = text.as_ref();
    let expected = |expected: &str| Err(mismatch(field, expected, text));
    let Written { decimal, dates } = way.written;
    match field.kind {
        FieldType::Text if text.len() > MAX_TEXT_BYTES => expected(&format!("at most {MAX_TEXT_BYTES} bytes of text")),
        // PostgreSQL keeps no NUL in a text.
        FieldType::Text if text.contains('\0') => expected("text without a zero character"),
        FieldType::Text => Ok(Value::Text(text.to_owned())),
        FieldType::Integer => match text.parse().ok().or_else(|| written::whole(text, decimal)) {
            Some(whole) => Ok(Value::Integer(whole)),
            None => expected("a whole number"),
        },
        FieldType::Real => match written::number(text, decimal) {
            Some(number) => Ok(Value::Real(number)),
            None if decimal == Decimal::Comma => expected("a number with a decimal comma, as the column's others"),
            None => expected("a number with a decimal point"),
        },
        FieldType::Boolean => match folded(text).as_str() {
            "true" | "1" | "co" | "yes" | "y" | "x" | "dung" | "v" => Ok(Value::Boolean(true)),
            "false" | "0" | "khong" | "no" | "n" | "sai" => Ok(Value::Boolean(false)),
            _ if matches!(text, "✓" | "✔" | "☑") => Ok(Value::Boolean(true)),
            _ => expected("true or false (1 or 0, có or không, yes or no, x)"),
        },
        FieldType::Date => {
            let day = Day::parse(&field.name, text).ok().or_else(|| {
                let moment = written::moment(text, dates).filter(|at| at.time() == jiff::civil::Time::midnight());
                moment.map(|at| Day::from_date(at.date()))
            });
            day.map(Value::Date).ok_or_else(|| undated(field, "a date", dates, text))
        }
        FieldType::Timestamp => {
            let instant = Instant::parse(&field.name, text, zone).ok().or_else(|| {
                let local = written::moment(text, dates)?.to_zoned(zone.clone()).ok()?;
                Some(Instant(local.timestamp().as_microsecond()))
            });
            instant.map(Value::Timestamp).ok_or_else(|| undated(field, "a time", dates, text))
        }
        FieldType::Code if field.codes.iter().any(|known| known.code == text) => Ok(Value::Text(text.to_owned())),
        FieldType::Code => way.codes.meaning(text).map(|code| Value::Text(code.to_owned())).ok_or_else(|| {
            let message = format!("{}: {} is none of the field's codes", field.name, shown(text));
            Fault::new(FindingKind::UnknownCode, message)
        }),
    }
}

fn undated(field: &Field, what: &str, dates: DateOrder, found: &str) -> Fault {
    let order = match dates {
        DateOrder::DayFirst => "31/12/2025 08:30",
        DateOrder::MonthFirst => "12/31/2025 08:30",
    };
    mismatch(field, &format!("{what} such as 2025-12-31 or {order}"), found).of_kind(FindingKind::UnparsableDate)
}

/// Reads a cell. Numbers and booleans given as text are read as text is.
pub(super) fn from_cell(field: &Field, cell: Cell, way: &Way, zone: &TimeZone) -> Result<Value, Fault> {
    match (field.kind, cell) {
        (_, Cell::Null) => Ok(Value::Null),
        (_, Cell::Text(text)) => from_text(field, text, way, zone),
        (FieldType::Text | FieldType::Code, Cell::Whole(_) | Cell::Number(_) | Cell::Boolean(_) | Cell::Local(_))
        | (FieldType::Boolean, Cell::Whole(_) | Cell::Number(_)) => from_text(field, &cell.text(), way, zone),
        (FieldType::Boolean, Cell::Boolean(value)) => Ok(Value::Boolean(value)),
        (FieldType::Integer, Cell::Whole(number)) => {
            i64::try_from(number).map(Value::Integer).map_err(|_| mismatch(field, "a whole number", &cell.text()))
        }
        // JSON and spreadsheets have one type of number, and many programs write 3 as 3.0.
        (FieldType::Integer, Cell::Number(real)) if real.fract() == 0.0 && real.abs() <= EXACT_WHOLE => {
            Ok(Value::Integer(real as i64))
        }
        (FieldType::Integer, Cell::Number(_)) => Err(mismatch(field, "a whole number", &cell.text())),
        (FieldType::Real, Cell::Whole(number)) => Ok(Value::Real(number as f64)),
        (FieldType::Real, Cell::Number(number)) if number.is_finite() => Ok(Value::Real(number)),
        (FieldType::Date, Cell::Local(at)) => Ok(Value::Date(Day::from_date(at.date()))),
        (FieldType::Timestamp, Cell::Local(at)) => from_text(field, &cell.text(), way, zone).map_err(|_| {
            mismatch(field, "a time that the clocks of the catalogue's time zone showed", &at.to_string())
        }),
        (FieldType::Date | FieldType::Timestamp, Cell::Whole(_) | Cell::Number(_)) => {
            Err(undated(field, "a date or time", way.written.dates, &cell.text()))
        }
        (_, Cell::Broken(text)) => Err(mismatch(field, "a value", text)),
        _ => Err(mismatch(field, &format!("a value of type {}", field.kind.name()), &cell.text())),
    }
}

fn mismatch(field: &Field, expected: &str, found: &str) -> Fault {
    Fault::new(FindingKind::InvalidValue, format!("{}: expected {expected}, found {}", field.name, shown(found)))
}

/// A value as findings repeat it: quoted, shortened.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_CHARS).collect();
    let rest = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{rest}")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Code, Title};

    /// A field `f`; as a code it knows `theft`.
    pub(in crate::import) fn field(kind: FieldType) -> Field {
        let text = || "x".to_owned();
        let codes = vec![Code { code: "theft".into(), vi: text(), en: text(), colour: None }];
        let title = Title { vi: text(), en: text() };
        Field { name: "f".into(), title, kind, codes, classification: None, unit: None, min: None, max: None }
    }

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Ho_Chi_Minh").unwrap()
    }

    #[test]
    fn text_is_read_strictly_by_the_type_of_its_field() {
        let at = Instant::parse("f", "2025-06-30T18:00:00Z", &zone()).unwrap();
        for (kind, text, expected) in [
            (FieldType::Text, " Qua\u{309}ng ", Some(Value::Text("Quảng".into()))),
            (FieldType::Text, " \t", Some(Value::Null)),
            (FieldType::Integer, "-7", Some(Value::Integer(-7))),
            (FieldType::Integer, "3.0", None),
            (FieldType::Integer, "9223372036854775808", None),
            (FieldType::Real, "1e3", Some(Value::Real(1000.0))),
            (FieldType::Real, "1,5", None),
            (FieldType::Real, "NaN", None),
            (FieldType::Real, "inf", None),
            (FieldType::Real, "1e999", None),
            (FieldType::Boolean, "CO\u{301}", Some(Value::Boolean(true))),
            (FieldType::Boolean, "Không", Some(Value::Boolean(false))),
            (FieldType::Boolean, "yes", Some(Value::Boolean(true))),
            (FieldType::Boolean, "X", Some(Value::Boolean(true))),
            (FieldType::Boolean, "perhaps", None),
            (FieldType::Date, "2025-07-01", Some(Value::Date(Day(20_270)))),
            (FieldType::Date, "01/07/2025", Some(Value::Date(Day(20_270)))),
            (FieldType::Date, "2025-07-01 08:00", None),
            (FieldType::Timestamp, "1/7/2025 1h00", Some(Value::Timestamp(at))),
            (FieldType::Timestamp, "2025-07-01T01:00:00", Some(Value::Timestamp(at))),
            (FieldType::Timestamp, "2025-07-01 01:00:00", Some(Value::Timestamp(at))),
            (FieldType::Timestamp, "2025-07-01T01:00:00+07:00", Some(Value::Timestamp(at))),
            (FieldType::Timestamp, "now", None),
            (FieldType::Code, "theft", Some(Value::Text("theft".into()))),
            (FieldType::Code, "Theft", None),
        ] {
            assert_eq!(from_text(&field(kind), text, &Way::default(), &zone()).ok(), expected, "{kind:?} {text:?}");
        }
    }

    #[test]
    fn json_is_read_strictly_by_the_type_of_its_field() {
        for (kind, json, expected) in [
            (FieldType::Text, json!(21025), Some(Value::Text("21025".into()))),
            (FieldType::Text, json!(["a"]), None),
            (FieldType::Integer, json!(3.0), Some(Value::Integer(3))),
            (FieldType::Integer, json!(3.5), None),
            (FieldType::Integer, json!(1e300), None),
            (FieldType::Integer, json!("12"), Some(Value::Integer(12))),
            (FieldType::Real, json!(3), Some(Value::Real(3.0))),
            (FieldType::Real, json!(true), None),
            (FieldType::Boolean, json!(false), Some(Value::Boolean(false))),
            (FieldType::Boolean, json!(1), Some(Value::Boolean(true))),
            (FieldType::Date, json!(20_250_701), None),
            (FieldType::Code, json!(null), Some(Value::Null)),
        ] {
            assert_eq!(
                from_cell(&field(kind), Cell::of_json(&json), &Way::default(), &zone()).ok(),
                expected,
                "{kind:?} {json}"
            );
        }
    }

    #[test]
    fn an_unknown_code_has_a_name_of_its_own() {
        let fault = from_text(&field(FieldType::Code), "arson", &Way::default(), &zone()).unwrap_err();
        assert_eq!(fault.kind, FindingKind::UnknownCode);
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        let fault = from_text(&field(FieldType::Text), &long, &Way::default(), &zone()).unwrap_err();
        assert!(fault.kind == FindingKind::InvalidValue && fault.message.len() < 200, "{}", fault.message);
    }
}
