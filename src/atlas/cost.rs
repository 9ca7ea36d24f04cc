use crate::engine::parts::Parts;
use crate::model::filter::AskedFilter;

/// How long work is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Microseconds of one core.
    pub micros: u64,
}

/// Bytes of a filter that take about a nanosecond a row: a comparison has some sixteen and takes two.
const FILTER_BYTES: u64 = 8;

/// Microseconds that it takes to hold so many rows against a filter; 0 without one.
pub fn filter_micros(filter: Option<&AskedFilter>, rows: u64) -> u64 {
    let length = filter.map_or(0, |asked| asked.text().len() as u64);
    rows.saturating_mul(length) / (FILTER_BYTES * 1_000)
}

/// Microseconds that it takes to number the days from the first time to the last: one wild date makes them millions.
pub fn days_micros(parts: &Parts) -> u64 {
    const DAY_US: u64 = 86_400_000_000;
    parts.time_span().map_or(0, |(first, last)| last.0.abs_diff(first.0) / DAY_US / 5)
}

/// Features that an event loop may write and pack before it turns to its other connections: some 3 ms. Elsewhere 1,000 of them take an
/// eighth longer, for their text goes from one core to another.
const FEW: u64 = 2_000;

/// Microseconds that it takes to write and pack so many features; 0 for few, which need not be handed over.
pub fn written_micros(features: u64) -> u64 {
    if features <= FEW { 0 } else { features * 2 }
}

/// Microseconds that it takes to read a body of so many bytes, which hold coordinates mostly.
pub fn read_micros(bytes: usize) -> u64 {
    bytes as u64 / 60
}
