//! What a file is, by its first bytes: names lie.

use std::io::{BufRead, Read};
use std::path::Path;
use std::sync::Arc;

use super::zipped;
use crate::import::ImportError;
use crate::import::input;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// CSV or GeoJSON.
    Text,
    /// KML.
    Xml,
    Kmz,
    Xlsx,
    Xls,
    Ods,
    GeoPackage,
    FlatGeobuf,
    Shapefile,
    ShapefileZip,
}

/// Looks at the first bytes, and into a zip at its names.
pub(super) fn sniff(path: &Path) -> Result<Format, ImportError> {
    let unreadable =
        |cause: &str| ImportError::Unreadable { file: path.display().to_string(), line: None, cause: cause.to_owned() };
    let mut opened = input::open(path, super::MAX_FILE_BYTES, Arc::default())?;
    let start = opened.fill_buf().map_err(|error| input::unreadable(path, &error))?;
    let start: Vec<u8> = start.iter().take(4096).copied().collect();
    let extension = path.extension().and_then(|end| end.to_str()).map(str::to_ascii_lowercase);
    match start.as_slice() {
        [] => Err(unreadable("expected GeoJSON or CSV, found an empty file")),
        [b'P', b'K', 3 | 5, ..] => zip(path),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Ok(Format::Xls),
        [0, 0, 0x27, 0x0a, ..] => Ok(Format::Shapefile),
        bytes if bytes.starts_with(b"SQLite format 3\0") => {
            not_packed(path).then_some(Format::GeoPackage).ok_or_else(|| unreadable("expected it unpacked (gunzip)"))
        }
        bytes if bytes.starts_with(b"fgb\x03fgb") => Ok(Format::FlatGeobuf),
        _ if matches!(extension.as_deref(), Some("dbf" | "shx" | "prj" | "cpg")) => {
            Err(unreadable("expected the .shp beside it, or all parts in one .zip"))
        }
        bytes => markup(bytes).map_err(unreadable),
    }
}

fn markup(bytes: &[u8]) -> Result<Format, &'static str> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let lower = String::from_utf8_lossy(text).to_ascii_lowercase();
    if !lower.starts_with('<') {
        return Ok(Format::Text);
    }
    if lower.contains("<html") || lower.contains("<!doctype html") || lower.contains("<table") {
        return Err("expected a spreadsheet, found a web page that is called one: open it and save as XLSX");
    }
    if lower.contains("urn:schemas-microsoft-com:office:spreadsheet") {
        return Err("expected XLSX, found the older XML of Excel 2003: open it and save as XLSX");
    }
    Ok(Format::Xml)
}

/// A SQLite file is read in place.
fn not_packed(path: &Path) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start != [0x1f, 0x8b]
}

fn zip(path: &Path) -> Result<Format, ImportError> {
    let archive = zipped::open(path)?;
    let names: Vec<String> =
        zipped::names(&archive).iter().map(|name| name.to_ascii_lowercase().replace('\\', "/")).collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let ends = |end: &str| names.iter().any(|name| name.ends_with(end));
    if has("xl/workbook.xml") || (has("[content_types].xml") && ends("workbook.xml")) {
        return Ok(Format::Xlsx);
    }
    if has("content.xml") && has("mimetype") {
        return Ok(Format::Ods);
    }
    if ends(".shp") {
        return Ok(Format::ShapefileZip);
    }
    if ends(".kml") {
        return Ok(Format::Kmz);
    }
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let cause = format!("expected a spreadsheet, a shapefile or a KMZ in the zip, found {}", shown.join(", "));
    Err(ImportError::Unreadable { file: path.display().to_string(), line: None, cause })
}
