//! `GeoParquet` 1.1: columns of values, the positions as WKB in `geometry` with a covering `bbox`, compressed with Snappy.
//!
//! Rows of a group wait in memory as columns until there are enough of them; each group is written and forgotten.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{PrimitiveTypeBuilder, Type, TypePtr};
use serde_json::{Value as Json, json};

use super::{ExportError, Sheet, Sink, crs_text};
use crate::engine::crs::Crs;
use crate::model::{Bbox, Field, FieldType, FoundFeature, LonLat, Value};

/// Rows of a group: tens of megabytes at most, and some thousand pages to skip for who reads a part.
const GROUP: usize = 50_000;

/// Name of the column with the positions.
const GEOMETRY: &str = "geometry";
/// Name of the group of columns with their boxes.
const BBOX: &str = "bbox";

pub(super) struct ParquetSink {
    sheet: Sheet,
    writer: SerializedFileWriter<Box<dyn Write + Send>>,
    group: Group,
    bounds: Bbox,
}

/// Rows that wait to be written.
#[derive(Default)]
struct Group {
    rows: usize,
    ids: Vec<i64>,
    geometry: Values<ByteArray>,
    /// xmin = xmax and ymin = ymax, rounded down and up to 32 bits.
    boxes: [Values<f32>; 4],
    fields: Vec<Filled>,
    /// Behind the fields.
    more: Vec<Values<ByteArray>>,
}

/// A column's values, nulls left out, and for each row whether it has one.
struct Values<T> {
    values: Vec<T>,
    there: Vec<i16>,
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self { values: Vec::new(), there: Vec::new() }
    }
}

impl<T> Values<T> {
    fn push(&mut self, value: Option<T>) {
        self.there.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

/// The values of a field.
enum Filled {
    Text(Values<ByteArray>),
    Integer(Values<i64>),
    Real(Values<f64>),
    Boolean(Values<bool>),
    Date(Values<i32>),
    Timestamp(Values<i64>),
}

impl Filled {
    fn new(kind: FieldType) -> Self {
        match kind {
            FieldType::Text | FieldType::Code => Self::Text(Values::default()),
            FieldType::Integer => Self::Integer(Values::default()),
            FieldType::Real => Self::Real(Values::default()),
            FieldType::Boolean => Self::Boolean(Values::default()),
            FieldType::Date => Self::Date(Values::default()),
            FieldType::Timestamp => Self::Timestamp(Values::default()),
        }
    }

    /// A value of another type is null: stores give none.
    fn push(&mut self, value: &Value) {
        match (self, value) {
            (Self::Text(values), Value::Text(text)) => values.push(Some(text.as_bytes().to_vec().into())),
            (Self::Integer(values), Value::Integer(number)) => values.push(Some(*number)),
            (Self::Real(values), Value::Real(number)) => values.push(Some(*number)),
            (Self::Boolean(values), Value::Boolean(truth)) => values.push(Some(*truth)),
            (Self::Date(values), Value::Date(day)) => values.push(Some(day.0)),
            (Self::Timestamp(values), Value::Timestamp(instant)) => values.push(Some(instant.0)),
            (Self::Text(values), _) => values.push(None),
            (Self::Integer(values) | Self::Timestamp(values), _) => values.push(None),
            (Self::Real(values), _) => values.push(None),
            (Self::Boolean(values), _) => values.push(None),
            (Self::Date(values), _) => values.push(None),
        }
    }

    fn write<W: Write + Send>(&self, rows: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        match self {
            Self::Text(values) => column::<ByteArrayType, W>(rows, values),
            Self::Integer(values) | Self::Timestamp(values) => column::<Int64Type, W>(rows, values),
            Self::Real(values) => column::<DoubleType, W>(rows, values),
            Self::Boolean(values) => column::<BoolType, W>(rows, values),
            Self::Date(values) => column::<Int32Type, W>(rows, values),
        }
    }
}

impl ParquetSink {
    pub fn new(sheet: Sheet, out: Box<dyn Write + Send>) -> Result<Self, ExportError> {
        sheet.keeps_free("GeoParquet", &[BBOX])?;
        let schema = schema(&sheet).map_err(of_parquet)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("bandoso ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(of_parquet)?;
        let group = Group::new(&sheet);
        Ok(Self { sheet, writer, group, bounds: Bbox::EMPTY })
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let group = std::mem::replace(&mut self.group, Group::new(&self.sheet));
        if group.rows == 0 {
            return Ok(());
        }
        let mut rows = self.writer.next_row_group()?;
        if let Some(mut ids) = rows.next_column()? {
            ids.typed::<Int64Type>().write_batch(&group.ids, None, None)?;
            ids.close()?;
        }
        column::<ByteArrayType, _>(&mut rows, &group.geometry)?;
        for edge in &group.boxes {
            column::<FloatType, _>(&mut rows, edge)?;
        }
        for field in &group.fields {
            field.write(&mut rows)?;
        }
        for texts in &group.more {
            column::<ByteArrayType, _>(&mut rows, texts)?;
        }
        rows.close().map(drop)
    }
}

impl Sink for ParquetSink {
    fn write(&mut self, features: &[FoundFeature]) -> Result<(), ExportError> {
        for found in features {
            if let Some([x, y]) = self.group.push(&self.sheet, found) {
                self.bounds.extend(LonLat { lon: x, lat: y });
            }
            if self.group.rows == GROUP {
                self.flush().map_err(of_parquet)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        self.flush().map_err(of_parquet)?;
        let geo = geo_metadata(self.sheet.crs, &self.bounds).to_string();
        self.writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), geo));
        let mut out = self.writer.into_inner().map_err(of_parquet)?;
        Ok(out.flush()?)
    }
}

impl Group {
    fn new(sheet: &Sheet) -> Self {
        let fields = sheet.fields().map(|(_, field)| Filled::new(field.kind)).collect();
        Self { fields, more: sheet.more_columns().map(|_| Values::default()).collect(), ..Self::default() }
    }

    /// Takes a feature in; gives its position.
    fn push(&mut self, sheet: &Sheet, found: &FoundFeature) -> Option<[f64; 2]> {
        let position = sheet.position(found.feature.at);
        self.rows += 1;
        self.ids.push(found.feature.id as i64);
        self.geometry.push(position.map(|numbers| wkb(numbers).into()));
        let [west, south, east, north] = &mut self.boxes;
        for (edge, number) in [(west, position.map(|[x, _]| below(x))), (south, position.map(|[_, y]| below(y)))] {
            edge.push(number);
        }
        for (edge, number) in [(east, position.map(|[x, _]| above(x))), (north, position.map(|[_, y]| above(y)))] {
            edge.push(number);
        }
        self.fields.iter_mut().zip(sheet.values(found)).for_each(|(filled, (_, value))| filled.push(value));
        for (texts, value) in self.more.iter_mut().zip(sheet.more_values(found)) {
            texts.push(value.map(|value| value.as_bytes().to_vec().into()));
        }
        position
    }
}

fn column<T: DataType, W: Write + Send>(
    rows: &mut SerializedRowGroupWriter<'_, W>,
    values: &Values<T::T>,
) -> Result<(), ParquetError> {
    let Some(mut column) = rows.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns than the rows".to_owned()));
    };
    column.typed::<T>().write_batch(&values.values, Some(&values.there), None)?;
    column.close()
}

/// A column that may have nulls.
fn leaf(name: &str, physical: Physical) -> PrimitiveTypeBuilder<'_> {
    Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL)
}

fn schema(sheet: &Sheet) -> Result<TypePtr, ParquetError> {
    let text = |name: &str| leaf(name, Physical::BYTE_ARRAY).with_logical_type(Some(LogicalType::String)).build();
    let field = |field: &Field| match field.kind {
        FieldType::Text | FieldType::Code => text(&field.name),
        FieldType::Integer => leaf(&field.name, Physical::INT64).build(),
        FieldType::Real => leaf(&field.name, Physical::DOUBLE).build(),
        FieldType::Boolean => leaf(&field.name, Physical::BOOLEAN).build(),
        FieldType::Date => leaf(&field.name, Physical::INT32).with_logical_type(Some(LogicalType::Date)).build(),
        FieldType::Timestamp => {
            let micros = LogicalType::timestamp(true, TimeUnit::MICROS);
            leaf(&field.name, Physical::INT64).with_logical_type(Some(micros)).build()
        }
    };
    let id = Type::primitive_type_builder("id", Physical::INT64).with_repetition(Repetition::REQUIRED).build()?;
    // In the group each edge is there where the group's row is: rows without a position have none.
    let edges = ["xmin", "ymin", "xmax", "ymax"].map(|name| leaf(name, Physical::FLOAT).build().map(Arc::new));
    let edges = edges.into_iter().collect::<Result<Vec<_>, _>>()?;
    let bbox = Type::group_type_builder(BBOX).with_repetition(Repetition::REQUIRED).with_fields(edges).build()?;
    let mut columns = vec![Arc::new(id), Arc::new(leaf(GEOMETRY, Physical::BYTE_ARRAY).build()?), Arc::new(bbox)];
    for (_, one) in sheet.fields() {
        columns.push(Arc::new(field(one)?));
    }
    for name in sheet.more_columns() {
        columns.push(Arc::new(text(name)?));
    }
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(columns).build()?))
}

/// The document under the key `geo` (`GeoParquet` 1.1.0). Without `crs` it is CRS84.
fn geo_metadata(crs: Crs, bounds: &Bbox) -> Json {
    let edge = |name: &str| json!([BBOX, name]);
    let mut column = json!({
        "encoding": "WKB",
        "geometry_types": ["Point"],
        "covering": { "bbox": { "xmin": edge("xmin"), "ymin": edge("ymin"), "xmax": edge("xmax"), "ymax": edge("ymax") } },
    });
    if !bounds.is_empty() {
        column["bbox"] = json!([bounds.west, bounds.south, bounds.east, bounds.north]);
    }
    if let Some(crs) = crs_text::projjson(crs) {
        column["crs"] = crs;
    }
    json!({ "version": "1.1.0", "primary_column": GEOMETRY, "columns": { GEOMETRY: column } })
}

/// A point as ISO WKB, little-endian.
fn wkb([x, y]: [f64; 2]) -> Vec<u8> {
    let mut bytes = vec![1, 1, 0, 0, 0];
    bytes.extend(x.to_le_bytes());
    bytes.extend(y.to_le_bytes());
    bytes
}

/// The greatest 32-bit number that is not above.
fn below(number: f64) -> f32 {
    let near = number as f32;
    if f64::from(near) > number { near.next_down() } else { near }
}

/// The least 32-bit number that is not below.
fn above(number: f64) -> f32 {
    let near = number as f32;
    if f64::from(near) < number { near.next_up() } else { near }
}

fn of_parquet(fault: ParquetError) -> ExportError {
    ExportError::Format { format: "GeoParquet", cause: fault.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_of_32_bits_holds_its_point() {
        for number in [108.749_618_673, -179.999_9, 0.0, 1_672_370.101_3, 0.1, -0.1] {
            assert!(f64::from(below(number)) <= number && number <= f64::from(above(number)), "{number}");
            assert!(above(number) - below(number) <= 1.0, "{number}");
        }
    }
}
