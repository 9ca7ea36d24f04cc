//! All units of Quảng Ngãi and Kon Tum, before and since 2025-07-01, in the ways in which senders write them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use geo_types::MultiPolygon;
use unicode_normalization::UnicodeNormalization;

use super::*;
use crate::engine::unit_map::UnitMap;
use crate::model::{Day, DayInterval, Level, Unit, UnitChange, UnitId};

const SINCE: Day = Day(20_270);
const BEFORE: Day = Day(SINCE.0 - 1);

/// The rows of a file in `mapping/` of the shared data, by column. None, told on the output, where there is no shared data; in
/// CI that is a failure.
fn rows(file: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let shared = std::env::var_os("BANDOSO_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")), PathBuf::from);
    let path = shared.join("mapping").join(file);
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
        println!("skipped: {} is missing", path.display());
        return None;
    }
    let mut reader = csv::Reader::from_path(path).expect("a readable file");
    Some(reader.deserialize().collect::<Result<_, _>>().expect("rows"))
}

fn unit(row: &BTreeMap<String, String>, (level, valid): (Level, DayInterval)) -> Unit {
    let text = |name: &str| row.get(name).cloned().unwrap_or_default();
    Unit {
        id: UnitId(0),
        level,
        code: text("code"),
        name: text("name"),
        full_name: text("full_name"),
        kind: text("kind"),
        parent: Some(text("parent_code")).filter(|code| !code.is_empty()),
        valid,
        schematic: false,
        geometry: MultiPolygon(Vec::new()),
    }
}

/// The units with names that have their kind in them, as one of the sources has it.
fn real() -> Option<UnitMap> {
    let (old, new) = (DayInterval { from: None, to: Some(SINCE) }, DayInterval { from: Some(SINCE), to: None });
    let mut units: Vec<Unit> = Vec::new();
    for row in rows("units_before_2025-07.csv")? {
        let level = row.get("level").and_then(|level| Level::parse("level", level).ok());
        units.push(unit(&row, (level.expect("a level"), old)));
    }
    // Lý Sơn had no communes: the district stands among them.
    let island = units.iter().find(|unit| unit.code == "536").expect("Lý Sơn").clone();
    units.push(Unit { level: Level::Commune, parent: Some(island.code.clone()), ..island });
    units.extend(rows("units_2025.csv")?.iter().map(|row| unit(row, (Level::Commune, new))));
    let province =
        BTreeMap::from([("code", "51"), ("name", "Quảng Ngãi"), ("full_name", "Tỉnh Quảng Ngãi"), ("kind", "tỉnh")]);
    units.push(unit(
        &province.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        (Level::Province, new),
    ));
    (1..).zip(&mut units).for_each(|(id, unit)| unit.id = UnitId(id));
    let change = |row: BTreeMap<String, String>| UnitChange {
        old_code: row["old_code"].clone(),
        new_code: row["new_code"].clone(),
        date: SINCE,
        whole: row["share"] == "whole",
    };
    Some(UnitMap::new(units, rows("commune_changes_2025.csv")?.into_iter().map(change).collect(), 1))
}

fn full(unit: &Unit) -> String {
    if unit.full_name.is_empty() { unit.name.clone() } else { unit.full_name.clone() }
}

/// The unit and those above it, smallest first.
fn chain<'a>(map: &'a UnitMap, unit: &'a Unit, day: Day) -> Vec<&'a Unit> {
    let mut chain = vec![unit];
    while let Some(parent) = chain.last().and_then(|unit| unit.parent.as_deref()) {
        let level = chain.last().map(|unit| unit.level);
        let above = Level::ALL.iter().rev().filter(|above| Some(**above) < level);
        let found = above.flat_map(|level| map.of_code(*level, parent)).find(|unit| unit.valid.contains(day));
        chain.push(found.expect("a parent"));
    }
    chain
}

fn short(name: &str) -> String {
    let kinds = [
        ("Phường ", "P."),
        ("Xã ", "X. "),
        ("Thị trấn ", "TT "),
        ("Thành phố ", "TP."),
        ("Thị xã ", "TX "),
        ("Huyện ", "H."),
    ];
    let kind = kinds.iter().find_map(|(kind, short)| Some(format!("{short}{}", name.strip_prefix(kind)?)));
    kind.unwrap_or_else(|| name.to_owned())
}

fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        'đ' => Some('d'),
        'Đ' => Some('D'),
        c if ('\u{300}'..'\u{370}').contains(&c) => None,
        c => Some(c),
    };
    text.nfd().filter_map(plain).collect()
}

/// Where the tone is written in `oa`, `oe`, `uy` at a word's end has two customs.
fn other_custom(text: &str) -> String {
    let pairs = [("oà", "òa"), ("oá", "óa"), ("oả", "ỏa"), ("uỷ", "ủy"), ("uý", "úy"), ("uỳ", "ùy")];
    pairs.iter().fold(text.to_owned(), |text, (one, other)| {
        if text.contains(one) { text.replace(one, other) } else { text.replace(other, one) }
    })
}

fn meant(resolved: &Resolved) -> Vec<UnitId> {
    match resolved {
        Resolved::One { unit, .. } => vec![*unit],
        Resolved::Several(units) => units.clone(),
        Resolved::None => Vec::new(),
    }
}

#[test]
fn every_real_unit_is_known_in_every_spelling_on_its_date() {
    let Some(map) = real() else { return };
    let names = UnitNames::new(&map);
    let (mut asked, mut doubtful) = (0, 0);
    for unit in map.all() {
        let day = if unit.valid.from.is_some() { SINCE } else { BEFORE };
        let resolve = |text: &str| names.resolve(&map, UnitAsked { text, level: Some(unit.level), day });
        let chain = chain(&map, unit, day);
        // The island's district stands above it under its own name.
        let parts: Vec<String> = chain.iter().map(|unit| full(unit)).collect();
        let reversed: Vec<String> = parts.iter().rev().cloned().collect();
        let text = parts.join(", ");
        let exact = [
            unit.code.clone(),
            format!("{}.0", unit.code),
            text.clone(),
            text.to_uppercase(),
            text.to_lowercase(),
            text.nfd().collect(),
            other_custom(&text),
            reversed.join(" - "),
            parts.join(" – "),
            parts.join(" "),
            format!("  {}  ", text.replace(", ", " ,")),
            format!("Tổ 3, {text}, Việt Nam"),
            parts.iter().map(|part| short(part)).collect::<Vec<_>>().join("; "),
            format!("{} - {}", unit.code, parts[0]),
            format!("{} ({})", parts[0], unit.code),
        ];
        for text in &exact {
            asked += 1;
            assert_eq!(meant(&resolve(text)), [unit.id], "{text} {day}");
        }
        let plain = [
            ascii(&text),
            ascii(&short(&text)).to_lowercase(),
            ascii(&parts[0]).to_uppercase(),
            parts[0].replace(' ', "-"),
        ];
        for text in &plain {
            let meant = meant(&resolve(text));
            asked += 1;
            doubtful += usize::from(meant.len() > 1);
            assert!(meant.contains(&unit.id), "{text} {day}: {meant:?}");
        }
    }
    println!("{asked} spellings, {doubtful} of which may be several units");
    assert!(asked > 7_000 && doubtful < asked / 20, "{doubtful} of {asked}");
}

#[test]
fn every_old_name_and_code_leads_to_what_it_became_and_back() {
    let Some(map) = real() else { return };
    let names = UnitNames::new(&map);
    let on = |code: &str, day: Day| {
        map.of_code(Level::Commune, code).iter().find(|unit| unit.valid.contains(day)).expect("a commune")
    };
    for old in map.valid(Level::Commune, BEFORE) {
        let expected: BTreeSet<UnitId> = map
            .changes()
            .iter()
            .filter(|change| change.old_code == old.code)
            .map(|change| on(&change.new_code, SINCE).id)
            .collect();
        let text = chain(&map, old, BEFORE).iter().map(|unit| full(unit)).collect::<Vec<_>>().join(", ");
        let resolved = names.resolve(&map, UnitAsked { text: &text, level: Some(Level::Commune), day: SINCE });
        let found: BTreeSet<UnitId> = meant(&resolved).into_iter().collect();
        // A name that a commune of the same place has now is that one's.
        let now = map.valid(Level::Commune, SINCE).find(|unit| spelling(&full(unit)) == spelling(&full(old)));
        assert!(
            found == expected || now.is_some_and(|now| found.contains(&now.id)),
            "{text}: {found:?}, not {expected:?}"
        );
    }
    for new in map.valid(Level::Commune, SINCE) {
        let expected: BTreeSet<UnitId> = map
            .changes()
            .iter()
            .filter(|change| change.new_code == new.code)
            .map(|change| on(&change.old_code, BEFORE).id)
            .collect();
        let resolved = names.resolve(&map, UnitAsked { text: &full(new), level: Some(Level::Commune), day: BEFORE });
        let found: BTreeSet<UnitId> = meant(&resolved).into_iter().collect();
        let then = map.valid(Level::Commune, BEFORE).any(|unit| spelling(&full(unit)) == spelling(&full(new)));
        assert!(found == expected || then, "{}: {found:?}, not {expected:?}", full(new));
    }
}
