//! `bandoso import`: files in, every fault named, everything or nothing.

use std::fmt::Write;
use std::io::Read;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use bandoso::model::Value;

use super::support::program::{Desk, said, shared, signal};

const MESSY: &str = "id,lon,lat,category,title\n\
    1,108.8,15.1,theft,\"two\nlines\"\n\
    2,108.8,15.1,arson,x\n\
    3,108.8,,theft,x\n\
    4,108.8,95.1,theft,x\n\
    1,108.8,15.1,theft,again\n\
    5,108.8,15.1\n";

#[test]
fn importing_a_file_again_updates_instead_of_doubling() {
    let desk = Desk::new();
    desk.file("a.csv", "id,lon,lat,category\n1,108.8,15.1,theft\nVV-2,108.9,15.2,fire\n");
    desk.file("b.csv", "id,lon,lat,category\n1,108.8,15.1,theft\nVV-2,108.9,15.2,drowning\nVV-3,108.9,15.2,fire\n");
    let import = "import --layer police.incidents";
    assert_eq!(
        desk.done(&format!("{import} a.csv")),
        "police.incidents: read 2, added 2, changed 0, unchanged 0, not stored 0, outside 2\npolice.incidents: missing 0; batch 1\n"
    );
    assert_eq!(
        desk.done(&format!("{import} a.csv")),
        "police.incidents: read 2, added 0, changed 0, unchanged 2, not stored 0, outside 2\npolice.incidents: missing 0; batch 2\n"
    );
    assert_eq!(
        desk.done(&format!("{import} b.csv")),
        "police.incidents: read 3, added 1, changed 1, unchanged 1, not stored 0, outside 3\npolice.incidents: missing 0; batch 3\n"
    );
    assert_eq!(desk.features("police.incidents").len(), 3);
}

#[test]
fn every_fault_is_told_with_its_file_and_line_and_good_rows_go_in() {
    let desk = Desk::new();
    desk.file("messy.csv", MESSY);
    let said = desk.run("import --layer police.incidents messy.csv --findings all.jsonl");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        said.out,
        "police.incidents: read 6, added 2, changed 0, unchanged 0, not stored 4, outside 2\npolice.incidents: missing 0; batch 1\n"
    );
    for finding in [
        "messy.csv:4: unknown_code: category: \"arson\"",
        "messy.csv:5: missing_position:",
        "messy.csv:6: invalid_position:",
        "messy.csv:7: duplicate_id: id 1 stood earlier",
        "messy.csv:8: unreadable_row: expected 5 columns, found 3",
        "findings: 1 missing_position, 1 invalid_position, 1 unknown_code, 1 unreadable_row, 1 duplicate_id",
    ] {
        assert!(said.err.contains(finding), "{finding} is not in\n{}", said.err);
    }
    let findings = std::fs::read_to_string(desk.path("all.jsonl")).unwrap();
    assert_eq!(findings.lines().count(), 5);
    assert!(findings.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["line"].is_u64()));
    let stored = desk.features("police.incidents");
    assert_eq!(stored.iter().map(|feature| feature.id).collect::<Vec<_>>(), [1, 2]);
    assert!(stored[0].values.contains(&Value::Text("two\nlines".into())));
    assert!(!stored[1].values.contains(&Value::Text("arson".into())));
}

#[test]
fn strict_and_dry_runs_write_nothing() {
    let desk = Desk::new();
    desk.file("messy.csv", MESSY);
    desk.file("good.csv", "lon,lat,unheard_of\n108.8,15.1,1\n");
    let import = "import --layer police.incidents";
    let said = desk.run(&format!("{import} messy.csv --dry-run"));
    assert_eq!((said.code, said.out.contains("nothing was written (--dry-run)")), (Some(0), true));
    assert!(!desk.path("map.gpkg").exists(), "a dry run makes no store");
    let said = desk.run(&format!("{import} messy.csv --strict"));
    assert_eq!((said.code, said.out.contains("nothing was written (--strict)")), (Some(1), true));
    assert_eq!(desk.features("police.incidents"), []);
    desk.done(&format!("{import} good.csv --dry-run"));
    assert_eq!(desk.features("police.incidents"), []);
    desk.done(&format!("{import} good.csv --strict"));
    assert_eq!(desk.features("police.incidents").len(), 1);
}

#[test]
fn wrong_usage_exits_with_two_and_says_what_was_expected() {
    let desk = Desk::new();
    desk.file("a.csv", "id,lon,lat\n1,108.8,15.1\n");
    desk.file("no_position.csv", "id,name\n1,a\n");
    desk.file("unclosed.csv", "id,lon,lat,title\n1,108.8,15.1,\"two\nlines\"\n2,108.8,15.1,\"x\n3,108.8,15.1,y\n");
    desk.file("cut.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\"");
    let import = "import --layer police.incidents";
    for (words, expected) in [
        ("import --layer police.nothing a.csv".to_owned(), "--layer: expected a layer of the catalogue"),
        ("import --layer Police a.csv".to_owned(), "--layer: expected a layer id"),
        ("import a.csv".to_owned(), "--layer"),
        (import.to_owned(), "FILE"),
        (format!("{import} absent.csv"), "absent.csv: No such file"),
        (format!("{import} ."), "directory"),
        (format!("{import} no_position.csv"), "--x: expected a column of no_position.csv"),
        (format!("{import} a.csv --crs EPSG:32648"), "--crs: expected one of OGC:CRS84, EPSG:4326"),
        (format!("{import} a.csv --map title"), "--map: expected FIELD=COL"),
        (format!("{import} a.csv --map nothing=id"), "--map: expected a field of police.incidents"),
        (format!("{import} a.csv --map title=absent"), "--map: expected a column of a.csv"),
        (format!("{import} cut.geojson"), "cut.geojson:1: the file ends in the middle"),
        (format!("{import} unclosed.csv"), "unclosed.csv:4: a quote that opens here is never closed"),
        (format!("{import} unclosed.csv --strict"), "unclosed.csv:4: a quote that opens here is never closed"),
        (format!("{import} a.csv --store map.db"), "--store: expected FILE.gpkg"),
        (format!("{import} a.csv --colour"), "--colour"),
    ] {
        let said = desk.run(&words);
        assert_eq!(said.code, Some(2), "{words}: {}{}", said.out, said.err);
        assert!(said.err.contains(expected) && said.out.is_empty(), "{words}: {}", said.err);
    }
    let said = desk.run(&format!("{import} a.csv --store /nowhere/map.gpkg"));
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert_eq!(desk.run(&format!("{import} a.csv --map id=ID --map title=ID")).code, Some(0));
}

#[test]
fn a_zero_character_in_a_text_empties_the_value_and_not_the_import() {
    let desk = Desk::new();
    let feature = |id: u32, title: &str| {
        format!(
            "{{\"type\":\"Feature\",\"id\":{id},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[108.8,15.1]}},\
             \"properties\":{{\"title\":\"{title}\",\"category\":\"theft\"}}}}"
        )
    };
    desk.file("a.geojsonl", format!("{}\n{}\n", feature(1, "a\\u0000b"), feature(2, "ab")));
    let said = desk.run("import --layer police.incidents a.geojsonl");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.err.contains("a.geojsonl:1: invalid_value: title: expected text without a zero character"),
        "{}",
        said.err
    );
    let stored = desk.features("police.incidents");
    assert_eq!(stored.len(), 2);
    let texts = |row: usize| stored[row].values.iter().filter(|value| matches!(value, Value::Text(_))).count();
    assert_eq!((texts(0), texts(1)), (1, 2));
}

#[test]
fn a_file_without_features_is_told_in_words_of_its_own_kind() {
    let desk = Desk::new();
    desk.file("empty.geojson", "");
    desk.file("other.geojson", "{\"a\":1}");
    let said = desk.run("import --layer police.incidents empty.geojson");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("empty.geojson: expected GeoJSON or CSV, found an empty file"), "{}", said.err);
    let said = desk.run("import --layer police.incidents other.geojson --dry-run");
    assert!(
        said.err.contains("other.geojson:1: unreadable_row: expected a GeoJSON Feature: an object with"),
        "{}",
        said.err
    );
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_the_rest_of_the_file() {
    let desk = Desk::new();
    desk.file("a.csv", "id,lon,lat,title\n1,108.8,15.1,\"two\nlines\"\n2,108.8,15.1,\"x\n3,108.8,15.1,y\n");
    let said = desk.run("import --layer police.incidents a.csv");
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{}", said.err);
    assert!(said.err.contains("a.csv:4: a quote that opens here is never closed"), "{}", said.err);
    assert_eq!(desk.features("police.incidents"), []);
    desk.file("a.csv", "id,lon,lat,title\n1,108.8,15.1,\"two\nlines\"\n2,108.8,15.1,\"x\n3,108.8\"\n");
    desk.done("import --layer police.incidents a.csv --strict");
    assert_eq!(desk.features("police.incidents").len(), 2);
}

/// Starts an import that is too large to end soon, and waits until it has written into the store's log.
fn half_done(desk: &Desk) -> Child {
    let rows = (0..400_000).fold("id,lon,lat,title\n".to_owned(), |mut text, id| {
        writeln!(text, "{id},108.{id:06},15.1,\"Mất xe máy trước cổng chợ, chủ xe báo lúc sáng sớm\"").unwrap();
        text
    });
    desk.file("large.csv", rows);
    let mut child = desk.start("import --layer police.incidents large.csv");
    let log = desk.path("map.gpkg-wal");
    let written = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    while written(&log) < 1 << 20 {
        assert!(child.try_wait().unwrap().is_none(), "the import ended before it could be interrupted");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn an_interrupted_import_leaves_nothing() {
    let desk = Desk::new();
    let child = half_done(&desk);
    signal(&child, "INT");
    let said = said(child.wait_with_output().unwrap());
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert!(said.err.contains("interrupted; nothing was written") && said.out.is_empty(), "{}", said.err);
    assert_eq!(desk.features("police.incidents"), []);
}

#[test]
fn a_killed_import_leaves_nothing() {
    let desk = Desk::new();
    let mut child = half_done(&desk);
    signal(&child, "KILL");
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!((child.wait().unwrap().code(), out.as_str()), (None, ""));
    assert_eq!(desk.features("police.incidents"), []);
    desk.file("a.csv", "id,lon,lat\n1,108.8,15.1\n");
    desk.done("import --layer police.incidents a.csv");
    assert_eq!(desk.features("police.incidents").len(), 1);
}

#[test]
fn real_police_records_of_another_country_go_in_by_naming_their_columns() {
    let Some(houston) = shared("incidents/houston_police_2010.csv.gz") else { return };
    let desk = Desk::new();
    let words =
        format!("import --layer police.incidents {houston} --map category=offense --map occurred_at=local_time");
    let said = desk.run(&words);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        said.out,
        "police.incidents: read 86314, added 86309, changed 0, unchanged 0, not stored 5, outside 86309\npolice.incidents: missing 0; batch 1\n"
    );
    assert!(said.err.contains("5 missing_position, ") && said.err.contains(" 597 duplicate_row"), "{}", said.err);
    let stored = desk.features("police.incidents");
    let with_time = stored.iter().filter(|row| row.values.iter().any(|value| matches!(value, Value::Timestamp(_))));
    assert_eq!(with_time.count(), 86_309);
}

#[test]
fn real_hospitals_are_one_data_set_as_csv_and_as_geojson() {
    let (Some(csv), Some(geojson)) =
        (shared("points/hospitals_quang_ngai_osm.csv"), shared("points/hospitals_quang_ngai_osm.geojson"))
    else {
        return;
    };
    let places = |file: &str| {
        let desk = Desk::new();
        let answer = desk.done(&format!("import --layer health.facilities {file}"));
        assert!(answer.contains("read 34, added 34"), "{answer}");
        let names = desk.features("health.facilities").into_iter().map(|feature| {
            (feature.at.lon.to_bits(), feature.at.lat.to_bits(), format!("{:?}", feature.values.first()))
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    assert_eq!(places(&csv), places(&geojson));
}
