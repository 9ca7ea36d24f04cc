//! The functions beside CQL2's own: what each takes and gives, and what it makes of a value. `store::postgis::filter` says the same
//! in SQL.

use jiff::tz::TimeZone;

use crate::model::filter::{Folding, Function};
use crate::model::{Day, FieldType, Instant};

/// A function as callers know it.
#[derive(Debug, Clone, Copy)]
pub struct KnownFunction {
    /// Its name; letters are taken in any case.
    pub name: &'static str,
    /// What it does, in Vietnamese.
    pub vi: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// The types that its one argument may have.
    pub takes: &'static [FieldType],
    /// The types that its result has.
    pub gives: &'static [FieldType],
    pub(super) makes: Makes,
}

/// What stands for a function in a checked filter.
#[derive(Debug, Clone, Copy)]
pub(super) enum Makes {
    /// One text of another.
    Text(Folding),
    /// A value of one.
    Value(Function),
}

const TEXT: &[FieldType] = &[FieldType::Text];
const WHOLE: &[FieldType] = &[FieldType::Integer];
const NUMBERS: &[FieldType] = &[FieldType::Integer, FieldType::Real];
const TIMES: &[FieldType] = &[FieldType::Date, FieldType::Timestamp];
const TIMESTAMP: &[FieldType] = &[FieldType::Timestamp];

/// Every function.
pub const FUNCTIONS: [KnownFunction; 12] = [
    row("lower", ("Chữ thường", "The text in small letters"), (TEXT, TEXT), Makes::Text(Folding::Lower)),
    row("upper", ("Chữ hoa", "The text in capital letters"), (TEXT, TEXT), Makes::Text(Folding::Upper)),
    row("length", ("Số ký tự", "Number of characters"), (TEXT, WHOLE), Makes::Value(Function::Length)),
    row("abs", ("Giá trị tuyệt đối", "The number without its sign"), (NUMBERS, NUMBERS), Makes::Value(Function::Abs)),
    row(
        "round",
        ("Số nguyên gần nhất, ở giữa thì lấy số chẵn", "The nearest whole number, the even one of two"),
        (NUMBERS, NUMBERS),
        Makes::Value(Function::Round),
    ),
    row(
        "floor",
        ("Số nguyên lớn nhất không lớn hơn", "The greatest whole number that is not greater"),
        (NUMBERS, NUMBERS),
        Makes::Value(Function::Floor),
    ),
    row(
        "ceil",
        ("Số nguyên nhỏ nhất không nhỏ hơn", "The least whole number that is not less"),
        (NUMBERS, NUMBERS),
        Makes::Value(Function::Ceil),
    ),
    row(
        "year",
        ("Năm, theo múi giờ của bản đồ", "Year, in the map's time zone"),
        (TIMES, WHOLE),
        Makes::Value(Function::Year),
    ),
    row("month", ("Tháng, 1 đến 12", "Month, 1 to 12"), (TIMES, WHOLE), Makes::Value(Function::Month)),
    row(
        "day",
        ("Ngày trong tháng, 1 đến 31", "Day of the month, 1 to 31"),
        (TIMES, WHOLE),
        Makes::Value(Function::Day),
    ),
    row(
        "weekday",
        ("Ngày trong tuần, 1 (thứ hai) đến 7 (chủ nhật)", "Day of the week, 1 (Monday) to 7 (Sunday)"),
        (TIMES, WHOLE),
        Makes::Value(Function::Weekday),
    ),
    row(
        "hour",
        ("Giờ, 0 đến 23, theo múi giờ của bản đồ", "Hour, 0 to 23, in the map's time zone"),
        (TIMESTAMP, WHOLE),
        Makes::Value(Function::Hour),
    ),
];

const fn row(
    name: &'static str,
    (vi, en): (&'static str, &'static str),
    (takes, gives): (&'static [FieldType], &'static [FieldType]),
    makes: Makes,
) -> KnownFunction {
    KnownFunction { name, vi, en, takes, gives, makes }
}

/// The function of a name, letters in any case.
pub(super) fn known(name: &str) -> Option<&'static KnownFunction> {
    FUNCTIONS.iter().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// Characters of a text.
pub(super) fn length(text: &str) -> i64 {
    text.chars().count() as i64
}

/// Of a whole number.
pub(super) fn of_whole(function: Function, number: i64) -> Option<i64> {
    if function == Function::Abs { number.checked_abs() } else { Some(number) }
}

/// Of a double.
pub(super) fn of_real(function: Function, number: f64) -> f64 {
    match function {
        Function::Abs => number.abs(),
        Function::Round => number.round_ties_even(),
        Function::Floor => number.floor(),
        Function::Ceil => number.ceil(),
        _ => number,
    }
}

/// Of a day.
pub(super) fn of_day(function: Function, day: Day) -> i64 {
    match function {
        // Day 0 was a Thursday.
        Function::Weekday => i64::from((day.0.rem_euclid(7) + 3) % 7 + 1),
        Function::Year => i64::from(day.to_date().year()),
        Function::Month => i64::from(day.to_date().month()),
        _ => i64::from(day.to_date().day()),
    }
}

/// Of an instant in a zone.
pub(super) fn of_instant(function: Function, instant: Instant, zone: &TimeZone) -> i64 {
    let day = instant.day(zone);
    if function != Function::Hour {
        return of_day(function, day);
    }
    // By the clock, not by the time since midnight: there are days of 23 and 25 hours.
    let timestamp = jiff::Timestamp::from_microsecond(instant.0);
    timestamp.map_or(0, |timestamp| i64::from(zone.to_datetime(timestamp).hour()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_those_of_the_clock_on_the_wall() {
        let zone = TimeZone::get("Europe/Berlin").expect("bundled");
        let at = |text: &str| Instant::parse("t", text, &TimeZone::UTC).expect(text);
        for (text, [year, month, day, weekday, hour]) in [
            ("2024-12-31T23:30:00Z", [2025, 1, 1, 3, 0]),
            ("2025-03-30T01:00:00Z", [2025, 3, 30, 7, 3]),
            ("2025-10-26T00:59:59.999999Z", [2025, 10, 26, 7, 2]),
            ("1969-12-31T22:59:59.5Z", [1969, 12, 31, 3, 23]),
        ] {
            let of = |function| of_instant(function, at(text), &zone);
            let found = [Function::Year, Function::Month, Function::Day, Function::Weekday, Function::Hour].map(of);
            assert_eq!(found, [year, month, day, weekday, hour], "{text}");
        }
        assert_eq!(of_day(Function::Weekday, Day(-4)), 7);
    }
}
