//! A layer's rows in: copied into a temporary table as they come, joined and merged in the same transaction.

use std::pin::pin;

use tokio::sync::mpsc;
use tokio_postgres::Transaction;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::PostGis;
use super::columns::{Cell, Relation, is_of, quoted_table, type_name, wire_type};
use super::failure::fault;
use super::merge::Merge;
use crate::model::Layer;
use crate::store::{ImportBatch, ImportId, ImportRow, Imported, Refusal, StoreError};

impl PostGis {
    /// Takes rows in until they are all there, and makes them the layer's, or nothing of it.
    pub(super) async fn write_layer(
        &self,
        layer: &Layer,
        rows: mpsc::Receiver<ImportBatch>,
    ) -> Result<Imported, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let mut client = self.borrow().await?;
        let transaction = client.transaction().await.map_err(failed())?;
        self.begin_long(&transaction).await?;
        self.check_columns(&transaction, layer, "importing into").await?;
        let merge = Merge::new(layer);
        transaction.batch_execute(&merge.stage()).await.map_err(failed())?;
        if !self.copy_rows(&transaction, layer, &merge, rows).await? {
            transaction.rollback().await.map_err(failed())?;
            return Err(StoreError::GivenUp { layer: layer.id.to_string() });
        }
        let imported = self.merge_rows(&transaction, layer, &merge).await?;
        transaction.commit().await.map_err(failed())?;
        Ok(imported)
    }

    /// Values are written in the types of the fields: the columns must have just these.
    pub(super) async fn check_columns(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        doing: &str,
    ) -> Result<(), StoreError> {
        let doing = || format!("{doing} {}", layer.id);
        if let Some(source) = &layer.published {
            let why = format!("it is the table {} of others: write there", source.table);
            return Err(StoreError::Refused(Refusal::ReadOnly { layer: layer.id.to_string(), why }));
        }
        let table = Relation::find(transaction, quoted_table(layer.id.as_str())).await;
        let table = table.map_err(self.address.failed(doing()))?;
        let table = table.ok_or_else(|| fault(doing(), "its table is not there; was the store prepared?"))?;
        for field in &layer.fields {
            let wanted = type_name(field.kind);
            match table.columns.get(&field.name) {
                Some(column) if column.name == wanted => {}
                Some(column) => {
                    let cause = format!("the column {} is {}, the field needs {wanted}", field.name, column.name);
                    return Err(fault(doing(), cause));
                }
                None => return Err(fault(doing(), format!("there is no column {}", field.name))),
            }
        }
        Ok(())
    }

    /// Whether the rows came to their end. Memory is bounded: what the server has not taken makes the sender wait.
    async fn copy_rows(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        merge: &Merge<'_>,
        mut rows: mpsc::Receiver<ImportBatch>,
    ) -> Result<bool, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let mut types = vec![Type::INT8, Type::TEXT, Type::FLOAT8, Type::FLOAT8];
        types.extend(layer.fields.iter().map(|field| wire_type(field.kind)));
        let sink = transaction.copy_in(&merge.copy()).await.map_err(failed())?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        while let Some(batch) = rows.recv().await {
            let ImportBatch::Rows(rows) = batch else {
                writer.finish().await.map_err(failed())?;
                return Ok(true);
            };
            for row in &rows {
                writer.as_mut().write_raw(cells(layer, row)?).await.map_err(failed())?;
            }
        }
        Ok(false)
    }

    async fn merge_rows(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        merge: &Merge<'_>,
    ) -> Result<Imported, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let run = async |sql: String| transaction.batch_execute(&sql).await.map_err(failed());
        transaction.execute(include_str!("../../../sql/joins_itself.sql"), &[]).await.map_err(failed())?;
        let lock = include_str!("../../../sql/lock_layer.sql");
        transaction.execute(lock, &[&layer.id.as_str()]).await.map_err(failed())?;
        run(merge.compare()).await?;
        let counted = transaction.query_one(Merge::count(), &[]).await.map_err(failed())?;
        let count = |column: usize| counted.get::<_, i64>(column).unsigned_abs();
        let (added, changed, unchanged, numbered) = (count(0), count(1), count(2), count(3));
        if changed > 0 {
            run(merge.change()).await?;
        }
        if numbered > 0 {
            run(merge.add_numbered()).await?;
        }
        if added > 0 {
            run(merge.advance()).await?;
        }
        if added > numbered {
            run(merge.add_unnumbered()).await?;
        }
        let outside = transaction.query_one(&merge.count_outside(&self.prepared().zone), &[]).await.map_err(failed())?;
        let outside = outside.get::<_, i64>(0).unsigned_abs();
        let version = self.given_version(transaction, layer.id.as_str()).await?;
        Ok(Imported { added, changed, unchanged, outside, version })
    }
}

/// A row in the order of the staging table's columns.
fn cells<'a>(layer: &Layer, row: &'a ImportRow) -> Result<Vec<Cell<'a>>, StoreError> {
    let doing = || format!("importing into {}", layer.id);
    let (number, source_id) = match &row.id {
        ImportId::Number(id) => {
            let id = i64::try_from(*id).map_err(|_| fault(doing(), format!("the id {id} is 2⁶³ or more")))?;
            (Some(id), None)
        }
        ImportId::Text(text) => (None, Some(text.as_str())),
        ImportId::New => (None, None),
    };
    if row.values.len() != layer.fields.len() {
        let cause = format!("a row has {} values for {} fields", row.values.len(), layer.fields.len());
        return Err(fault(doing(), cause));
    }
    let mut cells = vec![Cell::Number(number), Cell::Text(source_id), Cell::Real(row.at.lon), Cell::Real(row.at.lat)];
    for (value, field) in row.values.iter().zip(&layer.fields) {
        if !is_of(value, field.kind) {
            return Err(fault(doing(), format!("{value:?} is no value of the field {}", field.name)));
        }
        cells.push(Cell::Value(value));
    }
    Ok(cells)
}
