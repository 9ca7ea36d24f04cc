//! When made-up points happen: evenly over the years, by the weights of months, weekdays and hours.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use rand::Rng;
use rand::rngs::StdRng;

use super::chance::weighted;
use super::recipe::Group;
use crate::model::{Day, Instant};

/// The days of a group's points with their weights, and its hours.
pub(super) struct Moments {
    days: Vec<(Day, f64)>,
    hours: [f64; 24],
}

impl Moments {
    /// Reads the first day and the first day after the last; none when they are no dates or in the wrong order.
    pub(super) fn parse(from: &str, to: &str) -> Option<(Day, Day)> {
        let (from, to) = (Day::parse("from", from).ok()?, Day::parse("to", to).ok()?);
        (from < to).then_some((from, to))
    }

    /// The moments of a group within days, the last excluded.
    pub(super) fn new(group: &Group, (from, to): (Day, Day)) -> Self {
        let weight = |day: Day| {
            let date = day.to_date();
            let month = group.months.and_then(|months| months.get(date.month() as usize - 1).copied());
            let weekday = date.weekday().since(Weekday::Monday) as usize;
            let weekday = group.weekdays.and_then(|weekdays| weekdays.get(weekday).copied());
            month.unwrap_or(1.0) * weekday.unwrap_or(1.0)
        };
        let days = (from.0..to.0).map(Day).map(|day| (day, weight(day))).collect();
        Self { days, hours: group.hours.unwrap_or([1.0; 24]) }
    }

    /// A moment, and its day in the zone.
    pub(super) fn draw(&self, zone: &TimeZone, random: &mut StdRng) -> Option<(Instant, Day)> {
        let (day, _) = weighted(&self.days, |(_, weight)| *weight, random)?;
        let (hour, _) = weighted(self.hours.iter().enumerate(), |(_, weight)| **weight, random)?;
        let minutes = hour as i64 * 60 + random.random_range(0..60);
        Some((Instant(day.start(zone).0 + minutes * 60_000_000), *day))
    }
}
