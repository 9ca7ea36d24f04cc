//! What the units of a level leave open of a unit above them: a district missing at the province's edge encloses no hole.

use geo::{BooleanOps, MultiPolygon, Polygon};

use super::{Surveyed, guarded, plane};

/// A level that covers less than this share of a unit above was not meant to fill it.
const FILLED_SHARE: f64 = 0.5;
/// Outlines of two levels, drawn or thinned apart, leave slivers along each other: a piece is told from this size on, square
/// metres, …
const LEAST_PIECE_M2: f64 = 1_000_000.0;
/// … and from this mean width on, metres.
const LEAST_WIDTH_M: f64 = 500.0;

/// The large pieces of a unit that `covered`, the area of all units of a level below it, leaves open, with their square metres.
pub(super) fn remainders(upper: &Surveyed<'_>, covered: &MultiPolygon<f64>) -> Vec<(Polygon<f64>, f64)> {
    let Some(open) = guarded(|| upper.area.difference(covered)) else { return Vec::new() };
    let area_m2 = |area: &MultiPolygon<f64>| area.iter().map(plane::area_m2).sum::<f64>();
    if area_m2(&open) > area_m2(&upper.area) * (1.0 - FILLED_SHARE) {
        return Vec::new();
    }
    let sized = open.into_iter().map(|piece| {
        let area_m2 = plane::area_m2(&piece);
        (piece, area_m2)
    });
    sized.filter(|(piece, area_m2)| *area_m2 >= LEAST_PIECE_M2 && width_m(piece, *area_m2) >= LEAST_WIDTH_M).collect()
}

/// The width of a strip with the polygon's area and perimeter, metres.
fn width_m(piece: &Polygon<f64>, area_m2: f64) -> f64 {
    2.0 * area_m2 / plane::perimeter_m(piece)
}
