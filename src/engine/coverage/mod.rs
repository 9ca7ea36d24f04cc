//! Findings about unit polygons before they are stored: rings that are none, units that share area, holes between units.
//!
//! Units are compared with those of their own level that are in force with them. Nothing is mended: units are stored and asked
//! as they are published. For each unit its `ring`s, for each pair its `overlap`, for each date the `gap`s of the level.

mod compare;
mod gap;
mod overlap;
mod plane;
mod remainder;
mod ring;

#[cfg(test)]
mod tests;

pub use compare::comparison_findings;

use std::panic::{AssertUnwindSafe, catch_unwind};

use geo::{BooleanOps, MultiPolygon, Orient, orient::Direction};

use crate::model::{Finding, FindingKind, Level, Unit};

/// What is smaller is the noise of the computation, square metres: shared borders are compared on a grid of a tenth of a
/// millimetre, and a border is some hundred metres long between vertices.
const LEAST_M2: f64 = 0.05;

/// Names the faults of a set of units: `invalid_ring` for each faulty ring, `overlap` for each pair of units of one level that
/// share area at some time, `gap` for each hole enclosed by units of one level on a date on which units of it begin, and for
/// each large part of a unit above that the level, covering most of it, leaves open. In that order; areas are square metres on
/// the WGS 84 ellipsoid. A ring left open cannot be told here: polygons in memory are closed.
pub fn coverage_findings(units: &[Unit]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut surveyed = Vec::with_capacity(units.len());
    for unit in units {
        let faults = ring::ring_findings(unit);
        surveyed.push(Surveyed::new(unit, &faults));
        findings.extend(faults);
    }
    for level in Level::ALL {
        let of_level: Vec<&Surveyed<'_>> = surveyed.iter().filter(|unit| unit.unit.level == level).collect();
        findings.extend(overlap::overlap_findings(&of_level));
        let above: Vec<&Surveyed<'_>> = surveyed.iter().filter(|unit| unit.unit.level < level).collect();
        findings.extend(gap::gap_findings(&of_level, &above));
    }
    findings
}

/// A unit with its polygons in the form that can be computed with: degrees, crossings dissolved, exteriors anticlockwise.
struct Surveyed<'a> {
    unit: &'a Unit,
    area: MultiPolygon<f64>,
}

impl<'a> Surveyed<'a> {
    /// The unit, with the faults of its rings.
    fn new(unit: &'a Unit, faults: &[Finding]) -> Self {
        let finite = |ring: &geo::LineString<f64>| ring.0.iter().all(|at| at.x.is_finite() && at.y.is_finite());
        let whole = |part: &&geo::Polygon<f64>| finite(part.exterior()) && part.interiors().iter().all(finite);
        let area = MultiPolygon(unit.geometry.iter().filter(whole).cloned().collect());
        let nothing = MultiPolygon(Vec::new());
        let area = if faults.is_empty() { area } else { guarded(|| area.union(&nothing)).unwrap_or(nothing) };
        Self { unit, area: area.orient(Direction::Default) }
    }
}

/// Runs a computation of `geo`'s polygon overlay. It has panicked on rare shapes (georust/geo issues 867, 1053, 1174): `None`
/// then, for a fault in one unit must not stop the survey of all others.
fn guarded<T>(compute: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(compute)).ok()
}

/// How findings name a unit.
fn name(unit: &Unit) -> String {
    let since = unit.valid.from.map_or_else(String::new, |day| format!(" since {day}"));
    let until = unit.valid.to.map_or_else(String::new, |day| format!(" before {day}"));
    format!("{} {}{since}{until}", unit.level.name(), unit.code)
}

fn finding(kind: FindingKind, unit: &Unit, message: String) -> Finding {
    Finding::new(kind, name(unit), message)
}
