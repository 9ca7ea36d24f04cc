//! GeoJSON, lines and sequences of it, and CSV.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{features_by_gdal, gdal, parts, provenance, title, tricky};
use crate::support::program::{Desk, said, signal};

#[test]
fn what_is_exported_can_be_imported_again_without_a_change() {
    let desk = tricky();
    for file in ["out.geojson", "out.csv", "out.ndjson"] {
        let told = desk.done(&format!("export --layer police.incidents -o {file}"));
        assert_eq!(told, format!("police.incidents: wrote 4 of 4 features to {file}\n"));
        let again = desk.done(&format!("import --layer police.incidents {file} --strict"));
        assert!(again.contains("read 4, added 0, changed 0, unchanged 4, not stored 0"), "{file}: {again}");
    }
    assert_eq!(parts(&desk), [""; 0]);
}

#[test]
fn the_same_question_gives_the_same_bytes_and_says_what_it_was() {
    let desk = tricky();
    for format in ["geojson", "ndjson", "geojsonseq", "csv"] {
        let words = format!(
            "export --layer police.incidents --format {format} --datetime 2025-06-01/.. --as-of 2025-07-01 \
             --bbox 108,15,109,16 --fields title,unit --filter damage_vnd>5 -o"
        );
        desk.done(&format!("{words} one"));
        desk.done(&format!("{words} other"));
        let (one, other) = (std::fs::read(desk.path("one")).unwrap(), std::fs::read(desk.path("other")).unwrap());
        assert_eq!(one, other, "{format}");
        let told = provenance(&desk, "one");
        assert_eq!((&told["matched"], &told["written"]), (&Json::from(1), &Json::from(1)), "{told}");
        assert_eq!(told["filter"], "damage_vnd > 5");
        assert_eq!(told["datetime"], "2025-05-31T17:00:00Z/..");
        assert_eq!(told["as_of"], "2025-07-01");
        assert_eq!(told["versions"]["police.incidents"], 1);
        assert_eq!((&told["format"], &told["fields"][1]), (&Json::from(format), &Json::from("unit")));
    }
}

#[test]
fn other_programs_read_the_features_as_they_are() {
    let desk = tricky();
    for file in ["out.geojson", "out.ndjson", "out.geojsons"] {
        desk.done(&format!("export --layer police.incidents -o {file}"));
        let Some(read) = features_by_gdal(&desk, file) else { return };
        let stored = desk.features("police.incidents");
        assert_eq!(read.len(), stored.len(), "{file}");
        for (json, feature) in read.iter().zip(&stored) {
            let at = &json["geometry"]["coordinates"];
            let near = |json: &Json, number: f64| (json.as_f64().unwrap() - number).abs() < 1e-12;
            assert!(near(&at[0], feature.at.lon) && near(&at[1], feature.at.lat), "{file}: {json}");
            assert_eq!(json["properties"]["title"], title(&feature.values), "{file}");
        }
    }
    desk.done("export --layer police.incidents -o out.csv");
    let Some(read) = gdal(&desk, "ogrinfo", "out.csv -al -oo X_POSSIBLE_NAMES=lon -oo Y_POSSIBLE_NAMES=lat") else {
        return;
    };
    assert!(read.contains("Feature Count: 4") && read.contains("POINT (108.25 15.25)"), "{read}");
}

#[test]
fn vn_2000_is_where_proj_has_it() {
    let desk = Desk::new();
    desk.file("a.csv", "id,lon,lat\n1,108.8,15.12\n2,107.9,14.4\n");
    desk.done("import --layer police.incidents a.csv");
    desk.done("export --layer police.incidents --crs EPSG:5898 -o a.geojson");
    desk.done("export --layer police.incidents --crs EPSG:5898 -o b.csv --fields unit");
    // By PROJ 9.5.1 with EPSG operation 6960.
    let csv = std::fs::read_to_string(desk.path("b.csv")).unwrap();
    let row: Vec<f64> = csv.lines().nth(1).unwrap().split(',').take(3).map(|cell| cell.parse().unwrap()).collect();
    assert!((row[1] - 585_791.005_1).abs() < 0.01 && (row[2] - 1_672_370.101_3).abs() < 0.01, "{csv}");
    let Some(told) = gdal(&desk, "ogrinfo", "-so -al a.geojson") else { return };
    assert!(told.contains("ID[\"EPSG\",5898]") && told.contains("(489015.") || told.contains("585791.0"), "{told}");
}

#[test]
fn a_csv_for_excel_has_a_mark_and_runs_no_formula() {
    let desk = tricky();
    desk.done("export --layer police.incidents --bom -o out.csv");
    let text = std::fs::read_to_string(desk.path("out.csv")).unwrap();
    assert!(text.starts_with("\u{feff}id,lon,lat,title,"), "{text}");
    assert!(text.contains(",'=1+1,") && text.contains(",'+84 255 000,") && text.contains(",'@x,"), "{text}");
    assert!(text.contains("\"Đồn \"\"A\"\", 2\nhàng\"") && text.ends_with("\r\n"), "{text}");
}

#[test]
fn text_goes_to_the_standard_output_when_it_is_asked_for() {
    let desk = tricky();
    let lines = desk.done("export --layer police.incidents --format ndjson -o -");
    let ids: BTreeSet<u64> =
        lines.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, BTreeSet::from([7, 8, 9, 1 << 62]));
}

#[test]
fn what_cannot_be_exported_is_told_before_any_file_is_touched() {
    let desk = tricky();
    desk.file("kept.csv", "kept");
    for (words, named) in [
        ("--layer police.incident -o kept.csv", "--layer"),
        ("--layer police.incidents -o kept", "--format"),
        ("--layer police.incidents --format shp -o kept.csv", "--format"),
        ("--layer police.incidents --filter colour=1 -o kept.csv", "--filter"),
        ("--layer police.incidents --fields title,colour -o kept.csv", "--fields"),
        ("--layer police.incidents --crs EPSG:1 -o kept.csv", "--crs"),
        ("--layer police.incidents --bbox 1,2,3 -o kept.csv", "--bbox"),
        ("--layer police.incidents --as-of yesterday -o kept.csv", "--as-of"),
        ("--layer police.incidents -o nowhere/kept.csv", "nowhere/kept.csv"),
    ] {
        let said = desk.run(&format!("export {words}"));
        assert_eq!(said.code, Some(2), "{words}: {}{}", said.out, said.err);
        assert!(said.err.contains(named), "{words}: {}", said.err);
    }
    assert_eq!(std::fs::read_to_string(desk.path("kept.csv")).unwrap(), "kept");
    assert_eq!(parts(&desk), [""; 0]);
}

#[test]
fn an_export_that_is_killed_leaves_the_file_that_was_there_or_a_whole_one() {
    let desk = Desk::new();
    let mut rows = String::from("id,lon,lat,title\n");
    for id in 1..=20_000 {
        writeln!(rows, "{id},108.{id:05},15.1,Vụ việc {id}").unwrap();
    }
    desk.file("a.csv", rows);
    desk.done("import --layer police.incidents a.csv");
    desk.file("out.geojson", "before");
    for name in ["KILL", "TERM"] {
        let mut child = desk.start("export --layer police.incidents -o out.geojson");
        while parts(&desk).is_empty() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        signal(&child, name);
        let said = said(child.wait_with_output().unwrap());
        let text = std::fs::read_to_string(desk.path("out.geojson")).unwrap();
        let whole = serde_json::from_str::<Json>(&text).is_ok_and(|json| json["features"][19_999]["id"] == 20_000);
        assert!(text == "before" || whole, "{name}: {:?} {}", said.code, said.err);
        if name == "KILL" {
            for part in parts(&desk) {
                std::fs::remove_file(desk.path(&part)).unwrap();
            }
        }
    }
}
