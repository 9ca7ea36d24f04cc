//! `bandoso units`: units of every date, and what became of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use bandoso::atlas::UnitSnapshot;
use bandoso::engine::convert::convert;
use bandoso::engine::locate::UnitIndex;
use bandoso::engine::tile::{UnitsSource, units_layer};
use bandoso::engine::unit_map::UnitMap;
use bandoso::import::units::{UnitReader, ValidTo};
use bandoso::model::{ConvertRequest, Day, Level, Quality, TileCoord, Unit, UnitId};
use bandoso::store::UnitTable;
use serde_json::Value as Json;

use super::support::program::{Desk, fixture, shared};

/// A store with the real units and the table of their changes.
fn real() -> Option<Desk> {
    let files = [
        "boundaries/quang_ngai_communes_2025.geojson",
        "boundaries/quang_ngai_province_2025.geojson",
        "boundaries/quang_ngai_kon_tum_communes_before_2025-07.geojson",
        "boundaries/quang_ngai_kon_tum_districts_before_2025-07.geojson",
        "boundaries/quang_ngai_kon_tum_provinces_before_2025-07.geojson",
        "mapping/commune_changes_2025.csv",
    ];
    let files = files.into_iter().map(shared).collect::<Option<Vec<_>>>()?;
    let desk = Desk::new();
    let words = format!("units import {}", files.join(" "));
    let said = desk.run(&words);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.out, "units: read 395, added 395, changed 0, unchanged 0; changes read 274\n");
    // The published file has nine overlaps; no parent and no unit of a change is unknown.
    assert!(said.err.contains("findings: 9 overlap, "), "{}", said.err);
    assert!(!said.err.contains("unknown_"), "{}", said.err);
    assert_eq!(desk.done(&words), "units: read 395, added 0, changed 0, unchanged 395; changes read 274\n");
    Some(desk)
}

#[test]
fn tiles_of_units_do_not_depend_on_the_order_in_which_a_store_gives_them() {
    let files = ["provinces", "districts_before_2025-07", "communes_before_2025-07", "communes_2025"];
    let mut reader = UnitReader::new(ValidTo::Exclusive);
    for file in files {
        reader.read_file(Path::new(&fixture(&format!("{file}.geojson")))).unwrap();
    }
    let mut units = reader.units;
    (1..).zip(&mut units).for_each(|(id, unit)| unit.id = UnitId(id));
    let tiles = |units: Vec<Unit>| {
        let snapshot = UnitSnapshot::new(UnitTable { version: 1, units, changes: Vec::new() });
        let source = UnitsSource {
            units: &snapshot.map,
            borders: &snapshot.borders,
            level: Level::Commune,
            day: Day::parse("day", "2025-06-30").unwrap(),
        };
        [(5, 25, 14), (8, 204, 117), (8, 205, 117), (10, 820, 468), (11, 1642, 937)]
            .map(|(z, x, y)| units_layer(&source, TileCoord::new(z, x, y).unwrap(), None).bytes)
    };
    let mixed = {
        let mut mixed = units.clone();
        mixed.reverse();
        let half = mixed.len() / 3;
        mixed.rotate_left(half);
        mixed
    };
    let drawn = tiles(units);
    assert!(drawn.iter().any(|tile| tile.len() > 10_000), "{:?}", drawn.each_ref().map(Vec::len));
    assert!(drawn == tiles(mixed));
}

fn levels(list: &str) -> BTreeMap<&str, usize> {
    list.lines().fold(BTreeMap::new(), |mut levels, line| {
        *levels.entry(line.split('\t').next().unwrap()).or_default() += 1;
        levels
    })
}

#[test]
fn the_last_day_of_june_has_273_communes_and_the_first_of_july_96() {
    let Some(desk) = real() else { return };
    let before = desk.done("units list --as-of 2025-06-30");
    assert_eq!(levels(&before), BTreeMap::from([("province", 2), ("district", 23), ("commune", 273)]));
    let since = desk.done("units list --as-of 2025-07-01");
    assert_eq!(levels(&since), BTreeMap::from([("province", 1), ("commune", 96)]));
    assert!(before.contains("commune\t21142\tXã Trà Bùi\t\t2025-07-01\t525\n"), "{before}");
    assert!(since.contains("commune\t21028\tPhường Nghĩa Lộ\t2025-07-01\t\t51\n"), "{since}");
    assert_eq!(desk.done("units list").lines().count(), 395);
    assert_eq!(desk.done("units list --level district").lines().count(), 23);
}

#[test]
fn every_old_commune_converts_exactly_but_the_one_that_was_divided() {
    let (Some(desk), Some(table)) = (real(), shared("mapping/commune_changes_2025.csv")) else { return };
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in csv::Reader::from_path(table).unwrap().records() {
        let row = row.unwrap();
        expected.entry(row[0].to_owned()).or_default().push(row[7].to_owned());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stored = runtime.block_on(async {
        let store = bandoso::store::open(&desk.path("map.gpkg").display().to_string()).await.unwrap();
        store.units().await.unwrap()
    });
    let units = UnitMap::new(stored.units, stored.changes, stored.version);
    let day = |text| Day::parse("day", text).unwrap();
    let mut partial = Vec::new();
    for (code, new_codes) in &expected {
        let (from, to) = (day("2025-06-30"), day("2025-07-01"));
        let request = ConvertRequest { code: code.clone(), level: None, from, to, at: None };
        let answer = convert(&units, &UnitIndex::new(&[]), &request).unwrap();
        let codes: Vec<String> = answer.to.iter().map(|(id, _)| units.unit(*id).unwrap().code.clone()).collect();
        assert_eq!(&codes, new_codes, "{code}");
        if answer.quality != Quality::Exact {
            partial.push(code.as_str());
        }
    }
    assert_eq!((expected.len(), partial), (273, vec!["21142"]));
}

fn converted(desk: &Desk, words: &str) -> (Vec<(String, String)>, String) {
    let answer: Json = serde_json::from_str(&desk.done(&format!("units convert {words}"))).unwrap();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let to = answer["to"].as_array().unwrap().iter().map(|unit| (text(&unit["code"]), text(&unit["share"])));
    (to.collect(), text(&answer["quality"]))
}

#[test]
fn a_place_decides_which_part_of_a_divided_commune_is_meant() {
    let Some(desk) = real() else { return };
    let days = "--from 2025-06-30 --to 2025-07-01";
    let part = |code: &str| (code.to_owned(), "part".to_owned());
    assert_eq!(converted(&desk, &format!("21142 {days}")), (vec![part("21136"), part("21157")], "partial".into()));
    assert_eq!(converted(&desk, &format!("21142 {days} --at 108.4,15.1")), (vec![part("21157")], "exact".into()));
    let whole = |code: &str| (code.to_owned(), "whole".to_owned());
    assert_eq!(converted(&desk, &format!("62 {days}")), (vec![whole("51")], "exact".into()));
    let back = converted(&desk, "21028 --from 2025-07-01 --to 2025-06-30");
    assert_eq!(back.0, ["21010", "21013", "21016", "21028"].map(whole));
    let said = desk.run("units convert 99999 --from 2025-06-30 --to 2025-07-01");
    assert_eq!((said.code, said.err.starts_with("bandoso: code: expected")), (Some(2), true), "{}", said.err);
}

#[test]
fn strict_units_with_findings_are_not_stored() {
    let desk = Desk::new();
    let provinces = fixture("provinces.geojson");
    let table = fixture("changes_2025.csv");
    let said = desk.run(&format!("units import --strict {provinces} {table}"));
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("unknown_unit") && said.out.contains("nothing was written (--strict)"), "{}", said.err);
    assert_eq!(desk.done("units list"), "");
}

#[test]
fn the_schematic_units_read_like_the_published_ones() {
    let desk = Desk::new();
    let files = ["communes_2025", "communes_before_2025-07", "districts_before_2025-07", "provinces"];
    let files = files.map(|name| fixture(&format!("{name}.geojson"))).join(" ");
    desk.done(&format!("units import {files}"));
    let before = desk.done("units list --as-of 2025-06-30");
    assert_eq!(levels(&before), BTreeMap::from([("province", 2), ("district", 23), ("commune", 270)]));
    assert_eq!(levels(&desk.done("units list --as-of 2025-07-01")), BTreeMap::from([("province", 1), ("commune", 96)]));
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let desk = Desk::new();
    desk.done(&format!("units import {}", fixture("communes_2025.geojson")));
    let mut child = desk.command("units list").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_dry_run_tells_the_faults_of_borders_and_writes_nothing() {
    let desk = Desk::new();
    let said = desk.run(&format!("units import --dry-run {}", fixture("provinces.geojson")));
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "units: read 3, changes read 0; nothing was written (--dry-run)\n")
    );
    assert!(!desk.path("map.gpkg").exists(), "a dry run makes no store");
    let Some(districts) = shared("boundaries/second_source_districts_dvhcvn.geojson") else { return };
    let said = desk.run(&format!("units import --dry-run {districts} --findings all.jsonl"));
    assert!(said.err.contains("district 525 before 2025-07-01: gap: leaves a gap of 340.04 km²"), "{}", said.err);
    let findings = std::fs::read_to_string(desk.path("all.jsonl")).unwrap();
    let finding: Json = serde_json::from_str(findings.lines().last().unwrap()).unwrap();
    assert_eq!((&finding["kind"], finding["advice"]["vi"].is_string()), (&Json::from("gap"), true));
    let said = desk.run(&format!("units import --dry-run --strict {districts}"));
    assert_eq!((said.code, said.out.ends_with("nothing was written (--strict)\n")), (Some(1), true), "{}", said.err);
}
