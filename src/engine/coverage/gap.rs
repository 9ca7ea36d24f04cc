//! Holes that units of one level enclose without filling them.

use std::collections::BTreeSet;

use geo::{BoundingRect, Contains, LineString, MultiPolygon, Point, Polygon, unary_union};

use super::remainder::remainders;
use super::{LEAST_M2, Surveyed, finding, guarded, name, plane};
use crate::model::{Day, Finding, FindingKind};

/// One finding for each gap on each date on which units of the level begin, a gap that stays from one date to another only once.
/// It is told at the first unit that borders on it. `above` are the units of the levels above: what most of one is covered by
/// but not all ([`super::remainder`]) is a gap too, though it opens to the outside.
pub(super) fn gap_findings(units: &[&Surveyed<'_>], above: &[&Surveyed<'_>]) -> Vec<Finding> {
    let days: BTreeSet<Day> = units.iter().map(|unit| unit.unit.valid.from.unwrap_or(Day(i32::MIN))).collect();
    let mut told: Vec<Polygon<f64>> = Vec::new();
    let mut findings = Vec::new();
    for day in days {
        let valid = |unit: &&Surveyed<'_>| unit.unit.valid.contains(day);
        let sheet: Vec<&Surveyed<'_>> = units.iter().copied().filter(valid).collect();
        let Some(union) = guarded(|| unary_union(sheet.iter().map(|unit| &unit.area))) else {
            if let Some(first) = sheet.first() {
                let message =
                    "gaps between this unit and the others of its date cannot be found: mend invalid rings".to_owned();
                findings.push(finding(FindingKind::Gap, first.unit, message));
            }
            continue;
        };
        let remainders = above.iter().copied().filter(valid).flat_map(|upper| remainders(upper, &union));
        for (gap, area_m2) in gaps(&union).into_iter().chain(remainders) {
            if area_m2 >= LEAST_M2 && !told.iter().any(|told| is_same(told, &gap)) {
                findings.extend(gap_finding(&sheet, &gap, area_m2));
                told.push(gap);
            }
        }
    }
    findings
}

/// Whether two gaps have the same box, to a tenth of a metre.
fn is_same(one: &Polygon<f64>, other: &Polygon<f64>) -> bool {
    let near = |a: geo::Coord<f64>, b: geo::Coord<f64>| (a.x - b.x).abs() < 1e-6 && (a.y - b.y).abs() < 1e-6;
    let boxes = (one.bounding_rect(), other.bounding_rect());
    matches!(boxes, (Some(one), Some(other)) if near(one.min(), other.min()) && near(one.max(), other.max()))
}

/// The bounded holes of an area, each with its size in square metres: what lies in a hole (an island) is no part of it.
fn gaps(area: &MultiPolygon<f64>) -> Vec<(Polygon<f64>, f64)> {
    let holes = area.iter().flat_map(Polygon::interiors);
    holes
        .map(|hole| {
            let gap = Polygon::new(hole.clone(), islands(area, hole));
            let area_m2 = plane::area_m2(&gap);
            (gap, area_m2)
        })
        .collect()
}

/// The exteriors inside a hole.
fn islands(area: &MultiPolygon<f64>, hole: &LineString<f64>) -> Vec<LineString<f64>> {
    let hole = Polygon::new(hole.clone(), Vec::new());
    let Some(bounds) = hole.bounding_rect() else { return Vec::new() };
    let inside = |exterior: &&LineString<f64>| {
        let Some(start) = exterior.points().next() else { return false };
        bounds.contains(&start) && hole.contains(&start)
    };
    area.iter().map(Polygon::exterior).filter(inside).cloned().collect()
}

fn gap_finding(sheet: &[&Surveyed<'_>], gap: &Polygon<f64>, area_m2: f64) -> Option<Finding> {
    let around = neighbours(sheet, gap);
    let first = around.first().copied().or_else(|| sheet.first().copied())?;
    let others: Vec<String> = around.iter().skip(1).map(|unit| name(unit.unit)).collect();
    let between = if others.is_empty() { String::new() } else { format!(" between it and {}", others.join(", ")) };
    let message = format!(
        "leaves a gap of {} around {}{between}; no unit of its level covers it",
        plane::area_text(area_m2),
        plane::place_in(gap)
    );
    Some(finding(FindingKind::Gap, first.unit, message))
}

/// The units that a gap's corners lie on, five at most.
fn neighbours<'a, 'u>(sheet: &[&'a Surveyed<'u>], gap: &Polygon<f64>) -> Vec<&'a Surveyed<'u>> {
    let Some(bounds) = gap.bounding_rect() else { return Vec::new() };
    let touches = |unit: &&&'a Surveyed<'u>| {
        let Some(own) = unit.area.bounding_rect() else { return false };
        let meets = own.min().x <= bounds.max().x
            && own.max().x >= bounds.min().x
            && own.min().y <= bounds.max().y
            && own.max().y >= bounds.min().y;
        meets && unit.area.iter().flat_map(|part| part.exterior().points()).any(|at| is_corner(gap, at))
    };
    sheet.iter().filter(touches).take(5).copied().collect()
}

/// Whether a vertex is a corner of the gap, whose corners were moved to the overlay's grid.
fn is_corner(gap: &Polygon<f64>, at: Point<f64>) -> bool {
    gap.exterior().points().any(|corner| (corner.x() - at.x()).abs() < 1e-8 && (corner.y() - at.y()).abs() < 1e-8)
}
