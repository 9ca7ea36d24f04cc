//! One row as `COPY` or a query gives it, and what may be wrong with it when another program wrote it.

use std::error::Error as StdError;

use tokio_postgres::binary_copy::BinaryCopyOutRow;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Error, Row};

use super::columns::{date_value, plain_zero, sql_type, timestamp_value, wire_type};
use crate::model::{Feature, FieldType, Finding, FindingKind, Layer, LonLat, UnitLink, Value};

/// A row that is a feature.
pub(super) struct GoodRow {
    pub(super) feature: Feature,
    /// Indices of fields whose value is none of their type: those are empty.
    pub(super) misfits: Vec<usize>,
}

/// A row that cannot be a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFault {
    NoId,
    NegativeId(i64),
    NoPosition(i64),
    NoPlace(i64),
}

/// The types of the columns id, longitude, latitude, units, and one for each field.
pub(super) fn types(layer: &Layer) -> Vec<Type> {
    let fixed = [Type::INT8, Type::FLOAT8, Type::FLOAT8, Type::INT4_ARRAY];
    fixed.into_iter().chain(layer.fields.iter().map(|field| wire_type(field.kind))).collect()
}

/// Where values come from.
pub(super) trait Cells {
    /// The value of a column, counted from 0.
    fn cell<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<T, Error>;
}

impl Cells for BinaryCopyOutRow {
    fn cell<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<T, Error> {
        self.try_get(column)
    }
}

impl Cells for Row {
    fn cell<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<T, Error> {
        self.try_get(column)
    }
}

/// A day or a time as the whole number that it is on the wire.
pub(super) struct Wire<T>(pub(super) T);

impl<'a, T: FromSql<'a>> FromSql<'a> for Wire<T> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        T::from_sql(kind, raw).map(Self)
    }

    fn accepts(kind: &Type) -> bool {
        T::accepts(kind) || [Type::DATE, Type::TIMESTAMPTZ].contains(kind)
    }
}

/// Reads a row of these columns.
pub(super) fn read(layer: &Layer, row: &impl Cells) -> Result<Result<GoodRow, RowFault>, Error> {
    let Some(key) = row.cell::<Option<i64>>(0)? else { return Ok(Err(RowFault::NoId)) };
    let Ok(id) = u64::try_from(key) else { return Ok(Err(RowFault::NegativeId(key))) };
    let (Some(lon), Some(lat)) = (row.cell::<Option<f64>>(1)?, row.cell::<Option<f64>>(2)?) else {
        return Ok(Err(RowFault::NoPosition(key)));
    };
    let Ok(at) = LonLat::new("geom", lon, lat) else { return Ok(Err(RowFault::NoPlace(key))) };
    let units = row.cell::<Option<Vec<i32>>>(3)?.unwrap_or_default();
    let mut values = Vec::with_capacity(layer.fields.len());
    let mut misfits = Vec::new();
    for (index, field) in layer.fields.iter().enumerate() {
        values.push(value(row, index + 4, field.kind)?.unwrap_or_else(|| {
            misfits.push(index);
            Value::Null
        }));
    }
    let units = units.into_iter().map(UnitLink::from_stored).collect();
    Ok(Ok(GoodRow { feature: Feature { id, at, values, units }, misfits }))
}

/// A column's value; none where it is no value that a field can have.
pub(super) fn value(row: &impl Cells, column: usize, kind: FieldType) -> Result<Option<Value>, Error> {
    let value = match kind {
        FieldType::Text | FieldType::Code => row.cell::<Option<String>>(column)?.map(|text| Some(Value::Text(text))),
        FieldType::Integer => row.cell::<Option<i64>>(column)?.map(|number| Some(Value::Integer(number))),
        FieldType::Real => {
            row.cell::<Option<f64>>(column)?.map(|number| number.is_finite().then_some(Value::Real(plain_zero(number))))
        }
        FieldType::Boolean => row.cell::<Option<bool>>(column)?.map(|truth| Some(Value::Boolean(truth))),
        FieldType::Date => row.cell::<Option<Wire<i32>>>(column)?.map(|Wire(days)| date_value(days)),
        FieldType::Timestamp => row.cell::<Option<Wire<i64>>>(column)?.map(|Wire(micros)| timestamp_value(micros)),
    };
    Ok(value.unwrap_or(Some(Value::Null)))
}

impl RowFault {
    /// The fault as a finding of the layer's table.
    pub(super) fn finding(self, layer: &Layer) -> Finding {
        let (key, kind, message) = match self {
            Self::NoId => (None, FindingKind::InvalidId, "the row has no id"),
            Self::NegativeId(key) => (Some(key), FindingKind::InvalidId, "ids are not negative"),
            Self::NoPosition(key) => {
                (Some(key), FindingKind::MissingPosition, "the row has no point whose reference system is known")
            }
            Self::NoPlace(key) => (Some(key), FindingKind::InvalidPosition, "the position is no place on earth"),
        };
        Finding::new(kind, place(layer, key), format!("{message}; the row is left out"))
    }
}

/// Findings of a row that is a feature: values that its fields cannot have.
pub(super) fn misfit_findings(layer: &Layer, row: &GoodRow) -> Vec<Finding> {
    let fields = row.misfits.iter().filter_map(|index| layer.fields.get(*index));
    let finding = |field: &crate::model::Field| {
        Finding::new(
            FindingKind::InvalidValue,
            place(layer, Some(row.feature.id as i64)),
            format!("the value of {} is no finite {}; it is read as empty", field.name, sql_type(field.kind)),
        )
    };
    fields.map(finding).collect()
}

fn place(layer: &Layer, key: Option<i64>) -> String {
    let table = layer.published.as_ref().map_or(layer.id.as_str(), |source| source.table.as_str());
    key.map_or_else(|| table.to_owned(), |key| format!("{table} id {key}"))
}
