//! A layer's rows in: joined as they come and copied into a temporary table, merged in the same transaction. Many rows for an empty
//! layer go straight into its table, see `fill`.

use std::pin::pin;
use std::sync::Arc;

use deadpool_postgres::Object;
use tokio::sync::mpsc;
use tokio_postgres::Transaction;

use super::PostGis;
use super::columns::{Relation, quoted_table, type_name};
use super::failure::fault;
use super::feed::{self, Fare, Fed, Feeder, Form, Incoming};
use super::fill::Filled;
use super::merge::{Merge, Named};
use crate::engine::locate::UnitIndex;
use crate::model::{Clock, Day, Layer};
use crate::store::{BatchCounts, BatchKind, Ending, ImportBatch, Imported, Missing, Refusal, StoreError, Terms};

/// Fewest rows that are worth locking a layer for, to copy them straight into its table.
const LEAST_FILLED: usize = 20_000;

/// What waits in the staging table.
struct Staged {
    fare: Fare,
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
        self.writing(async |client| self.import_on(client, (layer, terms), rows).await).await
    }

    async fn import_on(
        &self,
        client: &mut Object,
        (layer, terms): (&Layer, &Terms),
        rows: mpsc::Receiver<ImportBatch>,
    ) -> Result<Imported, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let transaction = client.transaction().await.map_err(failed())?;
        self.begin_long(&transaction).await?;
        self.check_columns(&transaction, layer, "importing into").await?;
        let imported = self.bring(&transaction, layer, rows, terms).await?;
        match terms.ending {
            Ending::Commit => transaction.commit().await,
            Ending::DryRun => transaction.rollback().await,
        }
        .map_err(failed())?;
        Ok(imported)
    }

    async fn bring(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        rows: mpsc::Receiver<ImportBatch>,
        terms: &Terms,
    ) -> Result<Imported, StoreError> {
        // What is only counted fills no layer: nothing is waited for.
        let least = if terms.ending == Ending::Commit { LEAST_FILLED } else { 0 };
        let mut incoming = Incoming::look(rows, least).await;
        let is_large = least > 0 && incoming.held() >= least;
        let mut fare = None;
        if let Some(identity) = incoming.identity().filter(|_| is_large)
            && let Some(mut filling) = self.begin_filling(transaction, layer, (identity, &terms.author)).await?
        {
            match filling.run(incoming).await? {
                Filled::Whole(imported) => return Ok(imported),
                Filled::Half(rest, brought) => (incoming, fare) = (rest, Some(brought)),
            }
        }
        if fare.is_none() {
            let staged = transaction.batch_execute(&Merge::new(layer).stage()).await;
            staged.map_err(self.address.failed(format!("importing into {}", layer.id)))?;
        }
        let staged = self.copy_rows(transaction, layer, (incoming, fare.unwrap_or_default())).await?;
        self.merge_rows(transaction, layer, &staged, terms).await
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
    pub(super) async fn unit_index(&self, transaction: &Transaction<'_>) -> Result<(u64, Arc<UnitIndex>), StoreError> {
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

    /// Rows on their way, and the version of the units with which they are joined.
    pub(super) async fn feed(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        (incoming, form): (Incoming, Form),
    ) -> Result<(mpsc::Receiver<Result<Fed, StoreError>>, u64), StoreError> {
        let (units, index) = self.unit_index(transaction).await?;
        Ok((Feeder::new(layer, index, self.clock(), form).begin(incoming), units))
    }

    /// Takes the rows in until they came to their end.
    async fn copy_rows(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        (incoming, mut fare): (Incoming, Fare),
    ) -> Result<Staged, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let (mut fed, units) = self.feed(transaction, layer, (incoming, Form::Staged)).await?;
        let mut sink = pin!(transaction.copy_in(&Merge::new(layer).copy()).await.map_err(failed())?);
        feed::send_head(&mut sink).await.map_err(failed())?;
        while let Some(next) = fed.recv().await {
            let Fed::Rows(mut pieces) = next? else {
                feed::send_tail(&mut sink).await.map_err(failed())?;
                sink.as_mut().finish().await.map_err(failed())?;
                return Ok(Staged { fare, units });
            };
            fare.add(&pieces);
            feed::send(&mut sink, &mut pieces).await.map_err(failed())?;
        }
        Err(StoreError::GivenUp { layer: layer.id.to_string() })
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
        let missing = self.compare(transaction, layer, staged.fare.named).await?;
        let counted = transaction.query_one(Merge::count(), &[]).await.map_err(failed())?;
        let count = |column: usize| counted.get::<_, i64>(column).unsigned_abs();
        let (added, changed, unchanged, numbered) = (count(0), count(1), count(2), count(3));
        let counted =
            Imported { added, changed, unchanged, missing, outside: staged.fare.outside, ..Imported::default() };
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
