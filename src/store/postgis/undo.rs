//! Undoing a batch: its rows as they were before, unless somebody changed them since.

use std::pin::pin;

use deadpool_postgres::Object;
use futures_util::TryStreamExt;
use tokio_postgres::Transaction;

use super::columns::{quoted, quoted_table};
use super::failure::fault;
use super::history::OpenBatch;
use super::merge::Merge;
use super::{PostGis, row};
use crate::engine::stamp::{Stamp, Stamper};
use crate::model::Layer;
use crate::store::{Author, Batch, BatchCounts, BatchKind, BatchPage, MOST_NAMED, Refusal, StoreError};

/// Stamps that are noted at a time.
const NOTED_AT_ONCE: usize = 10_000;

/// The rows of the batch, and how each of them was.
const STAGE: &str = "CREATE TEMP TABLE bandoso_undo (id bigint PRIMARY KEY, before jsonb, after bigint) ON COMMIT DROP";

impl PostGis {
    /// Undoes a batch of a layer in one transaction; gives the batch that did it.
    pub(super) async fn undo_batch(&self, layer: &Layer, id: u64, author: &Author) -> Result<Batch, StoreError> {
        self.writing(async |client| self.undo_on(client, layer, (id, author)).await).await
    }

    async fn undo_on(
        &self,
        client: &mut Object,
        layer: &Layer,
        (id, author): (u64, &Author),
    ) -> Result<Batch, StoreError> {
        let failed = || self.address.failed(format!("undoing batch {id}"));
        let transaction = client.transaction().await.map_err(failed())?;
        self.begin_long(&transaction).await?;
        self.check_columns(&transaction, layer, "editing").await?;
        transaction.execute(include_str!("../../../sql/joins_itself.sql"), &[]).await.map_err(failed())?;
        let lock = include_str!("../../../sql/lock_layer.sql");
        transaction.execute(lock, &[&layer.id.as_str()]).await.map_err(failed())?;
        let none = || StoreError::Refused(Refusal::NoBatch { batch: id });
        let number = i64::try_from(id).map_err(|_| none())?;
        let known = "SELECT FROM bandoso.batches WHERE id = $1 AND layer = $2";
        let known = transaction.query_opt(known, &[&number, &layer.id.as_str()]).await.map_err(failed())?;
        known.ok_or_else(none)?;
        let kind = (BatchKind::Undo, author);
        let Some(batch) = self.open_batch(&transaction, layer, kind, Some(id)).await? else {
            return Err(StoreError::Refused(Refusal::Undone { batch: id }));
        };
        let undoing = Undoing { store: self, transaction: &transaction, layer, batch: &batch, id };
        let counts = undoing.run().await?;
        batch.close(counts).await?;
        let number = batch.id.unsigned_abs();
        transaction.commit().await.map_err(failed())?;
        let page = BatchPage { layer: None, before: None, limit: 1 };
        let done = self.read_batches(&page, Some(number)).await?.pop();
        done.ok_or_else(|| fault(format!("undoing batch {id}"), "its undoing is not in the history"))
    }
}

struct Undoing<'a> {
    store: &'a PostGis,
    transaction: &'a Transaction<'a>,
    layer: &'a Layer,
    batch: &'a OpenBatch<'a>,
    id: u64,
}

impl Undoing<'_> {
    async fn run(&self) -> Result<BatchCounts, StoreError> {
        let table = quoted_table(self.layer.id.as_str());
        // Rows are looked at and then written: nobody else writes the layer in between.
        self.execute(&format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE; {STAGE}")).await?;
        let number = self.id.cast_signed();
        self.execute(&format!("INSERT INTO pg_temp.bandoso_undo SELECT * FROM bandoso.rows_of_batch({number})"))
            .await?;
        self.execute("ANALYZE pg_temp.bandoso_undo").await?;
        self.check().await?;
        self.batch.keep("JOIN pg_temp.bandoso_undo u ON u.id = t.id").await?;
        let changed = self.count(&self.change(&table)).await?;
        let gone = format!("DELETE FROM {table} t USING pg_temp.bandoso_undo u WHERE t.id = u.id AND u.before IS NULL");
        let removed = self.count(&gone).await?;
        let added = self.count(&self.bring_back(&table).await?).await?;
        self.execute(&Merge::new(self.layer).join()).await?;
        self.note_stamps().await?;
        Ok(BatchCounts { added, changed, removed, unchanged: 0 })
    }

    /// Refuses where a row is not as the batch left it, or where what it removed can no longer come back under its key.
    async fn check(&self) -> Result<(), StoreError> {
        let (mut rows, mut count) = (Vec::new(), 0);
        let mut differs = |id: i64| {
            count += 1;
            if rows.len() < MOST_NAMED {
                rows.push(id.unsigned_abs());
            }
        };
        let (stamper, fields) = (Stamper::of(self.layer), self.layer.fields.len());
        let select = self.store.own_rows(self.transaction, self.layer).await?;
        let values: Vec<String> = (0..fields).map(|index| format!(", q.v{index}")).collect();
        let select = format!(
            "SELECT u.id, q.lon, q.lat, NULL::integer[]{}, u.after, q.id IS NOT NULL FROM pg_temp.bandoso_undo u \
             LEFT JOIN ({select}) q (id, lon, lat, units{}) ON q.id = u.id ORDER BY u.id",
            values.concat(),
            values.concat().replace(", q.v", ", v"),
        );
        let none: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
        let mut found = pin!(self.transaction.query_raw(&select, none).await.map_err(self.failed())?);
        while let Some(found) = found.try_next().await.map_err(self.failed())? {
            let after: Option<i64> = found.get(fields + 4);
            let is_there: bool = found.get(fields + 5);
            let read = row::read(self.layer, &found).map_err(self.failed())?;
            let now = read.ok().map(|row| stamper.stamp(row.feature.at, &row.feature.values).0.cast_signed());
            if now != after || is_there != after.is_some() {
                differs(found.get(0));
            }
        }
        let taken = format!(
            "SELECT u.id FROM pg_temp.bandoso_undo u JOIN {} t ON t.source_id = u.before->'row'->>'source_id' AND t.id <> u.id \
             WHERE u.before IS NOT NULL AND u.after IS NULL ORDER BY u.id",
            quoted_table(self.layer.id.as_str())
        );
        let taken = self.transaction.query(&taken, &[]).await.map_err(self.failed())?;
        for row in &taken {
            differs(row.get(0));
        }
        if count == 0 {
            return Ok(());
        }
        Err(StoreError::Refused(Refusal::ChangedSince { batch: self.id, rows, count }))
    }

    /// Rows that the batch changed get their former place, key and fields; columns of other programs stay as they are.
    fn change(&self, table: &str) -> String {
        let fields = self.layer.fields.iter().map(|field| quoted(&field.name));
        let sets: Vec<String> = fields.map(|name| format!(", {name} = r.{name}")).collect();
        format!(
            "UPDATE {table} t SET geom = {PLACE}, units = NULL, source_id = r.source_id{} \
             FROM pg_temp.bandoso_undo u CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, u.before->'row') r \
             WHERE t.id = u.id AND u.before IS NOT NULL AND u.after IS NOT NULL",
            sets.concat()
        )
    }

    /// Rows that the batch removed come back with all columns that the table still has.
    async fn bring_back(&self, table: &str) -> Result<String, StoreError> {
        let columns = "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 \
                       AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname NOT IN ('geom', 'units')";
        let columns = self.transaction.query(columns, &[&table]).await.map_err(self.failed())?;
        let names: Vec<String> = columns.iter().map(|row| quoted(&row.get::<_, String>(0))).collect();
        let values: Vec<String> = names.iter().map(|name| format!("r.{name}")).collect();
        Ok(format!(
            "INSERT INTO {table} ({}, geom) SELECT {}, {PLACE} FROM pg_temp.bandoso_undo u \
             CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, u.before->'row') r \
             WHERE u.before IS NOT NULL AND u.after IS NULL",
            names.join(", "),
            values.join(", ")
        ))
    }

    /// Notes how the rows are that are as before: so that the undoing can be undone.
    async fn note_stamps(&self) -> Result<(), StoreError> {
        let stamper = Stamper::of(self.layer);
        let select = self.store.own_rows(self.transaction, self.layer).await?;
        let (mut last, mut over) = (i64::MIN, false);
        while !over {
            let some = format!(
                "{select} WHERE id IN (SELECT u.id FROM pg_temp.bandoso_undo u WHERE u.before IS NOT NULL AND u.id > $1 \
                 ORDER BY u.id LIMIT {NOTED_AT_ONCE}) ORDER BY id"
            );
            let rows = self.transaction.query(&some, &[&last]).await.map_err(self.failed())?;
            let (mut ids, mut stamps): (Vec<i64>, Vec<Stamp>) = (Vec::new(), Vec::new());
            for found in &rows {
                last = found.get(0);
                if let Ok(row) = row::read(self.layer, found).map_err(self.failed())? {
                    ids.push(last);
                    stamps.push(stamper.stamp(row.feature.at, &row.feature.values));
                }
            }
            over = rows.len() < NOTED_AT_ONCE;
            self.batch.left(&ids, &stamps).await?;
        }
        Ok(())
    }

    async fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.transaction.batch_execute(sql).await.map_err(self.failed())
    }

    async fn count(&self, sql: &str) -> Result<u64, StoreError> {
        self.transaction.execute(sql, &[]).await.map_err(self.failed())
    }

    fn failed(&self) -> impl FnOnce(tokio_postgres::Error) -> StoreError {
        self.store.address.failed(format!("undoing batch {}", self.id))
    }
}

/// The place of a row that is kept.
const PLACE: &str =
    "ST_SetSRID(ST_MakePoint((u.before->>'lon')::double precision, (u.before->>'lat')::double precision), 4326)";
