//! Rows of a GeoJSON file: each feature is one.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::ImportError;
use super::columns::{Target, Wanted};
use super::geometry;
use super::ids;
use super::input::Input;
use super::raw_feature::{RawFeature, read_feature};
use super::rows::RowMaker;
use super::scan::FeatureScanner;
use super::text::column_key;
use super::values;
use crate::model::{Invalid, Value};
use crate::store::{ImportId, ImportRow};

/// Largest feature, in bytes.
pub const MAX_FEATURE_BYTES: usize = 4 << 20;
/// Most different property names that are remembered in a file; more are read all the same.
const MAX_NAMES: usize = 10_000;

/// Gives the rows of a file one by one.
pub(super) struct GeoJsonRows {
    scanner: FeatureScanner<Input>,
    file: String,
    names: HashMap<String, Vec<Target>>,
}

impl GeoJsonRows {
    pub fn new(input: Input, maker: &RowMaker) -> Self {
        let scanner = FeatureScanner::new(input, MAX_FEATURE_BYTES);
        Self { scanner, file: maker.place.clone(), names: HashMap::new() }
    }

    /// The next row that can be stored; none at the end of the file.
    pub fn next(&mut self, wanted: &Wanted, maker: &mut RowMaker) -> Result<Option<ImportRow>, ImportError> {
        loop {
            maker.go_on()?;
            let next = self.scanner.next().map_err(|error| ImportError::Unreadable {
                file: self.file.clone(),
                line: Some(error.line),
                cause: error.cause,
            })?;
            let Some((line, json)) = next else {
                self.check_told(wanted)?;
                return Ok(None);
            };
            match read_feature(json, line) {
                Ok(raw) => {
                    let row = row(&mut self.names, wanted, maker, (line, raw));
                    if row.is_some() {
                        return Ok(row);
                    }
                }
                Err(message) => maker.unreadable(line, format!("{message}; left out")),
            }
        }
    }

    fn check_told(&self, wanted: &Wanted) -> Result<(), Invalid> {
        wanted.check_told(&self.file, |key| self.names.keys().any(|name| column_key(name) == key))
    }
}

fn row(
    names: &mut HashMap<String, Vec<Target>>,
    wanted: &Wanted,
    maker: &mut RowMaker,
    (line, raw): (u64, RawFeature),
) -> Option<ImportRow> {
    let properties = raw.properties.unwrap_or_default();
    let mut property_id = None;
    let mut fields: Vec<Option<&Json>> = vec![None; maker.layer.fields.len()];
    for (name, value) in &properties {
        if !names.contains_key(name) {
            let targets = wanted.targets(name);
            if targets.is_empty() && names.len() < MAX_NAMES {
                maker.unknown_column(name);
            }
            if !targets.is_empty() || names.len() < MAX_NAMES {
                names.insert(name.clone(), targets);
            }
        }
        for target in names.get(name).into_iter().flatten() {
            match target {
                Target::Id => property_id = Some(value),
                Target::Field(index) => {
                    if let Some(field) = fields.get_mut(*index) {
                        *field = Some(value);
                    }
                }
            }
        }
    }
    let own_id = (!raw.id.is_null() && !wanted.id_is_told()).then_some(&raw.id);
    let id = own_id.or(property_id).map_or(Ok(ImportId::New), ids::from_json);
    maker.row(line, (id, geometry::point(&raw.geometry)), |index, field, zone| match fields.get(index) {
        Some(Some(json)) => values::from_json(field, json, zone),
        _ => Ok(Value::Null),
    })
}
