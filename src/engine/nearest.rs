use super::columns::Columns;
use super::geodesic::distance_m;
use super::morton::Cell;
use super::search::rows_in_radius;
use super::select::Selection;
use crate::model::{LonLat, World};

/// The `count` selected rows nearest to the place, with geodesic metres; by distance, then id.
///
/// The rows beside the place in the order of the keys are near it: the farthest of the first `count` of them bounds the
/// search, and the circle of that radius holds the answer.
pub fn nearest(columns: &Columns, at: LonLat, count: usize, selection: &Selection<'_>) -> Vec<(usize, f64)> {
    let seeds = neighbours_in_key_order(columns, at, count, selection);
    let Some(radius_m) = seeds.iter().map(|row| distance_m(at, columns.at(*row))).reduce(f64::max) else {
        return Vec::new();
    };
    let rows = if seeds.len() < count { seeds } else { rows_in_radius(columns, at, radius_m) };
    let mut found: Vec<(usize, f64)> = rows
        .into_iter()
        .filter(|row| selection.takes(*row))
        .map(|row| (row, distance_m(at, columns.at(row))))
        .collect();
    found.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(columns.ids[a.0].cmp(&columns.ids[b.0])));
    found.truncate(count);
    found
}

/// Up to `count` selected rows, going out from the place's key to both sides in turn.
fn neighbours_in_key_order(columns: &Columns, at: LonLat, count: usize, selection: &Selection<'_>) -> Vec<usize> {
    let key = Cell::from_world(World::from_lon_lat(at)).key();
    let middle = columns.keys.partition_point(|row_key| *row_key < key);
    let mut before = (0..middle).rev().filter(|row| selection.takes(*row));
    let mut after = (middle..columns.len()).filter(|row| selection.takes(*row));
    let mut rows = Vec::with_capacity(count.min(columns.len()));
    while rows.len() < count {
        let (left, right) = (before.next(), after.next());
        if left.is_none() && right.is_none() {
            break;
        }
        rows.extend(left.into_iter().chain(right));
    }
    rows
}
