//! Rings that are none.

use geo::kernels::RobustKernel;
use geo::{Coord, Kernel, LineString, Orientation, Point};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::{finding, plane};
use crate::model::{Finding, FindingKind, Unit};

/// One finding for each ring of the unit that has a fault.
pub(super) fn ring_findings(unit: &Unit) -> Vec<Finding> {
    let rings = unit.geometry.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()));
    let faults = rings.filter_map(ring_fault);
    faults.map(|fault| finding(FindingKind::InvalidRing, unit, fault)).collect()
}

/// What is wrong with a ring, and where. Touching itself in a vertex is no fault: many published borders do.
fn ring_fault(ring: &LineString<f64>) -> Option<String> {
    let first = ring.points().next();
    let at = first.map_or_else(|| "nowhere".to_owned(), plane::place);
    if ring.0.iter().any(|at| !at.x.is_finite() || !at.y.is_finite()) {
        return Some(format!("the ring that begins at {at} has a coordinate that is not a number; mend it"));
    }
    let mut vertices = ring.0.clone();
    vertices.dedup();
    if vertices.len() < 4 {
        return Some(format!("the ring at {at} has fewer than three corners and covers nothing; remove or mend it"));
    }
    if !has_area(&vertices) {
        return Some(format!("the ring at {at} has no area; remove or mend it"));
    }
    let crossing = crossing(&vertices)?;
    Some(format!("the ring crosses or goes back along itself at {}; mend it", plane::place(crossing)))
}

/// Whether some corner is not on the line of the first edge.
fn has_area(vertices: &[Coord<f64>]) -> bool {
    let [a, b, rest @ ..] = vertices else { return false };
    rest.iter().any(|c| RobustKernel::orient2d(*a, *b, *c) != Orientation::Collinear)
}

/// The first place (in the ring's order) where two edges share more than a common end. O(n log n) for rings as they are drawn.
fn crossing(vertices: &[Coord<f64>]) -> Option<Point<f64>> {
    let edges = || vertices.iter().copied().zip(vertices.iter().copied().skip(1));
    let boxes = edges()
        .enumerate()
        .map(|(index, (a, b))| GeomWithData::new(Rectangle::from_corners([a.x, a.y], [b.x, b.y]), (index, a, b)));
    let tree = RTree::bulk_load(boxes.collect());
    edges().enumerate().find_map(|(index, (a, b))| {
        let around = AABB::from_corners([a.x, a.y], [b.x, b.y]);
        let later = tree.locate_in_envelope_intersecting(around).map(|found| found.data);
        later.filter(|(other, ..)| *other > index).find_map(|(_, c, d)| shared_place((a, b), (c, d)))
    })
}

/// A place that two edges share, other than an end of both.
fn shared_place((a, b): (Coord<f64>, Coord<f64>), (c, d): (Coord<f64>, Coord<f64>)) -> Option<Point<f64>> {
    let side = |from, to, at| RobustKernel::orient2d(from, to, at);
    // An end of one strictly inside the other: T-shaped, or edges on one line that overlap.
    let inside = |at: Coord<f64>, from: Coord<f64>, to: Coord<f64>| {
        let in_box = |value: f64, one: f64, other: f64| one.min(other) <= value && value <= one.max(other);
        at != from
            && at != to
            && in_box(at.x, from.x, to.x)
            && in_box(at.y, from.y, to.y)
            && side(from, to, at) == Orientation::Collinear
    };
    if let Some(at) =
        [(c, a, b), (d, a, b), (a, c, d), (b, c, d)].into_iter().find(|(at, from, to)| inside(*at, *from, *to))
    {
        return Some(at.0.into());
    }
    if (a, b) == (c, d) || (a, b) == (d, c) {
        return Some(a.into());
    }
    let opposite = |one, other| one != other && one != Orientation::Collinear && other != Orientation::Collinear;
    let crosses = opposite(side(a, b, c), side(a, b, d)) && opposite(side(c, d, a), side(c, d, b));
    crosses.then(|| {
        let (rx, ry, sx, sy) = (b.x - a.x, b.y - a.y, d.x - c.x, d.y - c.y);
        let along = ((c.x - a.x) * sy - (c.y - a.y) * sx) / (rx * sy - ry * sx);
        Point::new(a.x + along * rx, a.y + along * ry)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(ring: &[(f64, f64)]) -> Option<String> {
        ring_fault(&LineString::from(ring.to_vec()))
    }

    #[test]
    fn each_fault_of_a_ring_is_told_with_its_place() {
        for (ring, told) in [
            (&[][..], "fewer than three corners"),
            (&[(1.0, 1.0), (2.0, 1.0), (1.0, 1.0)], "fewer than three corners"),
            (&[(1.0, 1.0), (2.0, 1.0), (2.0, 1.0), (1.0, 1.0)], "fewer than three corners"),
            (&[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (1.0, 1.0)], "no area"),
            (&[(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)], "at 1.000000,1.000000"),
            (
                &[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (6.0, 6.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)],
                "at 4.000000,4.000000",
            ),
            (&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 0.0), (0.0, 4.0), (0.0, 0.0)], "at 2.000000,0.000000"),
            (&[(0.0, 0.0), (f64::NAN, 0.0), (4.0, 4.0), (0.0, 0.0)], "not a number"),
        ] {
            let found = fault(ring).unwrap_or_default();
            assert!(found.contains(told), "{ring:?}: {found}");
        }
    }

    #[test]
    fn a_ring_may_touch_itself_in_a_vertex_and_repeat_one() {
        let square = [(0.0, 0.0), (4.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)];
        let eight = [(0.0, 0.0), (2.0, 2.0), (4.0, 0.0), (4.0, 4.0), (2.0, 2.0), (0.0, 4.0), (0.0, 0.0)];
        assert_eq!((fault(&square), fault(&eight)), (None, None));
    }
}
