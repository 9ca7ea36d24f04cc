use jiff::tz::TimeZone;

use super::columns::{Column, Columns, NO_DAY};
use crate::model::{Day, DayInterval, Instant, TimeInterval};

/// Which rows are asked for: compiled once for a request, asked for each row.
pub struct Selection<'a>(Times<'a>);

enum Times<'a> {
    Any,
    None,
    Instants(&'a [Instant], TimeInterval),
    Days(&'a [Day], DayInterval),
}

impl<'a> Selection<'a> {
    /// Every row.
    pub const EVERYTHING: Selection<'static> = Selection(Times::Any);

    /// Rows whose time (the layer's field `time`) is in the interval: a day is its first instant in the zone. Rows without a
    /// time are in no interval.
    pub fn in_time(columns: &'a Columns, time: Option<usize>, interval: Option<TimeInterval>, zone: &TimeZone) -> Self {
        let Some(interval) = interval else { return Self(Times::Any) };
        Self(match time.and_then(|field| columns.fields.get(field)) {
            Some(Column::Timestamp(instants)) => Times::Instants(instants, interval),
            Some(Column::Date(days)) => {
                let bound = |end: Option<Instant>| end.map(|instant| first_day_from(instant, zone));
                Times::Days(days, DayInterval { from: bound(interval.from), to: bound(interval.to) })
            }
            _ => Times::None,
        })
    }

    /// Whether it asks for every row.
    pub fn is_everything(&self) -> bool {
        matches!(self.0, Times::Any)
    }

    /// Whether the row is asked for.
    pub fn takes(&self, row: usize) -> bool {
        match &self.0 {
            Times::Any => true,
            Times::None => false,
            Times::Instants(instants, interval) => {
                instants.get(row).is_some_and(|instant| instant.0 != i64::MIN && interval.contains(*instant))
            }
            Times::Days(days, interval) => days.get(row).is_some_and(|day| *day != NO_DAY && interval.contains(*day)),
        }
    }
}

/// The first day that begins at or after the instant.
fn first_day_from(instant: Instant, zone: &TimeZone) -> Day {
    let day = instant.day(zone);
    if day.start(zone) < instant { Day(day.0 + 1) } else { day }
}
