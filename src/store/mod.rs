//! Where data lives. Two stores behind one narrow trait: a `GeoPackage` file, and PostGIS.
//!
//! Both keep one typed table per layer, make the join of points with units when a point is written, and give the same rows
//! with the same units: `tests/promises/stores.rs` holds them to it.

mod batch;
mod edit;
pub mod geopackage;
mod large;
mod open;
pub mod postgis;
mod quality;
mod stamps;

pub use batch::{
    Author, Batch, BatchCounts, BatchKind, BatchPage, BatchRow, Ending, MOST_NAMED, MOST_ROWS, Missing, Terms,
};
pub use edit::{Edit, Edited, Refusal, When};
pub use large::{
    CellCount, Extracted, Found, Group, Grouping, Held, IdPage, LargeArea, LargeCorridor, LargeKey, LargeLayers,
    LargePage, LayerTotals, NamedRows, Picked, RowKey, Tallied, TileRows, Wanted,
};
pub use open::open;
pub use quality::{LeftOut, LeftOutPage, LeftOutRow};

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::model::{Catalogue, Feature, Finding, Freshness, Layer, LayerId, LonLat, Unit, UnitChange, Value, Versions};

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached now; it may come back.
    #[error("the store {store} cannot be reached: {cause}")]
    Unreachable {
        /// Its address without secrets.
        store: String,
        /// What the driver said.
        cause: String,
    },
    /// The store answered with a fault.
    #[error("{doing}: {cause}")]
    Fault {
        /// What was being done, such as `loading police.incidents`.
        doing: String,
        /// What the driver said.
        cause: String,
    },
    /// A table is gone, locked, has other columns than it had, or lacks triggers of ours: it may be as it was again.
    #[error("the table of {layer} cannot be read: {cause}")]
    Unreadable {
        /// The layer.
        layer: String,
        /// What the driver said.
        cause: String,
    },
    /// Other programs, or other writes of ours, have it for themselves; nothing was done, and it may be tried again.
    #[error("the store {store} is in use: {cause}")]
    InUse {
        /// Its address without secrets.
        store: String,
        /// What was to be done, and who is in the way.
        cause: String,
    },
    /// A question to a layer in the database took longer, or is about more, than may be.
    #[error("{doing}: it took too long")]
    TooLong {
        /// What was being done.
        doing: String,
    },
    /// As many questions to layers in the database are asked, and wait, as may.
    #[error("too many questions to the database wait")]
    Busy,
    /// The rows ended without [`ImportBatch::Commit`]: nothing was written.
    #[error("the import of {layer} was given up before its end; nothing was written")]
    GivenUp {
        /// The layer.
        layer: String,
    },
    /// What is stored does not allow it: nothing was written.
    #[error(transparent)]
    Refused(Refusal),
}

/// Largest number that becomes a feature's own id, 2^62. The stores number on from the largest id up to it: after 2^63 - 1 neither
/// SQLite nor PostgreSQL could take in another row, so this leaves room for as many again.
pub const MAX_ID: u64 = 1 << 62;

/// The identity under which a row is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportId {
    /// A whole number: the feature's id itself, unless that number is a feature's that has a key of its own: then it is a key too.
    Number(u64),
    /// The sender's own key: kept in the column `source_id`, unique; the feature's id is the store's next free number.
    Text(String),
    /// None: always a new feature, with the store's next free number.
    New,
}

/// One row to import.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRow {
    /// Its identity: a row whose identity is known replaces the stored one.
    pub id: ImportId,
    /// Where it is.
    pub at: LonLat,
    /// One value for each of the layer's fields, in their order.
    pub values: Vec<Value>,
}

/// A step of an import.
#[derive(Debug)]
pub enum ImportBatch {
    /// More rows. No identity occurs twice in one import.
    Rows(Vec<ImportRow>),
    /// That was all: make it so. Without it nothing is written.
    Commit,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Features that were not there.
    pub added: u64,
    /// Features that were there and differ.
    pub changed: u64,
    /// Features that were there just so.
    pub unchanged: u64,
    /// Features of the layer that a sender numbered or named and that this import does not name, see [`Missing`].
    pub missing: u64,
    /// Those of them that went.
    pub removed: u64,
    /// Features of the import that are in and near no commune on their own date.
    pub outside: u64,
    /// The layer's version afterwards.
    pub version: u64,
    /// Its batch in the history; none where nothing was written.
    pub batch: Option<u64>,
}

/// What a store knows of units.
#[derive(Debug, Clone, Default)]
pub struct UnitTable {
    /// Grows with every change of units.
    pub version: u64,
    /// By level, code and first day.
    pub units: Vec<Unit>,
    /// By old code, new code.
    pub changes: Vec<UnitChange>,
}

/// What storing units did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnitsStored {
    /// Units that were not there.
    pub added: u64,
    /// Units whose (level, code, first day) was there and whose content differs.
    pub changed: u64,
    /// Units that were there just so.
    pub unchanged: u64,
    /// The units' version afterwards.
    pub version: u64,
}

/// How one layer came from a version to the present one.
#[derive(Debug)]
pub enum LayerChange {
    /// Everything that differs: other features are as they were.
    Rows {
        /// The present version.
        version: u64,
        /// Features that were added or changed since, as they are now. No id occurs twice.
        upserted: Vec<Feature>,
        /// Ids of features that were there at some time since and are not now.
        deleted: Vec<u64>,
    },
    /// The layer is to be loaded whole: too much changed, the log does not reach back so far, or the table has none.
    Reload,
    /// It changed, and could not be read, while the rest could be: it is asked for again from the version that is held.
    Unreadable(StoreError),
}

/// How the store came from some versions to the present ones, all of it as of one moment: no transaction is seen in halves.
#[derive(Debug, Default)]
pub struct Changes {
    /// All units, when they moved.
    pub units: Option<UnitTable>,
    /// Layers that moved.
    pub layers: Vec<(LayerId, LayerChange)>,
    /// Layers whose rows are to be joined anew where units moved in space or time: the store keeps no links of theirs.
    pub rejoined: Vec<LayerId>,
}

/// A place where layers and units are kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// Its address for people and logs, without secrets.
    fn address(&self) -> String;

    /// Makes what is missing: its own tables, one table per layer of the catalogue, new columns for new fields. What does not
    /// fit and cannot be made (a column of another type, a published table that lacks a field) is a finding.
    async fn prepare(&self, catalogue: &Catalogue) -> Result<Vec<Finding>, StoreError>;

    /// The versions of the units (`units`) and of every prepared layer, cheaply: asked every second or so, and as a sign of life.
    async fn versions(&self) -> Result<Versions, StoreError>;

    /// All units of all dates.
    async fn units(&self) -> Result<UnitTable, StoreError>;

    /// Adds units, or replaces those of the same (level, code, first day), and changes of units likewise, then joins all
    /// points again, in one transaction. The units' `id` is ignored.
    async fn put_units(&self, units: &[Unit], changes: &[UnitChange]) -> Result<UnitsStored, StoreError>;

    /// The senders' keys of features by their ids, of those that have one. A published table has none.
    async fn keys(&self, _layer: &Layer, _ids: &[u64]) -> Result<HashMap<u64, String>, StoreError> {
        Ok(HashMap::new())
    }

    /// Sends all features of a layer, in any order, as of one moment; gives the layer's version at that moment.
    /// When the receiver goes away it stops without error.
    async fn load(&self, layer: &Layer, rows: mpsc::Sender<Vec<Feature>>) -> Result<u64, StoreError>;

    /// What changed since these versions of the units and of the layers, in one look.
    async fn changes(&self, units: u64, layers: &[(Arc<Layer>, u64)]) -> Result<Changes, StoreError> {
        let versions = self.versions().await?;
        let moved = |name: &str, held: u64| versions.get(name).is_some_and(|version| *version != held);
        let mut changes = Changes::default();
        if moved("units", units) {
            changes.units = Some(self.units().await?);
        }
        let layers = layers.iter().filter(|(layer, version)| moved(layer.id.as_str(), *version));
        changes.layers = layers.map(|(layer, _)| (layer.id.clone(), LayerChange::Reload)).collect();
        Ok(changes)
    }

    /// Says whether the caller holds all that [`Store::changes`] told it since it last said so. Where it does not (a layer that was to
    /// be loaded could not be), it is told of it again.
    fn settle_changes(&self, _are_held: bool) {}

    /// Completes when something may have changed since it last did, at once where the store announces changes; without cause as
    /// well, at least every second or so: the caller then asks [`Store::changes`]. An error means that the store is out of reach.
    async fn changed(&self) -> Result<(), StoreError> {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Ok(())
    }

    /// [`Store::import_as`] by nobody in particular; what is missing stays.
    async fn import(&self, layer: &Layer, rows: mpsc::Receiver<ImportBatch>) -> Result<Imported, StoreError> {
        self.import_as(layer, rows, &Terms::default()).await
    }

    /// Takes rows in until [`ImportBatch::Commit`], joins them with the units, and commits them in one transaction, which is a batch
    /// of the history. [`StoreError::Refused`] where more features are missing than may go.
    async fn import_as(
        &self,
        layer: &Layer,
        rows: mpsc::Receiver<ImportBatch>,
        terms: &Terms,
    ) -> Result<Imported, StoreError>;

    /// Makes all of some edits, or none: one transaction, joined with the units, one version of the layer, one batch of the history.
    ///
    /// [`StoreError::Refused`] where one of them is about a feature that is not there, or not as it must be, brings an id that is
    /// taken, or where the layer takes no edits.
    async fn edit(&self, layer: &Layer, _edits: Vec<Edit>, _author: &Author) -> Result<Edited, StoreError> {
        let why = "this store takes no edits".to_owned();
        Err(StoreError::Refused(Refusal::ReadOnly { layer: layer.id.to_string(), why }))
    }

    /// Batches, the newest first.
    async fn batches(&self, _page: &BatchPage) -> Result<Vec<Batch>, StoreError> {
        Ok(Vec::new())
    }

    /// One batch.
    async fn batch(&self, _id: u64) -> Result<Option<Batch>, StoreError> {
        Ok(None)
    }

    /// The first [`MOST_ROWS`] rows of a batch of the layer, by id.
    async fn batch_rows(&self, _layer: &Layer, _id: u64) -> Result<Vec<BatchRow>, StoreError> {
        Ok(Vec::new())
    }

    /// Undoes a batch of the layer in one transaction, which is a batch of its own: rows that it added go, those that it changed or
    /// removed are as before. [`StoreError::Refused`] where any of them is not as the batch left it, or where the batch is undone.
    async fn undo(&self, _layer: &Layer, id: u64, _author: &Author) -> Result<Batch, StoreError> {
        Err(StoreError::Refused(Refusal::NoBatch { batch: id }))
    }

    /// Answers about layers that are not loaded; none where this store gives no such answers.
    fn large_layers(&self) -> Option<&dyn LargeLayers> {
        None
    }

    /// When the rows of each prepared layer were last written, whoever wrote them. Links that were made again because the units
    /// changed are no change of rows. It is kept for as long as the layer is.
    async fn freshness(&self) -> Result<BTreeMap<String, Freshness>, StoreError> {
        Ok(BTreeMap::new())
    }

    /// Rows of a layer's table that [`Store::load`] leaves out: how many, and a page of them. Reads the whole table.
    async fn left_out(&self, _layer: &Layer, _page: &LeftOutPage) -> Result<LeftOut, StoreError> {
        Ok(LeftOut::default())
    }

    /// Finds what other programs wrote into a layer's table that is no feature, or no value of its field: [`Store::load`] leaves
    /// such rows out and such values empty. Reads the whole layer.
    async fn check(&self, _layer: &Layer) -> Result<Vec<Finding>, StoreError> {
        Ok(Vec::new())
    }
}
