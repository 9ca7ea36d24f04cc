//! What a file was made from, so that anyone can make it again and get the same bytes.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::file::ExportJob;
use crate::atlas::Extract;
use crate::model::{Area, AsOf, Bbox, Clock, TimeInterval, Versions};

/// The question as it was asked; what is null was not.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    /// The layers asked.
    pub layers: Vec<String>,
    /// Their versions and the units', all of one moment.
    pub versions: Versions,
    /// CQL2 text.
    pub filter: Option<String>,
    /// `from/to`, the end not included; `..` where open.
    pub datetime: Option<String>,
    /// The units' date; `own` for each feature's own.
    pub as_of: String,
    /// The date of features that have none.
    pub today: String,
    /// Boxes of degrees, W S E N.
    pub bbox: Option<Vec<[f64; 4]>>,
    /// Of the coordinates.
    pub crs: String,
    /// Names of the fields asked for; null for all.
    pub fields: Option<Vec<String>>,
    /// First and last zoom, of tiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoom: Option<[u8; 2]>,
    /// What dense tiles hold, of tiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dense: Option<&'static str>,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// The format's name.
    pub format: &'static str,
    /// Features that match; tiles that there are.
    pub matched: u64,
    /// Features (or tiles) in the file.
    pub written: u64,
}

/// The file itself.
#[derive(Debug, Clone, Serialize)]
pub struct Hashed {
    name: String,
    bytes: u64,
    sha256: String,
}

/// The document beside a file.
#[derive(Debug, Serialize)]
pub struct Provenance {
    file: Hashed,
    format: &'static str,
    #[serde(flatten)]
    question: Question,
    matched: u64,
    written: u64,
    /// When: the one thing that differs between two exports of the same.
    made: String,
    program: &'static str,
}

impl Question {
    /// As a job asks it of an extract.
    pub fn new(job: &ExportJob, extract: &Extract, clock: &Clock) -> Self {
        let request = &job.request;
        let bbox =
            |boxes: &Vec<Bbox>| boxes.iter().map(|bbox| [bbox.west, bbox.south, bbox.east, bbox.north]).collect();
        Self {
            layers: vec![extract.layer.id.to_string()],
            versions: extract.versions.clone(),
            filter: request.filter.as_ref().map(|filter| filter.text().to_owned()),
            datetime: request.datetime.map(interval),
            as_of: as_of(request.as_of),
            today: clock.today.to_string(),
            bbox: match &request.area {
                Area::Boxes(boxes) => Some(bbox(boxes)),
                _ => None,
            },
            crs: job.sheet.crs.code(),
            fields: job.sheet.fields.clone(),
            zoom: None,
            dense: None,
        }
    }
}

pub(super) fn as_of(as_of: AsOf) -> String {
    match as_of {
        AsOf::Day(day) => day.to_string(),
        AsOf::Own => "own".to_owned(),
    }
}

pub(super) fn interval(interval: TimeInterval) -> String {
    let end = |end: Option<crate::model::Instant>| end.map_or_else(|| "..".to_owned(), |end| end.to_string());
    format!("{}/{}", end(interval.from), end(interval.to))
}

impl Provenance {
    /// The document of a file made now.
    pub fn new(question: Question, made: Made, file: Hashed) -> Self {
        Self {
            file,
            format: made.format,
            question,
            matched: made.matched,
            written: made.written,
            made: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            program: concat!("bandoso ", env!("CARGO_PKG_VERSION")),
        }
    }

    /// As text.
    pub fn to_json(&self) -> Vec<u8> {
        // Texts and numbers always serialize.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// Length and SHA-256 of a file that will be called like `path`.
pub(super) fn file_hash(written: &Path, path: &Path) -> io::Result<Hashed> {
    let (mut file, mut hash) = (File::open(written)?, Sha256::new());
    let (mut buffer, mut bytes) = (vec![0; 1 << 18], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut sha256 = String::new();
    for byte in hash.finalize() {
        // Writing into a String cannot fail.
        let _ = write!(sha256, "{byte:02x}");
    }
    Ok(Hashed { name, bytes, sha256 })
}
