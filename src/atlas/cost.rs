use crate::model::filter::Asked;

/// How long work is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Microseconds of one core.
    pub micros: u64,
}

/// Bytes of a filter that take about a nanosecond a row: a comparison has some sixteen and takes two.
const FILTER_BYTES: u64 = 8;

/// Microseconds that it takes to hold so many rows against a filter; 0 without one.
pub fn filter_micros(filter: Option<&Asked>, rows: u64) -> u64 {
    let length = filter.map_or(0, |asked| asked.text().len() as u64);
    rows.saturating_mul(length) / (FILTER_BYTES * 1_000)
}

/// Features that an event loop may write and pack before it turns to its other connections: some 3 ms. Elsewhere 1,000 of them take an
/// eighth longer, for their text goes from one core to another.
const FEW: u64 = 2_000;

/// Microseconds that it takes to write and pack so many features; 0 for few, which need not be handed over.
pub fn written_micros(features: u64) -> u64 {
    if features <= FEW { 0 } else { features * 2 }
}
