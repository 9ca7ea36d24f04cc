//! A grid over all units: of most of its cells one answer is true, for no border runs through them.
//!
//! A cell that no segment meets lies as a whole inside or outside of each ring. The arithmetic of `cover::Winding` says so of each of its
//! points too: its cross product is wrong by 1e-15 degrees times the segment's length at most, and a cell keeps [`MARGIN`] from every
//! segment. So what covers a cell's middle covers all of it, to the last bit. That is asked when the first point comes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

use crate::model::{Bbox, LonLat};

/// Cells on each side: 400 m of a large province. A grid takes 1 MiB.
const SIDE: usize = 512;
/// How far from a cell a segment still counts as in it, degrees: 0.1 mm, more than rounding moves anything.
const MARGIN: f64 = 1e-9;

/// A cell that nobody asked for yet.
const UNKNOWN: u32 = 0;
/// A cell with a border in it.
const MIXED: u32 = 1;
/// The number of the first answer.
const FIRST: u32 = 2;

/// The grid, with answers that are worked out once for all points of equal cells.
pub(super) struct Cells<T> {
    bbox: Bbox,
    per_degree: [f64; 2],
    known: Box<[AtomicU32]>,
    answers: RwLock<Answers<T>>,
}

struct Answers<T> {
    by_covering: HashMap<Vec<usize>, u32>,
    all: Vec<Arc<T>>,
}

impl<T> Cells<T> {
    /// A grid over a box, with all segments of borders in it.
    pub(super) fn new(bbox: Bbox, segments: impl Iterator<Item = ([f64; 2], [f64; 2])>) -> Self {
        let per = |from: f64, to: f64| SIDE as f64 / (to - from).max(f64::MIN_POSITIVE);
        let cells = if bbox.is_empty() { 0 } else { SIDE * SIDE };
        let mut grid = Self {
            bbox,
            per_degree: [per(bbox.west, bbox.east), per(bbox.south, bbox.north)],
            known: (0..cells).map(|_| AtomicU32::new(UNKNOWN)).collect(),
            answers: RwLock::new(Answers { by_covering: HashMap::new(), all: Vec::new() }),
        };
        segments.for_each(|(a, b)| grid.draw(a, b));
        grid
    }

    /// Marks the cells that a segment meets, row by row.
    fn draw(&mut self, a: [f64; 2], b: [f64; 2]) {
        let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
        for row in self.row(low[1] - MARGIN)..=self.row(high[1] + MARGIN) {
            let edge = |row: usize| self.bbox.south + row as f64 / self.per_degree[1];
            let at = |lat: f64| {
                let share = (lat.clamp(low[1], high[1]) - low[1]) / (high[1] - low[1]);
                low[0] + share * (high[0] - low[0])
            };
            let ends = [at(edge(row) - MARGIN), at(edge(row + 1) + MARGIN)];
            // A level segment has no share of its height.
            let ends = if ends.iter().all(|end| end.is_finite()) { ends } else { [low[0], high[0]] };
            let columns = self.column(ends[0].min(ends[1]) - MARGIN)..=self.column(ends[0].max(ends[1]) + MARGIN);
            for column in columns {
                if let Some(cell) = self.known.get_mut(row * SIDE + column) {
                    *cell.get_mut() = MIXED;
                }
            }
        }
    }

    fn column(&self, lon: f64) -> usize {
        (((lon - self.bbox.west) * self.per_degree[0]) as usize).min(SIDE - 1)
    }

    fn row(&self, lat: f64) -> usize {
        (((lat - self.bbox.south) * self.per_degree[1]) as usize).min(SIDE - 1)
    }

    /// The answer for a place; none where it must be asked for itself. `covering` says what covers a cell's middle, and `answer` what
    /// follows from that.
    pub(super) fn answer(
        &self,
        at: LonLat,
        covering: impl FnOnce(LonLat) -> Vec<usize>,
        answer: impl FnOnce(&[usize]) -> T,
    ) -> Option<Arc<T>> {
        if !self.bbox.contains(at) {
            return None;
        }
        let (column, row) = (self.column(at.lon), self.row(at.lat));
        let cell = self.known.get(row * SIDE + column)?;
        let number = match cell.load(Ordering::Relaxed) {
            UNKNOWN => {
                let middle = LonLat {
                    lon: self.bbox.west + (column as f64 + 0.5) / self.per_degree[0],
                    lat: self.bbox.south + (row as f64 + 0.5) / self.per_degree[1],
                };
                let number = self.number(covering(middle), answer)?;
                cell.store(number, Ordering::Relaxed);
                number
            }
            number => number,
        };
        let index = number.checked_sub(FIRST)? as usize;
        self.answers.read().ok()?.all.get(index).cloned()
    }

    /// The number of the answer for what covers a cell.
    fn number(&self, covering: Vec<usize>, answer: impl FnOnce(&[usize]) -> T) -> Option<u32> {
        let mut answers = self.answers.write().ok()?;
        if let Some(number) = answers.by_covering.get(&covering) {
            return Some(*number);
        }
        let number = u32::try_from(answers.all.len()).ok()?.checked_add(FIRST)?;
        answers.all.push(Arc::new(answer(&covering)));
        answers.by_covering.insert(covering, number);
        Some(number)
    }
}
