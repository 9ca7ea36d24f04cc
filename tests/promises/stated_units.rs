//! Rows that name their unit: resolved as of their own day, held against their position, and placed by it where they have none.

use std::fmt::Write;
use std::path::Path;

use bandoso::engine::crs::Crs;
use bandoso::engine::locate::UnitIndex;
use bandoso::import::units::{UnitReader, ValidTo};
use bandoso::model::{Level, LonLat, Unit, UnitId};

use super::support::program::{Desk, fixture};

const FILES: [&str; 5] = [
    "provinces.geojson",
    "districts_before_2025-07.geojson",
    "communes_before_2025-07.geojson",
    "communes_2025.geojson",
    "changes_2025.csv",
];
const IMPORT: &str = "import --layer police.incidents";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.done(&format!("units import {}", FILES.map(fixture).join(" ")));
    desk
}

/// The communes of today.
fn communes() -> Vec<Unit> {
    let mut reader = UnitReader::new(ValidTo::Auto);
    reader.read_file(Path::new(&fixture("communes_2025.geojson"))).unwrap();
    let numbered = reader.units.into_iter().zip(1..).map(|(unit, id)| Unit { id: UnitId(id), ..unit });
    numbered.filter(|unit| unit.level == Level::Commune).collect()
}

#[test]
fn units_are_read_in_any_spelling_as_of_the_rows_day_and_held_against_the_position() {
    let desk = desk();
    // 15.12, 108.8 is in today's Cẩm Thành, made of Nguyễn Nghiêm and others.
    let index = UnitIndex::new(&communes());
    let at = LonLat { lon: 108.8, lat: 15.12 };
    let units = communes();
    let home = units.iter().find(|unit| index.covers(unit.id, at)).unwrap();
    let far = units.iter().find(|unit| unit.full_name == "Xã Đăk Hà").unwrap();
    let text = format!(
        "id,lon,lat,occurred_at,Xã/Phường\n\
         1,108.8,15.12,2025-08-01,{}\n2,108.8,15.12,2025-08-01,{}\n3,108.8,15.12,2025-08-01,{}\n\
         4,108.8,15.12,2025-08-01,{}\n5,108.8,15.12,2025-08-01,Phường Không Có\n6,108.8,15.12,2025-08-01,\n",
        home.full_name,
        home.code,
        home.full_name.to_uppercase(),
        far.full_name,
    );
    desk.file("a.csv", text);
    let said = desk.run(&format!("{IMPORT} a.csv"));
    assert!(said.out.contains("read 6, added 6"), "{}{}", said.out, said.err);
    assert!(said.err.contains("a.csv:5: unit_disagrees: the position is"), "{}", said.err);
    assert!(said.err.contains("km outside Xã Đăk Hà"), "{}", said.err);
    assert!(said.err.contains("a.csv:6: unknown_unit: no unit in force on 2025-08-01"), "{}", said.err);
    assert!(said.err.contains("1 unit_disagrees") && said.err.contains("1 unknown_unit"), "{}", said.err);
}

#[test]
fn a_row_without_a_position_is_placed_in_its_unit_and_says_so() {
    let desk = desk();
    std::fs::create_dir_all(desk.path("tiles/layers")).unwrap();
    desk.file(
        "tiles/layers/zoo.animals.toml",
        "id = \"zoo.animals\"\ntitle = { vi = \"Thú\", en = \"Animals\" }\ngeometry = \"point\"\nclassification = \"public\"\n\
         [[fields]]\nname = \"geocode_quality\"\ntitle = { vi = \"Cách định vị\", en = \"How placed\" }\ntype = \"text\"\n",
    );
    let units = communes();
    let home = units.iter().find(|unit| unit.full_name == "Xã Đăk Hà").unwrap();
    desk.file("a.csv", format!("id,lat,lon,xã\n1,,,{}\n2,15.12,108.8,\n3,,,Xã Không Có\n4,,,\n", home.code));
    let import = "import --tiles tiles --layer zoo.animals a.csv";
    assert!(desk.done(import).contains("read 4, added 1"));
    let said = desk.run(&format!("{import} --geocode unit --report report.json"));
    assert!(said.out.contains("read 4, added 1, changed 0, unchanged 1, not stored 2"), "{}{}", said.out, said.err);
    assert!(
        said.err.contains("a.csv:4: unknown_unit") && said.err.contains("a.csv:5: missing_position"),
        "{}",
        said.err
    );
    let report = std::fs::read_to_string(desk.path("report.json")).unwrap();
    assert!(report.contains("\"geocoded\": 1"), "{report}");
    let file = rusqlite::Connection::open(desk.path("map.gpkg")).unwrap();
    let quality = |id: i64| -> String {
        file.query_row("SELECT geocode_quality FROM zoo_animals WHERE id = ?1", [id], |row| row.get(0)).unwrap()
    };
    assert_eq!((quality(1), quality(2)), ("unit_centre".to_owned(), "exact".to_owned()));
}

#[test]
fn degrees_of_vn_2000_taken_for_wgs_84_are_refused_when_rows_name_their_communes() {
    let desk = desk();
    let units = communes();
    let index = UnitIndex::new(&units);
    let mut rows = String::new();
    let mut right = String::new();
    for number in 0..2_500_u32 {
        let part = |step: u32| f64::from(number * step % 9_973) / 9_973.0;
        let at = LonLat { lon: 107.5 + 1.4 * part(7_919), lat: 14.0 + 1.3 * part(5_113) };
        let Some(unit) = units.iter().find(|unit| index.covers(unit.id, at)) else { continue };
        let [lat, lon] = Crs::Vn2000.from_lon_lat(at).unwrap();
        writeln!(rows, "{lon},{lat},{}", unit.code).unwrap();
        writeln!(right, "{},{},{}", at.lon, at.lat, unit.code).unwrap();
    }
    desk.file("a.csv", format!("lon,lat,commune\n{rows}"));
    let said = desk.run(&format!("{IMPORT} a.csv"));
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("a.csv: wrong_datum: ") && said.err.contains("try --crs EPSG:4756"), "{}", said.err);
    desk.done(&format!("{IMPORT} a.csv --crs EPSG:4756 --strict"));
    desk.file("b.csv", format!("lon,lat,commune\n{right}"));
    desk.done(&format!("{IMPORT} b.csv --dry-run"));
}
