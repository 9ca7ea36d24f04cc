//! A row of a layer's table, and what may be wrong with it when another program wrote it.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::blob::{self, BlobFault};
use super::columns::Columns;
use super::schema::{quoted, table_name};
use super::value;
use crate::model::{Feature, Field, Finding, FindingKind, Layer, LonLat, UnitLink, Value};

/// A row as far as it can be used.
pub(super) struct StoredRow {
    pub(super) id: u64,
    pub(super) at: LonLat,
    pub(super) values: Vec<Value>,
    /// None where the row is to be joined.
    pub(super) links: Option<Vec<UnitLink>>,
    /// Indices of fields whose column held a value of another type: those are empty.
    pub(super) misfits: Vec<usize>,
}

/// A row that cannot be a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFault {
    Id(i64),
    Geometry(i64, BlobFault),
}

impl StoredRow {
    /// The feature, with these links where the row has none of its own.
    pub(super) fn into_feature(self, join: impl FnOnce(LonLat) -> Vec<UnitLink>) -> Feature {
        let units = self.links.unwrap_or_else(|| join(self.at));
        Feature { id: self.id, at: self.at, values: self.values, units }
    }
}

/// `SELECT` of the columns that [`read`] reads, from the layer's table as it is in the connection's moment. A field whose column is
/// gone (in QGIS a field is deleted with two clicks) is empty until it is there again: SQLite itself would take its quoted name
/// for a text and give that.
pub(super) fn select(connection: &Connection, layer: &Layer) -> rusqlite::Result<String> {
    let table = table_name(&layer.id);
    let columns = Columns::of(connection, &table)?;
    let field = |field: &Field| match columns.get(&field.name) {
        Some(_) => format!(", {}", quoted(&field.name)),
        None => ", NULL".to_owned(),
    };
    let fields: String = layer.fields.iter().map(field).collect();
    // The rows of such a table have no number that stays.
    if columns.key().is_none() && !columns.is_empty() {
        return Err(rusqlite::Error::InvalidColumnName(format!("{table} has no INTEGER PRIMARY KEY")));
    }
    Ok(format!("SELECT _rowid_, geom, units{fields} FROM {}", quoted(&table)))
}

/// Reads a row of [`select`].
pub(super) fn read(layer: &Layer, row: &Row<'_>) -> rusqlite::Result<Result<StoredRow, RowFault>> {
    let rowid: i64 = row.get(0)?;
    let Ok(id) = u64::try_from(rowid) else { return Ok(Err(RowFault::Id(rowid))) };
    let at = match place(row.get_ref(1)?) {
        Ok(at) => at,
        Err(fault) => return Ok(Err(RowFault::Geometry(rowid, fault))),
    };
    let links = value::links(row.get_ref(2)?);
    let (values, misfits) = values(layer, row)?;
    Ok(Ok(StoredRow { id, at, values, links, misfits }))
}

/// The values of a row of [`select`], one for each field, and the indices of those that are empty because they were of another type.
pub(super) fn values(layer: &Layer, row: &Row<'_>) -> rusqlite::Result<(Vec<Value>, Vec<usize>)> {
    let mut values = Vec::with_capacity(layer.fields.len());
    let mut misfits = Vec::new();
    for (index, field) in layer.fields.iter().enumerate() {
        values.push(value::from_column(field.kind, row.get_ref(index + 3)?).unwrap_or_else(|| {
            misfits.push(index);
            Value::Null
        }));
    }
    Ok((values, misfits))
}

/// Reads a column of points.
pub(super) fn place(column: ValueRef<'_>) -> Result<LonLat, BlobFault> {
    match column {
        ValueRef::Blob(bytes) => blob::to_point(bytes),
        ValueRef::Null => Err(BlobFault::Empty),
        _ => Err(BlobFault::Broken),
    }
}

impl RowFault {
    /// The fault as a finding of the layer's table.
    pub(super) fn finding(self, layer: &Layer) -> Finding {
        let (id, kind, message) = match self {
            Self::Id(id) => (id, FindingKind::InvalidId, "ids are not negative".to_owned()),
            Self::Geometry(id, fault) => (id, fault.kind(), fault.to_string()),
        };
        Finding::new(kind, format!("{} id {id}", table_name(&layer.id)), format!("{message}; the row is left out"))
    }
}

/// Findings of a row that is a feature: values of another type than their field's.
pub(super) fn misfit_findings(layer: &Layer, row: &StoredRow) -> Vec<Finding> {
    let fields = row.misfits.iter().filter_map(|index| layer.fields.get(*index));
    let finding = |field: &crate::model::Field| {
        Finding::new(
            FindingKind::InvalidValue,
            format!("{} id {}", table_name(&layer.id), row.id),
            format!(
                "the value of {} is not of its type, {}; it is read as empty",
                field.name,
                value::column_type(field.kind)
            ),
        )
    };
    fields.map(finding).collect()
}
