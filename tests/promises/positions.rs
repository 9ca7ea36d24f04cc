//! Positions in files: in any grid of VN-2000, as people type them, and refused where they are not what they are said to be.

use std::fmt::Write;

use bandoso::engine::crs::Crs;
use bandoso::model::LonLat;
use serde_json::Value as Json;

use super::support::program::{Desk, fixture, shared};

const IMPORT: &str = "import --layer police.incidents";

/// A store with the provinces of before and after 2025.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.done(&format!("units import {}", fixture("provinces.geojson")));
    desk
}

/// Places in the old province of Quảng Ngãi, well inside.
fn places() -> Vec<LonLat> {
    let step = |index: u32| f64::from(index) * 0.04;
    (0..100).map(|index| LonLat { lon: 108.32 + step(index % 10), lat: 14.75 + step(index / 10) }).collect()
}

/// The places in a reference system, easting or longitude in the column `x_name`.
fn table(crs: &str, (x_name, y_name): (&str, &str)) -> String {
    let crs = Crs::parse(crs).unwrap();
    let mut text = format!("id,{x_name},{y_name}\n");
    for (index, at) in places().into_iter().enumerate() {
        let [a, b] = crs.from_lon_lat(at).unwrap();
        let (x, y) = if crs.is_latitude_first() { (b, a) } else { (a, b) };
        writeln!(text, "{},{x},{y}", index + 1).unwrap();
    }
    text
}

#[test]
fn every_grid_of_vn_2000_lands_where_it_should() {
    let desk = desk();
    for (crs, names) in [
        ("EPSG:5898", ("easting", "northing")),
        ("EPSG:9216", ("Tọa độ Đông", "Tọa độ Bắc")),
        ("TM3 108°15'", ("Y", "X")),
        ("EPSG:3406", ("y", "x")),
        ("EPSG:4756", ("Kinh độ", "Vĩ độ")),
    ] {
        desk.file("a.csv", table(crs, names));
        let mut command = desk.command(&format!("{IMPORT} a.csv --strict"));
        let done = super::support::program::said(command.env("BANDOSO_CRS", crs).output().unwrap());
        assert_eq!(done.code, Some(0), "{crs}: {}", done.err);
        assert_eq!(done.err.contains("surveyors_order"), names.0.eq_ignore_ascii_case("y"), "{crs}: {}", done.err);
        let stored = desk.features("police.incidents");
        let near = stored
            .iter()
            .zip(places())
            .all(|(row, at)| (row.at.lon - at.lon).abs() < 1e-8 && (row.at.lat - at.lat).abs() < 1e-8);
        assert!(near && stored.len() == 100, "{crs}");
    }
}

#[test]
fn positions_are_read_as_people_type_them() {
    let desk = Desk::new();
    desk.file(
        "both.csv",
        "id;Toạ độ\n1;15°22′32.7″N 109°06′00.5″E\n2;15,375750 109,100139\n3;POINT(109.1001389 15.3757500)\n\
         4;15 22 32,7 109 06 00,5\n5;N15.375750 E109.100139\n",
    );
    desk.done(&format!("{IMPORT} both.csv --strict"));
    desk.file("two.csv", "id,Vĩ độ,Kinh độ\n6,\"15°22'32.7\"\"B\",\"109-06-00,5 Đ\"\n7,15:22:32.7,109d06'00.5\n");
    desk.done(&format!("{IMPORT} two.csv"));
    let stored = desk.features("police.incidents");
    let near = |at: LonLat| (at.lon - 109.100_138_9).abs() < 2e-7 && (at.lat - 15.375_75).abs() < 2e-7;
    assert_eq!(stored.iter().filter(|row| near(row.at)).count(), 7, "{stored:?}");
    // In one text no order is plain, in the other hemispheres contradict the columns.
    desk.file("unclear.csv", "id,toado\n1,15.1 18.2\n");
    let said = desk.run(&format!("{IMPORT} unclear.csv --dry-run"));
    assert!(said.err.contains("unclear.csv:2: invalid_position: expected to know which"), "{}", said.err);
    desk.file("contrary.csv", "id,lon,lat\n1,15.1N,108.8E\n");
    let said = desk.run(&format!("{IMPORT} contrary.csv --dry-run"));
    assert!(said.err.contains("contrary.csv:2: swapped_axes: the hemispheres say"), "{}", said.err);
}

#[test]
fn a_file_that_is_not_what_it_is_said_to_be_is_refused_and_the_right_reading_named() {
    let desk = desk();
    for (file, options, kind, hint) in [
        (
            table("EPSG:9216", ("easting", "northing")),
            "--crs EPSG:5898",
            "wrong_zone",
            "--crs EPSG:9216 --xy east-north",
        ),
        (table("EPSG:5898", ("X", "Y")), "--crs EPSG:5898", "swapped_axes", "--crs EPSG:5898 --xy east-north"),
        (table("EPSG:4326", ("lat", "lon")), "", "swapped_axes", "--crs EPSG:4326 --xy north-east"),
        (table("EPSG:5898", ("x", "y")), "", "wrong_crs", "--crs EPSG:5898 --xy east-north"),
        (table("EPSG:4326", ("x", "y")), "--crs EPSG:5898", "wrong_crs", "--crs EPSG:4326 --xy east-north"),
    ] {
        desk.file("a.csv", &file);
        let said = desk.run(&format!("{IMPORT} a.csv {options}"));
        assert_eq!(said.code, Some(1), "{kind}: {}", said.err);
        assert!(said.out.contains("nothing was written (refused)"), "{}", said.out);
        assert!(said.err.contains(&format!("a.csv: {kind}: read as ")), "{kind}: {}", said.err);
        assert!(said.err.contains(&format!("try {hint}")), "{kind}: {}", said.err);
        assert_eq!(desk.features("police.incidents"), []);
        desk.done(&format!("{IMPORT} a.csv --strict --dry-run {hint}"));
    }
}

#[test]
fn a_row_with_its_coordinates_exchanged_stays_out_and_one_elsewhere_is_told() {
    let desk = desk();
    let mut file = table("EPSG:4326", ("lon", "lat"));
    file.push_str("101,15.0,108.6\n102,10848000,1512000\n103,100.5,13.7\n");
    desk.file("a.csv", &file);
    let said = desk.run(&format!("{IMPORT} a.csv --rejects bad.csv --report report.json"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("read 103, added 101, "), "{}", said.out);
    for finding in [
        "a.csv:102: swapped_axes: ",
        "a.csv:103: invalid_position: ",
        "is a decimal point missing: 108.48, 15.12?",
        "a.csv:104: outside_province: 100.500000,13.700000 is outside",
    ] {
        assert!(said.err.contains(finding), "{finding} is not in {}", said.err);
    }
    let report: Json = serde_json::from_slice(&std::fs::read(desk.path("report.json")).unwrap()).unwrap();
    assert_eq!(
        (report["rows"].as_u64(), report["stored"].as_u64(), report["rejected"].as_u64()),
        (Some(103), Some(101), Some(2))
    );
    assert_eq!(report["findings"]["swapped_axes"], 1);
    assert_eq!(
        (&report["files"][0]["crs"], &report["files"][0]["columns"]["x"]),
        (&Json::from("EPSG:4326"), &Json::from("lon"))
    );
    let first = &report["first_findings"][0];
    assert_eq!((&first["column"], &first["value"]), (&Json::from("lon, lat"), &Json::from("15.0, 108.6")));
    assert!(first["advice"]["vi"].is_string());
}

#[test]
fn rejected_rows_come_back_in_the_senders_columns_and_can_be_sent_again() {
    let desk = desk();
    desk.file(
        "a.csv",
        "Mã;Loại;Vĩ độ;Kinh độ;Ghi chú\nA-1;theft;15,0;108,5;\"một;\nhai\"\nA-2;theft;;;x\nA-3;fire;108,5;15,0;y\nA-4;fire;1\n",
    );
    let map = "--map id=Mã --map category=Loại";
    let said = desk.run(&format!("{IMPORT} a.csv {map} --rejects bad.csv"));
    assert!(said.out.ends_with("bad.csv: 3 rows to correct and import again\n"), "{} {}", said.out, said.err);
    let bad = std::fs::read_to_string(desk.path("bad.csv")).unwrap();
    let lines: Vec<&str> = bad.lines().collect();
    assert!(lines[0].starts_with("\u{feff}Mã,Loại,Vĩ độ,Kinh độ,Ghi chú,bandoso_file,bandoso_line,"), "{bad}");
    assert!(lines[1].starts_with("A-2,theft,,,x,a.csv,4,missing_position,"), "{bad}");
    assert!(lines[2].starts_with("A-3,fire,\"108,5\",\"15,0\",y,a.csv,5,swapped_axes,"), "{bad}");
    assert!(lines[3].starts_with(",,,,,a.csv,6,unreadable_row,"), "{bad}");
    assert!(!desk.path("bad.csv.part").exists());
    let mended = bad.replace("A-2,theft,,", "A-2,theft,15.1,108.6").replace("\"108,5\",\"15,0\"", "\"15,0\",\"108,5\"");
    desk.file("mended.csv", mended.lines().take(3).collect::<Vec<_>>().join("\n"));
    let said = desk.run(&format!("{IMPORT} mended.csv {map} --strict"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("read 2, added 2"), "{}", said.out);
    assert!(!said.err.contains("bandoso_"), "{}", said.err);
}

#[test]
fn the_caller_may_be_sure_of_what_he_said() {
    let desk = desk();
    desk.file("a.csv", table("EPSG:9216", ("easting", "northing")));
    let said = desk.run(&format!("{IMPORT} a.csv --crs EPSG:5898 --sure"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("wrong_zone") && said.out.contains("added 100"), "{} {}", said.out, said.err);
}

#[test]
fn real_hospitals_in_the_neighbouring_zone_are_refused() {
    let (Some(hospitals), Some(province)) =
        (shared("points/hospitals_quang_ngai_osm.csv"), shared("boundaries/quang_ngai_province_2025.geojson"))
    else {
        return;
    };
    let desk = Desk::new();
    desk.run(&format!("units import {province}"));
    let mut reader = csv::Reader::from_path(hospitals).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (lon, lat) = (column("lon"), column("lat"));
    let grid = Crs::parse("EPSG:9216").unwrap();
    let mut text = "X,Y\n".to_owned();
    for row in reader.records() {
        let row = row.unwrap();
        let at = LonLat { lon: row[lon].parse().unwrap(), lat: row[lat].parse().unwrap() };
        let [east, north] = grid.from_lon_lat(at).unwrap();
        writeln!(text, "{north},{east}").unwrap();
    }
    desk.file("a.csv", text);
    let said = desk.run("import --layer health.facilities a.csv --crs EPSG:5898");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(
        said.err.contains("a.csv: wrong_zone: ") && said.err.contains("--crs EPSG:9216 --xy north-east"),
        "{}",
        said.err
    );
    desk.done("import --layer health.facilities a.csv --crs EPSG:9216 --strict");
}

#[test]
fn a_file_sent_again_in_the_other_datum_is_told_though_nothing_else_shows_it() {
    let desk = desk();
    desk.file("right.csv", table("EPSG:4326", ("lon", "lat")));
    desk.done(&format!("{IMPORT} right.csv --strict"));
    desk.done(&format!("{IMPORT} right.csv --strict"));
    desk.file("again.csv", table("EPSG:4756", ("lon", "lat")));
    let said = desk.run(&format!("{IMPORT} again.csv --strict"));
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("again.csv: wrong_datum: 100 of 100 rows looked at lie some 225 m from"), "{}", said.err);
    assert!(
        desk.features("police.incidents").iter().zip(places()).all(|(row, at)| row.at.lon == at.lon),
        "nothing was written"
    );
    desk.done(&format!("{IMPORT} again.csv --strict --crs EPSG:4756"));
}
