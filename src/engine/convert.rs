//! What became of a unit by a later day, or what it was made of on an earlier one.

use std::collections::{BTreeMap, BTreeSet};

use super::as_of::{Holding, holding};
use super::locate::UnitIndex;
use super::unit_map::UnitMap;
use crate::model::{Conversion, ConvertRequest, Day, Invalid, Level, Quality, Unit, UnitChange, UnitId};

/// Unit codes of one day, with whether what was asked about is wholly in them (or they wholly in it).
type Parts = BTreeMap<String, bool>;

/// What became of a unit by the later day, or what it was made of on the earlier one, by the tables of changes.
///
/// Communes are followed change by change. Larger units are what their communes became, so that the merger of two provinces
/// needs no table of its own. A place picks the one unit that holds it.
pub fn convert(units: &UnitMap, index: &UnitIndex, request: &ConvertRequest) -> Result<Conversion, Invalid> {
    let from = asked(units, request)?;
    let days = (request.from, request.to);
    let Some(parts) = parts_on(units, from, days) else {
        return Ok(Conversion { from: from.id, to: Vec::new(), quality: Quality::Unknown });
    };
    let to = known(units, from.level, &parts, request.to);
    if let Some(place) = request.at {
        let held = holding(units, &index.links(place), from.level, request.to);
        if let Holding::Covered(id) = held
            && let Some(part) = to.iter().find(|(part, _)| *part == id)
        {
            return Ok(Conversion { from: from.id, to: vec![*part], quality: Quality::Exact });
        }
    }
    let quality = match () {
        () if to.is_empty() => Quality::Unknown,
        () if to.len() == parts.len() && to.iter().all(|(_, whole)| *whole) => Quality::Exact,
        () => Quality::Partial,
    };
    Ok(Conversion { from: from.id, to, quality })
}

/// What became of a unit by a day, or what it was made of on an earlier one: the units of its level that are in force then, by
/// code, and whether it went wholly into each (or that one into it). Where its level has none on that day, as districts have
/// none since 2025, those that its communes became. Empty where no table tells.
pub fn became(units: &UnitMap, unit: &Unit, day: Day) -> Vec<(UnitId, bool)> {
    if unit.valid.contains(day) {
        return vec![(unit.id, true)];
    }
    let last = unit.valid.to.map(|to| Day(to.0.saturating_sub(1)));
    let Some(from) = last.filter(|last| *last < day).or(unit.valid.from) else { return Vec::new() };
    if units.valid(unit.level, day).next().is_none() {
        let communes = units.valid(Level::Commune, from).filter(|commune| is_under(units, commune, unit, from));
        let mut parts = Parts::new();
        for commune in communes {
            for (code, whole) in parts_on(units, commune, (from, day)).unwrap_or_default() {
                parts.entry(code).and_modify(|known| *known &= whole).or_insert(whole);
            }
        }
        // Into one of several it did not go wholly, whatever its communes did.
        let alone = parts.len() == 1;
        for whole in parts.values_mut() {
            *whole &= alone;
        }
        return known(units, Level::Commune, &parts, day);
    }
    parts_on(units, unit, (from, day)).map_or_else(Vec::new, |parts| known(units, unit.level, &parts, day))
}

fn parts_on(units: &UnitMap, unit: &Unit, days: (Day, Day)) -> Option<Parts> {
    if unit.valid.contains(days.1) {
        return Some(Parts::from([(unit.code.clone(), true)]));
    }
    match unit.level {
        Level::Commune => follow(units.changes(), &unit.code, days),
        _ => through_communes(units, unit, days),
    }
}

/// The units of some codes on a day; codes of none are left out.
fn known(units: &UnitMap, level: Level, parts: &Parts, day: Day) -> Vec<(UnitId, bool)> {
    let known = |(code, whole): (&String, &bool)| Some((of_code(units, level, code, day)?.id, *whole));
    parts.iter().filter_map(known).collect()
}

/// The unit that the request names: of the lowest level that has the code on that day, where no level is said.
fn asked<'a>(units: &'a UnitMap, request: &ConvertRequest) -> Result<&'a Unit, Invalid> {
    let mut levels = Level::ALL.into_iter().rev().filter(|level| request.level.is_none_or(|asked| asked == *level));
    levels.find_map(|level| of_code(units, level, &request.code, request.from)).ok_or_else(|| {
        Invalid::new(
            "code",
            format!("the code of a unit in force on {}; none had {:?} then", request.from, request.code),
        )
    })
}

fn of_code<'a>(units: &'a UnitMap, level: Level, code: &str, day: Day) -> Option<&'a Unit> {
    units.of_code(level, code).iter().find(|unit| unit.valid.contains(day))
}

/// Follows the changes of each date between the two days, forwards or backwards. None when no change speaks of the unit.
fn follow<'a>(changes: &'a [UnitChange], code: &str, (from, to): (Day, Day)) -> Option<Parts> {
    let forwards = from < to;
    let between = |date: Day| if forwards { from < date && date <= to } else { to < date && date <= from };
    let dates: BTreeSet<Day> = changes.iter().map(|change| change.date).filter(|date| between(*date)).collect();
    let dates: Vec<Day> = if forwards { dates.into_iter().collect() } else { dates.into_iter().rev().collect() };
    let mut parts = Parts::from([(code.to_owned(), true)]);
    let mut spoken = false;
    for date in dates {
        let mut next = Parts::new();
        for (code, whole) in parts {
            let ends = |change: &'a UnitChange| {
                let UnitChange { old_code, new_code, .. } = change;
                if forwards { (old_code, new_code) } else { (new_code, old_code) }
            };
            let of_date = changes.iter().filter(|change| change.date == date);
            let mut steps = of_date.filter(|change| *ends(change).0 == code).peekable();
            spoken |= steps.peek().is_some();
            if steps.peek().is_none() {
                next.insert(code, whole);
                continue;
            }
            for step in steps {
                let whole = whole && step.whole;
                next.entry(ends(step).1.clone()).and_modify(|known| *known &= whole).or_insert(whole);
            }
        }
        parts = next;
    }
    spoken.then_some(parts)
}

/// A larger unit by its communes: the units of its level in which they are on the other day.
fn through_communes(units: &UnitMap, unit: &Unit, days: (Day, Day)) -> Option<Parts> {
    let codes = above_communes(units, unit, days)?;
    let whole = |code: &String| {
        if days.0 < days.1 {
            return codes.len() == 1;
        }
        // Backwards: the older unit is wholly in this one when, forwards, it went nowhere else.
        let older = of_code(units, unit.level, code, days.1);
        let went = older.and_then(|older| above_communes(units, older, (days.1, days.0)));
        went.is_some_and(|went| went.len() == 1)
    };
    Some(codes.iter().map(|code| (code.clone(), whole(code))).collect())
}

fn above_communes(units: &UnitMap, unit: &Unit, (from, to): (Day, Day)) -> Option<BTreeSet<String>> {
    let mut codes = BTreeSet::new();
    let communes = units.valid(Level::Commune, from).filter(|commune| is_under(units, commune, unit, from));
    for commune in communes {
        let stayed = || commune.valid.contains(to).then(|| Parts::from([(commune.code.clone(), true)]));
        for code in follow(units.changes(), &commune.code, (from, to)).or_else(stayed)?.keys() {
            let became = of_code(units, Level::Commune, code, to)?;
            let above = units.valid(unit.level, to).find(|above| is_under(units, became, above, to))?;
            codes.insert(above.code.clone());
        }
    }
    (!codes.is_empty()).then_some(codes)
}

/// Whether the parents of a unit lead to the other one.
fn is_under(units: &UnitMap, unit: &Unit, above: &Unit, day: Day) -> bool {
    let mut parent = unit.parent.as_deref();
    // A chain has at most as many links as there are levels; more would be a circle.
    for level in Level::ALL.into_iter().rev().skip_while(|level| *level >= unit.level) {
        let Some(code) = parent else { return false };
        if level == above.level {
            return code == above.code || of_code(units, level, code, day).is_some_and(|unit| unit.id == above.id);
        }
        // The level may be missing on that day: then the parent is of the next.
        if let Some(between) = of_code(units, level, code, day) {
            parent = between.parent.as_deref();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use geo_types::MultiPolygon;

    use super::*;
    use crate::model::DayInterval;

    const CHANGE: Day = Day(20_270);

    fn unit(id: i32, level: Level, code: &str, parent: Option<&str>, new: Option<bool>) -> Unit {
        let valid = match new {
            Some(true) => DayInterval { from: Some(CHANGE), to: None },
            Some(false) => DayInterval { from: None, to: Some(CHANGE) },
            None => DayInterval::ALWAYS,
        };
        Unit {
            id: UnitId(id),
            level,
            code: code.into(),
            name: code.into(),
            full_name: code.into(),
            kind: "xã".into(),
            parent: parent.map(Into::into),
            valid,
            schematic: false,
            geometry: MultiPolygon(Vec::new()),
        }
    }

    /// Two provinces become one; commune 3 is divided; code 1 is used again; 9 stays as it is.
    fn map() -> UnitMap {
        let units = vec![
            unit(1, Level::Province, "51", None, Some(false)),
            unit(2, Level::Province, "62", None, Some(false)),
            unit(3, Level::Province, "51", None, Some(true)),
            unit(4, Level::District, "600", Some("51"), Some(false)),
            unit(5, Level::Commune, "1", Some("600"), Some(false)),
            unit(6, Level::Commune, "2", Some("600"), Some(false)),
            unit(7, Level::Commune, "3", Some("62"), Some(false)),
            unit(8, Level::Commune, "1", Some("51"), Some(true)),
            unit(9, Level::Commune, "4", Some("51"), Some(true)),
            unit(10, Level::Commune, "9", Some("51"), None),
        ];
        let change = |old: &str, new: &str, whole| UnitChange {
            old_code: old.into(),
            new_code: new.into(),
            date: CHANGE,
            whole,
        };
        let changes =
            vec![change("1", "1", true), change("2", "1", true), change("3", "1", false), change("3", "4", false)];
        UnitMap::new(units, changes, 1)
    }

    fn ask(code: &str, level: Option<Level>, backwards: bool) -> (Vec<(i32, bool)>, Quality) {
        let map = map();
        let (before, after) = (Day(CHANGE.0 - 1), CHANGE);
        let (from, to) = if backwards { (after, before) } else { (before, after) };
        let request = ConvertRequest { code: code.into(), level, from, to, at: None };
        let answer = convert(&map, &UnitIndex::new(map.all()), &request).unwrap();
        (answer.to.into_iter().map(|(id, whole)| (id.0, whole)).collect(), answer.quality)
    }

    #[test]
    fn a_unit_that_went_wholly_into_another_is_exact_and_a_divided_one_partial() {
        assert_eq!(ask("2", None, false), (vec![(8, true)], Quality::Exact));
        assert_eq!(ask("1", None, false), (vec![(8, true)], Quality::Exact));
        assert_eq!(ask("3", None, false), (vec![(8, false), (9, false)], Quality::Partial));
    }

    #[test]
    fn a_new_unit_names_all_that_it_was_made_of() {
        assert_eq!(ask("1", None, true), (vec![(5, true), (6, true), (7, false)], Quality::Partial));
        assert_eq!(ask("4", None, true), (vec![(7, false)], Quality::Partial));
    }

    #[test]
    fn a_unit_in_force_on_both_days_is_itself() {
        assert_eq!(ask("9", None, false), (vec![(10, true)], Quality::Exact));
    }

    #[test]
    fn a_province_is_where_its_communes_are() {
        assert_eq!(ask("51", Some(Level::Province), false), (vec![(3, true)], Quality::Exact));
        assert_eq!(ask("62", Some(Level::Province), false), (vec![(3, true)], Quality::Exact));
    }

    #[test]
    fn a_district_went_nowhere_that_a_table_tells() {
        assert_eq!(ask("600", None, false), (Vec::new(), Quality::Unknown));
    }

    #[test]
    fn a_district_became_what_its_communes_became() {
        let map = map();
        let became = |id: i32, day: Day| -> Vec<(i32, bool)> {
            let unit = map.unit(UnitId(id)).unwrap();
            super::became(&map, unit, day).into_iter().map(|(id, whole)| (id.0, whole)).collect()
        };
        assert_eq!(became(4, CHANGE), vec![(8, true)], "its two communes are one");
        assert_eq!(became(2, CHANGE), vec![(3, true)]);
        assert_eq!(became(7, CHANGE), vec![(8, false), (9, false)]);
        assert_eq!(became(8, Day(0)), vec![(5, true), (6, true), (7, false)]);
        assert_eq!(became(10, CHANGE), vec![(10, true)]);
    }

    #[test]
    fn a_code_that_was_not_in_force_is_refused() {
        let map = map();
        let request = ConvertRequest { code: "4".into(), level: None, from: Day(0), to: CHANGE, at: None };
        assert_eq!(convert(&map, &UnitIndex::new(map.all()), &request).unwrap_err().parameter, "code");
    }
}
