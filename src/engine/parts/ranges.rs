//! Where and when a part's features are, worked out anew only when one at the edge went.

use std::sync::OnceLock;

use super::Part;
use crate::engine::columns::Columns;
use crate::model::{Bbox, Instant};

/// Where and when features are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranges {
    pub(super) bbox: Bbox,
    /// First and last.
    pub(super) time: Option<(Instant, Instant)>,
}

impl Ranges {
    /// Whether it may be smaller without the row.
    fn is_held_by(&self, columns: &Columns, row: usize) -> bool {
        let (at, Bbox { west, south, east, north }) = (columns.at(row), self.bbox);
        let is_inside = west < at.lon && at.lon < east && south < at.lat && at.lat < north;
        let is_between = |time| self.time.is_some_and(|(first, last)| first < time && time < last);
        !is_inside || columns.time(row).is_some_and(|time| !is_between(time))
    }
}

impl Part {
    /// Marks a row as gone.
    pub(super) fn remove(&mut self, row: usize) {
        if self.ranges.get().is_some_and(|ranges| ranges.is_held_by(&self.columns, row)) {
            self.ranges = OnceLock::new();
        }
        self.gone.insert(row);
    }

    /// Of the rows that are there: looked through once after a row went that may have been the outermost.
    pub(super) fn ranges(&self) -> Ranges {
        *self.ranges.get_or_init(|| {
            let mut ranges = Ranges { bbox: Bbox::EMPTY, time: None };
            for row in (0..self.columns.len()).filter(|row| !self.gone.contains(*row)) {
                ranges.bbox.extend(self.columns.at(row));
                if let Some(time) = self.columns.time(row) {
                    let (first, last) = ranges.time.unwrap_or((time, time));
                    ranges.time = Some((first.min(time), last.max(time)));
                }
            }
            ranges
        })
    }
}
