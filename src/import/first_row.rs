use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::rows::RowMaker;
use crate::model::Value;
use crate::store::{ImportId, ImportRow};

/// A row as it is stored, for people to look at.
#[derive(Debug, Clone, Serialize)]
pub struct FirstRow {
    /// Its file.
    pub file: String,
    /// Its line there.
    pub line: u64,
    /// Its id; none where the store will number it.
    pub id: Option<String>,
    /// Degrees WGS 84.
    pub lon: f64,
    /// Degrees WGS 84.
    pub lat: f64,
    /// Values by the names of their fields; empty ones left out.
    pub values: BTreeMap<String, String>,
}

impl FirstRow {
    pub(super) fn new(line: u64, row: &ImportRow, maker: &RowMaker) -> Self {
        let fields = maker.layer.fields.iter().zip(&row.values);
        let values = fields.filter_map(|(field, value)| Some((field.name.clone(), shown(value, &maker.zone)?)));
        Self {
            file: maker.place.clone(),
            line,
            id: match &row.id {
                ImportId::New => None,
                ImportId::Number(number) => Some(number.to_string()),
                ImportId::Text(text) => Some(text.clone()),
            },
            lon: row.at.lon,
            lat: row.at.lat,
            values: values.collect(),
        }
    }
}

/// A value as people read it; nothing for none.
fn shown(value: &Value, zone: &TimeZone) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Timestamp(at) => match jiff::Timestamp::from_microsecond(at.0) {
            Ok(at) => at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            Err(_) => at.to_string(),
        },
    })
}
