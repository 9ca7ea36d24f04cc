use jiff::civil::{Date, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Invalid;

/// A calendar day: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub i32);

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(pub i64);

/// Half-open `[from, to)`; `None` is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DayInterval {
    /// First day.
    pub from: Option<Day>,
    /// First day after it.
    pub to: Option<Day>,
}

/// Half-open `[from, to)`; `None` is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeInterval {
    /// First instant.
    pub from: Option<Instant>,
    /// First instant after it.
    pub to: Option<Instant>,
}

/// Which date's units a question is asked under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AsOf {
    /// Each feature's own date; today for features without one.
    Own,
    /// The units in force on this day.
    Day(Day),
}

/// What time it is and where: given to those who may not look at a clock themselves.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Today in `zone`.
    pub today: Day,
    /// The catalogue's time zone.
    pub zone: TimeZone,
}

const DAY_US: i64 = 86_400_000_000;
/// The days that jiff has.
const FIRST_DAY: Day = Day(-4_371_587);
const LAST_DAY: Day = Day(2_932_896);

impl Day {
    /// From a calendar date.
    pub fn from_date(date: Date) -> Self {
        // Years from March, so that leap days end them, in eras of 400 years: 146,097 days (Hinnant, "chrono-compatible
        // low-level date algorithms", days_from_civil).
        let (month, day) = (i32::from(date.month()), i32::from(date.day()));
        let year = i32::from(date.year()) - i32::from(month <= 2);
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468)
    }

    /// As a calendar date. Days outside jiff's years −9999 to 9999 are moved to the nearest one inside.
    pub fn to_date(self) -> Date {
        let epoch = Date::constant(1970, 1, 1);
        epoch.saturating_add(jiff::Span::new().days(self.clamp(FIRST_DAY, LAST_DAY).0))
    }

    /// Whether it can be written as a date: its year is one of −9999 to 9999.
    pub fn has_text(self) -> bool {
        FIRST_DAY <= self && self <= LAST_DAY
    }

    /// Reads `2025-07-01`.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        // jiff also takes compact and extended forms; a date has one spelling here.
        let plain = text.len() == 10 && text.is_char_boundary(4) && text.as_bytes().get(4) == Some(&b'-');
        let date = if plain { text.parse::<Date>().ok() } else { None };
        date.map(Self::from_date)
            .ok_or_else(|| Invalid::new(parameter, format!("a date such as 2025-07-01, found {text:?}")))
    }

    /// The instant at which the day begins in the zone. Days outside jiff's years are of 24 hours.
    pub fn start(self, zone: &TimeZone) -> Instant {
        let start = self.to_date().to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
        let day = self.clamp(FIRST_DAY, LAST_DAY);
        let start = start.map_or(i64::from(day.0) * DAY_US, jiff::Timestamp::as_microsecond);
        Instant(start.saturating_add((i64::from(self.0) - i64::from(day.0)).saturating_mul(DAY_US)))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_date().fmt(f)
    }
}

impl Instant {
    /// Reads RFC 3339 (`2025-07-01T08:00:00+07:00`, `…Z`); without an offset it is a time in the zone, and a date alone is that
    /// day's first instant.
    pub fn parse(parameter: &str, text: &str, zone: &TimeZone) -> Result<Self, Invalid> {
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self(instant.as_microsecond()));
        }
        if let Ok(day) = Day::parse(parameter, text) {
            return Ok(day.start(zone));
        }
        // A time in a zone's own name would have two meanings with the catalogue's zone.
        let local = if text.contains('[') { None } else { text.parse::<jiff::civil::DateTime>().ok() };
        local
            .and_then(|local| local.to_zoned(zone.clone()).ok())
            .map(|zoned| Self(zoned.timestamp().as_microsecond()))
            .ok_or_else(|| {
                Invalid::new(
                    parameter,
                    format!("a date or RFC 3339 time such as 2025-07-01T08:00:00+07:00, found {text:?}"),
                )
            })
    }

    /// Reads a time that others are held against as [`Self::parse`] does.
    pub fn asked(parameter: &str, text: &str, zone: &TimeZone) -> Result<Self, Invalid> {
        Self::with_offset(text).map_or_else(|| Self::parse(parameter, text, zone), Ok)
    }

    /// Reads RFC 3339 with an offset, for others to be held against: also the last hours of the year 9999, as which QGIS and others
    /// write the end of time, though jiff has no such instants.
    pub fn with_offset(text: &str) -> Option<Self> {
        let exact = text.parse::<Timestamp>().ok();
        let late = || {
            let pieces = Pieces::parse(text).ok()?;
            let (date, time, offset) = (pieces.date(), pieces.time()?, pieces.to_numeric_offset()?);
            let midnight = i64::from(Day::from_date(date).0) * DAY_US;
            let of_day = time.duration_since(Time::midnight()).as_micros() as i64;
            (date.year() == 9999).then(|| Self(midnight + of_day - i64::from(offset.seconds()) * 1_000_000))
        };
        exact.map(|instant| Self(instant.as_microsecond())).or_else(late)
    }

    /// Whether it can be written as a time: its year is one of −9999 to 9999.
    pub fn has_text(self) -> bool {
        Timestamp::from_microsecond(self.0).is_ok()
    }

    /// The day it falls on in the zone.
    pub fn day(self, zone: &TimeZone) -> Day {
        let nearest = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let offset_s = zone.to_offset(Timestamp::from_microsecond(self.0).unwrap_or(nearest)).seconds();
        let local_us = self.0.saturating_add(i64::from(offset_s) * 1_000_000);
        Day(local_us.div_euclid(DAY_US) as i32)
    }
}

impl std::fmt::Display for Instant {
    /// RFC 3339 in UTC; outside the years −9999 to 9999, microseconds.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Ok(instant) = Timestamp::from_microsecond(self.0) {
            return instant.fmt(f);
        }
        let of_day = SignedDuration::from_micros(self.0.rem_euclid(DAY_US));
        match i32::try_from(self.0.div_euclid(DAY_US)).map(Day) {
            Ok(day) if day.has_text() => write!(f, "{}Z", day.to_date().at(0, 0, 0, 0).saturating_add(of_day)),
            _ => write!(f, "{}", self.0),
        }
    }
}

impl DayInterval {
    /// All days.
    pub const ALWAYS: Self = Self { from: None, to: None };

    /// Whether the day is in it.
    pub fn contains(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    /// Whether some day is in both.
    pub fn meets(&self, other: &Self) -> bool {
        let before = |to: Option<Day>, from: Option<Day>| matches!((to, from), (Some(to), Some(from)) if to <= from);
        !before(self.to, other.from) && !before(other.to, self.from)
    }
}

impl TimeInterval {
    /// All time.
    pub const ALWAYS: Self = Self { from: None, to: None };

    /// Reads `datetime`: an instant, a date (that whole day), or an interval `from/to` with `..` or nothing for an open end.
    /// A reversed or empty interval is refused.
    pub fn parse(parameter: &str, text: &str, zone: &TimeZone) -> Result<Self, Invalid> {
        let end = |text: &str| match text {
            ".." | "" => Ok(None),
            text => Instant::asked(parameter, text, zone).map(Some),
        };
        let Some((from, to)) = text.split_once('/') else {
            let from = Instant::asked(parameter, text, zone)?;
            let to = match Day::parse(parameter, text) {
                Ok(day) => Day(day.0.saturating_add(1)).start(zone),
                Err(_) => Instant(from.0.saturating_add(1)),
            };
            return Ok(Self { from: Some(from), to: Some(to) });
        };
        let interval = Self { from: end(from)?, to: end(to)? };
        if matches!((interval.from, interval.to), (Some(from), Some(to)) if to <= from) {
            return Err(Invalid::new(
                parameter,
                format!("an interval from/to whose end is after its start, found {text:?}"),
            ));
        }
        Ok(interval)
    }

    /// Whether the instant is in it.
    pub fn contains(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hanoi() -> TimeZone {
        TimeZone::get("Asia/Ho_Chi_Minh").expect("the zone is bundled")
    }

    #[test]
    fn days_and_dates_are_one_to_one() {
        for (text, days) in [("1970-01-01", 0), ("2025-07-01", 20_270), ("1969-12-31", -1), ("0001-01-01", -719_162)] {
            let day = Day::parse("as_of", text).expect(text);
            assert_eq!(day, Day(days), "{text}");
            assert_eq!(day.to_string(), text);
        }
        assert_eq!(Day(i32::MAX).to_string(), "9999-12-31");
        let (last, zone) = (Day::parse("as_of", "9999-12-31").expect("a day"), hanoi());
        let whole = TimeInterval::parse("datetime", "9999-12-31", &zone).expect("the last day has an end");
        assert_eq!(whole.to.expect("an end").0 - whole.from.expect("a start").0, DAY_US);
        assert_eq!(whole.from.expect("a start").day(&zone), last);
        assert_eq!(whole.to.expect("an end").day(&zone), Day(last.0 + 1));
    }

    #[test]
    fn a_date_has_one_spelling() {
        for text in ["2025-13-01", "2025-02-29", "20250701", "2025-7-1", "", "2025-07-01T00:00", "+02025-07-01", "ngày"]
        {
            assert!(Day::parse("as_of", text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_end_of_time_as_qgis_writes_it_can_be_asked_for() {
        let zone = hanoi();
        let latest = Timestamp::MAX.as_microsecond();
        for (text, after_us, written) in [
            ("9999-12-30T22:00:00Z", -999_999, "9999-12-30T22:00:00Z"),
            ("9999-12-31T00:00:00Z", 7_199_000_001, "9999-12-31T00:00:00Z"),
            ("9999-12-31T23:59:59.5Z", 93_598_500_001, "9999-12-31T23:59:59.5Z"),
            ("9999-12-31T23:59:59+07:00", 68_398_000_001, "9999-12-31T16:59:59Z"),
        ] {
            let instant = Instant::asked("at", text, &zone).expect(text);
            assert_eq!((instant.0 - latest, instant.to_string().as_str()), (after_us, written), "{text}");
            let since = TimeInterval::parse("datetime", &format!("2026-01-01T00:00:00Z/{text}"), &zone).expect(text);
            assert_eq!(since.to, Some(instant), "{text}");
        }
        let day = TimeInterval::parse("datetime", "9999-12-31T00:00:00Z/9999-12-31T12:00:00Z", &zone);
        assert!(day.is_ok(), "{day:?}");
        for text in [
            "9999-12-31T24:00:00Z",
            "9999-13-31T00:00:00Z",
            "9999-12-31T00:00:00",
            "9999-12-31T00:00:00Z[Asia/Ho_Chi_Minh]x",
            "10000-01-01T00:00:00Z",
        ] {
            assert_eq!(Instant::with_offset(text), None, "{text}");
        }
    }

    #[test]
    fn the_evening_before_in_london_is_the_day_itself_in_quang_ngai() {
        let instant = Instant::parse("datetime", "2025-06-30T18:00:00Z", &hanoi()).expect("a time");
        assert_eq!(instant.day(&hanoi()).to_string(), "2025-07-01");
        assert_eq!(Instant::parse("datetime", "2025-07-01T01:00:00", &hanoi()), Ok(instant));
        assert_eq!(Instant::parse("datetime", "2025-07-01T01:00:00+07:00", &hanoi()), Ok(instant));
    }

    #[test]
    fn a_reversed_interval_is_refused() {
        for text in ["2025-07-01/2025-06-01", "2025-07-01/2025-07-01", "x/..", "2025-07-01/2025-07-02/2025-07-03"] {
            assert!(TimeInterval::parse("datetime", text, &hanoi()).is_err(), "{text}");
        }
        assert_eq!(TimeInterval::parse("datetime", "../..", &hanoi()), Ok(TimeInterval::ALWAYS));
    }

    #[test]
    fn the_arithmetic_of_days_is_the_calendars() {
        for number in (-4_000_000..2_900_000).step_by(1_013).chain(-800..800) {
            assert_eq!(Day::from_date(Day(number).to_date()), Day(number));
        }
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").expect("a zone");
        for hours in (-1_000_000..500_000).step_by(331) {
            let instant = Instant(hours * 3_600_000_000 - 1);
            let zoned = Timestamp::from_microsecond(instant.0).expect("in range").to_zoned(zone.clone());
            assert_eq!(instant.day(&zone), Day::from_date(zoned.date()), "{instant}");
        }
    }

    #[test]
    fn a_date_alone_is_that_whole_day() {
        let day = TimeInterval::parse("datetime", "2025-07-01", &hanoi()).expect("a day");
        let both = TimeInterval::parse("datetime", "2025-07-01/2025-07-02", &hanoi()).expect("an interval");
        assert_eq!(day, both);
    }
}
