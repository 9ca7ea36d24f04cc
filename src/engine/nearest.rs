//! The nearest features: the keys beside a place give a first reach, the ellipsoid decides.

use super::geodesic::{Around, boxes_around, distance_m};
use super::morton::Cell;
use super::parts::{Parts, Row};
use super::select::Selected;
use super::within::rows_in_boxes;
use crate::model::{LonLat, World};

/// The `count` selected rows nearest to the place, with geodesic metres; by distance, then id.
///
/// The rows beside the place in the order of the keys are near it: what the `count`th nearest of them is away at most bounds the
/// search. Of the rows within that reach only those that may be among the nearest are measured on the ellipsoid.
pub fn nearest(selected: &Selected<'_>, at: LonLat, count: usize) -> Vec<(Row, f64)> {
    let (parts, around) = (selected.parts(), Around::new(at));
    let mut found = neighbours_in_key_order(selected, at, count);
    if count == 0 || found.is_empty() {
        return Vec::new();
    }
    if let Some(reach_m) = reach_m(parts, &around, &found, count) {
        found = rows_in_boxes(selected, &boxes_around(at, reach_m));
        if let Some(reach_m) = self::reach_m(parts, &around, &found, count) {
            found.retain(|row| around.bounds_m(parts.at(*row)).0 <= reach_m);
        }
    }
    let mut found: Vec<(Row, f64)> = found.into_iter().map(|row| (row, distance_m(at, parts.at(row)))).collect();
    found.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then_with(|| parts.id(a.0).cmp(&parts.id(b.0))));
    found.truncate(count);
    found
}

/// Metres within which at least `count` of the rows are; none where there are not so many.
fn reach_m(parts: &Parts, around: &Around, rows: &[Row], count: usize) -> Option<f64> {
    if rows.len() < count {
        return None;
    }
    let mut most_m: Vec<f64> = rows.iter().map(|row| around.bounds_m(parts.at(*row)).1).collect();
    let (_, reach_m, _) = most_m.select_nth_unstable_by(count - 1, f64::total_cmp);
    Some(*reach_m)
}

/// Up to `count` selected rows of each part on both sides of the place's key: all there are, or at least `count`.
fn neighbours_in_key_order(selected: &Selected<'_>, at: LonLat, count: usize) -> Vec<Row> {
    let key = Cell::from_world(World::from_lon_lat(at)).key();
    let mut rows = Vec::new();
    for (part, selection) in selected.iter() {
        let columns = selection.columns();
        let middle = columns.first_row_from(key);
        let before = selection.rows_down(0..middle).take(count);
        let after = selection.rows(middle..columns.len()).take(count);
        rows.extend(before.chain(after).map(|row| Row { part, row: row as u32 }));
    }
    rows
}
