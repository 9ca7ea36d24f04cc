//! Batches: who wrote what, and how it was before.

use std::collections::BTreeMap;

use tokio_postgres::{Row, Transaction};

use super::columns::{Relation, quoted_table};
use super::failure::fault;
use super::load::field_list;
use super::{PostGis, row};
use crate::engine::stamp::Stamp;
use crate::model::{Freshness, Instant, Layer};
use crate::store::{Author, Batch, BatchCounts, BatchKind, BatchPage, BatchRow, MOST_ROWS, StoreError};

/// A batch that is being written.
pub(super) struct OpenBatch<'a> {
    store: &'a PostGis,
    transaction: &'a Transaction<'a>,
    layer: &'a Layer,
    /// Its number.
    pub(super) id: i64,
}

/// The row of a table `t` as it is kept: all columns but place and units, which have forms of their own.
pub(super) const BEFORE: &str =
    "jsonb_build_object('row', to_jsonb(t) - 'geom' - 'units', 'lon', ST_X(t.geom), 'lat', ST_Y(t.geom))";

impl PostGis {
    /// Opens a batch; none where the one that it is to undo is undone already.
    pub(super) async fn open_batch<'a>(
        &'a self,
        transaction: &'a Transaction<'a>,
        layer: &'a Layer,
        (kind, author): (BatchKind, &Author),
        undoes: Option<u64>,
    ) -> Result<Option<OpenBatch<'a>>, StoreError> {
        let open = include_str!("../../../sql/open_batch.sql");
        let undoes = undoes.map(u64::cast_signed);
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&layer.id.as_str(), &kind.name(), &author.who, &author.source, &undoes];
        let opened = transaction.query_opt(open, &parameters).await;
        let opened = opened.map_err(self.address.failed(format!("writing the history of {}", layer.id)))?;
        Ok(opened.map(|row| OpenBatch { store: self, transaction, layer, id: row.get(0) }))
    }

    /// Batches, the newest first; one alone where it is asked for.
    pub(super) async fn read_batches(&self, page: &BatchPage, one: Option<u64>) -> Result<Vec<Batch>, StoreError> {
        let client = self.borrow().await?;
        let (before, one) = (page.before.map(u64::cast_signed), one.map(u64::cast_signed));
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let ask = include_str!("../../../sql/batches.sql");
        let rows = client.query(ask, &[&page.layer, &before, &limit, &one]).await;
        let rows = rows.map_err(self.address.failed("reading the history"))?;
        rows.iter().map(batch).collect()
    }

    /// When each prepared layer was last written, and last imported.
    pub(super) async fn read_freshness(&self) -> Result<BTreeMap<String, Freshness>, StoreError> {
        let client = self.borrow().await?;
        let layers = self.prepared().layers.clone();
        let rows = client.query(include_str!("../../../sql/freshness.sql"), &[&layers]).await;
        let rows = rows.map_err(self.address.failed("asking when layers were written"))?;
        let freshness = |row: &Row| {
            let instant = |column: usize| row.get::<_, Option<i64>>(column).map(Instant);
            let (updated, imported) = (instant(1), instant(2));
            (row.get(0), Freshness { updated, confirmed: updated.max(imported) })
        };
        Ok(rows.iter().map(freshness).collect())
    }

    /// The first rows of a batch, by id.
    pub(super) async fn read_batch_rows(&self, layer: &Layer, batch: u64) -> Result<Vec<BatchRow>, StoreError> {
        let doing = || format!("reading the history of {}", layer.id);
        let client = self.borrow().await?;
        let table = Relation::find(&**client, quoted_table(layer.id.as_str())).await;
        let table = table.map_err(self.address.failed(doing()))?;
        let table = table.ok_or_else(|| fault(doing(), "its table is not there"))?;
        let select = format!(
            "SELECT q.id, (q.before->>'lon')::double precision, (q.before->>'lat')::double precision, NULL::integer[]{}, \
             q.after IS NOT NULL FROM bandoso.rows_of_batch($1) q \
             LEFT JOIN LATERAL (SELECT true{} FROM jsonb_populate_record(NULL::{}, q.before->'row') r) v ON true \
             ORDER BY q.id LIMIT {MOST_ROWS}",
            values(layer),
            field_list(&table, layer, &self.prepared().zone),
            table.name
        );
        let rows = client.query(&select, &[&batch.cast_signed()]).await.map_err(self.address.failed(doing()))?;
        let told = |found: &Row| {
            let read = row::read(layer, found).map_err(self.address.failed(doing()))?;
            let before = read.ok().map(|row| (row.feature.at, row.feature.values));
            let id: i64 = found.get(0);
            Ok(BatchRow { id: id.unsigned_abs(), before, left: found.get(layer.fields.len() + 4) })
        };
        rows.iter().map(told).collect()
    }
}

/// `, v.vN` for each field.
fn values(layer: &Layer) -> String {
    let values: Vec<String> = (0..layer.fields.len()).map(|index| format!(", v.v{index}")).collect();
    values.concat()
}

fn batch(row: &Row) -> Result<Batch, StoreError> {
    let kind: String = row.get(2);
    let kind = BatchKind::from_name(&kind)
        .ok_or_else(|| fault("reading the history", format!("a batch is of the unknown kind {kind:?}")))?;
    let count = |column: usize| row.get::<_, i64>(column).unsigned_abs();
    let other = |column: usize| row.get::<_, Option<i64>>(column).map(i64::unsigned_abs);
    Ok(Batch {
        id: count(0),
        layer: row.get(1),
        kind,
        author: Author { who: row.get(3), source: row.get(4) },
        at: Instant(row.get(5)),
        counts: BatchCounts { added: count(6), changed: count(7), removed: count(8), unchanged: count(9) },
        version: count(10),
        undoes: other(11),
        undone_by: other(12),
    })
}

impl OpenBatch<'_> {
    /// Keeps how rows are now: those of the table `t` that the rest of a query finds. A row that is kept already stays as it was first.
    pub(super) async fn keep(&self, from: &str) -> Result<(), StoreError> {
        let table = quoted_table(self.layer.id.as_str());
        let keep = format!(
            "INSERT INTO bandoso.batch_rows (batch, id, before) SELECT {}, t.id, {BEFORE} FROM {table} t {from} \
             ON CONFLICT (batch, id) DO NOTHING",
            self.id
        );
        self.run(&keep).await
    }

    /// Notes how rows were left: their ids and stamps.
    pub(super) async fn left(&self, ids: &[i64], stamps: &[Stamp]) -> Result<(), StoreError> {
        let stamps: Vec<i64> = stamps.iter().map(|stamp| stamp.0.cast_signed()).collect();
        let left = include_str!("../../../sql/left_behind.sql");
        let noted = self.transaction.execute(left, &[&self.id, &ids, &stamps]).await;
        noted.map(drop).map_err(self.failed())
    }

    /// Notes that the row is gone.
    pub(super) async fn gone(&self, id: i64) -> Result<(), StoreError> {
        let gone = "UPDATE bandoso.batch_rows SET after = NULL WHERE batch = $1 AND id = $2";
        self.transaction.execute(gone, &[&self.id, &id]).await.map(drop).map_err(self.failed())
    }

    /// Notes that the store gave the row its number.
    pub(super) async fn given(&self, id: i64) -> Result<(), StoreError> {
        let given = "UPDATE bandoso.batch_rows SET given = true WHERE batch = $1 AND id = $2";
        self.transaction.execute(given, &[&self.id, &id]).await.map(drop).map_err(self.failed())
    }

    /// Says what it did, gives the layer its version, and tells that.
    pub(super) async fn close(&self, counts: BatchCounts) -> Result<u64, StoreError> {
        let version = self.store.given_version(self.transaction, self.layer.id.as_str()).await?;
        let close = include_str!("../../../sql/close_batch.sql");
        let BatchCounts { added, changed, removed, unchanged } = counts;
        let [added, changed, removed, unchanged, told] =
            [added, changed, removed, unchanged, version].map(u64::cast_signed);
        let closed = self.transaction.execute(close, &[&self.id, &added, &changed, &removed, &unchanged, &told]).await;
        closed.map_err(self.failed())?;
        Ok(version)
    }

    pub(super) async fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.transaction.batch_execute(sql).await.map_err(self.failed())
    }

    fn failed(&self) -> impl FnOnce(tokio_postgres::Error) -> StoreError {
        self.store.address.failed(format!("writing the history of {}", self.layer.id))
    }
}
