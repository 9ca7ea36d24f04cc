//! What is wrong with a set of units as a whole. Units are stored as they are all the same.

use std::collections::{HashMap, HashSet};

use crate::engine::coverage::coverage_findings;
use crate::model::{Day, Finding, FindingKind, Unit, UnitChange};
use crate::store::UnitTable;

/// Findings about units and changes that are to be stored, seen together with what the store has already: parents that are
/// not known for all of a unit's days, and changes that name a unit not known on the day.
pub fn check_units(units: &[Unit], changes: &[UnitChange], stored: &UnitTable) -> Vec<Finding> {
    let known = Known::new(units, stored);
    let mut findings: Vec<Finding> = units.iter().filter_map(|unit| known.parent_finding(unit)).collect();
    findings.extend(changes.iter().flat_map(|change| known.change_findings(change)));
    findings
}

/// Findings about the polygons of units that are to be stored (invalid rings, overlaps, gaps), seen together with the stored
/// units that are in force with them. What is wrong among the stored ones alone is not told again.
///
/// Schematic units are drawn to be recognised, not surveyed: what they share or leave open is how they were drawn and nothing
/// that anybody could mend, so it is no finding. A ring that crosses itself is one even in a drawing.
pub fn survey_units(units: &[Unit], stored: &UnitTable) -> Vec<Finding> {
    let identity = |unit: &Unit| (unit.level, unit.code.clone(), unit.valid.from);
    let replaced: HashSet<_> = units.iter().map(identity).collect();
    let meets = |known: &&Unit| units.iter().any(|unit| known.level <= unit.level && known.valid.meets(&unit.valid));
    let beside: Vec<Unit> =
        stored.units.iter().filter(|known| !replaced.contains(&identity(known))).filter(meets).cloned().collect();
    let told_before = polygon_findings(&beside);
    let together: Vec<Unit> = units.iter().cloned().chain(beside).collect();
    polygon_findings(&together).into_iter().filter(|finding| !told_before.contains(finding)).collect()
}

fn polygon_findings(units: &[Unit]) -> Vec<Finding> {
    let (drawn, surveyed): (Vec<Unit>, Vec<Unit>) = units.iter().cloned().partition(|unit| unit.schematic);
    let mut findings = coverage_findings(&surveyed);
    // One by one: a drawing is not held against its neighbours.
    let of_drawn = drawn.iter().flat_map(|unit| coverage_findings(std::slice::from_ref(unit)));
    findings.extend(of_drawn.filter(|finding| finding.kind == FindingKind::InvalidRing));
    findings
}

struct Known<'a> {
    by_code: HashMap<&'a str, Vec<&'a Unit>>,
}

impl<'a> Known<'a> {
    /// The new units, and the stored ones that they do not replace.
    fn new(units: &'a [Unit], stored: &'a UnitTable) -> Self {
        let replaced: HashSet<_> = units.iter().map(|unit| (unit.level, &unit.code, unit.valid.from)).collect();
        let kept = stored.units.iter().filter(|unit| !replaced.contains(&(unit.level, &unit.code, unit.valid.from)));
        let mut by_code: HashMap<&str, Vec<&Unit>> = HashMap::new();
        for unit in units.iter().chain(kept) {
            by_code.entry(&unit.code).or_default().push(unit);
        }
        Self { by_code }
    }

    fn of_code(&self, code: &str) -> &[&'a Unit] {
        self.by_code.get(code).map(Vec::as_slice).unwrap_or_default()
    }

    fn parent_finding(&self, unit: &Unit) -> Option<Finding> {
        let parent = unit.parent.as_deref()?;
        let above: Vec<&Unit> = self.of_code(parent).iter().copied().filter(|above| above.level < unit.level).collect();
        let day = uncovered_day(unit, &above)?;
        let when = if day == Day(i32::MIN) { String::new() } else { format!(" on {day}") };
        let message = format!("its parent {parent} is not known{when}; import the level above too");
        Some(Finding::new(FindingKind::UnknownParent, place(unit), message))
    }

    fn change_findings(&self, change: &UnitChange) -> Vec<Finding> {
        let last = Day(change.date.0.saturating_sub(1));
        let ends = [(&change.old_code, last, "until"), (&change.new_code, change.date, "since")];
        let missing =
            ends.into_iter().filter(|(code, day, _)| !self.of_code(code).iter().any(|unit| unit.valid.contains(*day)));
        missing
            .map(|(code, day, word)| {
                Finding::new(
                    FindingKind::UnknownUnit,
                    format!("change {} to {}", change.old_code, change.new_code),
                    format!("no unit {code} is known {word} {day}; import it too"),
                )
            })
            .collect()
    }
}

/// The first of the unit's days on which none of those above is valid.
fn uncovered_day(unit: &Unit, above: &[&Unit]) -> Option<Day> {
    let mut day = unit.valid.from.unwrap_or(Day(i32::MIN));
    loop {
        // Where several hold, the one that lasts longest; an open end lasts for ever.
        let holding = above.iter().filter(|above| above.valid.contains(day)).map(|above| above.valid.to);
        let Some(end) = holding.max_by_key(|to| to.map_or(i64::MAX, |day| i64::from(day.0))) else { return Some(day) };
        match (end, unit.valid.to) {
            (None, _) => return None,
            (Some(end), Some(to)) if to <= end => return None,
            (Some(end), _) => day = end,
        }
    }
}

fn place(unit: &Unit) -> String {
    match unit.valid.from {
        Some(from) => format!("{} {} since {from}", unit.level.name(), unit.code),
        None => format!("{} {}", unit.level.name(), unit.code),
    }
}

#[cfg(test)]
mod tests {
    use geo_types::{LineString, MultiPolygon, Polygon};

    use super::*;
    use crate::model::{DayInterval, Level, UnitId};

    fn unit(level: Level, code: &str, parent: Option<&str>, (from, to): (Option<i32>, Option<i32>)) -> Unit {
        Unit {
            id: UnitId(0),
            level,
            code: code.into(),
            name: code.into(),
            full_name: code.into(),
            kind: String::new(),
            parent: parent.map(str::to_owned),
            valid: DayInterval { from: from.map(Day), to: to.map(Day) },
            schematic: false,
            geometry: MultiPolygon(Vec::new()),
        }
    }

    #[test]
    fn schematic_units_that_do_not_fit_each_other_are_no_findings_but_crossed_rings_are() {
        let square = |west: f64, schematic: bool| {
            let ring = vec![(west, 15.0), (west + 1.0, 15.0), (west + 1.0, 16.0), (west, 16.0), (west, 15.0)];
            let geometry = MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]);
            Unit { schematic, geometry, ..unit(Level::Commune, &format!("{west}"), None, (None, None)) }
        };
        let kinds = |units: &[Unit], stored: Vec<Unit>| -> Vec<FindingKind> {
            let stored = UnitTable { units: stored, ..UnitTable::default() };
            survey_units(units, &stored).into_iter().map(|finding| finding.kind).collect()
        };
        let overlap = vec![FindingKind::Overlap];
        assert_eq!(kinds(&[square(108.0, false), square(108.5, false)], vec![]), overlap);
        assert_eq!(kinds(&[square(108.0, false)], vec![square(108.5, false)]), overlap);
        assert_eq!(kinds(&[square(108.0, true), square(108.5, true)], vec![]), []);
        assert_eq!(kinds(&[square(108.0, false), square(108.5, true)], vec![]), []);
        let bow = vec![(108.0, 15.0), (109.0, 16.0), (109.0, 15.0), (108.0, 16.0), (108.0, 15.0)];
        let geometry = MultiPolygon(vec![Polygon::new(LineString::from(bow), vec![])]);
        assert_eq!(kinds(&[Unit { geometry, ..square(108.0, true) }], vec![]), [FindingKind::InvalidRing]);
    }

    fn faults(units: &[Unit], changes: &[UnitChange], stored: Vec<Unit>) -> Vec<FindingKind> {
        let stored = UnitTable { units: stored, ..UnitTable::default() };
        check_units(units, changes, &stored).into_iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_parent_must_be_known_on_every_day_of_the_unit() {
        let commune = unit(Level::Commune, "1", Some("51"), (None, None));
        let first = unit(Level::Province, "51", None, (None, Some(100)));
        let second = unit(Level::Province, "51", None, (Some(100), None));
        let late = unit(Level::Province, "51", None, (Some(101), None));
        let same_level = unit(Level::Commune, "51", None, (None, None));
        let unknown = vec![FindingKind::UnknownParent];
        assert_eq!(faults(&[commune.clone(), first.clone(), second.clone()], &[], vec![]), []);
        assert_eq!(faults(std::slice::from_ref(&commune), &[], vec![first.clone(), second]), []);
        assert_eq!(faults(&[commune.clone(), first.clone(), late], &[], vec![]), unknown);
        assert_eq!(faults(&[commune.clone(), first], &[], vec![]), unknown);
        assert_eq!(faults(&[commune, same_level], &[], vec![]), unknown);
    }

    #[test]
    fn a_change_must_name_units_that_end_and_begin_with_it() {
        let change = UnitChange { old_code: "1".into(), new_code: "2".into(), date: Day(100), whole: true };
        let old = unit(Level::Commune, "1", None, (None, Some(100)));
        let new = unit(Level::Commune, "2", None, (Some(100), None));
        let changes = std::slice::from_ref(&change);
        assert_eq!(faults(std::slice::from_ref(&old), changes, vec![new.clone()]), []);
        assert_eq!(faults(&[old], changes, vec![]), [FindingKind::UnknownUnit]);
        assert_eq!(faults(&[], changes, vec![]), [FindingKind::UnknownUnit; 2]);
        let replaced = unit(Level::Commune, "2", None, (Some(100), Some(100)));
        assert_eq!(faults(&[replaced], changes, vec![new]), [FindingKind::UnknownUnit; 2]);
    }
}
