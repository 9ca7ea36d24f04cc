//! Units of one level that share area while both are in force.

use geo::{BooleanOps, BoundingRect, MultiPolygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::{LEAST_M2, Surveyed, finding, guarded, name, plane};
use crate::model::{Finding, FindingKind};

/// One finding for each pair of units that overlap, in the units' order, with the shared area and a place in its largest piece.
pub(super) fn overlap_findings(units: &[&Surveyed<'_>]) -> Vec<Finding> {
    let boxed = |(index, unit): (usize, &&Surveyed<'_>)| {
        let bounds = unit.area.bounding_rect()?;
        Some(GeomWithData::new(Rectangle::from_corners(corner(bounds.min()), corner(bounds.max())), index))
    };
    let tree = RTree::bulk_load(units.iter().enumerate().filter_map(boxed).collect());
    let mut findings = Vec::new();
    for (index, one) in units.iter().enumerate() {
        let Some(bounds) = one.area.bounding_rect() else { continue };
        let around = AABB::from_corners(corner(bounds.min()), corner(bounds.max()));
        let mut others: Vec<usize> = tree.locate_in_envelope_intersecting(around).map(|found| found.data).collect();
        others.retain(|other| *other > index);
        others.sort_unstable();
        for other in others.into_iter().filter_map(|other| units.get(other)) {
            if one.unit.valid.meets(&other.unit.valid) {
                findings.extend(pair_finding(one, other));
            }
        }
    }
    findings
}

fn corner(at: geo::Coord<f64>) -> [f64; 2] {
    [at.x, at.y]
}

fn pair_finding(one: &Surveyed<'_>, other: &Surveyed<'_>) -> Option<Finding> {
    let Some(shared) = guarded(|| one.area.intersection(&other.area)) else {
        let message = format!("cannot be compared with {}: mend the rings of both", name(other.unit));
        return Some(finding(FindingKind::Overlap, one.unit, message));
    };
    let shared_m2: f64 = shared.iter().map(plane::area_m2).sum();
    let largest = largest(&shared)?;
    if shared_m2 < LEAST_M2 {
        return None;
    }
    let message = format!(
        "shares {} with {}, around {}; stored as it is, the lower code wins there",
        plane::area_text(shared_m2),
        name(other.unit),
        plane::place_in(largest)
    );
    Some(finding(FindingKind::Overlap, one.unit, message))
}

fn largest(area: &MultiPolygon<f64>) -> Option<&geo::Polygon<f64>> {
    area.iter().max_by(|one, other| plane::area_m2(one).total_cmp(&plane::area_m2(other)))
}
