//! `GeoJSON` as a collection (RFC 7946), as lines and as a text sequence (RFC 8142).
//!
//! RFC 7946 knows WGS 84 only. In another reference system the collection has the member `crs` of the edition of 2008, which GDAL and
//! QGIS read; lines have no place for it.

use std::io::Write;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::reference::epsg;
use super::sheet::relation_name;
use super::{ExportError, Sheet, Sink};
use crate::model::{FoundFeature, Value};

/// What stands round the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// One document.
    Collection,
    /// A line feed after each.
    Lines,
    /// A record separator before each, a line feed after it.
    Sequence,
}

/// Record separator of RFC 8142.
const RECORD: u8 = 0x1e;

pub(super) struct GeoJsonSink {
    sheet: Sheet,
    out: Box<dyn Write + Send>,
    framing: Framing,
    any: bool,
}

impl GeoJsonSink {
    pub fn new(sheet: Sheet, mut out: Box<dyn Write + Send>, framing: Framing) -> Result<Self, ExportError> {
        sheet.keeps_free("GeoJSON", &[])?;
        if framing == Framing::Collection {
            out.write_all(b"{\"type\":\"FeatureCollection\",")?;
            write!(out, "\"name\":\"{}\",", sheet.layer.id)?;
            if let Some(code) = epsg(sheet.crs).filter(|code| *code != 4326) {
                let name = format!("urn:ogc:def:crs:EPSG::{code}");
                write!(out, "\"crs\":{{\"type\":\"name\",\"properties\":{{\"name\":\"{name}\"}}}},")?;
            }
            out.write_all(b"\"features\":[")?;
        }
        Ok(Self { sheet, out, framing, any: false })
    }
}

impl Sink for GeoJsonSink {
    fn write(&mut self, features: &[FoundFeature]) -> Result<(), ExportError> {
        let mut text = Vec::with_capacity(features.len() * 256);
        for found in features {
            match self.framing {
                Framing::Collection => text.extend_from_slice(if self.any { b",\n" } else { b"\n" }),
                Framing::Lines => {}
                Framing::Sequence => text.push(RECORD),
            }
            let feature = FeatureJson { sheet: &self.sheet, found };
            serde_json::to_writer(&mut text, &feature).map_err(std::io::Error::from)?;
            if self.framing != Framing::Collection {
                text.push(b'\n');
            }
            self.any = true;
        }
        Ok(self.out.write_all(&text)?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        if self.framing == Framing::Collection {
            self.out.write_all(b"\n]}\n")?;
        }
        Ok(self.out.flush()?)
    }
}

/// One feature as it is written.
struct FeatureJson<'a> {
    sheet: &'a Sheet,
    found: &'a FoundFeature,
}

impl Serialize for FeatureJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Point {
            r#type: &'static str,
            coordinates: [f64; 2],
        }
        let feature = &self.found.feature;
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("type", "Feature")?;
        map.serialize_entry("id", &feature.id)?;
        // A projection has no number for some places far from it: no geometry then, which GeoJSON allows.
        let point = self.sheet.position(feature.at);
        map.serialize_entry("geometry", &point.map(|coordinates| Point { r#type: "Point", coordinates }))?;
        map.serialize_entry("properties", &Properties(self))?;
        map.end()
    }
}

struct Properties<'a>(&'a FeatureJson<'a>);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let FeatureJson { sheet, found } = self.0;
        let mut map = serializer.serialize_map(None)?;
        for (field, value) in sheet.values(found) {
            match value {
                Value::Null => map.serialize_entry(&field.name, &None::<u8>)?,
                Value::Text(text) => map.serialize_entry(&field.name, text)?,
                Value::Integer(number) => map.serialize_entry(&field.name, number)?,
                Value::Real(number) => map.serialize_entry(&field.name, number)?,
                Value::Boolean(truth) => map.serialize_entry(&field.name, truth)?,
                Value::Date(day) => map.serialize_entry(&field.name, &day.to_string())?,
                Value::Timestamp(instant) => map.serialize_entry(&field.name, &instant.to_string())?,
            }
        }
        if sheet.has_unit() {
            let (code, relation) = sheet.unit(found);
            if let Some(code) = code {
                map.serialize_entry("unit", code)?;
            }
            map.serialize_entry("unit_relation", relation_name(relation))?;
        }
        map.end()
    }
}
