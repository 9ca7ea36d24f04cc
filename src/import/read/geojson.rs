//! Records of a GeoJSON file: each feature is one, its properties are the columns.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::options::ReadOptions;
use crate::import::ImportError;
use crate::import::encoding::Encoding;
use crate::import::geometry;
use crate::import::input::Input;
use crate::import::raw_feature::read_feature;
use crate::import::record::{Cell, Cells, FileCrs, Header, MAX_COLUMNS, PositionIn, Read, Record, Records, Source};
use crate::import::scan::{FeatureScanner, ScanError};

/// Largest feature, in bytes.
pub const MAX_FEATURE_BYTES: usize = 4 << 20;

/// Gives the features of a file one by one.
pub(in crate::import) struct GeoJsonRecords {
    scanner: FeatureScanner<Input>,
    file: String,
    columns: Vec<String>,
    known: HashMap<String, usize>,
    id: Json,
    properties: Properties,
    encoding: Encoding,
    /// The first feature, which is read to know what comes before it.
    first: Option<(u64, Vec<u8>)>,
}

/// The properties of the feature at hand.
#[derive(Default)]
struct Properties {
    values: Vec<Json>,
    /// For each column met so far the place of its value, one too high: 0 where the feature has none.
    places: Vec<usize>,
}

impl GeoJsonRecords {
    /// Reads up to the first feature.
    pub fn new(file: String, input: Input, encoding: Encoding) -> Result<Self, ImportError> {
        let mut scanner = FeatureScanner::in_any_crs(input, MAX_FEATURE_BYTES);
        let first = scanner.next().map_err(|error| unreadable(&file, error))?;
        let first = first.map(|(line, json)| (line, json.to_vec()));
        Ok(Self {
            scanner,
            first,
            file,
            columns: Vec::new(),
            known: HashMap::new(),
            id: Json::Null,
            properties: Properties::default(),
            encoding,
        })
    }

    fn take_in(&mut self, line: u64, properties: Map<String, Json>) -> Result<(), ImportError> {
        self.properties.values.clear();
        self.properties.places.fill(0);
        for (name, value) in properties {
            let column = match self.known.get(&name) {
                Some(column) => *column,
                None if self.columns.len() == MAX_COLUMNS => {
                    let cause = format!("more than {MAX_COLUMNS} different property names");
                    return Err(ImportError::Unreadable { file: self.file.clone(), line: Some(line), cause });
                }
                None => {
                    self.known.insert(name.clone(), self.columns.len());
                    self.columns.push(name);
                    self.properties.places.push(0);
                    self.columns.len() - 1
                }
            };
            self.properties.values.push(value);
            if let Some(place) = self.properties.places.get_mut(column) {
                *place = self.properties.values.len();
            }
        }
        Ok(())
    }
}

fn unreadable(file: &str, error: ScanError) -> ImportError {
    ImportError::Unreadable { file: file.to_owned(), line: Some(error.line), cause: error.cause }
}

impl Records for GeoJsonRecords {
    fn source(&self) -> Source {
        let read_as = ReadOptions { encoding: Some(self.encoding), ..ReadOptions::default() };
        let crs = self.scanner.crs().map(|name| FileCrs::Text(name.to_owned()));
        Source { crs, read_as, ..Source::new("GeoJSON", Header::Growing, PositionIn::Geometry) }
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self) -> Result<Option<Read<'_>>, ImportError> {
        let held = self.first.take();
        let next = match &held {
            Some((line, json)) => Some((*line, json.as_slice())),
            None => self.scanner.next().map_err(|error| unreadable(&self.file, error))?,
        };
        let Some((line, json)) = next else { return Ok(None) };
        let raw = match read_feature(json, line) {
            Ok(raw) => raw,
            Err(message) => return Ok(Some(Read::Unreadable { line, message: format!("{message}; left out") })),
        };
        self.id = raw.id;
        self.take_in(line, raw.properties.unwrap_or_default())?;
        let (id, columns, cells) = (Cell::of_json(&self.id), self.columns.as_slice(), &self.properties);
        Ok(Some(Read::Record(Record { line, id, columns, cells, geometry: geometry::raw_point(&raw.geometry) })))
    }
}

impl Cells for Properties {
    fn cell(&self, column: usize) -> Cell<'_> {
        let place = self.places.get(column).and_then(|place| place.checked_sub(1));
        place.and_then(|place| self.values.get(place)).map_or(Cell::Null, Cell::of_json)
    }
}
