//! Rows in a box, a circle, a corridor, a polygon, a unit: the answers of `/query/within`.

use super::as_of::{Answers, Holding};
use super::columns::{BLOCK, Bits, mask};
use super::corridor::Corridor;
use super::geodesic::{Circle, boxes_around};
use super::locate::PreparedArea;
use super::morton::Cell;
use super::parts::{Parts, Row};
use super::select::Selected;
use super::slice::{CellBox, rows_of_box};
use crate::model::{Bbox, LonLat, World};

/// The selected rows inside the box of degrees, edges included; ascending in each part.
pub fn rows_in_bbox(selected: &Selected<'_>, bbox: &Bbox) -> Vec<Row> {
    rows_in(selected, bbox, |_| true)
}

/// The selected rows inside any of some boxes, each row once.
pub fn rows_in_boxes(selected: &Selected<'_>, boxes: &[Bbox]) -> Vec<Row> {
    let mut rows: Vec<Row> = boxes.iter().flat_map(|bbox| rows_in_bbox(selected, bbox)).collect();
    if boxes.len() > 1 {
        rows.sort_unstable();
        rows.dedup();
    }
    rows
}

/// The selected rows within a geodesic distance of a place, edge included.
pub fn rows_in_radius(selected: &Selected<'_>, at: LonLat, radius_m: f64) -> Vec<Row> {
    let (boxes, circle) = (boxes_around(at, radius_m), Circle::new(at, radius_m));
    let mut rows: Vec<Row> = Vec::new();
    for bbox in &boxes {
        rows.extend(rows_in(selected, bbox, |place| circle.contains(place)));
    }
    if boxes.len() > 1 {
        // At the antimeridian two boxes may share their edge.
        rows.sort_unstable();
        rows.dedup();
    }
    rows
}

/// The selected rows within the corridor of a line, edge included; none where the answer would cost too much, which is known
/// before the work begins.
pub fn rows_in_corridor(selected: &Selected<'_>, corridor: &Corridor) -> Option<Vec<Row>> {
    if steps_of_corridor(selected.parts(), corridor) > MOST_STEPS {
        return None;
    }
    let mut rows = Vec::new();
    for (boxes, stretch) in corridor.stretches() {
        for bbox in &boxes {
            if selected.is_cancelled() {
                return Some(rows);
            }
            rows.extend(rows_in(selected, bbox, |place| corridor.contains(stretch, place)));
        }
    }
    // Stretches overlap.
    rows.sort_unstable();
    rows.dedup();
    Some(rows)
}

/// How many features are compared with edges of the line: tens of nanoseconds each.
fn steps_of_corridor(parts: &Parts, corridor: &Corridor) -> usize {
    corridor.stretches().map(|(boxes, stretch)| rows_to_look_at(parts, &boxes) * corridor.edges_of(stretch)).sum()
}

fn rows_in(selected: &Selected<'_>, bbox: &Bbox, takes: impl Fn(LonLat) -> bool) -> Vec<Row> {
    let mut found = Vec::new();
    for (part, selection) in selected.iter() {
        let columns = selection.columns();
        for range in rows_of_box(columns, cells_of(bbox)) {
            let rows = selection.rows(range).filter(|row| {
                let at = columns.at(*row);
                bbox.contains(at) && takes(at)
            });
            found.extend(rows.map(|row| Row { part, row: row as u32 }));
        }
    }
    found
}

/// The cells that the box may touch. Degrees and cells round apart by less than one cell: one more on each side is taken, and
/// the degrees decide.
pub(super) fn cells_of(bbox: &Bbox) -> CellBox {
    let cell = |lon: f64, lat: f64| Cell::from_world(World::from_lon_lat(LonLat { lon, lat }));
    let (north_west, south_east) = (cell(bbox.west, bbox.north), cell(bbox.east, bbox.south));
    let min = Cell { x: north_west.x.saturating_sub(1), y: north_west.y.saturating_sub(1) };
    let max = Cell { x: south_east.x.saturating_add(1), y: south_east.y.saturating_add(1) };
    CellBox { min, max }
}

/// How many rows a search in these boxes will look at: what it costs, told in microseconds.
pub fn rows_to_look_at(parts: &Parts, boxes: &[Bbox]) -> usize {
    let ranges = |bbox: &Bbox| {
        let area = cells_of(bbox);
        parts.iter().flat_map(|part| rows_of_box(&part.columns, area)).map(|range| range.len()).sum::<usize>()
    };
    boxes.iter().map(ranges).sum()
}

/// Comparisons of a point with an edge that one polygon may cost: about five seconds.
const MOST_STEPS: usize = 500_000_000;
/// Points by which the cost is judged.
const SAMPLE: usize = 256;

/// The selected rows inside a polygon, border included. None where the answer would cost too much: very many edges, each as
/// high as the polygon, over very many points. The cost is judged by a sample before the work begins.
pub fn rows_in_polygon(selected: &Selected<'_>, area: &PreparedArea) -> Option<Vec<Row>> {
    let parts = selected.parts();
    let mut rows = rows_in_bbox(selected, &area.bbox());
    let every = rows.len().div_ceil(SAMPLE).max(1);
    let steps: usize = rows.iter().step_by(every).map(|row| area.steps(parts.at(*row))).sum();
    if steps.saturating_mul(every) > MOST_STEPS {
        return None;
    }
    rows.retain(|row| !selected.is_cancelled() && area.covers(parts.at(*row)));
    Some(rows)
}

/// The selected rows whose answer of the join is picked: the answers of a block are looked at together, and only where one is
/// picked is asked whether the row is selected.
pub fn rows_held(selected: &Selected<'_>, answers: &Answers, picks: impl Fn(Holding) -> bool) -> Vec<Row> {
    let picked: Vec<bool> = answers.table().iter().map(|holding| picks(*holding)).collect();
    let mut rows = Vec::new();
    let mut indexes = [0_u32; BLOCK];
    for (part, selection) in selected.iter() {
        let columns = selection.columns();
        for (block, block_rows) in columns.blocks() {
            let (first, indexes) = (block_rows.start, &mut indexes[..block_rows.len()]);
            answers.indexes(columns, first, indexes);
            let held = mask(indexes, |index| picked.get(index as usize).copied().unwrap_or(false));
            let word = if held == 0 { 0 } else { held & selection.word(block) };
            rows.extend(Bits(word).map(|bit| Row { part, row: (first + bit) as u32 }));
        }
    }
    rows
}
