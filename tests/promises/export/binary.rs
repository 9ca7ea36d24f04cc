//! XLSX, `GeoPackage`, `FlatGeobuf`, `GeoParquet` and archives of tiles.

use std::collections::BTreeMap;
use std::io::Read as _;

use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::engine::crs::Crs;
use bandoso::export::{Axes, ExportJob, ExportProgress, Format, SheetOptions, SinkOptions, Titles, export_to_file};
use bandoso::model::{Feature, LayerId, Value, View};
use calamine::{Data, Reader as _, Xlsx};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field as Cell, RowAccessor as _};
use pmtiles::{TileCoord, TileId};
use serde_json::Value as Json;

use super::{features_by_gdal, gdal, parts, provenance, title, tricky};
use crate::support::program::Desk;
use crate::support::rows::everywhere;

/// In degrees, as the store has them.
fn stored(desk: &Desk) -> Vec<Feature> {
    desk.features("police.incidents")
}

#[test]
fn gdal_reads_a_geopackage_and_a_flatgeobuf_as_they_are_stored() {
    let desk = tricky();
    for (file, layer) in [("out.gpkg", "police_incidents"), ("out.fgb", "police.incidents")] {
        desk.done(&format!("export --layer police.incidents -o {file}"));
        assert_eq!(provenance(&desk, file)["written"], 4, "{file}");
        let Some(read) = features_by_gdal(&desk, &format!("{file} {layer}")) else { return };
        let by_title: BTreeMap<String, &Json> =
            read.iter().map(|json| (json["properties"]["title"].as_str().unwrap().to_owned(), json)).collect();
        assert_eq!(by_title.len(), 4, "{file}");
        for feature in stored(&desk) {
            let json = by_title[title(&feature.values)];
            let at = &json["geometry"]["coordinates"];
            assert!((at[0].as_f64().unwrap() - feature.at.lon).abs() < 1e-12, "{file}: {json}");
            assert!((at[1].as_f64().unwrap() - feature.at.lat).abs() < 1e-12, "{file}: {json}");
            assert_eq!(json["properties"]["unit_relation"], "outside", "{file}");
            if feature.id == 7 {
                assert_eq!(json["properties"]["damage_vnd"], 9_007_199_254_740_993_i64, "{file}");
                assert_eq!(json["properties"]["occurred_at"], "2025-06-30T16:30:00Z", "{file}: {json}");
            }
        }
        // A box by the index.
        let Some(told) = gdal(&desk, "ogrinfo", &format!("-so {file} {layer} -spat 108 15 109 16")) else { return };
        assert!(told.contains("Feature Count: 2") && told.contains("ID[\"EPSG\",4326]"), "{told}");
    }
    assert_eq!(parts(&desk), [""; 0]);
}

#[test]
fn files_in_vn_2000_say_so_and_are_where_proj_has_them() {
    let desk = Desk::new();
    desk.file("a.csv", "id,lon,lat\n1,108.8,15.12\n");
    desk.done("import --layer police.incidents a.csv");
    for (file, layer) in [("out.gpkg", "police_incidents"), ("out.fgb", "police.incidents")] {
        desk.done(&format!("export --layer police.incidents --crs EPSG:5898 -o {file}"));
        let Some(told) = gdal(&desk, "ogrinfo", &format!("-al {file} {layer}")) else { return };
        assert!(told.contains("ID[\"EPSG\",5898]"), "{told}");
        let point = told.split("POINT (").nth(1).unwrap().split(')').next().unwrap();
        let numbers: Vec<f64> = point.split(' ').map(|number| number.parse().unwrap()).collect();
        // By PROJ 9.5.1 with EPSG operation 6960.
        assert!((numbers[0] - 585_791.005_1).abs() < 0.01 && (numbers[1] - 1_672_370.101_3).abs() < 0.01, "{point}");
    }
}

#[test]
fn every_format_gives_the_same_bytes_every_time() {
    let desk = tricky();
    for format in ["xlsx", "gpkg", "fgb", "parquet"] {
        let words = format!("export --layer police.incidents --format {format} --crs EPSG:9216 --bbox 100,0,120,25 -o");
        desk.done(&format!("{words} one"));
        desk.done(&format!("{words} other"));
        let (one, other) = (std::fs::read(desk.path("one")).unwrap(), std::fs::read(desk.path("other")).unwrap());
        assert!(one == other, "{format}: {} and {} bytes", one.len(), other.len());
        assert_eq!(provenance(&desk, "one")["matched"], 2, "{format}");
    }
}

#[test]
fn a_workbook_has_dates_as_dates_and_ids_as_text() {
    let desk = tricky();
    desk.done("export --layer police.incidents --titles -o out.xlsx");
    let mut book: Xlsx<_> = calamine::open_workbook(desk.path("out.xlsx")).unwrap();
    let page = book.worksheet_range("police.incidents").unwrap();
    let rows: Vec<&[Data]> = page.rows().collect();
    assert_eq!(rows.len(), 6);
    let column = |name: &str| rows[0].iter().position(|cell| *cell == Data::String(name.to_owned())).unwrap();
    let text = |text: &str| Data::String(text.to_owned());
    assert_eq!(rows[1][column("category")], text("Nhóm vụ việc / Category"));
    let first = rows[2];
    assert_eq!((&first[column("id")], &first[column("category")]), (&text("7"), &text("theft")));
    assert_eq!(first[column("title")], text("Đồn \"A\", 2\nhàng"));
    // Beyond 2⁵³ a spreadsheet would round it.
    assert_eq!(first[column("damage_vnd")], text("9007199254740993"));
    assert_eq!(first[column("lon")], Data::Float(108.800_000_000_000_01));
    let Data::DateTime(at) = &first[column("occurred_at")] else { panic!("{:?}", first[column("occurred_at")]) };
    // 2025-06-30 23:30 in the catalogue's zone.
    assert!((at.as_f64() - (45_838.0 + 23.5 / 24.0)).abs() < 1e-9, "{at:?}");
    assert_eq!(rows[3][column("title")], text("=1+1"));
    assert_eq!(rows[4][column("occurred_at")], Data::Empty);
}

#[test]
fn a_geoparquet_is_read_back_row_by_row() {
    let desk = tricky();
    desk.done("export --layer police.incidents -o out.parquet");
    let file = std::fs::File::open(desk.path("out.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata().file_metadata();
    let geo = metadata.key_value_metadata().unwrap().iter().find(|pair| pair.key == "geo").unwrap();
    let geo: Json = serde_json::from_str(geo.value.as_ref().unwrap()).unwrap();
    let told = &geo["columns"]["geometry"];
    assert_eq!(told["encoding"], "WKB");
    assert_eq!(told["covering"]["bbox"]["xmax"], serde_json::json!(["bbox", "xmax"]));
    assert!(told.get("crs").is_none(), "{geo}");
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let features = stored(&desk);
    assert_eq!(rows.len(), features.len());
    for (row, feature) in rows.iter().zip(&features) {
        assert_eq!(row.get_long(0).unwrap().unsigned_abs(), feature.id);
        let wkb = row.get_bytes(1).unwrap().data().to_vec();
        let number = |at: usize| f64::from_le_bytes(wkb[at..at + 8].try_into().unwrap());
        assert_eq!((&wkb[..5], number(5), number(13)), (&[1, 1, 0, 0, 0][..], feature.at.lon, feature.at.lat));
        let bbox = row.get_group(2).unwrap();
        assert!(
            f64::from(bbox.get_float(0).unwrap()) <= feature.at.lon
                && feature.at.lon <= f64::from(bbox.get_float(2).unwrap())
        );
        let cells: BTreeMap<&str, &Cell> = row.get_column_iter().map(|(name, cell)| (name.as_str(), cell)).collect();
        assert_eq!(cells["title"], &Cell::Str(title(&feature.values).to_owned()));
        let time = feature.values.iter().find_map(|value| match value {
            Value::Timestamp(at) => Some(at.0),
            _ => None,
        });
        assert_eq!(cells["occurred_at"], &time.map_or(Cell::Null, Cell::TimestampMicros));
    }
}

#[test]
fn a_format_that_cannot_hold_a_feature_says_which() {
    let desk = tricky();
    desk.file("long.csv", format!("id,lon,lat,title\n11,108.8,15.1,{}\n", "ă".repeat(32_768)));
    desk.done("import --layer police.incidents long.csv");
    let said = desk.run("export --layer police.incidents -o out.xlsx");
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("feature 11: a text of more than 32767 characters"), "{}", said.err);
    assert!(!desk.path("out.xlsx").exists() && parts(&desk).is_empty());
}

#[test]
fn an_archive_of_tiles_holds_the_very_tiles_that_are_served() {
    let desk = Desk::new();
    desk.done("demo");
    let words = "--layer police.stations,units.commune --zoom 0-9 --as-of 2025-07-01";
    desk.done(&format!("export {words} -o out.pmtiles"));
    desk.done(&format!("export {words} -o again.pmtiles"));
    assert!(std::fs::read(desk.path("out.pmtiles")).unwrap() == std::fs::read(desk.path("again.pmtiles")).unwrap());
    let told = provenance(&desk, "out.pmtiles");
    assert_eq!((&told["layers"][1], &told["zoom"]), (&Json::from("units.commune"), &serde_json::json!([0, 9])));
    let archive = Archive(std::fs::read(desk.path("out.pmtiles")).unwrap());
    assert_eq!((archive.0[7], archive.0[100], archive.0[101]), (3, 0, 9), "version and zooms");
    let metadata: Json = serde_json::from_slice(&archive.section(24)).unwrap();
    assert_eq!(metadata["vector_layers"][0]["id"], "police.stations");
    assert!(metadata["attribution"].as_str().is_some_and(|text| !text.is_empty()));
    let mut read = 0;
    for (z, x, y) in [(0, 0, 0), (6, 51, 29), (9, 410, 234), (9, 411, 234), (9, 0, 0)] {
        let plain = archive.tile(TileId::from(TileCoord::new(z, x, y).unwrap()).value());
        let words = format!("tile police.stations,units.commune {z}/{x}/{y} --as-of 2025-07-01");
        let text = bandoso::engine::decode::decode(&plain).unwrap().to_string();
        assert_eq!(text, desk.done(&words), "{z}/{x}/{y}");
        read += usize::from(!plain.is_empty());
    }
    assert!(read >= 3, "{read}");
}

/// A small archive, read by the letter of the specification (`PMTiles` 3): all its tiles are in the root directory.
struct Archive(Vec<u8>);

impl Archive {
    fn number(&self, at: usize) -> usize {
        usize::try_from(u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap())).unwrap()
    }

    /// The section whose place stands in the header, unpacked.
    fn section(&self, at: usize) -> Vec<u8> {
        let from = self.number(at);
        unpacked(&self.0[from..from + self.number(at + 8)])
    }

    /// A tile, unpacked; empty where there is none.
    fn tile(&self, id: u64) -> Vec<u8> {
        assert_eq!(self.number(48), 0, "leaf directories");
        let directory = self.section(8);
        let mut rest = directory.as_slice();
        let mut next = || {
            let (mut number, mut shift) = (0, 0);
            loop {
                let byte = rest[0];
                rest = &rest[1..];
                number |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return number;
                }
            }
        };
        let count = next();
        let mut column = || (0..count).map(|_| next()).collect::<Vec<u64>>();
        let (ids, runs, lengths, offsets) = (column(), column(), column(), column());
        let (mut of, mut place) = (0, 0);
        for entry in 0..ids.len() {
            of += ids[entry];
            place = if offsets[entry] == 0 { place + lengths[entry - 1] } else { offsets[entry] - 1 };
            if (of..of + runs[entry]).contains(&id) {
                let from = self.number(56) + usize::try_from(place).unwrap();
                return unpacked(&self.0[from..from + usize::try_from(lengths[entry]).unwrap()]);
            }
        }
        Vec::new()
    }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn a_workbook_with_too_many_rows_is_refused_before_any_file_is_there() {
    let desk = tokio::task::spawn_blocking(tricky).await.unwrap();
    let catalogue = bandoso::config::load_catalogue(None).unwrap();
    let store = bandoso::store::open(&desk.path("map.gpkg").display().to_string()).await.unwrap();
    store.prepare(&catalogue).await.unwrap();
    let zone = catalogue.time_zone.clone();
    let atlas = Atlas::open(store, catalogue, AtlasSettings::default()).await.unwrap();
    let job = |sheet_rows: u64, titles: Titles| ExportJob {
        request: everywhere(&LayerId::parse("layer", "police.incidents").unwrap(), usize::MAX),
        sheet: SheetOptions {
            view: View::EVERYTHING,
            fields: None,
            crs: Crs::Crs84,
            axes: Axes::EastFirst,
            zone: zone.clone(),
        },
        format: Format::Xlsx,
        options: SinkOptions { sheet_rows, titles, ..SinkOptions::default() },
    };
    let path = desk.path("many.xlsx");
    for (sheet_rows, titles, most) in [(4, Titles::LeftOut, 3), (5, Titles::Shown, 3), (0, Titles::Shown, 0)] {
        let refused = export_to_file(&atlas, job(sheet_rows, titles), &path, &ExportProgress::default()).await;
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("4 features") && told.contains(&format!("xlsx holds {most}")), "{told}");
        assert!(!path.exists() && parts(&desk).is_empty(), "{:?}", parts(&desk));
    }
    let made = export_to_file(&atlas, job(6, Titles::Shown), &path, &ExportProgress::default()).await.unwrap();
    assert_eq!((made.written, path.exists()), (4, true));
}

#[test]
fn what_a_killed_export_left_goes_with_the_next_one_and_nothing_else_does() {
    let desk = tricky();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    let file = |name: &str, at: std::time::SystemTime| {
        desk.file(name, "left");
        std::fs::File::options().write(true).open(desk.path(name)).unwrap().set_modified(at).unwrap();
    };
    file(".out.csv.Ab12Cd.part", long_ago);
    file(".out.csv.provenance.json.Ab12Cd.part", long_ago);
    file(".out.csv.more.Ab12Cd.part", long_ago);
    file(".other.csv.Ab12Cd.part", long_ago);
    file(".out.csv.EfghIj.part", std::time::SystemTime::now());
    file(".out.csv.KlmnOp.part", long_ago);
    let held = std::fs::File::open(desk.path(".out.csv.KlmnOp.part")).unwrap();
    held.lock().unwrap();
    desk.done("export --layer police.incidents -o out.csv");
    let mut left = parts(&desk);
    left.sort();
    let kept = [".other.csv.Ab12Cd.part", ".out.csv.EfghIj.part", ".out.csv.KlmnOp.part", ".out.csv.more.Ab12Cd.part"];
    assert_eq!(left, kept, "of other files, of a moment ago, or in somebody's hands");
}
