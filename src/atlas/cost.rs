//! What work will take, about: whether it is done at once, and whose turn is next.

use super::draw::Drawing;
use super::snapshot::LayerSnapshot;
use crate::engine::parts::{Part, Parts};
use crate::engine::slice::rows_of_tile;
use crate::engine::tile::CELLS;
use crate::model::filter::AskedFilter;
use crate::model::{Dense, Field, FieldType, Layer, SortBy, TileLayer, TileRequest};

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

/// Microseconds that it takes to find so many nearest features and to make them: the cells where they are, wherever that is, and 1 to 3 for
/// each.
pub fn nearest_micros(count: usize) -> u64 {
    100 + 3 * count as u64
}

/// Microseconds that it takes to find the first of so many rows in an order; 0 where none is asked for. Numbers are compared 64 at a
/// time, texts each by itself.
pub fn sorted_micros(layer: &Layer, sort: &[SortBy], rows: u64) -> u64 {
    let Some(first) = sort.first() else { return 0 };
    let kind = layer.field(&first.name).map(|(_, field)| field.kind);
    rows / if matches!(kind, Some(FieldType::Text | FieldType::Code)) { 30 } else { 300 }
}

/// Microseconds that it takes to number the days from the first time to the last, or those that there are where they are fewer.
pub fn days_micros(parts: &Parts) -> u64 {
    const DAY_US: u64 = 86_400_000_000;
    let span = parts.time_span().map_or(0, |(first, last)| last.0.abs_diff(first.0) / DAY_US);
    span.min(parts.len() as u64) / 20
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

/// Microseconds that the borders of a level take.
const BORDERS_US: u64 = 250;

impl Drawing {
    /// What the tile will take, about: for a point that is written and packed 0.05 µs and what its properties take; where cells are
    /// counted, 0.2 µs for each of those and 0.01 µs a row if each must be looked at; what a filter takes; and for each level
    /// its borders, and the counts by unit that are not known yet.
    pub(super) fn cost(&self, request: &TileRequest) -> Cost {
        let filtered = |rows: u64| filter_micros(request.filter.as_ref(), rows);
        let counted = |snapshot: &LayerSnapshot, level| {
            let rows = snapshot.parts.len() as u64;
            let is_known = snapshot.unit_counts(&self.unit_counts_key(level, request)).is_some();
            if is_known { 0 } else { rows / 300 + filtered(rows) }
        };
        let looked_at = request.filter.is_some() || request.datetime.is_some();
        let points = self.points.iter().map(|snapshot| {
            let rows_of = |part: &Part| rows_of_tile(&part.columns, request.coord).len() as u64;
            let rows = snapshot.parts.iter().map(rows_of).sum::<u64>();
            let dense = request.dense == Dense::Cells && rows > u64::from(snapshot.layer.max_features);
            let drawn = match (dense, looked_at) {
                (true, true) => rows.min(CELLS as u64) / 5 + rows / 100,
                (true, false) => rows.min(CELLS as u64) / 5,
                (false, _) => rows * (50 + properties_ns(&snapshot.layer, request.fields.as_deref())) / 1_000,
            };
            drawn + filtered(rows)
        });
        let units = request.layers.iter().map(|layer| match layer {
            TileLayer::Units(level) => {
                BORDERS_US + self.counted.iter().map(|snapshot| counted(snapshot, *level)).sum::<u64>()
            }
            _ => 0,
        });
        Cost { micros: points.sum::<u64>() + units.sum::<u64>() }
    }
}

/// What a point's properties take in a tile, nanoseconds: one of few values is written by its number, of many each is written and
/// packed as it is.
fn properties_ns(layer: &Layer, asked: Option<&[String]>) -> u64 {
    let ns = |name: &str, of_few: bool| match asked {
        Some(asked) if !asked.iter().any(|field| field == name) => 0,
        _ if of_few => 20,
        _ => 150,
    };
    let of_few = |field: &Field| matches!(field.kind, FieldType::Code | FieldType::Integer | FieldType::Boolean);
    let fields = layer.fields.iter().map(|field| ns(&field.name, of_few(field)));
    fields.sum::<u64>() + ns("id", false) + ns("unit", true)
}
