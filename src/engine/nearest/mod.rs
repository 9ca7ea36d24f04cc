//! The nearest features: the cells of the quadtree that may hold them, nearest first, until no other can.

mod cell;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use foldhash::HashMap;

use super::columns::{BLOCK, block_of, mask};
use super::geodesic::{Around, boxes_around, distance_m};
use super::morton::Cell;
use super::parts::Row;
use super::select::{PartSelection, Selected};
use super::slice::{rows_of_box, rows_over_box};
use super::within::cells_of;
use crate::model::{LonLat, World};
use cell::Quarters;

/// Up to this many rows a cell is not divided, for to look at all of them costs less: where the plane judges them, and where not.
const NEAR_LEAF_ROWS: usize = 128;
const FAR_LEAF_ROWS: usize = 32;
/// Where it does, metres.
const NEAR_M: f64 = 10_000.0;
/// After so many cells of which no row is asked for, what is within reach is looked through in the order of the keys.
const MOST_IN_VAIN: usize = 32;
/// If more rows than these are asked for there, all are decided at once: then it is known which cells are empty.
const FEW_ROWS: usize = 1_024;

/// The `count` selected rows nearest to the place, with geodesic metres; by distance, then id.
pub fn nearest(selected: &Selected<'_>, at: LonLat, count: usize) -> Vec<(Row, f64)> {
    nearest_with_effort(selected, at, count).0
}

/// What a search took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// Cells whose distance was judged.
    pub cells: usize,
    /// Rows whose distance was judged.
    pub rows: usize,
    /// Places that were measured on the ellipsoid.
    pub measured: usize,
}

/// The same with what it took: it grows with the count, and hardly with the layer or the distance.
pub fn nearest_with_effort(selected: &Selected<'_>, at: LonLat, count: usize) -> (Vec<(Row, f64)>, Effort) {
    if count == 0 {
        return (Vec::new(), Effort::default());
    }
    let mut search = Search::new(selected, at, count);
    search.begin();
    if search.goes_through() {
        return search.found();
    }
    if let Some(few) = search.few_within_reach() {
        search.start_with(few);
        search.goes_through();
        return search.found();
    }
    let (effort, decided) = (search.effort, selected.in_words());
    let mut search = Search { is_decided: true, effort, ..Search::new(&decided, at, count) };
    search.begin();
    search.goes_through();
    search.found()
}

/// What is to be looked at: nearest first where it may be by the bits of its least metres, which are in their order.
type Ahead = Reverse<(u64, Next)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// Rows of one place follow one another, and so are measured once.
    Row(Row),
    /// Rows of a part: the first, and the first behind them.
    Cell(u32, u32, u32),
}

/// A search that goes on from cell to cell (Hjaltason and Samet 1999).
struct Search<'a> {
    selected: &'a Selected<'a>,
    selections: Vec<&'a PartSelection<'a>>,
    around: Around,
    at: LonLat,
    count: usize,
    /// Whether it is known which rows are asked for: it costs little to ask whether a cell is empty.
    is_decided: bool,
    ahead: BinaryHeap<Ahead>,
    /// The nearest so far by distance and id, the last of them on top.
    best: BinaryHeap<(u64, u64, Row)>,
    /// Nothing farther is wanted.
    reach: u64,
    /// What was measured last.
    last: Option<(LonLat, u64)>,
    /// Cells of which no row is asked for.
    in_vain: usize,
    effort: Effort,
}

impl<'a> Search<'a> {
    fn new(selected: &'a Selected<'a>, at: LonLat, count: usize) -> Self {
        Self {
            selected,
            selections: selected.iter().map(|(_, selection)| selection).collect(),
            around: Around::new(at),
            at,
            count,
            is_decided: false,
            ahead: BinaryHeap::new(),
            best: BinaryHeap::new(),
            reach: f64::INFINITY.to_bits(),
            last: None,
            in_vain: 0,
            effort: Effort::default(),
        }
    }

    /// Puts the cells ahead that hold all that is within a first reach: that of the rows beside the place in the order of the keys.
    fn begin(&mut self) {
        let (beside, are_all) = self.rows_beside();
        if are_all {
            return self.start_with(beside);
        }
        if let Some(last) = self.count.checked_sub(1).filter(|last| *last < beside.len()) {
            let parts = self.selected.parts();
            let mut most_m: Vec<f64> = beside.iter().map(|row| self.around.bounds_m(parts.at(*row)).1).collect();
            self.reach = bits(*most_m.select_nth_unstable_by(last, f64::total_cmp).1);
        }
        let boxes = boxes_around(self.at, f64::from_bits(self.reach));
        for (part, selection) in (0..).zip(self.selections.clone()) {
            let columns = selection.columns();
            match boxes.as_slice() {
                [bbox] => rows_over_box(columns, cells_of(bbox)).for_each(|rows| self.add_cell(part, rows)),
                // Two at the antimeridian: what is over one may be over the other as well.
                _ => self.add_cell(part, 0..columns.len()),
            }
        }
    }

    /// Looks at these rows and no others.
    fn start_with(&mut self, rows: Vec<Row>) {
        self.ahead.clear();
        self.best.clear();
        self.is_decided = true;
        self.look_at(rows.into_iter());
    }

    /// The selected rows in the boxes of what is within reach, unless they are many.
    fn few_within_reach(&self) -> Option<Vec<Row>> {
        let mut few = Vec::new();
        for bbox in boxes_around(self.at, f64::from_bits(self.reach)) {
            for (part, selection) in (0..).zip(&self.selections) {
                for range in rows_of_box(selection.columns(), cells_of(&bbox)) {
                    let rows = selection.rows(range).map(|row| Row { part, row: row as u32 });
                    few.extend(rows.take(FEW_ROWS + 1 - few.len()));
                    if few.len() > FEW_ROWS {
                        return None;
                    }
                }
            }
        }
        // At the antimeridian two boxes may share their edge.
        few.sort_unstable();
        few.dedup();
        Some(few)
    }

    /// Up to `count` selected rows of each part on both sides of the place's key, and whether there are no others.
    fn rows_beside(&self) -> (Vec<Row>, bool) {
        let key = Cell::from_world(World::from_lon_lat(self.at)).key();
        let (mut rows, mut are_all) = (Vec::new(), true);
        for (part, selection) in (0..).zip(&self.selections) {
            let (middle, end) = (selection.columns().first_row_from(key), selection.columns().len());
            let row = |row: usize| Row { part, row: row as u32 };
            let start = rows.len();
            rows.extend(selection.rows_down(0..middle).map(row).take(self.count));
            let half = rows.len();
            rows.extend(selection.rows(middle..end).map(row).take(self.count));
            are_all &= (half - start).max(rows.len() - half) < self.count;
        }
        (rows, are_all)
    }

    /// Looks at what is nearest, until nothing ahead can be nearer than what was found. False where it gave up.
    fn goes_through(&mut self) -> bool {
        while let Some(Reverse((least, next))) = self.ahead.pop() {
            if least > self.reach || self.selected.is_cancelled() {
                break;
            }
            match next {
                Next::Row(row) => self.measure(row),
                Next::Cell(part, from, to) => self.open(f64::from_bits(least), part, from as usize..to as usize),
            }
            if self.in_vain > MOST_IN_VAIN && !self.is_decided {
                return false;
            }
        }
        true
    }

    fn open(&mut self, least_m: f64, part: u32, rows: Range<usize>) {
        let selection = self.selections[part as usize];
        if rows.len() <= if least_m < NEAR_M { NEAR_LEAF_ROWS } else { FAR_LEAF_ROWS } {
            return self.look_at(selection.rows(rows).map(|row| Row { part, row: row as u32 }));
        }
        let columns = selection.columns();
        let cell = Quarters::of_rows(&columns.keys, &rows);
        if cell.is_one_key() {
            return self.look_at_crowd(part, rows);
        }
        let mut from = rows.start;
        for key in cell.inner_keys() {
            let to = columns.next_row_from(from, key).min(rows.end);
            self.add_cell(part, from..to);
            from = to;
        }
        self.add_cell(part, from..rows.end);
    }

    fn add_cell(&mut self, part: u32, rows: Range<usize>) {
        let selection = self.selections[part as usize];
        if rows.is_empty() || self.is_decided && selection.rows(rows.clone()).next().is_none() {
            return;
        }
        self.effort.cells += 1;
        let least = bits(Quarters::of_rows(&selection.columns().keys, &rows).least_m(&self.around));
        if least <= self.reach {
            self.ahead.push(Reverse((least, Next::Cell(part, rows.start as u32, rows.end as u32))));
        }
    }

    /// Looks at rows: one after the other at the same place is judged once.
    fn look_at(&mut self, rows: impl Iterator<Item = Row>) {
        let parts = self.selected.parts();
        let mut before = None;
        for row in rows {
            let at = parts.at(row);
            let least = match before {
                Some((same, least)) if same == at => least,
                _ => {
                    self.effort.rows += 1;
                    bits(self.around.bounds_m(at).0)
                }
            };
            before = Some((at, least));
            if least <= self.reach {
                self.ahead.push(Reverse((least, Next::Row(row))));
            }
        }
        self.in_vain += usize::from(before.is_none());
    }

    /// Looks at rows of one key, which are in the order of their ids: of each place no more are wanted than are asked for. Mostly all
    /// of them are one place, and blocks of it are left out as they are.
    fn look_at_crowd(&mut self, part: u32, rows: Range<usize>) {
        let (selection, count) = (self.selections[part as usize], self.count);
        let columns = selection.columns();
        let mut seen: HashMap<[u64; 2], usize> = HashMap::default();
        let mut enough = None;
        let is_all_at = |block: usize, at: LonLat| {
            let is_all =
                |values, value| mask(values, |other: f64| other == value).count_ones() as usize == values.len();
            is_all(block_of(&columns.lons, block), at.lon) && is_all(block_of(&columns.lats, block), at.lat)
        };
        let mut wanted = Vec::new();
        for block in rows.start / BLOCK..rows.end.div_ceil(BLOCK) {
            if enough.is_some_and(|at| is_all_at(block, at)) {
                continue;
            }
            for row in selection.rows(rows.start.max(block * BLOCK)..rows.end.min((block + 1) * BLOCK)) {
                let at = columns.at(row);
                let seen = seen.entry([at.lon.to_bits(), at.lat.to_bits()]).or_default();
                *seen += 1;
                if *seen <= count {
                    wanted.push(Row { part, row: row as u32 });
                }
                if *seen >= count {
                    enough = Some(at);
                }
            }
        }
        self.look_at(wanted.into_iter());
    }

    fn measure(&mut self, row: Row) {
        let (at, id) = (self.selected.parts().at(row), self.selected.parts().id(row));
        let metres = match self.last {
            Some((same, metres)) if same == at => metres,
            _ => {
                self.effort.measured += 1;
                bits(distance_m(self.at, at))
            }
        };
        self.last = Some((at, metres));
        if self.best.len() == self.count {
            if self.best.peek().is_some_and(|(last, last_id, _)| (metres, id) > (*last, *last_id)) {
                return;
            }
            self.best.pop();
        }
        self.best.push((metres, id, row));
        if self.best.len() == self.count {
            self.reach = self.best.peek().map_or(self.reach, |(last, ..)| self.reach.min(*last));
        }
    }

    fn found(self) -> (Vec<(Row, f64)>, Effort) {
        let best = self.best.into_sorted_vec().into_iter();
        (best.map(|(metres, _, row)| (row, f64::from_bits(metres))).collect(), self.effort)
    }
}

/// Metres as bits, which are in their order: they are not negative, for nothing is nearer than the place itself.
fn bits(metres: f64) -> u64 {
    // Two zeros have other bits than one another.
    (metres.max(0.0) + 0.0).to_bits()
}
