//! A layer's features as columns, sorted by Morton key, then id: the same order whichever store they came from.

mod block;
mod build;
mod column;
mod ends;
mod links;
mod narrow;
mod numbers;
mod sums;
#[cfg(test)]
mod tests;
mod texts;

use std::ops::Range;
use std::sync::OnceLock;

pub use block::{BLOCK, Bits, block_of, mask, packed};
pub use build::{ColumnsBuilder, fingerprint};
pub use column::{Column, NO_CODE};
pub use links::LinkSets;
pub use narrow::{Narrow, code};
pub(in crate::engine) use narrow::{Width, by_width};
pub use numbers::Numbers;
pub use sums::{CodeSums, MOST_CODES};
pub(in crate::engine) use texts::TextAnswers;
pub use texts::Texts;

use jiff::tz::TimeZone;

use super::morton::Cell;
use super::names::NameIndex;
use crate::model::{Bbox, Day, Feature, Instant, LonLat, Value};

/// Features of one layer, for good. Row `r` of every column is the same feature.
#[derive(Debug)]
pub struct Columns {
    /// Morton keys, ascending.
    pub keys: Vec<u64>,
    /// Feature ids, none of them null.
    pub ids: Numbers,
    /// Degrees east, exactly as stored.
    pub lons: Vec<f64>,
    /// Degrees north, exactly as stored.
    pub lats: Vec<f64>,
    /// One for each field of the layer.
    pub fields: Vec<Column>,
    /// Each row's list of units, by its number in the layer's [`LinkSets`].
    pub links: Narrow,
    /// Day of the layer's time field in the catalogue's zone, null where it has none. Empty for layers without time.
    pub days: Numbers,
    /// The layer's time field, and the zone of its days.
    time: Option<(usize, TimeZone)>,
    /// Rows by ascending id.
    by_id: Vec<u32>,
    /// The first key of each block: small enough to stay in the processor's cache while keys are looked for.
    samples: Vec<u64>,
    /// Of the layer's main field; empty where it has none.
    pub sums: CodeSums,
    /// Where the features are, those that are gone since among them.
    pub bbox: Bbox,
    /// First and last time of the same.
    pub time_range: Option<(Instant, Instant)>,
    /// Changes with any value of any feature, whatever the order they were read in.
    pub fingerprint: u64,
    /// The index of the names in a field, made when names are first looked for.
    names: OnceLock<(usize, NameIndex)>,
}

/// Stands for a missing day: no unit's validity begins on it.
pub const NO_DAY: Day = Day(i32::MIN);

impl Columns {
    /// Number of features.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Memory that all of it takes, the index of names and what is kept of filters too, bytes.
    pub fn bytes(&self) -> usize {
        let longs = self.keys.capacity() + self.samples.capacity() + self.lons.capacity() + self.lats.capacity();
        let numbers = self.ids.bytes() + self.days.bytes() + self.links.bytes() + self.sums.bytes();
        let fields: usize = self.fields.iter().map(Column::bytes).sum();
        let names = self.names.get().map_or(0, |(_, names)| names.bytes());
        longs * size_of::<u64>() + self.by_id.capacity() * size_of::<u32>() + numbers + fields + names
    }

    /// Its blocks in their order, each by its number and its rows.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let len = self.len();
        (0..len.div_ceil(BLOCK)).map(move |block| {
            let first = block * BLOCK;
            (block, first..first + BLOCK.min(len - first))
        })
    }

    /// The row's id.
    pub fn id(&self, row: usize) -> u64 {
        self.ids.number(row) as u64
    }

    /// Where the row is.
    pub fn at(&self, row: usize) -> LonLat {
        LonLat { lon: self.lons[row], lat: self.lats[row] }
    }

    /// The row's cell.
    pub fn cell(&self, row: usize) -> Cell {
        Cell::from_key(self.keys[row])
    }

    /// The row's own day: [`NO_DAY`] where it has none.
    pub fn day(&self, row: usize) -> Day {
        self.days.value(row).map_or(NO_DAY, |day| Day(day as i32))
    }

    /// The row's time, of a day its first instant; none where it has none.
    pub fn time(&self, row: usize) -> Option<Instant> {
        let (field, zone) = self.time.as_ref()?;
        match self.fields.get(*field)?.value(row) {
            Value::Timestamp(instant) => Some(instant),
            Value::Date(day) => Some(day.start(zone)),
            _ => None,
        }
    }

    /// The row that has the id.
    pub fn row_of(&self, id: u64) -> Option<usize> {
        let place = self.by_id.binary_search_by_key(&id, |row| self.id(*row as usize)).ok()?;
        self.by_id.get(place).map(|row| *row as usize)
    }

    /// The rows with greater ids, in the order of their ids; all rows where none is given.
    pub fn rows_after(&self, id: Option<u64>) -> impl Iterator<Item = usize> {
        let first = id.map_or(0, |id| self.by_id.partition_point(|row| self.id(*row as usize) <= id));
        self.by_id[first..].iter().map(|row| *row as usize)
    }

    /// The first row whose key is not below; the number of rows when all are.
    pub fn first_row_from(&self, key: u64) -> usize {
        self.first_in_blocks(self.samples.partition_point(|first| *first < key), key)
    }

    /// The same, known not to be before the row `from`, and probably not far behind it.
    pub fn next_row_from(&self, from: usize, key: u64) -> usize {
        let start = from / BLOCK;
        let mut step = 1;
        while self.samples.get(start + step).is_some_and(|first| *first < key) {
            step *= 2;
        }
        // Keys before `start + step / 2` are below; the one at `start + step` is not, or there is none.
        let (low, high) = (start + step / 2, (start + step).min(self.samples.len()));
        let block = low + self.samples[low.min(high)..high].partition_point(|first| *first < key);
        self.first_in_blocks(block, key)
    }

    /// Looks in the last of so many blocks, whose first keys are below.
    fn first_in_blocks(&self, below: usize, key: u64) -> usize {
        let Some(block) = below.checked_sub(1) else { return 0 };
        let start = block * BLOCK;
        let end = (start + BLOCK).min(self.keys.len());
        start + self.keys[start..end].partition_point(|row_key| *row_key < key)
    }

    /// The rows whose keys are in the range, both ends included.
    pub fn rows_between(&self, first: u64, last: u64) -> Range<usize> {
        self.rows_to(self.first_row_from(first), last)
    }

    /// The same, known not to begin before the row `from`, and probably not far behind it.
    pub fn next_rows_between(&self, from: usize, first: u64, last: u64) -> Range<usize> {
        self.rows_to(self.next_row_from(from, first), last)
    }

    fn rows_to(&self, from: usize, last: u64) -> Range<usize> {
        let to = last.checked_add(1).map_or(self.len(), |next| self.next_row_from(from, next));
        from..to
    }

    /// The row as a feature with all its fields; `links` are the layer's.
    pub fn feature(&self, links: &LinkSets, row: usize) -> Feature {
        Feature {
            id: self.id(row),
            at: self.at(row),
            values: self.fields.iter().map(|column| column.value(row)).collect(),
            units: links.links(self.links.get(row) as u32).to_vec(),
        }
    }

    /// The index of the names in a text field, made now where it is not there: about a second for a million. None for another
    /// field than the first one asked about: a layer has one that holds its names.
    pub fn names(&self, field: usize) -> Option<&NameIndex> {
        let Some(Column::Text { texts, .. }) = self.fields.get(field) else { return None };
        let (of, names) = self.names.get_or_init(|| (field, NameIndex::new(texts)));
        (*of == field).then_some(names)
    }

    /// The value of one field.
    pub fn value(&self, row: usize, field: usize) -> Value {
        self.fields.get(field).map_or(Value::Null, |column| column.value(row))
    }
}
