//! Tables and views of others, published as they stand.
//!
//! Their points are joined with units when they are loaded. A change is noted by triggers where we may put some on the table; else (views, foreign and partitioned tables, missing rights) by looking: a hash over all rows, at most
//! every [`PostGisSettings::look_every`](super::PostGisSettings) and never for more than a twentieth of the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use super::PostGis;
use super::columns::{Relation, quoted, quoted_table};
use super::failure::fault;
use super::load::field_list;
use crate::model::{Layer, Published};
use crate::store::StoreError;

/// Changed rows up to which each is joined by itself.
const FEW: usize = 500;

/// Copies a published table's points into a temporary table, joins them, and gives the query for the rows.
pub(super) async fn stage(
    store: &PostGis,
    transaction: &Transaction<'_>,
    layer: &Layer,
    source: &Published,
) -> Result<String, StoreError> {
    let points = points(store, transaction, layer, source).await?;
    stage_points(store, transaction, layer, &points, &[]).await
}

/// Joins the rows of some keys, few one by one, many in a temporary table, and gives the query for them. Its parameter is the keys.
pub(super) async fn changed(
    store: &PostGis,
    transaction: &Transaction<'_>,
    layer: &Layer,
    source: &Published,
    keys: &[i64],
) -> Result<String, StoreError> {
    let points = points(store, transaction, layer, source).await?;
    let only = format!("{points} WHERE {} = ANY ($1::bigint[])", quoted(&source.key));
    if keys.len() > FEW {
        let select = stage_points(store, transaction, layer, &only, &[&keys]).await?;
        return Ok(format!("{select} WHERE p.key = ANY ($1::bigint[])"));
    }
    Ok(format!("SELECT p.key, ST_X(p.geom), ST_Y(p.geom), bandoso.unit_links(p.geom){} FROM ({only}) p", values(layer)))
}

/// The query for a published table's points and values, not joined yet.
///
/// Geometries that are no points, or whose reference system is not known, have no position there.
async fn points(
    store: &PostGis,
    transaction: &Transaction<'_>,
    layer: &Layer,
    source: &Published,
) -> Result<String, StoreError> {
    let doing = || format!("loading {} from {}", layer.id, source.table);
    let found = Relation::find(transaction, quoted_table(&source.table)).await;
    let table = found.map_err(store.address.failed(doing()))?;
    let table = table.ok_or_else(|| fault(doing(), "there is no such table or view"))?;
    Ok(format!(
        "SELECT row_number() OVER () AS id, NULL::integer[] AS units, {key}::bigint AS key, \
         CASE WHEN ST_SRID({geom}) NOT IN (0, 4326) THEN bandoso.in_degrees({geom}) \
         WHEN GeometryType({geom}) = 'POINT' AND ST_SRID({geom}) = 4326 THEN {geom} END AS geom\
         {fields} FROM {table}",
        key = quoted(&source.key),
        geom = quoted(&source.geometry_column),
        fields = field_list(&table, layer, &store.prepared().zone),
        table = table.name,
    ))
}

async fn stage_points(
    store: &PostGis,
    transaction: &Transaction<'_>,
    layer: &Layer,
    points: &str,
    keys: &[&(dyn ToSql + Sync)],
) -> Result<String, StoreError> {
    let failed = || store.address.failed(format!("loading {}", layer.id));
    // One layer after the other may be staged in a transaction.
    transaction.batch_execute("DROP TABLE IF EXISTS pg_temp.bandoso_points").await.map_err(failed())?;
    let stage = format!("CREATE TEMP TABLE bandoso_points ON COMMIT DROP AS {points}");
    transaction.execute(&stage, keys).await.map_err(failed())?;
    let ready = "CREATE INDEX ON pg_temp.bandoso_points USING gist (geom); ANALYZE pg_temp.bandoso_points";
    transaction.batch_execute(ready).await.map_err(failed())?;
    // Nothing keeps the key of a table of others from being there twice: the first row has it.
    Ok(format!(
        "SELECT p.key, ST_X(p.geom), ST_Y(p.geom), l.units{} \
         FROM (SELECT DISTINCT ON (key) * FROM pg_temp.bandoso_points ORDER BY key, id) p \
         LEFT JOIN bandoso.links_of('pg_temp.bandoso_points', false) l ON l.id = p.id",
        values(layer)
    ))
}

/// `, p.vN` for each field.
fn values(layer: &Layer) -> String {
    let values: Vec<String> = (0..layer.fields.len()).map(|index| format!(", p.v{index}")).collect();
    values.concat()
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
