//! A layer's rows in: joined as they come and copied into a temporary table, merged in the same transaction.

use std::pin::pin;
use std::sync::Arc;

use rayon::prelude::*;
use tokio::sync::mpsc;
use tokio_postgres::Transaction;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::PostGis;
use super::columns::{Cell, Relation, is_of, quoted_table, type_name, wire_type};
use super::failure::fault;
use super::merge::{Merge, Named};
use crate::engine::locate::UnitIndex;
use crate::engine::stamp::Stamper;
use crate::model::{Clock, Day, Layer, Level, Relation as Holds, UnitLink};
use crate::store::{
    BatchCounts, BatchKind, Ending, ImportBatch, ImportId, ImportRow, Imported, Missing, Refusal, StoreError, Terms,
};

/// What came in.
struct Staged {
    named: Named,
    outside: u64,
    /// The version of the units with which the rows were joined.
    units: u64,
}

impl PostGis {
    /// Takes rows in until they are all there, and makes them the layer's, or nothing of it.
    pub(super) async fn write_layer(
        &self,
        layer: &Layer,
        rows: mpsc::Receiver<ImportBatch>,
        terms: &Terms,
    ) -> Result<Imported, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let mut client = self.borrow().await?;
        let transaction = client.transaction().await.map_err(failed())?;
        self.begin_long(&transaction).await?;
        self.check_columns(&transaction, layer, "importing into").await?;
        let merge = Merge::new(layer);
        transaction.batch_execute(&merge.stage()).await.map_err(failed())?;
        let Some(staged) = self.copy_rows(&transaction, layer, rows).await? else {
            transaction.rollback().await.map_err(failed())?;
            return Err(StoreError::GivenUp { layer: layer.id.to_string() });
        };
        let imported = self.merge_rows(&transaction, layer, &staged, terms).await?;
        match terms.ending {
            Ending::Commit => transaction.commit().await,
            Ending::DryRun => transaction.rollback().await,
        }
        .map_err(failed())?;
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

    /// The units of the transaction's moment, ready to be asked, and their version.
    async fn unit_index(&self, transaction: &Transaction<'_>) -> Result<(u64, Arc<UnitIndex>), StoreError> {
        let version = self.version(transaction, "units").await?;
        if let Some((of, index)) = self.index.load_full().as_deref()
            && *of == version
        {
            return Ok((version, Arc::clone(index)));
        }
        let table = self.units_of(transaction).await?;
        let made = tokio::task::spawn_blocking(move || (table.version, Arc::new(UnitIndex::new(&table.units)))).await;
        let made = made.map_err(|error| fault("indexing the units", error.to_string()))?;
        self.index.store(Some(Arc::new(made.clone())));
        Ok(made)
    }

    /// What came in, if the rows came to their end. Memory is bounded: what the server has not taken makes the sender wait.
    async fn copy_rows(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        mut rows: mpsc::Receiver<ImportBatch>,
    ) -> Result<Option<Staged>, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let (units, index) = self.unit_index(transaction).await?;
        let (clock, stamper) = (self.clock(), Stamper::of(layer));
        let mut types = vec![Type::INT8, Type::TEXT, Type::FLOAT8, Type::FLOAT8, Type::INT4_ARRAY, Type::INT8];
        types.extend(layer.fields.iter().map(|field| wire_type(field.kind)));
        let sink = transaction.copy_in(&Merge::new(layer).copy()).await.map_err(failed())?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        let mut staged = Staged { named: Named::default(), outside: 0, units };
        while let Some(batch) = rows.recv().await {
            let ImportBatch::Rows(rows) = batch else {
                writer.finish().await.map_err(failed())?;
                return Ok(Some(staged));
            };
            let joined: Vec<Vec<UnitLink>> = rows.par_iter().map(|row| index.links(row.at)).collect();
            for (row, links) in rows.iter().zip(joined) {
                staged.named.numbers |= matches!(row.id, ImportId::Number(_));
                staged.named.keys |= matches!(row.id, ImportId::Text(_));
                let day = layer.own_day(&row.values, &clock);
                staged.outside += u64::from(index.relation(&links, Level::Commune, day) == Holds::Outside);
                let stamp = stamper.stamp(row.at, &row.values).0.cast_signed();
                writer.as_mut().write_raw(cells(layer, row, (links, stamp))?).await.map_err(failed())?;
            }
        }
        Ok(None)
    }

    fn clock(&self) -> Clock {
        let zone = jiff::tz::TimeZone::get(&self.prepared().zone).unwrap_or(jiff::tz::TimeZone::UTC);
        Clock { today: Day::from_date(jiff::Timestamp::now().to_zoned(zone.clone()).date()), zone }
    }

    async fn merge_rows(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        staged: &Staged,
        terms: &Terms,
    ) -> Result<Imported, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let run = async |sql: &str| transaction.batch_execute(sql).await.map_err(failed());
        let merge = Merge::new(layer);
        transaction.execute(include_str!("../../../sql/joins_itself.sql"), &[]).await.map_err(failed())?;
        let lock = include_str!("../../../sql/lock_layer.sql");
        transaction.execute(lock, &[&layer.id.as_str()]).await.map_err(failed())?;
        let missing = self.compare(transaction, layer, staged.named).await?;
        let counted = transaction.query_one(Merge::count(), &[]).await.map_err(failed())?;
        let count = |column: usize| counted.get::<_, i64>(column).unsigned_abs();
        let (added, changed, unchanged, numbered) = (count(0), count(1), count(2), count(3));
        let counted = Imported { added, changed, unchanged, missing, outside: staged.outside, ..Imported::default() };
        let removed = removed(layer, missing, terms)?;
        if terms.ending == Ending::DryRun {
            let version = self.version(transaction, layer.id.as_str()).await?;
            return Ok(Imported { removed, version, ..counted });
        }
        let kind = (BatchKind::Import, &terms.author);
        let Some(batch) = self.open_batch(transaction, layer, kind, None).await? else {
            return Err(fault(format!("importing into {}", layer.id), "its history cannot be written"));
        };
        // The units that the rows were joined with may be gone; now they stay as they are until the end.
        let current = self.version(transaction, "units").await? == staged.units;
        let units = if current { "s.units" } else { "NULL" };
        if removed > 0 {
            batch.keep(Merge::MISSING).await?;
            run(&merge.remove_missing()).await?;
        }
        if changed > 0 {
            run(&merge.note_changed(batch.id)).await?;
            run(&merge.change(units)).await?;
        }
        if numbered > 0 {
            run(Merge::TAKE_NUMBERS).await?;
        }
        if added > 0 {
            run(&merge.advance_behind_new()).await?;
        }
        if added > numbered {
            run(&merge.give_numbers()).await?;
        }
        if added > 0 {
            run("ANALYZE pg_temp.bandoso_new").await?;
            run(&merge.add(units)).await?;
            run(&Merge::note_added(batch.id)).await?;
        }
        if !current {
            run(&merge.join()).await?;
        }
        let version = batch.close(BatchCounts { added, changed, removed, unchanged }).await?;
        Ok(Imported { removed, version, batch: Some(batch.id.unsigned_abs()), ..counted })
    }

    /// Finds what is known and what is missing; gives the number of the missing.
    async fn compare(&self, transaction: &Transaction<'_>, layer: &Layer, named: Named) -> Result<u64, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let merge = Merge::new(layer);
        let stored: bool = transaction.query_one(&merge.has_rows(), &[]).await.map_err(failed())?.get(0);
        if !stored {
            return Ok(0);
        }
        transaction.batch_execute(&merge.compare()).await.map_err(failed())?;
        if named == Named::default() {
            return Ok(0);
        }
        transaction.execute(&merge.find_missing(named), &[]).await.map_err(failed())
    }
}

/// How many features go: all that are missing, or none; refused where there are more than was agreed to.
fn removed(layer: &Layer, missing: u64, terms: &Terms) -> Result<u64, StoreError> {
    match terms.missing {
        Missing::Keep => Ok(0),
        Missing::Remove { at_most } if missing <= at_most => Ok(missing),
        Missing::Remove { at_most } => {
            Err(StoreError::Refused(Refusal::TooManyMissing { layer: layer.id.to_string(), missing, at_most }))
        }
    }
}

/// A row in the order of the staging table's columns.
fn cells<'a>(
    layer: &Layer,
    row: &'a ImportRow,
    (links, stamp): (Vec<UnitLink>, i64),
) -> Result<Vec<Cell<'a>>, StoreError> {
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
    let units = links.into_iter().map(UnitLink::to_stored).collect();
    let mut cells = vec![Cell::Number(number), Cell::Text(source_id), Cell::Real(row.at.lon), Cell::Real(row.at.lat)];
    cells.extend([Cell::Units(units), Cell::Number(Some(stamp))]);
    for (value, field) in row.values.iter().zip(&layer.fields) {
        if !is_of(value, field.kind) {
            return Err(fault(doing(), format!("{value:?} is no value of the field {}", field.name)));
        }
        cells.push(Cell::Value(value));
    }
    Ok(cells)
}
