//! Tables held while they are read, so that nobody empties or rewrites them meanwhile.
//!
//! What `TRUNCATE` and a rewriting `ALTER TABLE` did is seen by moments from before it as well (PostgreSQL 15, section 13.6): a
//! transaction that has its moment, and comes to the table when the lock is gone, finds it empty under the version of before. So
//! the lock that each reader takes anyway is taken first, and the moment after it.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use tokio_postgres::Transaction;

use super::columns::table_of;
use super::{LOCK_WAIT_MS, PostGis};
use crate::model::{Layer, LayerId};
use crate::store::StoreError;

/// Layers to be held, with the quoted names of their tables; none where it is a foreign table or a materialized view, which nobody
/// can hold.
pub(super) type Tables = BTreeMap<LayerId, Option<String>>;

impl PostGis {
    /// The tables of layers, before the transaction that is to hold them.
    pub(super) async fn tables_to_hold(
        &self,
        client: &impl GenericClient,
        layers: &[&Layer],
    ) -> Result<Tables, StoreError> {
        let names: Vec<String> = layers.iter().map(|layer| table_of(layer)).collect();
        let failed = || self.address.failed("asking which tables can be held");
        let ask = client.prepare_cached(include_str!("../../../sql/holdable.sql")).await.map_err(failed())?;
        let rows = client.query(&ask, &[&names]).await.map_err(failed())?;
        let holdable: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let tables = layers.iter().zip(names);
        Ok(tables.map(|(layer, name)| (layer.id.clone(), Some(name).filter(|name| holdable.contains(name)))).collect())
    }

    /// Holds a layer's table, first of all in a transaction. One that stays locked is given up.
    pub(super) async fn hold(
        &self,
        transaction: &Transaction<'_>,
        (layer, table): (&LayerId, Option<&String>),
    ) -> Result<(), StoreError> {
        let Some(table) = table else { return Ok(()) };
        let hold = format!("SET LOCAL lock_timeout = {LOCK_WAIT_MS}; {}", lock(table));
        transaction.batch_execute(&hold).await.map_err(self.address.failed(format!("loading {layer}")))
    }
}

/// The statement that holds a table.
pub(super) fn lock(table: &str) -> String {
    format!("LOCK TABLE {table} IN ACCESS SHARE MODE")
}
