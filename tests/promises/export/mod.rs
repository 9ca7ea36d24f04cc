//! `bandoso export`: a layer out, whole or not at all, as other people's programs read it.

mod binary;
mod keys;
mod text;

use std::process::Command;

use bandoso::model::Value;
use serde_json::Value as Json;

use super::support::program::Desk;

/// Incidents with texts that files stumble over: quotes, line breaks, formulas, other scripts; and with nothing.
const TRICKY: &str = "id,lon,lat,title,category,occurred_at,damage_vnd\r\n\
    7,108.80000000000001,15.12,\"Đồn \"\"A\"\", 2\nhàng\",theft,2025-06-30T23:30:00+07:00,9007199254740993\r\n\
    8,108.25,15.25,=1+1,fire,2025-07-01T00:00:00Z,0\r\n\
    9,-179.9999,-85.5,+84 255 000,,,\r\n\
    4611686018427387904,0,0,'@x,other,1969-12-31T23:59:59.999999Z,-1\r\n";

/// A desk whose layer `police.incidents` has the tricky rows.
pub fn tricky() -> Desk {
    let desk = Desk::new();
    desk.file("tricky.csv", TRICKY);
    desk.done("import --layer police.incidents tricky.csv --strict");
    desk
}

/// What GDAL says when it is asked so; none where GDAL is not here, which under CI is a failure.
pub fn gdal(desk: &Desk, program: &str, words: &str) -> Option<String> {
    let run = Command::new(program).args(words.split_whitespace()).current_dir(desk.path("")).output();
    let Ok(output) = run else {
        assert!(std::env::var_os("CI").is_none(), "{program} is missing: under CI no test is skipped");
        eprintln!("skipped: {program} is not installed");
        return None;
    };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !err.contains("ERROR"), "{program} {words}: {out}{err}");
    Some(out.into_owned())
}

/// The features that GDAL reads in a file, as GeoJSON.
pub fn features_by_gdal(desk: &Desk, words: &str) -> Option<Vec<Json>> {
    let said = gdal(desk, "ogr2ogr", &format!("-f GeoJSON /vsistdout/ -lco COORDINATE_PRECISION=15 {words}"))?;
    let json: Json = serde_json::from_str(&said).unwrap_or_else(|fault| panic!("{fault}: {said}"));
    Some(json["features"].as_array().expect("features").clone())
}

/// The document beside a file, whose hash must be the file's.
pub fn provenance(desk: &Desk, file: &str) -> Json {
    let text = std::fs::read(desk.path(&format!("{file}.provenance.json"))).expect("a provenance");
    let json: Json = serde_json::from_slice(&text).expect("JSON");
    let sum = Command::new("sha256sum").arg(desk.path(file)).output().expect("sha256sum");
    let sum = String::from_utf8_lossy(&sum.stdout).split(' ').next().unwrap_or_default().to_owned();
    assert_eq!(json["file"]["sha256"], sum.as_str(), "{file}");
    assert_eq!(json["file"]["bytes"], std::fs::metadata(desk.path(file)).expect("the file").len());
    json
}

/// Files of the desk that are left of an export.
pub fn parts(desk: &Desk) -> Vec<String> {
    let files = std::fs::read_dir(desk.path("")).expect("the desk").map(|entry| entry.expect("a file").file_name());
    files.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.contains(".part")).collect()
}

/// The text of a feature's first field.
pub fn title(values: &[Value]) -> &str {
    match &values[0] {
        Value::Text(text) => text,
        other => panic!("{other:?}"),
    }
}
