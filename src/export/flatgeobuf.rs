//! `FlatGeobuf` with its index: features in the order of a Hilbert curve, so that a reader over the web fetches only what it looks at.
//!
//! Features wait in an unnamed temporary file until all are known; in memory are 56 bytes a feature, for the index.

use std::io::Write;

use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geozero::{ColumnValue, GeomProcessor, GeozeroGeometry, PropertyProcessor};

use super::reference::epsg;
use super::{ExportError, Sheet, Sink, crs_text};
use crate::model::{FieldType, FoundFeature, Value};

pub(super) struct FlatGeobufSink {
    sheet: Sheet,
    writer: FgbWriter<'static>,
    out: Box<dyn Write + Send>,
}

/// A position as the library reads it.
struct Place([f64; 2]);

impl GeozeroGeometry for Place {
    fn process_geom<P: GeomProcessor>(&self, processor: &mut P) -> geozero::error::Result<()> {
        processor.point_begin(0)?;
        processor.xy(self.0[0], self.0[1], 0)?;
        processor.point_end(0)
    }
}

impl FlatGeobufSink {
    pub fn new(sheet: Sheet, out: Box<dyn Write + Send>) -> Result<Self, ExportError> {
        sheet.keeps_free("FlatGeobuf", &[])?;
        let title = format!("{} / {}", sheet.layer.title.vi, sheet.layer.title.en);
        let (name, wkt) = (crs_text::name(sheet.crs), crs_text::wkt(sheet.crs));
        let crs = FgbCrs {
            org: Some("EPSG"),
            // CRS84 has no code; its degrees are those of 4326, which this format has longitude first.
            code: epsg(sheet.crs).unwrap_or(4326),
            name: Some(&name),
            wkt: Some(&wkt),
            ..FgbCrs::default()
        };
        let options = FgbWriterOptions { crs, title: Some(&title), detect_type: false, ..FgbWriterOptions::default() };
        let mut writer =
            FgbWriter::create_with_options(sheet.layer.id.as_str(), GeometryType::Point, options).map_err(of_fgb)?;
        writer.add_column("id", ColumnType::Long, |_, column| column.nullable = false);
        for (_, field) in sheet.fields() {
            writer.add_column(&field.name, kind(field.kind), |text, column| {
                column.title = Some(text.create_string(&format!("{} / {}", field.title.vi, field.title.en)));
            });
        }
        for name in sheet.more_columns() {
            writer.add_column(name, ColumnType::String, |_, _| {});
        }
        Ok(Self { sheet, writer, out })
    }

    fn feature(&mut self, found: &FoundFeature) -> Result<(), ExportError> {
        let id = found.feature.id;
        let Some(position) = self.sheet.position(found.feature.at) else {
            let cause = format!("its place has no coordinates in {}: use another --crs", self.sheet.crs.code());
            return Err(ExportError::Unfit { id, cause });
        };
        let sheet = &self.sheet;
        let mut fault = None;
        let added = self.writer.add_feature_geom(Place(position), |feature| {
            let mut column = 0;
            let mut put = |name: &str, value: Option<ColumnValue<'_>>| {
                if let Some(Err(refused)) = value.map(|value| feature.property(column, name, &value)) {
                    fault = Some(refused);
                }
                column += 1;
            };
            put("id", Some(ColumnValue::Long(id as i64)));
            for (field, value) in sheet.values(found) {
                match value {
                    Value::Null => put(&field.name, None),
                    Value::Text(text) => put(&field.name, Some(ColumnValue::String(text))),
                    Value::Integer(number) => put(&field.name, Some(ColumnValue::Long(*number))),
                    Value::Real(number) => put(&field.name, Some(ColumnValue::Double(*number))),
                    Value::Boolean(truth) => put(&field.name, Some(ColumnValue::Bool(*truth))),
                    Value::Date(day) => put(&field.name, Some(ColumnValue::DateTime(&day.to_string()))),
                    Value::Timestamp(instant) => put(&field.name, Some(ColumnValue::DateTime(&instant.to_string()))),
                }
            }
            for (name, value) in sheet.more_columns().zip(sheet.more_values(found)) {
                put(name, value.map(ColumnValue::String));
            }
        });
        match fault.map_or(added, Err) {
            Ok(()) => Ok(()),
            Err(fault) => Err(of_fgb(fault)),
        }
    }
}

impl Sink for FlatGeobufSink {
    fn write(&mut self, features: &[FoundFeature]) -> Result<(), ExportError> {
        features.iter().try_for_each(|found| self.feature(found))
    }

    fn finish(self: Box<Self>) -> Result<(), ExportError> {
        let Self { writer, mut out, .. } = *self;
        writer.write(&mut out).map_err(of_fgb)?;
        Ok(out.flush()?)
    }
}

fn kind(kind: FieldType) -> ColumnType {
    match kind {
        FieldType::Text | FieldType::Code => ColumnType::String,
        FieldType::Integer => ColumnType::Long,
        FieldType::Real => ColumnType::Double,
        FieldType::Boolean => ColumnType::Bool,
        FieldType::Date | FieldType::Timestamp => ColumnType::DateTime,
    }
}

fn of_fgb(fault: impl std::error::Error + Send + Sync + 'static) -> ExportError {
    ExportError::Format { format: "FlatGeobuf", cause: fault.into() }
}
