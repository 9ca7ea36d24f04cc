use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit};

use super::{Day, Instant, Invalid, TimeInterval, TimePart};

/// With what a count is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// The interval of equal length just before: whole months with as many months, whole days with as many days.
    Previous,
    /// The same interval a year before.
    Year,
}

/// An interval, the one it is compared with, and how the periods of the two belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// With what.
    pub compare: Compare,
    /// The interval asked for, both ends known.
    pub interval: TimeInterval,
    /// The one before.
    pub before: TimeInterval,
    /// First day of each.
    first: (Day, Day),
    /// First day after the interval asked for.
    end: Day,
}

impl Compare {
    /// Reads `compare`.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        match text {
            "previous" => Ok(Self::Previous),
            "year" => Ok(Self::Year),
            other => Err(Invalid::new(parameter, format!("previous or year, found {other:?}"))),
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::Year => "year",
        }
    }
}

impl Comparison {
    /// What an interval is compared with, by the calendar of the zone. [`Invalid`] names `datetime` where an end is open.
    pub fn new(compare: Compare, interval: Option<TimeInterval>, zone: &TimeZone) -> Result<Self, Invalid> {
        let ends = interval.and_then(|interval| interval.from.zip(interval.to));
        let unbounded = || Invalid::new("datetime", "an interval from/to with both ends beside compare");
        let (from, to) = ends.ok_or_else(unbounded)?;
        let outside = || Invalid::new("datetime", "an interval in the years of the calendar beside compare");
        let (start, end) = (civil(from, zone).ok_or_else(outside)?, civil(to, zone).ok_or_else(outside)?);
        let before = match compare {
            Compare::Year => year_before(start, end),
            Compare::Previous => previous(start, end),
        };
        let before = match before {
            Some((start, end)) => instant(start, zone).zip(instant(end, zone)),
            None => from.0.checked_sub(to.0 - from.0).map(|start| (Instant(start), from)),
        };
        let (before_from, before_to) = before.filter(|(from, to)| from <= to).ok_or_else(outside)?;
        Ok(Self {
            compare,
            interval: TimeInterval { from: Some(from), to: Some(to) },
            before: TimeInterval { from: Some(before_from), to: Some(before_to) },
            first: (from.day(zone), before_from.day(zone)),
            end: Instant(to.0.saturating_sub(1)).day(zone),
        })
    }

    /// The period that one of the interval before belongs to: the same of the year after, else the one at the same place from the
    /// beginning, a week maybe just beyond the end. None where there is no such period: 29 February, a 53rd week, the 31st of a
    /// month.
    pub fn counterpart(&self, part: TimePart, value: i32) -> Option<i32> {
        let moved = self.moved(part, value, 1)?;
        (part != TimePart::Day || moved <= self.end.0).then_some(moved)
    }

    /// The other way round.
    pub fn before_of(&self, part: TimePart, value: i32) -> Option<i32> {
        self.moved(part, value, -1)
    }

    /// Forward (1) or back (-1).
    fn moved(&self, part: TimePart, value: i32, direction: i32) -> Option<i32> {
        if !part.is_period() {
            return Some(value);
        }
        let (first, before) = (part.of_day(self.first.0), part.of_day(self.first.1));
        let (date, first_date, before_date) = (Day(value).to_date(), Day(first).to_date(), Day(before).to_date());
        let span = match (part, self.compare) {
            (TimePart::Year, _) => {
                let years = i32::from(first_date.year()) - i32::from(before_date.year());
                Span::new().years(direction * years)
            }
            (TimePart::Month, _) => {
                let month = |date: jiff::civil::Date| i32::from(date.year()) * 12 + i32::from(date.month());
                Span::new().months(direction * (month(first_date) - month(before_date)))
            }
            (TimePart::Week, Compare::Year) => {
                let week = date.iso_week_date();
                let name = format!("{:04}-W{:02}", i32::from(week.year()) + direction, week.week());
                return part.parse("week", &name).ok();
            }
            (TimePart::Day, Compare::Year) => Span::new().years(direction),
            _ => Span::new().days(direction.checked_mul(first.checked_sub(before)?)?),
        };
        let moved = date.checked_add(span).ok()?;
        // 29 February moved by a year is another day.
        let is_same = part != TimePart::Day || self.compare == Compare::Previous || moved.day() == date.day();
        is_same.then(|| Day::from_date(moved).0)
    }
}

fn civil(instant: Instant, zone: &TimeZone) -> Option<DateTime> {
    let instant = Timestamp::from_microsecond(instant.0).ok()?;
    Some(instant.to_zoned(zone.clone()).datetime())
}

fn instant(at: DateTime, zone: &TimeZone) -> Option<Instant> {
    at.to_zoned(zone.clone()).ok().map(|zoned| Instant(zoned.timestamp().as_microsecond()))
}

fn is_midnight(at: DateTime) -> bool {
    at.time() == jiff::civil::Time::midnight()
}

fn is_first_of_month(at: DateTime) -> bool {
    is_midnight(at) && at.day() == 1
}

/// As many months before, or as many days; none where it is neither.
fn previous(start: DateTime, end: DateTime) -> Option<(DateTime, DateTime)> {
    if is_first_of_month(start) && is_first_of_month(end) {
        let months = start.date().until((Unit::Month, end.date())).ok()?.get_months();
        return Some((start.checked_sub(Span::new().months(months)).ok()?, start));
    }
    if is_midnight(start) && is_midnight(end) {
        let days = start.date().until((Unit::Day, end.date())).ok()?.get_days();
        return Some((start.checked_sub(Span::new().days(days)).ok()?, start));
    }
    None
}

/// The last day moves with the first: an end at 1 March is the end of February in any year, where it ends a month.
fn year_before(start: DateTime, end: DateTime) -> Option<(DateTime, DateTime)> {
    let year = Span::new().years(1);
    let before = start.checked_sub(year).ok()?;
    if is_midnight(end) && !is_first_of_month(end) {
        let last = end.checked_sub(Span::new().days(1)).ok()?.checked_sub(year).ok()?;
        return Some((before, last.checked_add(Span::new().days(1)).ok()?));
    }
    Some((before, end.checked_sub(year).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hanoi() -> TimeZone {
        TimeZone::get("Asia/Ho_Chi_Minh").expect("a zone")
    }

    fn interval(text: &str) -> TimeInterval {
        TimeInterval::parse("datetime", text, &hanoi()).expect(text)
    }

    #[test]
    fn an_interval_is_compared_by_the_calendar() {
        use Compare::{Previous, Year};
        for (compare, asked, before) in [
            (Previous, "2025-07-01/2025-08-01", "2025-06-01/2025-07-01"),
            (Previous, "2025-03-01/2025-04-01", "2025-02-01/2025-03-01"),
            (Previous, "2025-07-01/2025-10-01", "2025-04-01/2025-07-01"),
            (Previous, "2025-01-01/2026-01-01", "2024-01-01/2025-01-01"),
            (Previous, "2025-07-05", "2025-07-04"),
            (Previous, "2025-07-07/2025-07-14", "2025-06-30/2025-07-07"),
            (Previous, "2025-07-01/2025-07-31", "2025-06-01/2025-07-01"),
            (Previous, "2025-07-01T06:00:00/2025-07-01T18:00:00", "2025-06-30T18:00:00/2025-07-01T06:00:00"),
            (Year, "2025-07-01/2025-08-01", "2024-07-01/2024-08-01"),
            (Year, "2025-02-01/2025-03-01", "2024-02-01/2024-03-01"),
            (Year, "2024-02-01/2024-03-01", "2023-02-01/2023-03-01"),
            (Year, "2024-02-28", "2023-02-28"),
            (Year, "2024-02-29", "2023-02-28"),
            (Year, "2025-07-01T06:00:00/2025-07-01T18:00:00", "2024-07-01T06:00:00/2024-07-01T18:00:00"),
        ] {
            let compared = Comparison::new(compare, Some(interval(asked)), &hanoi()).expect(asked);
            assert_eq!(compared.before, interval(before), "{compare:?} {asked}");
        }
        for open in [None, Some("../2025-01-01"), Some("2025-01-01/..")] {
            let refused = Comparison::new(Previous, open.map(interval), &hanoi()).expect_err("open");
            assert_eq!(refused.parameter, "datetime");
        }
    }

    #[test]
    fn a_period_belongs_to_the_one_at_its_place_or_to_none() {
        for (compare, asked, part, before, own) in [
            (Compare::Previous, "2025-07-01/2025-10-01", TimePart::Month, "2025-05", Some("2025-08")),
            (Compare::Previous, "2025-02-01/2025-03-01", TimePart::Day, "2025-01-28", Some("2025-02-28")),
            (Compare::Previous, "2025-02-01/2025-03-01", TimePart::Day, "2025-01-29", None),
            (Compare::Previous, "2025-01-01/2026-01-01", TimePart::Year, "2024", Some("2025")),
            (Compare::Previous, "2025-07-01/2025-08-01", TimePart::Week, "2025-W27", Some("2025-W32")),
            (Compare::Previous, "2025-07-07/2025-07-21", TimePart::Week, "2025-W27", Some("2025-W29")),
            (Compare::Year, "2025-01-01/2026-01-01", TimePart::Month, "2024-02", Some("2025-02")),
            (Compare::Year, "2025-01-01/2026-01-01", TimePart::Day, "2024-02-29", None),
            (Compare::Year, "2025-01-01/2026-01-01", TimePart::Day, "2024-03-01", Some("2025-03-01")),
            (Compare::Year, "2021-01-01/2022-01-01", TimePart::Week, "2020-W53", None),
            (Compare::Year, "2025-01-01/2026-01-01", TimePart::Week, "2024-W27", Some("2025-W27")),
            (Compare::Year, "2025-01-01/2026-01-01", TimePart::Weekday, "3", Some("3")),
        ] {
            let compared = Comparison::new(compare, Some(interval(asked)), &hanoi()).expect(asked);
            let value = part.parse("row", before).expect(before);
            let found = compared.counterpart(part, value).map(|value| part.text(value));
            assert_eq!(found.as_deref(), own, "{compare:?} {asked} {before}");
        }
    }
}
