//! Tables and views of others, published as they stand.
//!
//! Their points are joined with units when they are loaded. A change is noted by triggers where we may put some on the table; else (views, foreign and partitioned tables, missing rights) by looking: a hash over all rows, at most
//! every [`PostGisSettings::look_every`](super::PostGisSettings) and never for more than a twentieth of the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use foldhash::HashSet;
use tokio::sync::mpsc;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use super::PostGis;
use super::columns::{Relation, quoted, quoted_table};
use super::failure::fault;
use super::load::field_list;
use crate::engine::locate::UnitIndex;
use crate::model::{Feature, Layer, Published};
use crate::store::StoreError;

/// Which rows of a published table are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    All,
    /// Those of some keys, which are the query's parameter.
    OfKeys,
}

/// The query for a published table's rows, not joined yet: key, longitude, latitude, no units, fields.
///
/// Geometries that are no points, or whose reference system is not known, have no position there.
pub(super) async fn rows(
    store: &PostGis,
    transaction: &Transaction<'_>,
    (layer, source): (&Layer, &Published),
    read: Read,
) -> Result<String, StoreError> {
    let doing = || format!("loading {} from {}", layer.id, source.table);
    let found = Relation::find(transaction, quoted_table(&source.table)).await;
    let table = found.map_err(store.address.failed(doing()))?;
    let table = table.ok_or_else(|| fault(doing(), "there is no such table or view"))?;
    let (key, geom) = (quoted(&source.key), quoted(&source.geometry_column));
    let values: Vec<String> = (0..layer.fields.len()).map(|index| format!(", p.v{index}")).collect();
    // Of the column's own type the list serves an index, and is hashed where the whole table is looked through.
    let keys = match table.columns.get(&source.key).map(|column| column.name.as_str()) {
        Some(narrow @ ("int4" | "int2")) => format!("$1::bigint[]::{narrow}[]"),
        _ => "$1::bigint[]".to_owned(),
    };
    let only = match read {
        Read::All => String::new(),
        Read::OfKeys => format!(" WHERE {key} = ANY ({keys})"),
    };
    // Each place is worked out once, and not again for its latitude.
    Ok(format!(
        "SELECT p.key, ST_X(p.geom), ST_Y(p.geom), NULL::integer[]{values} FROM (SELECT {key}::bigint AS key, \
         CASE WHEN ST_SRID({geom}) NOT IN (0, 4326) THEN bandoso.in_degrees({geom}) \
         WHEN GeometryType({geom}) = 'POINT' AND ST_SRID({geom}) = 4326 THEN {geom} END AS geom{fields} \
         FROM {table}{only} OFFSET 0) p",
        values = values.concat(),
        fields = field_list(&table, layer, &store.prepared().zone),
        table = table.name,
    ))
}

/// Makes features of rows as they come out of a published table: joins them with units, and keeps the first of those with one key,
/// for nothing keeps a key of others from being there twice.
pub(super) struct Joiner {
    index: Arc<UnitIndex>,
    /// The keys so far; none where the table has no two alike.
    seen: Option<HashSet<u64>>,
}

impl Joiner {
    /// With the units of the transaction's moment.
    pub(super) async fn new(store: &PostGis, transaction: &Transaction<'_>) -> Result<Self, StoreError> {
        let (_, index) = store.unit_index(transaction).await?;
        Ok(Self { index, seen: Some(HashSet::default()) })
    }

    /// The same for all rows of a table: where its keys are known to be unique, millions of them are not kept.
    pub(super) async fn of_all(
        store: &PostGis,
        transaction: &Transaction<'_>,
        source: &Published,
    ) -> Result<Self, StoreError> {
        let joiner = Self::new(store, transaction).await?;
        let asked: [&(dyn ToSql + Sync); 2] = [&quoted_table(&source.table), &source.key];
        let unique = transaction.query_one(include_str!("../../../sql/unique_key.sql"), &asked).await;
        let unique = unique.map_err(store.address.failed(format!("asking for the key of {}", source.table)))?;
        Ok(Self { seen: joiner.seen.filter(|_| !unique.get::<_, bool>(0)), ..joiner })
    }

    /// Joins some rows.
    pub(super) fn join(&mut self, rows: &mut Vec<Feature>) {
        if let Some(seen) = &mut self.seen {
            rows.retain(|row| seen.insert(row.id));
        }
        for row in rows {
            row.units = self.index.links(row.at);
        }
    }

    /// Joins whatever comes and passes it on, on a thread of its own: it is as much work as reading.
    pub(super) fn begin(mut self, joined: mpsc::Sender<Vec<Feature>>) -> mpsc::Sender<Vec<Feature>> {
        let (sender, mut rows) = mpsc::channel::<Vec<Feature>>(1);
        tokio::task::spawn_blocking(move || {
            while let Some(mut batch) = rows.blocking_recv() {
                self.join(&mut batch);
                if joined.blocking_send(batch).is_err() {
                    // A receiver that went away has all it wanted.
                    return;
                }
            }
        });
        sender
    }
}

/// A published table that is looked at.
pub(super) struct Watched {
    layer: String,
    fingerprint: String,
    next: ArcSwap<Instant>,
    looking: AtomicBool,
}

impl Watched {
    /// What of the table a look takes in: the columns that are published, of all rows in any order.
    pub(super) fn new(layer: &Layer, source: &Published, table: &Relation, zone: &str) -> Self {
        let fingerprint = format!(
            "SELECT concat(count(*), ':', sum(hashtextextended(r::text, 0))) \
             FROM (SELECT {}::text AS key, {}::text AS geom{} FROM {}) r",
            quoted(&source.key),
            quoted(&source.geometry_column),
            field_list(table, layer, zone),
            table.name
        );
        Self {
            layer: layer.id.as_str().to_owned(),
            fingerprint,
            next: ArcSwap::from_pointee(Instant::now()),
            looking: AtomicBool::new(false),
        }
    }

    /// Looks at the table and counts a version where it changed.
    pub(super) async fn look(&self, store: &PostGis) -> Result<(), StoreError> {
        let begun = Instant::now();
        let failed = || store.address.failed(format!("looking at the table of {}", self.layer));
        let mut client = store.borrow().await?;
        let transaction = client.transaction().await.map_err(failed())?;
        store.begin_long(&transaction).await?;
        let seen = transaction.query_one(&self.fingerprint, &[]).await.map_err(failed())?;
        let seen: String = seen.get(0);
        let count = include_str!("../../../sql/fingerprint.sql");
        transaction.execute(count, &[&self.layer, &seen]).await.map_err(failed())?;
        transaction.commit().await.map_err(failed())?;
        let pause = store.settings.look_every.max(begun.elapsed() * 20);
        self.next.store(Arc::new(Instant::now() + pause));
        Ok(())
    }

    /// Looks in the background when it is time to.
    pub(super) fn look_when_due(self: &Arc<Self>, store: &PostGis) {
        if Instant::now() < **self.next.load() || self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (watched, store) = (Arc::clone(self), store.clone());
        tokio::spawn(async move {
            if let Err(fault) = watched.look(&store).await {
                tracing::warn!(layer = watched.layer, "{fault}");
                watched.next.store(Arc::new(Instant::now() + store.settings.look_every.max(Duration::from_secs(1))));
            }
            watched.looking.store(false, Ordering::Release);
        });
    }
}
