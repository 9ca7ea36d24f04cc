//! Numbers, dates and times as people write them: how a column does it is decided once for all its rows.

use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

/// The sign before decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decimal {
    /// `1234.5`, `1,234.5`.
    #[default]
    Point,
    /// `1234,5`, `1.234,5`, as in Vietnam.
    Comma,
}

/// The order in dates of numbers. `2025-07-01` is read whatever the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// `31/12/2025`, as in Vietnam.
    #[default]
    DayFirst,
    /// `12/31/2025`.
    MonthFirst,
}

/// How the values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Written {
    /// In numbers.
    pub decimal: Decimal,
    /// In dates.
    pub dates: DateOrder,
}

/// A number without white space, its groups of three taken away where they are whole. `None` where it is none in this way.
pub(super) fn number(text: &str, decimal: Decimal) -> Option<f64> {
    // Most are written as programs write them, in either way.
    let has_signs = match decimal {
        Decimal::Point => text.contains(','),
        Decimal::Comma => text.contains(['.', ',']),
    };
    let number = if has_signs { None } else { text.parse().ok() };
    let number = number.or_else(|| plain_number(text, decimal)?.parse().ok());
    number.filter(|number: &f64| number.is_finite())
}

/// The same of a whole number, to the last digit.
pub(super) fn whole(text: &str, decimal: Decimal) -> Option<i64> {
    let plain = plain_number(text, decimal)?;
    plain.parse().ok()
}

/// The number in the spelling of programs.
fn plain_number(text: &str, decimal: Decimal) -> Option<String> {
    let (sign, group) = match decimal {
        Decimal::Point => ('.', ','),
        Decimal::Comma => (',', '.'),
    };
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')).collect();
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (whole, rest) = text.split_once(sign).map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    if rest.is_some_and(|rest| rest.contains([sign, group])) {
        return None;
    }
    if whole.contains(group) {
        let digits = whole.trim_start_matches(['-', '+']);
        let mut groups = digits.split(group);
        let first = groups.next().is_some_and(|first| matches!(first.len(), 1..=3));
        if !first || !digits.split(group).all(is_digits) || !groups.all(|part| part.len() == 3) {
            return None;
        }
    }
    let whole: String = whole.chars().filter(|c| *c != group).collect();
    Some(rest.map_or(whole.clone(), |rest| format!("{whole}.{rest}")))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the numbers of a column say of their decimal sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DecimalSigns {
    pub point: u64,
    pub comma: u64,
    /// `1.234`, `1,234`: both are possible.
    pub either: u64,
}

impl DecimalSigns {
    /// Takes a value in.
    pub fn take_in(&mut self, text: &str) {
        let as_point = number(text, Decimal::Point);
        let as_comma = number(text, Decimal::Comma);
        match (as_point, as_comma) {
            (Some(one), Some(other)) if one == other => {}
            (Some(_), Some(_)) => self.either += 1,
            (Some(_), None) => self.point += 1,
            (None, Some(_)) => self.comma += 1,
            (None, None) => {}
        }
    }

    /// The sign of the column, and whether its values leave no doubt.
    pub fn decide(self) -> (Decimal, bool) {
        let decimal = if self.comma > self.point { Decimal::Comma } else { Decimal::Point };
        (decimal, (self.comma == 0) != (self.point == 0) || self == Self::default())
    }
}

/// What the dates of a column say of their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DateOrders {
    pub day_first: u64,
    pub month_first: u64,
    /// `01/02/2025`: both are possible.
    pub either: u64,
}

impl DateOrders {
    /// Takes a value in.
    pub fn take_in(&mut self, text: &str) {
        match (moment(text, DateOrder::DayFirst), moment(text, DateOrder::MonthFirst)) {
            (Some(one), Some(other)) if one == other => {}
            (Some(_), Some(_)) => self.either += 1,
            (Some(_), None) => self.day_first += 1,
            (None, Some(_)) => self.month_first += 1,
            (None, None) => {}
        }
    }

    /// The order of the column, and whether its values leave no doubt.
    pub fn decide(self) -> (DateOrder, bool) {
        let order = if self.month_first > self.day_first { DateOrder::MonthFirst } else { DateOrder::DayFirst };
        (order, (self.day_first == 0) != (self.month_first == 0) || self == Self::default())
    }
}

/// A day, or a time of a day, in numbers: `31/12/2025`, `1-7-2025 8:05`, `2025-07-01 08:05:30`, `08h30 01/07/2025`. Midnight where
/// it has no time.
pub(super) fn moment(text: &str, order: DateOrder) -> Option<DateTime> {
    let text = text.trim().replace(['\u{a0}', 'T', ','], " ");
    let (mut date, mut time, mut half) = (None, None, None);
    for word in text.split_whitespace() {
        let lower = word.to_lowercase();
        match lower.as_str() {
            "sa" | "am" | "a.m." | "sáng" if half.is_none() => half = Some(Half::Morning),
            "ch" | "pm" | "p.m." | "chiều" | "tối" if half.is_none() => half = Some(Half::Evening),
            "ngày" | "lúc" => {}
            word if date.is_none() && word.contains(['/', '-', '.']) => date = Some(day(word, order)?),
            word if time.is_none() => time = Some(clock(word)?),
            _ => return None,
        }
    }
    let time = match (time, half) {
        (None, None) => Time::midnight(),
        (None, Some(_)) => return None,
        (Some(time), half) => in_half(time, half)?,
    };
    Some(DateTime::from_parts(date?, time))
}

#[derive(Clone, Copy)]
enum Half {
    Morning,
    Evening,
}

/// 12 is the first hour of each half of the day: 12 SA is midnight, 12 CH noon.
fn in_half(time: Time, half: Option<Half>) -> Option<Time> {
    let hour = match (half, time.hour()) {
        (Some(Half::Morning), 12) => 0,
        (Some(Half::Morning), 13..) => return None,
        (Some(Half::Evening), hour) if hour < 12 => hour + 12,
        (_, hour) => hour,
    };
    Time::new(hour, time.minute(), time.second(), time.subsec_nanosecond()).ok()
}

fn day(word: &str, order: DateOrder) -> Option<Date> {
    let parts: Vec<&str> = word.split(['/', '-', '.']).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    if !parts.iter().all(|part| is_digits(part)) {
        return None;
    }
    let (year, month, day) = match (first.len(), order) {
        (4, _) => (*first, *second, *third),
        (_, DateOrder::DayFirst) => (*third, *second, *first),
        (_, DateOrder::MonthFirst) => (*third, *first, *second),
    };
    // A year of two digits has two meanings.
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `8:05`, `08:05:30`, `8:05:30.5`, `8h05`, `8h`, `8g05`, `8h05'`.
fn clock(word: &str) -> Option<Time> {
    let word = word.replace(['h', 'g'], ":").replace(['\'', 'p'], "");
    let parts: Vec<&str> = word.split(':').collect();
    let number = |text: &str| if is_digits(text) && text.len() <= 2 { text.parse::<i8>().ok() } else { None };
    let (hour, minute, second) = match parts.as_slice() {
        [hour, ""] => (*hour, "0", "0"),
        [hour, minute] => (*hour, *minute, "0"),
        [hour, minute, second] => (*hour, *minute, *second),
        _ => return None,
    };
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    if !is_digits(fraction) {
        return None;
    }
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    Time::new(number(hour)?, number(minute)?, number(second)?, digits.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_the_columns_way_and_in_no_other() {
        for (text, point, comma) in [
            ("1234.5", Some(1234.5), None),
            ("1234,5", None, Some(1234.5)),
            ("1.234,5", None, Some(1234.5)),
            ("1,234.5", Some(1234.5), None),
            ("1.234", Some(1.234), Some(1234.0)),
            ("1.234.567", None, Some(1_234_567.0)),
            ("12.34.567", None, None),
            ("1 234,5", None, Some(1234.5)),
            ("-0,5", None, Some(-0.5)),
            ("1e3", Some(1000.0), Some(1000.0)),
            ("108.80000000000001", Some(108.800_000_000_000_01), None),
            ("inf", None, None),
            ("nan", None, None),
            ("1,5,5", None, None),
            ("", None, None),
        ] {
            assert_eq!((number(text, Decimal::Point), number(text, Decimal::Comma)), (point, comma), "{text:?}");
        }
        assert_eq!(whole("1.234", Decimal::Comma), Some(1234));
        assert_eq!(whole("1.234", Decimal::Point), None);
    }

    #[test]
    fn a_column_decides_by_all_its_values() {
        let mut signs = DecimalSigns::default();
        for text in ["12", "1.234", "3,5"] {
            signs.take_in(text);
        }
        assert_eq!((signs.decide(), signs.either), ((Decimal::Comma, true), 1));
        let mut signs = DecimalSigns::default();
        signs.take_in("1.234");
        assert_eq!(signs.decide(), (Decimal::Point, false));
        let mut orders = DateOrders::default();
        for text in ["01/02/2025", "2025-07-01", "12/31/2025"] {
            orders.take_in(text);
        }
        assert_eq!(orders.decide(), (DateOrder::MonthFirst, true));
        let mut orders = DateOrders::default();
        orders.take_in("01/02/2025");
        assert_eq!(orders.decide(), (DateOrder::DayFirst, false));
    }

    #[test]
    fn dates_and_times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("01/07/2025", Some("2025-07-01T00:00:00")),
            ("1/7/2025 8:05", Some("2025-07-01T08:05:00")),
            ("1-7-2025 08:05:30", Some("2025-07-01T08:05:30")),
            ("2025-07-01 08:05", Some("2025-07-01T08:05:00")),
            ("2025-07-01T08:05:30.25", Some("2025-07-01T08:05:30.25")),
            ("08h30 ngày 01/07/2025", Some("2025-07-01T08:30:00")),
            ("8g05 1.7.2025", Some("2025-07-01T08:05:00")),
            ("01/07/2025 12:10 SA", Some("2025-07-01T00:10:00")),
            ("01/07/2025 12:10 CH", Some("2025-07-01T12:10:00")),
            ("01/07/2025 8:10 CH", Some("2025-07-01T20:10:00")),
            ("01/07/2025 8:10:00 PM", Some("2025-07-01T20:10:00")),
            ("31/02/2025", None),
            ("01/07/25", None),
            ("01/07", None),
            ("01/07/2025 25:00", None),
            ("01/07/2025 x", None),
            ("1.5", None),
            ("", None),
        ] {
            let read = moment(text, DateOrder::DayFirst).map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text:?}");
        }
        assert_eq!(moment("07/01/2025", DateOrder::MonthFirst), moment("01/07/2025", DateOrder::DayFirst));
    }
}
