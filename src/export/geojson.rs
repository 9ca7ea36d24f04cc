//! `GeoJSON` as a collection (RFC 7946), as lines and as a text sequence (RFC 8142).
//!
//! RFC 7946 knows WGS 84 only. In another reference system the collection has the member `crs` of the edition of 2008, which GDAL and
//! QGIS read; lines have no place for it.

use std::io::Write;

use super::json::FeatureTexts;
use super::reference::epsg;
use super::{ExportError, Sheet, Sink};
use crate::model::FoundFeature;

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
    texts: FeatureTexts,
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
        let texts = FeatureTexts::new(sheet.fields());
        Ok(Self { sheet, texts, out, framing, any: false })
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
            let sheet = &self.sheet;
            self.texts.add(&mut text, (&found.feature, sheet.position(found.feature.at)), |members| {
                for (name, value) in sheet.more_columns().zip(sheet.more_values(found)) {
                    if let Some(value) = value {
                        members.text(name, value);
                    }
                }
            });
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
