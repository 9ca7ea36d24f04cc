//! `bandoso import` of files that other programs wrote.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bandoso::import::features::{FeatureJob, FeatureOptions, FeatureReport, import_features};
use bandoso::import::{FindingLog, ImportError, Progress};
use bandoso::model::{FindingKind, LayerId};

use super::support::program::Desk;

const SCHOOLS: &str = "ma,ten,lon,lat,so\n\
    1,Trường tiểu học Đức Phổ,108.95,14.81,120\n\
    2,Trường mầm non Nghĩa Hành,108.78,15.05,\n\
    3,\"Trường cấp III, Sơn Tịnh \"\"mới\"\"\",108.8,15.2,77\n";

/// Whether GDAL is here; on CI it must be.
fn has_gdal() -> bool {
    if Command::new("ogr2ogr").arg("--version").output().is_ok() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "ogr2ogr is missing: under CI no test is skipped");
    eprintln!("skipped: ogr2ogr is not installed");
    false
}

fn ogr(desk: &Desk, format: &str, to: &str, more: &[&str]) -> PathBuf {
    let path = desk.path(to);
    let done = Command::new("ogr2ogr")
        .args(["-f", format])
        .arg(&path)
        .arg(desk.path("source.csv"))
        .args(["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat", "-oo", "AUTODETECT_TYPE=YES"])
        .args(["-a_srs", "EPSG:4326"])
        .args(more)
        .output()
        .unwrap();
    assert!(done.status.success(), "{format}: {}", String::from_utf8_lossy(&done.stderr));
    path
}

/// Name, place and number of each feature.
fn stored(desk: &Desk) -> Vec<String> {
    let features = desk.features("police.incidents");
    features.iter().map(|row| format!("{} {:.6} {:.6} {:?}", row.id, row.at.lon, row.at.lat, row.values)).collect()
}

const MAP: &str = "import --layer police.incidents --map id=ma --map title=ten";

#[test]
fn one_data_set_is_the_same_in_every_format_that_gdal_writes() {
    if !has_gdal() {
        return;
    }
    let expected = {
        let desk = Desk::new();
        desk.file("source.csv", SCHOOLS);
        desk.done(&format!("{MAP} source.csv --strict"));
        stored(&desk)
    };
    assert_eq!(expected.len(), 3);
    assert!(expected[0].contains("Đức Phổ") && expected[2].contains("Sơn Tịnh \\\"mới\\\""), "{expected:?}");
    for (format, name, more) in [
        ("XLSX", "a.xlsx", &[][..]),
        ("ODS", "a.ods", &[]),
        ("GeoJSON", "a.geojson", &[]),
        ("GeoJSONSeq", "a.geojsonl", &[]),
        ("ESRI Shapefile", "a.shp", &["-lco", "ENCODING=UTF-8"]),
        ("GPKG", "a.gpkg", &[]),
        ("FlatGeobuf", "a.fgb", &[]),
        ("KML", "a.kml", &[]),
    ] {
        let desk = Desk::new();
        desk.file("source.csv", SCHOOLS);
        ogr(&desk, format, name, more);
        let said = desk.run(&format!("{MAP} {name} --strict"));
        assert_eq!(said.code, Some(0), "{format}: {}{}", said.out, said.err);
        assert_eq!(stored(&desk), expected, "{format}: {}", said.err);
    }
}

#[test]
fn a_shapefile_comes_in_a_zip_and_its_letters_by_its_code_page() {
    if !has_gdal() {
        return;
    }
    let desk = Desk::new();
    desk.file("source.csv", SCHOOLS);
    ogr(&desk, "ESRI Shapefile", "schools.shz", &["-lco", "ENCODING=UTF-8"]);
    desk.done(&format!("{MAP} schools.shz --strict"));
    assert_eq!(desk.features("police.incidents").len(), 3);
    // Letters in the table as a program of the nineties wrote them, with a code page that says otherwise.
    let desk = Desk::new();
    desk.file("source.csv", SCHOOLS.replace("Trường tiểu học Đức Phổ", "T tiu hc c Ph 1234567890"));
    ogr(&desk, "ESRI Shapefile", "a.shp", &["-lco", "ENCODING=ISO-8859-1"]);
    let dbf = std::fs::read(desk.path("a.dbf")).unwrap();
    let (from, to) = (&b"T tiu hc c Ph 1234567890"[..], &b"Tr\xad\xeang ti\xd3u h\xe4c \xa7\xf8c Ph\xe6"[..]);
    let at = dbf.windows(from.len()).position(|window| window == from).unwrap();
    let mut dbf = dbf;
    dbf[at..at + from.len()].fill(b' ');
    dbf[at..at + to.len()].copy_from_slice(to);
    std::fs::write(desk.path("a.dbf"), dbf).unwrap();
    desk.done(&format!("{MAP} a.shp --encoding tcvn3 --strict"));
    assert!(stored(&desk)[0].contains("Trường tiểu học Đức Phổ"), "{:?}", stored(&desk));
}

#[test]
fn text_in_every_encoding_of_vietnam_is_the_same_text() {
    let lines = |name: &[u8]| {
        let mut file = b"ma,ten,lon,lat\n1,".to_vec();
        file.extend_from_slice(name);
        file.extend_from_slice(b",108.95,14.81\n");
        file
    };
    let text = "Trường tiểu học Đức Phổ";
    let wide = String::from_utf8(lines(text.as_bytes())).unwrap();
    let utf16 = |bytes: fn(u16) -> [u8; 2]| wide.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let mut with_mark = b"\xef\xbb\xbf".to_vec();
    with_mark.extend(lines(text.as_bytes()));
    let mut utf16_with_mark = b"\xff\xfe".to_vec();
    utf16_with_mark.extend(utf16(u16::to_le_bytes));
    for (name, bytes) in [
        ("utf-8", lines(text.as_bytes())),
        ("utf-8 with a mark", with_mark),
        ("utf-16le", utf16(u16::to_le_bytes)),
        ("utf-16be", utf16(u16::to_be_bytes)),
        ("utf-16le with a mark", utf16_with_mark),
        ("windows-1258", lines(b"Tr\xfd\xf5\xccng ti\xea\xd2u ho\xf2c \xd0\xfd\xecc Ph\xf4\xd2")),
        ("tcvn3", lines(b"Tr\xad\xeang ti\xd3u h\xe4c \xa7\xf8c Ph\xe6")),
        ("vni", lines(b"Tr\xf6\xf4\xf8ng tie\xe5u ho\xefc \xd1\xf6\xf9c Pho\xe5")),
    ] {
        let desk = Desk::new();
        desk.file("a.csv", bytes);
        desk.done(&format!("{MAP} a.csv --strict"));
        assert!(stored(&desk)[0].contains(text), "{name}: {:?}", stored(&desk));
    }
    let desk = Desk::new();
    desk.file("a.csv", lines(b"caf\xe9 na\xefve"));
    let said = desk.run(&format!("{MAP} a.csv"));
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("a.csv: expected text in UTF-8 or an encoding of Vietnamese")
            && said.err.contains("--encoding"),
        "{}",
        said.err
    );
    desk.done(&format!("{MAP} a.csv --encoding windows-1252 --strict"));
    assert!(stored(&desk)[0].contains("café naïve"));
}

/// Reads a file as an import would, with nothing behind it.
fn read(path: &Path) -> Result<FeatureReport, ImportError> {
    let catalogue = bandoso::config::load_catalogue(None).unwrap();
    let layer = catalogue.layer(&LayerId::parse("layer", "police.incidents").unwrap()).unwrap().clone();
    let options = FeatureOptions { map: vec![("title".into(), "ten".into())], ..FeatureOptions::default() };
    let job = FeatureJob {
        layer,
        zone: catalogue.time_zone.clone(),
        files: vec![path.to_owned()],
        options,
        findings: FindingLog::default(),
        rejects: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(import_features(None, job, Arc::new(Progress::default())))
}

#[test]
fn a_file_cut_off_or_damaged_anywhere_is_an_error_or_a_finding_and_never_the_end_of_the_program() {
    if !has_gdal() {
        return;
    }
    let desk = Desk::new();
    desk.file("source.csv", SCHOOLS);
    for (format, name) in [
        ("XLSX", "a.xlsx"),
        ("ODS", "a.ods"),
        ("GeoJSON", "a.geojson"),
        ("ESRI Shapefile", "a.shz"),
        ("ESRI Shapefile", "b.shp"),
        ("GPKG", "a.gpkg"),
        ("FlatGeobuf", "a.fgb"),
        ("KML", "a.kml"),
    ] {
        let whole = std::fs::read(ogr(&desk, format, name, &[])).unwrap();
        assert_eq!(read(&desk.path(name)).map(|report| report.rows).unwrap(), 3, "{name}");
        let step = whole.len() / 24 + 1;
        for at in (0..whole.len()).step_by(step) {
            desk.file(name, &whole[..at]);
            match read(&desk.path(name)) {
                Err(ImportError::Unreadable { file, .. }) => assert!(file.ends_with(name)),
                Err(ImportError::Invalid(_)) => {}
                Err(other) => panic!("{name} cut at {at}: {other}"),
                // Some formats end in bytes that no reader needs.
                Ok(report) => assert!(report.rows == 3 || format == "GPKG", "{name} cut at {at}: {} rows", report.rows),
            }
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            desk.file(name, &damaged);
            let _ = read(&desk.path(name));
        }
    }
}

#[test]
fn shapes_that_are_no_points_are_told_and_left_out() {
    if !has_gdal() {
        return;
    }
    let desk = Desk::new();
    desk.file("source.csv", "ma,ten,wkt\n1,a,\"LINESTRING (108 15,109 16)\"\n2,b,\"LINESTRING (108 15,109 17)\"\n");
    for (format, name) in [
        ("ESRI Shapefile", "a.shp"),
        ("GPKG", "a.gpkg"),
        ("FlatGeobuf", "a.fgb"),
        ("KML", "a.kml"),
        ("GeoJSON", "a.json"),
    ] {
        ogr(&desk, format, name, &["-oo", "GEOM_POSSIBLE_NAMES=wkt"]);
        let report = read(&desk.path(name)).unwrap();
        assert_eq!(report.findings.counts().get(&FindingKind::WrongGeometry), Some(&2), "{name}");
    }
}

#[test]
fn a_geojson_that_names_a_grid_of_vn2000_is_read_in_it() {
    let desk = Desk::new();
    desk.file(
        "a.geojson",
        r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::5898"}},"features":[
        {"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[585791.0051,1672370.1013]},"properties":{"ma":1,"ten":"a"}}]}"#,
    );
    desk.done(&format!("{MAP} a.geojson --sure"));
    let features = desk.features("police.incidents");
    let at = features.first().unwrap().at;
    assert!((at.lon - 108.8).abs() < 1e-6 && (at.lat - 15.12).abs() < 1e-6, "{at:?}");
}
