//! A grid over all units: of most of its cells one answer is true, for no border runs through them.
//!
//! A cell that meets no segment's box lies as a whole inside or outside of each ring: a segment beside it, above, below or left,
//! says nothing of its points, and one to the right says the same as the exact winding number would, see `cover::Winding`. So what
//! covers one of its points covers them all, to the last bit. A cell is looked at when the first point asks for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

use crate::model::{Bbox, LonLat};

/// Cells on each side: 400 m of a large province. A grid takes 1 MiB.
const SIDE: usize = 512;
/// What a cell is looked at too widely, degrees: more than rounding moves a point over its edge, 0.1 mm.
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
    /// A grid over a box.
    pub(super) fn new(bbox: Bbox) -> Self {
        let per = |from: f64, to: f64| SIDE as f64 / (to - from).max(f64::MIN_POSITIVE);
        let cells = if bbox.is_empty() { 0 } else { SIDE * SIDE };
        Self {
            bbox,
            per_degree: [per(bbox.west, bbox.east), per(bbox.south, bbox.north)],
            known: (0..cells).map(|_| AtomicU32::new(UNKNOWN)).collect(),
            answers: RwLock::new(Answers { by_covering: HashMap::new(), all: Vec::new() }),
        }
    }

    /// The answer for a place; none where it must be asked for itself. `covering` says what covers a cell's middle if no border is
    /// within its box, and `answer` what follows from that.
    pub(super) fn answer(
        &self,
        at: LonLat,
        covering: impl FnOnce(&Bbox, LonLat) -> Option<Vec<usize>>,
        answer: impl FnOnce(&[usize]) -> T,
    ) -> Option<Arc<T>> {
        if !self.bbox.contains(at) {
            return None;
        }
        let axis = |value: f64, from: f64, per: f64| (((value - from) * per) as usize).min(SIDE - 1);
        let x = axis(at.lon, self.bbox.west, self.per_degree[0]);
        let y = axis(at.lat, self.bbox.south, self.per_degree[1]);
        let cell = self.known.get(y * SIDE + x)?;
        let number = match cell.load(Ordering::Relaxed) {
            UNKNOWN => {
                let (area, middle) = self.area(x, y);
                let number = match covering(&area, middle) {
                    None => MIXED,
                    Some(covering) => self.number(covering, answer)?,
                };
                cell.store(number, Ordering::Relaxed);
                number
            }
            number => number,
        };
        let index = number.checked_sub(FIRST)? as usize;
        self.answers.read().ok()?.all.get(index).cloned()
    }

    /// A cell's box, a margin around it, and its middle.
    fn area(&self, x: usize, y: usize) -> (Bbox, LonLat) {
        let lon = |x: f64| self.bbox.west + x / self.per_degree[0];
        let lat = |y: f64| self.bbox.south + y / self.per_degree[1];
        let (x, y) = (x as f64, y as f64);
        let area = Bbox {
            west: lon(x) - MARGIN,
            south: lat(y) - MARGIN,
            east: lon(x + 1.0) + MARGIN,
            north: lat(y + 1.0) + MARGIN,
        };
        (area, LonLat { lon: lon(x + 0.5), lat: lat(y + 0.5) })
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
