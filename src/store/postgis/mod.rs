//! The store for production: a `PostgreSQL` database with `PostGIS`.
//!
//! The schema `bandoso` holds units, versions and the join's rule (`sql/migrations/`); each layer is a table of its own in the
//! schema of its department. The join is made in the database: by triggers for whatever program edits a table, by one
//! set-based statement for what is imported here. What changed is noted by triggers as well, announced, and read from that log.

mod ask;
mod changes;
mod columns;
mod connect;
mod edit;
mod ewkb;
mod failure;
mod feed;
mod fill;
mod filter;
mod history;
mod hold;
mod import;
mod keys;
mod lent;
mod listen;
mod load;
mod merge;
mod polygons;
mod prepare;
mod prune;
mod published;
mod refollow;
mod row;
mod undo;
mod units;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use async_trait::async_trait;
use deadpool_postgres::{Object, Pool};
use tokio::sync::mpsc;
use tokio_postgres::Transaction;

pub use self::connect::PostGisSettings;
use self::failure::Address;
pub use self::filter::{SqlBind, SqlColumns, SqlFilter, where_clause};
use self::lent::Lent;
use self::listen::Listener;
use self::prune::Pruning;
use self::published::Watched;
use self::refollow::Refollowing;
use super::stamps::Stamps;
use super::{
    Author, Batch, BatchPage, BatchRow, Changes, Edit, Edited, ImportBatch, Imported, LargeLayers, LeftOut,
    LeftOutPage, Store, StoreError, Terms, UnitTable, UnitsStored,
};
use crate::engine::locate::UnitIndex;
use crate::model::{Catalogue, Feature, Finding, Freshness, Layer, Unit, UnitChange, Versions};

/// Longest wait for a table that somebody has locked, milliseconds.
const LOCK_WAIT_MS: &str = "500";

/// A `PostGIS` database. Cloning it shares its connections.
#[derive(Clone)]
pub struct PostGis {
    address: Address,
    pool: Pool,
    /// Connections for writers, who may wait for somebody else's lock: these never hold up a follower.
    writers: Pool,
    /// Connections for questions to large layers: as many as may be asked at a time, so that they never hold up a follower.
    questions: Pool,
    /// Connections for extracts, whose readers may be slow: these hold up neither followers nor questions.
    extracts: Pool,
    settings: Arc<PostGisSettings>,
    prepared: Arc<ArcSwap<Prepared>>,
    listener: Arc<Listener>,
    pruning: Arc<Pruning>,
    refollowing: Arc<Refollowing>,
    /// A stamp is the writing transaction and the time of that one's begin.
    stamps: Arc<Stamps<i64, String>>,
    /// The units of a version, ready for joining what is imported.
    index: Arc<ArcSwapOption<(u64, Arc<UnitIndex>)>>,
}

/// What `prepare` found out.
#[derive(Clone)]
struct Prepared {
    /// IANA name of the catalogue's time zone.
    zone: String,
    /// Layers that can be read.
    layers: Vec<String>,
    /// Those of which triggers tell, and what their tables were when that was looked at last.
    followed: BTreeMap<String, Option<String>>,
    /// Published tables that no trigger tells of.
    watched: Vec<Arc<Watched>>,
    /// Tables of layers that are not loaded.
    large: BTreeMap<String, Arc<ask::Table>>,
}

impl Default for Prepared {
    fn default() -> Self {
        let (layers, watched) = (Vec::new(), Vec::new());
        Self { zone: "UTC".to_owned(), layers, followed: BTreeMap::new(), watched, large: BTreeMap::new() }
    }
}

impl PostGis {
    /// Connects to `postgres://…` (several hosts allowed) and brings the schema `bandoso` to this program's state.
    pub async fn connect(url: &str, settings: PostGisSettings) -> Result<Self, StoreError> {
        let (config, address) = connect::read_address(url, &settings)?;
        connect::migrate(&config, &address, &settings).await?;
        let listener = Arc::new(Listener::new(config.clone(), address.clone()));
        let pool = connect::pool(config.clone(), &settings)?;
        let writers = connect::pool(config.clone(), &settings.of_writers())?;
        let questions = connect::pool(config.clone(), &settings.of_questions())?;
        let extracts = connect::pool(config, &settings.of_extracts())?;
        Ok(Self {
            address,
            pool,
            writers,
            questions,
            extracts,
            settings: Arc::new(settings),
            prepared: Arc::default(),
            listener,
            pruning: Arc::default(),
            refollowing: Arc::default(),
            stamps: Arc::default(),
            index: Arc::default(),
        })
    }

    async fn borrow(&self) -> Result<Object, StoreError> {
        connect::borrow(&self.pool, &self.address).await
    }

    /// Works with a connection for a writer, if the database takes writes: a standby does not, and one whose owner has closed it for a
    /// while.
    async fn writing<T>(&self, work: impl AsyncFnOnce(&mut Object) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut lent = Lent::new(connect::borrow(&self.writers, &self.address).await?);
        let client = lent.client_mut(&self.address)?;
        let read_only = client.query_one("SELECT current_setting('transaction_read_only')::boolean", &[]).await;
        let read_only: bool = read_only.map_err(self.address.failed("beginning to write"))?.get(0);
        let done = if read_only {
            Err(self.address.unreachable("it takes no writes at the moment"))
        } else {
            work(client).await
        };
        lent.end();
        done
    }

    fn prepared(&self) -> arc_swap::Guard<Arc<Prepared>> {
        self.prepared.load()
    }

    /// Gives a transaction the time to move many rows.
    async fn begin_long(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let long = include_str!("../../../sql/long.sql");
        let begun = transaction.execute(long, &[&self.settings.long_timeout_ms()]).await;
        begun.map(drop).map_err(self.address.failed("beginning a transaction"))
    }

    /// Begins to read layers' tables: one that is locked is given up soon, for others are to be read.
    async fn begin_reading(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let read = include_str!("../../../sql/read.sql");
        let begun = transaction.execute(read, &[&self.settings.long_timeout_ms(), &LOCK_WAIT_MS]).await;
        begun.map(drop).map_err(self.address.failed("beginning to read"))
    }

    /// A layer's version as the transaction makes it: asked for at its end, for others wait for it from then on.
    async fn given_version(&self, transaction: &Transaction<'_>, layer: &str) -> Result<u64, StoreError> {
        let given = transaction.batch_execute(include_str!("../../../sql/give_versions.sql")).await;
        given.map_err(self.address.failed(format!("counting a version of {layer}")))?;
        self.version(transaction, layer).await
    }

    /// A layer's version at the moment of the transaction.
    async fn version(&self, transaction: &Transaction<'_>, layer: &str) -> Result<u64, StoreError> {
        let found = transaction.query_opt(include_str!("../../../sql/version.sql"), &[&layer]).await;
        let found = found.map_err(self.address.failed(format!("asking the version of {layer}")))?;
        Ok(found.map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
    }
}

#[async_trait]
impl Store for PostGis {
    fn address(&self) -> String {
        self.address.0.clone()
    }

    async fn prepare(&self, catalogue: &Catalogue) -> Result<Vec<Finding>, StoreError> {
        self.prepare_all(catalogue).await
    }

    async fn versions(&self) -> Result<Versions, StoreError> {
        let prepared = self.prepared.load_full();
        for watched in &prepared.watched {
            watched.look_when_due(self);
        }
        let ask = async {
            let client = self.borrow().await?;
            let rows = client.query(include_str!("../../../sql/versions.sql"), &[&prepared.layers]).await;
            rows.map_err(self.address.failed("asking for versions"))
        };
        // A server that takes the question and never answers is away too.
        let rows = tokio::time::timeout(self.settings.statement_timeout, ask)
            .await
            .map_err(|_| self.address.unreachable("it did not tell its versions in time"))??;
        Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1).unsigned_abs())).collect())
    }

    async fn units(&self) -> Result<UnitTable, StoreError> {
        self.read_units().await
    }

    async fn put_units(&self, units: &[Unit], changes: &[UnitChange]) -> Result<UnitsStored, StoreError> {
        self.write_units(units, changes).await
    }

    async fn keys(&self, layer: &Layer, ids: &[u64]) -> Result<HashMap<u64, String>, StoreError> {
        self.read_keys(layer, ids).await
    }

    async fn load(&self, layer: &Layer, rows: mpsc::Sender<Vec<Feature>>) -> Result<u64, StoreError> {
        self.read_layer(layer, &rows).await
    }

    fn settle_changes(&self, are_held: bool) {
        self.stamps.settle(are_held);
    }

    async fn changes(&self, units: u64, layers: &[(Arc<Layer>, u64)]) -> Result<Changes, StoreError> {
        for watched in &self.prepared().watched {
            watched.look_when_due(self);
        }
        self.prune_when_due();
        self.refollow_when_due(layers.iter().map(|(layer, _)| layer));
        self.read_changes(units, layers).await
    }

    async fn changed(&self) -> Result<(), StoreError> {
        self.listener.changed().await;
        Ok(())
    }

    async fn import_as(
        &self,
        layer: &Layer,
        rows: mpsc::Receiver<ImportBatch>,
        terms: &Terms,
    ) -> Result<Imported, StoreError> {
        self.write_layer(layer, rows, terms).await
    }

    async fn edit(&self, layer: &Layer, edits: Vec<Edit>, author: &Author) -> Result<Edited, StoreError> {
        self.write_edits(layer, &edits, author).await
    }

    async fn batches(&self, page: &BatchPage) -> Result<Vec<Batch>, StoreError> {
        self.read_batches(page, None).await
    }

    async fn batch(&self, id: u64) -> Result<Option<Batch>, StoreError> {
        Ok(self.read_batches(&BatchPage { layer: None, before: None, limit: 1 }, Some(id)).await?.pop())
    }

    async fn batch_rows(&self, layer: &Layer, id: u64) -> Result<Vec<BatchRow>, StoreError> {
        self.read_batch_rows(layer, id).await
    }

    async fn undo(&self, layer: &Layer, id: u64, author: &Author) -> Result<Batch, StoreError> {
        self.undo_batch(layer, id, author).await
    }

    fn large_layers(&self) -> Option<&dyn LargeLayers> {
        Some(self)
    }

    async fn freshness(&self) -> Result<BTreeMap<String, Freshness>, StoreError> {
        self.read_freshness().await
    }

    async fn left_out(&self, layer: &Layer, page: &LeftOutPage) -> Result<LeftOut, StoreError> {
        self.read_left_out(layer, page).await
    }

    async fn check(&self, layer: &Layer) -> Result<Vec<Finding>, StoreError> {
        self.check_layer(layer).await
    }
}
