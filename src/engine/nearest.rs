use super::geodesic::distance_m;
use super::morton::Cell;
use super::parts::Row;
use super::search::rows_in_radius;
use super::select::Selected;
use crate::model::{LonLat, World};

/// The `count` selected rows nearest to the place, with geodesic metres; by distance, then id.
///
/// The rows beside the place in the order of the keys are near it: the distance of the `count`th nearest of them bounds the
/// search, and the circle of that radius holds the answer.
pub fn nearest(selected: &Selected<'_>, at: LonLat, count: usize) -> Vec<(Row, f64)> {
    let parts = selected.parts();
    let measured = |row: Row| (row, distance_m(at, parts.at(row)));
    let mut found: Vec<(Row, f64)> = neighbours_in_key_order(selected, at, count).into_iter().map(measured).collect();
    if count == 0 || found.is_empty() {
        return Vec::new();
    }
    if found.len() >= count {
        let (_, (_, radius_m), _) = found.select_nth_unstable_by(count - 1, |a, b| a.1.total_cmp(&b.1));
        found = rows_in_radius(selected, at, *radius_m).into_iter().map(measured).collect();
    }
    found.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then_with(|| parts.id(a.0).cmp(&parts.id(b.0))));
    found.truncate(count);
    found
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
