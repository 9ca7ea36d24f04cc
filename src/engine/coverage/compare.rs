//! Units held against those that are known already: names in each other's place, borders that are hardly the same.

use std::collections::HashMap;

use geo::{Area, BooleanOps, BoundingRect, MultiPolygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use unicode_normalization::UnicodeNormalization;

use super::{Surveyed, finding, guarded, name};
use crate::model::{Finding, FindingKind, Unit};

/// Below this likeness (shared area to area of both together) a border is doubtful, percent. Borders drawn or thinned apart are
/// alike to more than 60, small wards included.
const DOUBTFUL_PERCENT: f64 = 50.0;
/// A unit lies in the place of another when it shares this much of its area with it, percent.
const MISPLACED_PERCENT: f64 = 50.0;

/// Findings about units that are to be stored, held against stored ones of their level that are in force with them:
/// `misplaced_unit` where a unit lies where another name is known and its own name is known elsewhere,
/// `doubtful_unit` where it is hardly the area known under its name. Units of a name not known are not compared.
pub fn comparison_findings(units: &[Unit], known: &[Unit]) -> Vec<Finding> {
    let known: Vec<Surveyed<'_>> = known.iter().filter(|unit| !unit.schematic).map(of).collect();
    let boxes = known.iter().enumerate().filter_map(|(index, unit)| boxed(&unit.area, index));
    let tree = RTree::bulk_load(boxes.collect());
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, unit) in known.iter().enumerate() {
        by_name.entry(plain(unit.unit)).or_default().push(index);
    }
    for (index, unit) in known.iter().enumerate() {
        let likes = without_likes(&plain(unit.unit));
        if likes != plain(unit.unit) {
            by_name.entry(likes).or_default().push(index);
        }
    }
    let drawn = units.iter().filter(|unit| !unit.schematic).map(of);
    drawn.filter_map(|unit| compared(&unit, &known, &tree, &by_name)).collect()
}

type Tree = RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>;

fn of(unit: &Unit) -> Surveyed<'_> {
    // Invalid rings are told elsewhere; what cannot be computed with them shares nothing.
    Surveyed::new(unit, &[])
}

fn compared(
    unit: &Surveyed<'_>,
    known: &[Surveyed<'_>],
    tree: &Tree,
    by_name: &HashMap<String, Vec<usize>>,
) -> Option<Finding> {
    let is_comparable =
        |other: &&Surveyed<'_>| other.unit.level == unit.unit.level && other.unit.valid.meets(&unit.unit.valid);
    let alike = by_name.get(&plain(unit.unit)).or_else(|| by_name.get(&without_likes(&plain(unit.unit))))?;
    let namesakes = alike.iter().filter_map(|index| known.get(*index)).filter(is_comparable);
    let of_name = namesakes.map(|other| (other, likeness(&unit.area, &other.area)));
    let (namesake, alike) = of_name.max_by(|a, b| a.1.both.total_cmp(&b.1.both))?;
    if alike.both >= DOUBTFUL_PERCENT {
        return None;
    }
    let bounds = unit.area.bounding_rect()?;
    let around = AABB::from_corners([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
    let near =
        tree.locate_in_envelope_intersecting(around).filter_map(|found| known.get(found.data)).filter(is_comparable);
    let place = near.map(|other| (other, likeness(&unit.area, &other.area))).max_by(|a, b| a.1.own.total_cmp(&b.1.own));
    if let Some((other, share)) = place
        && share.own >= MISPLACED_PERCENT
        && alike.own < MISPLACED_PERCENT
        && plain(other.unit) != plain(unit.unit)
    {
        let message = format!(
            "{} lies to {:.0} % in {} ({}), and to {:.0} % in {} ({}); are the two exchanged?",
            called(unit.unit),
            share.own,
            name(other.unit),
            called(other.unit),
            alike.own,
            name(namesake.unit),
            called(namesake.unit)
        );
        return Some(finding(FindingKind::MisplacedUnit, unit.unit, message));
    }
    let message = format!(
        "{} is only to {:.0} % the area known as {} ({})",
        called(unit.unit),
        alike.both,
        name(namesake.unit),
        called(namesake.unit)
    );
    Some(finding(FindingKind::DoubtfulUnit, unit.unit, message))
}

/// What two areas share, percent.
struct Likeness {
    /// Of the first one.
    own: f64,
    /// Of both together.
    both: f64,
}

/// In square degrees: shares are the same in any plane as small as a commune.
fn likeness(one: &MultiPolygon<f64>, other: &MultiPolygon<f64>) -> Likeness {
    let nothing = Likeness { own: 0.0, both: 0.0 };
    if one == other {
        return Likeness { own: 100.0, both: 100.0 };
    }
    let (Some(a), Some(b)) = (one.bounding_rect(), other.bounding_rect()) else { return nothing };
    let apart = a.max().x < b.min().x || b.max().x < a.min().x || a.max().y < b.min().y || b.max().y < a.min().y;
    if apart {
        return nothing;
    }
    let Some(shared) = guarded(|| one.intersection(other).unsigned_area()) else { return nothing };
    let (own, both) = (one.unsigned_area(), one.unsigned_area() + other.unsigned_area() - shared);
    if own > 0.0 { Likeness { own: 100.0 * shared / own, both: 100.0 * shared / both } } else { nothing }
}

fn boxed(area: &MultiPolygon<f64>, index: usize) -> Option<GeomWithData<Rectangle<[f64; 2]>, usize>> {
    let bounds = area.bounding_rect()?;
    let (low, high) = (bounds.min(), bounds.max());
    Some(GeomWithData::new(Rectangle::from_corners([low.x, low.y], [high.x, high.y]), index))
}

/// The letter I and the digits that are taken for other letters: `la Dom` for `Ia Dom`.
fn without_likes(plain: &str) -> String {
    plain.replace(['l', '1'], "i").replace('0', "o")
}

/// With its kind where the source has it so.
fn called(unit: &Unit) -> &str {
    if unit.full_name.is_empty() { &unit.name } else { &unit.full_name }
}

/// A unit's name without its kind, case, marks and spaces: sources differ in all of them.
fn plain(unit: &Unit) -> String {
    let mut name = unit.name.to_lowercase();
    for kind in ["phường ", "thị trấn ", "thị xã ", "thành phố ", "huyện ", "quận ", "xã ", "tỉnh ", "đặc khu "]
    {
        if let Some(rest) = name.strip_prefix(kind) {
            name = rest.to_owned();
            break;
        }
    }
    name.replace('đ', "d").nfd().filter(char::is_ascii_alphanumeric).collect()
}
