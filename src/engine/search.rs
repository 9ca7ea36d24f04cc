use super::columns::Columns;
use super::geodesic::{boxes_around, is_within};
use super::locate::PreparedArea;
use super::morton::Cell;
use super::slice::{CellBox, rows_of_box};
use crate::model::{Bbox, LonLat, World};

/// All rows inside the box of degrees, edges included, ascending.
pub fn rows_in_bbox(columns: &Columns, bbox: &Bbox) -> Vec<usize> {
    let cell = |lon: f64, lat: f64| Cell::from_world(World::from_lon_lat(LonLat { lon, lat }));
    // Degrees and cells round apart by less than one cell: take one more on each side, and let the degrees decide.
    let (north_west, south_east) = (cell(bbox.west, bbox.north), cell(bbox.east, bbox.south));
    let min = Cell { x: north_west.x.saturating_sub(1), y: north_west.y.saturating_sub(1) };
    let max = Cell { x: south_east.x.saturating_add(1), y: south_east.y.saturating_add(1) };
    let rows = rows_of_box(columns, CellBox { min, max }).into_iter().flatten();
    rows.filter(|row| bbox.contains(columns.at(*row))).collect()
}

/// All rows within a geodesic distance of a place, edge included.
pub fn rows_in_radius(columns: &Columns, at: LonLat, radius_m: f64) -> Vec<usize> {
    let mut rows: Vec<usize> = boxes_around(at, radius_m).iter().flat_map(|bbox| rows_in_bbox(columns, bbox)).collect();
    rows.retain(|row| is_within(at, columns.at(*row), radius_m));
    // At the antimeridian two boxes may share their edge.
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Comparisons of a point with an edge that one polygon may cost: about five seconds.
const MOST_STEPS: usize = 500_000_000;
/// Points by which the cost is judged.
const SAMPLE: usize = 256;

/// All rows inside a polygon, border included. None where the answer would cost too much: very many edges, each as high as the
/// polygon, over very many points. The cost is judged by a sample before the work begins.
pub fn rows_in_polygon(columns: &Columns, area: &PreparedArea) -> Option<Vec<usize>> {
    let mut rows = rows_in_bbox(columns, &area.bbox());
    let every = rows.len().div_ceil(SAMPLE).max(1);
    let steps: usize = rows.iter().step_by(every).map(|row| area.steps(columns.at(*row))).sum();
    if steps.saturating_mul(every) > MOST_STEPS {
        return None;
    }
    rows.retain(|row| area.covers(columns.at(*row)));
    Some(rows)
}
