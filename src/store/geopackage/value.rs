//! Values as SQLite columns hold them, in the types of the `GeoPackage` specification (1.1.1.1.3).

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::model::{Day, FieldType, Instant, UnitLink, Value};

/// The declared type of a field's column.
pub fn column_type(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text | FieldType::Code => "TEXT",
        FieldType::Integer => "INTEGER",
        FieldType::Real => "DOUBLE",
        FieldType::Boolean => "BOOLEAN",
        FieldType::Date => "DATE",
        FieldType::Timestamp => "DATETIME",
    }
}

/// Whether a column declared so by somebody can hold the field's values: the specification has several names for some types.
pub(super) fn column_fits(kind: FieldType, declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    let bare = declared.split('(').next().unwrap_or_default().trim();
    match kind {
        FieldType::Integer => ["INTEGER", "INT", "MEDIUMINT", "SMALLINT", "TINYINT"].contains(&bare),
        FieldType::Real => ["DOUBLE", "REAL", "FLOAT"].contains(&bare),
        _ => bare == column_type(kind),
    }
}

/// A value as it is written.
pub fn to_column(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Value::Integer(number) => ToSqlOutput::from(*number),
        Value::Real(number) => ToSqlOutput::from(*number),
        Value::Boolean(truth) => ToSqlOutput::from(*truth),
        Value::Date(day) => ToSqlOutput::from(day.to_string()),
        Value::Timestamp(instant) => ToSqlOutput::from(timestamp(*instant)),
    }
}

/// `2025-07-01T01:00:00.000Z`, as `GeoPackage` has it; with six digits of the second where three would lose some.
fn timestamp(instant: Instant) -> String {
    match Timestamp::from_microsecond(instant.0) {
        Ok(time) if instant.0 % 1000 == 0 => format!("{time:.3}"),
        Ok(time) => format!("{time:.6}"),
        Err(_) => instant.to_string(),
    }
}

/// A column's value as the field's type has it; `None` where it is not of that type, as other programs may write what they like.
pub(super) fn from_column(kind: FieldType, column: ValueRef<'_>) -> Option<Value> {
    match (kind, column) {
        (_, ValueRef::Null) => Some(Value::Null),
        (FieldType::Text | FieldType::Code, ValueRef::Text(text)) => {
            std::str::from_utf8(text).ok().map(|text| Value::Text(text.to_owned()))
        }
        (FieldType::Integer, ValueRef::Integer(number)) => Some(Value::Integer(number)),
        (FieldType::Real, ValueRef::Real(number)) if number.is_finite() => Some(Value::Real(number)),
        (FieldType::Real, ValueRef::Integer(number)) => Some(Value::Real(number as f64)),
        (FieldType::Boolean, ValueRef::Integer(number @ 0..=1)) => Some(Value::Boolean(number == 1)),
        (FieldType::Date, ValueRef::Text(text)) => date(text).map(Value::Date),
        (FieldType::Timestamp, ValueRef::Text(text)) => instant(text).map(Value::Timestamp),
        _ => None,
    }
}

/// Reads a column of calendar days.
pub(super) fn date(text: &[u8]) -> Option<Day> {
    if let Some((days, [])) = days(text) {
        return Some(Day(days));
    }
    let text = std::str::from_utf8(text).ok()?;
    text.parse::<jiff::civil::Date>().ok().map(Day::from_date)
}

/// Reads a column of instants: UTC where no offset is written.
fn instant(text: &[u8]) -> Option<Instant> {
    if let Some(instant) = plain_instant(text) {
        return Some(instant);
    }
    Instant::parse("", std::str::from_utf8(text).ok()?, &TimeZone::UTC).ok()
}

/// The forms that we write ourselves, read many times faster than all that RFC 3339 allows.
fn plain_instant(text: &[u8]) -> Option<Instant> {
    let (days, rest) = days(text)?;
    let &[b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'.', ref fraction @ .., b'Z'] = rest else { return None };
    let (hours, minutes, seconds) = (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?);
    let micros = match fraction.len() {
        3 => number(fraction)? * 1000,
        6 => number(fraction)?,
        _ => return None,
    };
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let second = (i64::from(days) * 24 + i64::from(hours)) * 3600 + i64::from(minutes * 60 + seconds);
    Some(Instant(second * 1_000_000 + i64::from(micros)))
}

/// Reads `2025-07-01` as days since 1970-01-01, and gives what follows.
fn days(text: &[u8]) -> Option<(i32, &[u8])> {
    let (&[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2], rest) = text.split_first_chunk::<10>()? else { return None };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i32::from(leap),
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    // Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March, so the leap day is the last.
    let year = year - i32::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some((era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468, rest))
}

/// Decimal digits; `None` for anything else, and beyond 32 bits.
fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0_i32, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| i32::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Links as the column `units` has them: a JSON array of unit ids, negative where near, so that SQL can read it (`json_each`).
pub(super) fn links_text(links: &[UnitLink]) -> String {
    use std::fmt::Write;

    let mut text = String::with_capacity(2 + 5 * links.len());
    text.push('[');
    for (index, link) in links.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{}", link.to_stored());
    }
    text.push(']');
    text
}

/// Reads the column `units`; `None` where it is empty or no such array: then the row is joined anew.
pub(super) fn links(column: ValueRef<'_>) -> Option<Vec<UnitLink>> {
    let ValueRef::Text([b'[', inner @ .., b']']) = column else { return None };
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let link = |digits: &[u8]| {
        let (sign, digits) = match digits {
            [b'-', digits @ ..] => (-1, digits),
            digits => (1, digits),
        };
        number(digits).filter(|id| *id > 0).map(|id| UnitLink::from_stored(sign * id))
    };
    inner.split(|byte| *byte == b',').map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UnitId;

    fn read(kind: FieldType, written: &ToSqlOutput<'_>) -> Option<Value> {
        match written {
            ToSqlOutput::Borrowed(column) => from_column(kind, *column),
            ToSqlOutput::Owned(column) => from_column(kind, column.into()),
            _ => None,
        }
    }

    #[test]
    fn values_are_read_as_they_were_written() {
        for (kind, value) in [
            (FieldType::Text, Value::Text("Trần Phú \"ngõ 3\"".to_owned())),
            (FieldType::Text, Value::Text(String::new())),
            (FieldType::Integer, Value::Integer(i64::MIN)),
            (FieldType::Real, Value::Real(0.1 + 0.2)),
            (FieldType::Real, Value::Real(5e-324)),
            (FieldType::Boolean, Value::Boolean(false)),
            (FieldType::Date, Value::Date(Day(20_270))),
            (FieldType::Date, Value::Date(Day(-719_162))),
            (FieldType::Timestamp, Value::Timestamp(Instant(1_751_331_600_000_000))),
            (FieldType::Timestamp, Value::Timestamp(Instant(1_751_331_600_123_000))),
            (FieldType::Timestamp, Value::Timestamp(Instant(-1))),
            (FieldType::Code, Value::Null),
        ] {
            assert_eq!(read(kind, &to_column(&value)), Some(value.clone()), "{value:?}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for day in (-1_000_000..2_900_000).step_by(997).chain([-719_528, -719_469, 0, 59, 11_016, 2_932_896]) {
            assert_eq!(date(Day(day).to_string().as_bytes()), Some(Day(day)), "{}", Day(day));
        }
        for text in ["2025-02-29", "1900-02-29", "2025-13-01", "2025-00-10", "2025-04-31", "2025-01-00", "ngày"] {
            assert_eq!(date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn instants_of_other_programs_are_understood() {
        let eight = Instant::parse("", "2025-07-01T08:00:00Z", &TimeZone::UTC).expect("a time");
        for text in [
            "2025-07-01T08:00:00Z",
            "2025-07-01T08:00:00.000Z",
            "2025-07-01T08:00:00.000000Z",
            "2025-07-01T15:00:00+07:00",
            "2025-07-01 08:00:00",
            "2025-07-01T08:00",
        ] {
            assert_eq!(instant(text.as_bytes()), Some(eight), "{text}");
        }
        for text in ["2025-07-01T24:00:00.000Z", "2025-07-01T08:60:00.000Z", "08:00", "hôm qua", ""] {
            assert_eq!(instant(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn links_are_read_as_they_were_written_and_anything_else_is_joined_anew() {
        for links_in in [
            vec![],
            vec![UnitLink::Covered(UnitId(3))],
            vec![UnitLink::Covered(UnitId(12)), UnitLink::Near(UnitId(395))],
        ] {
            let text = links_text(&links_in);
            assert_eq!(links(ValueRef::Text(text.as_bytes())), Some(links_in), "{text}");
        }
        for text in ["", "[", "[,]", "[0]", "[-]", "[1,]", "[1 ,2]", "[99999999999]", "[2147483648]", "null", "1,2"] {
            assert_eq!(links(ValueRef::Text(text.as_bytes())), None, "{text}");
        }
        assert_eq!(links(ValueRef::Null), None);
    }

    #[test]
    fn a_value_of_another_type_is_not_taken_for_one() {
        for (kind, column) in [
            (FieldType::Integer, ValueRef::Text(b"7")),
            (FieldType::Integer, ValueRef::Real(7.5)),
            (FieldType::Real, ValueRef::Real(f64::INFINITY)),
            (FieldType::Boolean, ValueRef::Integer(2)),
            (FieldType::Text, ValueRef::Blob(b"x")),
            (FieldType::Text, ValueRef::Text(b"\xff")),
            (FieldType::Date, ValueRef::Integer(20_270)),
            (FieldType::Timestamp, ValueRef::Real(1.5)),
        ] {
            assert_eq!(from_column(kind, column), None, "{kind:?} {column:?}");
        }
    }
}
