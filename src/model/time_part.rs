use jiff::civil::{Date, ISOWeekDate, Weekday};

use super::{Day, Invalid};

/// What of a time features are counted by.
///
/// Its values are numbers: a period is the day on which it begins, an hour 0 to 23, a weekday 1 (Monday) to 7 (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimePart {
    /// `2025-07-01`.
    Day,
    /// `2025-W27`: ISO 8601, from Monday.
    Week,
    /// `2025-07`.
    Month,
    /// `2025`.
    Year,
    /// Hour of the day.
    Hour,
    /// Day of the week.
    Weekday,
}

impl TimePart {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Day, Self::Week, Self::Month, Self::Year, Self::Hour, Self::Weekday];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::Hour => "hour",
            Self::Weekday => "weekday",
        }
    }

    /// Whether it is a stretch of days.
    pub fn is_period(self) -> bool {
        !matches!(self, Self::Hour | Self::Weekday)
    }

    /// The value of a day. A day has no hour: 0. Days outside jiff's years are moved to the nearest one inside.
    pub fn of_day(self, day: Day) -> i32 {
        let date = day.to_date();
        match self {
            Self::Day => Day::from_date(date).0,
            Self::Week => Day::from_date(date).0 - (weekday(Day::from_date(date)) - 1),
            Self::Month => Day::from_date(date.first_of_month()).0,
            Self::Year => Day::from_date(date.first_of_year()).0,
            Self::Hour => 0,
            Self::Weekday => weekday(day),
        }
    }

    /// The first day after the period that begins on the day.
    pub fn end(self, first: Day) -> Day {
        let date = first.to_date();
        let after = |span: jiff::Span| Day::from_date(date.saturating_add(span));
        match self {
            Self::Week => Day(first.0.saturating_add(7)),
            Self::Month => after(jiff::Span::new().months(1)),
            Self::Year => after(jiff::Span::new().years(1)),
            Self::Day | Self::Hour | Self::Weekday => Day(first.0.saturating_add(1)),
        }
    }

    /// The value's name; an hour or weekday is a number.
    pub fn text(self, value: i32) -> String {
        let date = Day(value).to_date();
        match self {
            Self::Day => date.to_string(),
            Self::Week => {
                let week = date.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month => format!("{:04}-{:02}", date.year(), date.month()),
            Self::Year => format!("{:04}", date.year()),
            Self::Hour | Self::Weekday => value.to_string(),
        }
    }

    /// Reads a value's name, which has one spelling.
    pub fn parse(self, parameter: &str, text: &str) -> Result<i32, Invalid> {
        let numbers = || text.split('-').map(|part| part.trim_start_matches('W').parse::<i16>().ok());
        let value = match self {
            Self::Day => Day::parse(parameter, text).ok().map(|day| day.0),
            Self::Week | Self::Month | Self::Year => {
                let mut numbers = numbers();
                let year = numbers.next().flatten();
                let second = numbers.next().flatten().and_then(|number| i8::try_from(number).ok());
                let date = match self {
                    Self::Week => year.zip(second).and_then(|(year, week)| {
                        ISOWeekDate::new(year, week, Weekday::Monday).ok().map(ISOWeekDate::date)
                    }),
                    _ => year.and_then(|year| Date::new(year, second.unwrap_or(1), 1).ok()),
                };
                date.map(|date| Day::from_date(date).0)
            }
            Self::Hour | Self::Weekday => text.parse::<i32>().ok(),
        };
        let range = match self {
            Self::Hour => 0..=23,
            Self::Weekday => 1..=7,
            _ => i32::MIN..=i32::MAX,
        };
        value.filter(|value| range.contains(value) && self.text(*value) == text).ok_or_else(|| {
            let example = match self {
                Self::Day => "a day such as 2025-07-01",
                Self::Week => "an ISO week such as 2025-W27",
                Self::Month => "a month such as 2025-07",
                Self::Year => "a year such as 2025",
                Self::Hour => "an hour from 0 to 23",
                Self::Weekday => "a weekday from 1, Monday, to 7",
            };
            Invalid::new(parameter, format!("{example}, found {text:?}"))
        })
    }
}

/// 1 is Monday: 1970-01-01 was a Thursday.
fn weekday(day: Day) -> i32 {
    (day.0.rem_euclid(7) + 3) % 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_back_from_its_name_and_holds_its_day() {
        for number in (-200_000..200_000).step_by(97) {
            let date = Day(number).to_date();
            for part in TimePart::ALL.into_iter().filter(|part| part.is_period()) {
                let first = part.of_day(Day(number));
                assert_eq!(part.parse("row", &part.text(first)), Ok(first), "{part:?} of {date}");
                assert!(first <= number && number < part.end(Day(first)).0, "{part:?} of {date}");
                assert_eq!(part.of_day(part.end(Day(first))), part.end(Day(first)).0, "{part:?} after {date}");
            }
            let monday_one = i32::from(date.weekday().to_monday_one_offset());
            assert_eq!(TimePart::Weekday.of_day(Day(number)), monday_one, "{date}");
        }
    }

    #[test]
    fn the_days_around_new_year_are_in_the_weeks_of_iso_8601() {
        for (day, week) in [("2024-12-30", "2025-W01"), ("2027-01-03", "2026-W53"), ("2025-07-01", "2025-W27")] {
            let day = Day::parse("day", day).expect("a day");
            assert_eq!(TimePart::Week.text(TimePart::Week.of_day(day)), week);
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for (part, text) in [
            (TimePart::Week, "2025-W53"),
            (TimePart::Week, "2025-27"),
            (TimePart::Month, "2025-7"),
            (TimePart::Month, "2025-13"),
            (TimePart::Year, "25"),
            (TimePart::Year, "2025-01"),
            (TimePart::Hour, "24"),
            (TimePart::Hour, "07"),
            (TimePart::Weekday, "0"),
            (TimePart::Day, "2025-02-30"),
        ] {
            assert!(part.parse("row", text).is_err(), "{part:?} {text}");
        }
    }
}
