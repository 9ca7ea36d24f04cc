//! Counts and measures by slot, while rows are counted.

use foldhash::{HashMap, HashMapExt};

use super::Measured;
use crate::engine::columns::Columns;

/// Largest table of counts that is kept as an array, in slots.
const MOST_SLOTS: usize = 1 << 20;

/// Counts by slot: an array where it is small, else a map.
pub(super) enum Tally {
    Array(Vec<u64>),
    Map(HashMap<u64, u64>),
}

impl Tally {
    pub(super) fn new(size: Option<usize>) -> Self {
        match size {
            Some(size) if size <= MOST_SLOTS => Self::Array(vec![0; size]),
            _ => Self::Map(HashMap::new()),
        }
    }

    pub(super) fn add(&mut self, slot: u64) {
        match self {
            Self::Array(counts) => counts[slot as usize] += 1,
            Self::Map(counts) => *counts.entry(slot).or_insert(0) += 1,
        }
    }

    /// Whether it has more lines than a table may have; told early of a map only, which grows.
    pub(super) fn is_over(&self, most: usize) -> bool {
        matches!(self, Self::Map(counts) if counts.len() > most)
    }

    pub(super) fn into_counts(self) -> Vec<(u64, u64)> {
        match self {
            Self::Array(counts) => {
                counts.into_iter().enumerate().filter(|(_, n)| *n > 0).map(|(slot, n)| (slot as u64, n)).collect()
            }
            Self::Map(counts) => counts.into_iter().collect(),
        }
    }
}

/// What is measured of each slot's rows.
pub(super) struct Measures<'a> {
    fields: &'a [usize],
    places: HashMap<u64, usize>,
    measured: Vec<Measured>,
}

impl<'a> Measures<'a> {
    pub(super) fn of(fields: &'a [usize]) -> Self {
        Self { fields, places: HashMap::new(), measured: Vec::new() }
    }

    /// Whether nothing is measured.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Takes in a row of a slot.
    pub(super) fn add(&mut self, slot: u64, columns: &Columns, row: usize) {
        let many = self.fields.len();
        let place = *self.places.entry(slot).or_insert_with(|| {
            let place = self.measured.len();
            self.measured.resize_with(place + many, Measured::default);
            place
        });
        for (measured, field) in self.measured[place..place + many].iter_mut().zip(self.fields) {
            if let Some(column) = columns.fields.get(*field) {
                measured.take(column, row);
            }
        }
    }

    /// What was measured of a slot, one for each field.
    pub(super) fn of_slot(&self, slot: u64) -> Vec<Measured> {
        let place = self.places.get(&slot);
        place.map_or_else(Vec::new, |place| self.measured[*place..*place + self.fields.len()].to_vec())
    }
}
