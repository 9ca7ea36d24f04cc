//! The embedded store: one `GeoPackage` file, which QGIS and GDAL open and edit while we serve it.
//!
//! One typed table per layer (`police.incidents` is `police_incidents`), the units as the polygon table `units`. SQLite is
//! synchronous, so all work runs on blocking threads: one connection writes, each reading has its own. Triggers note every
//! change that any program makes (`schema.sql`, `layer.sql`); rows that another program wrote are joined with the units as
//! they are read, and their links stored in a quiet moment or by the next import or start.

mod beside;
mod blob;
mod changes;
mod columns;
mod connection;
mod edit;
mod fold;
mod history;
mod import;
mod join;
mod keys;
mod left_out;
mod load;
mod log;
mod refollow;
mod row;
mod schema;
mod snapshot;
mod spans;
mod stamps;
#[cfg(test)]
mod tests;
mod turn;
mod undo;
mod units;
mod value;
mod wal_index;
mod watch;
mod write;
mod writer;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore, mpsc};

use self::beside::{Beside, Here};
pub use self::connection::{APPLICATION_ID, USER_VERSION};
use self::fold::LogState;
use self::import::Incoming;
pub use self::schema::{FORMAT_TABLES, spatial_index, spatial_index_triggers};
pub use self::turn::EDIT_WAIT;
use self::turn::{Patience, Wait};
pub use self::value::{column_type, to_column};
use self::watch::{FileId, FileState, Watcher};
use self::writer::Writer;
use super::stamps::Stamps;
use super::{
    Author, Batch, BatchPage, BatchRow, Changes, Edit, Edited, Ending, ImportBatch, Imported, LeftOut, LeftOutPage,
    Store, StoreError, Terms, UnitTable, UnitsStored,
};
use crate::engine::locate::UnitIndex;
use crate::model::{Catalogue, Clock, Day, Feature, Finding, Freshness, Layer, Unit, UnitChange, Versions};

/// A map kept in one `GeoPackage` file.
pub struct GeoPackage {
    inner: Arc<Inner>,
    /// Writes of this process, one at a time, in the order of their arrival.
    turns: Arc<Semaphore>,
    edit_wait: Duration,
}

struct Inner {
    path: PathBuf,
    writer: Mutex<Writer>,
    /// The reader that asks for versions and changes, kept open; none after a fault.
    watcher: Mutex<Option<Watcher>>,
    /// The file whose versions the follower holds.
    followed: Mutex<FileId>,
    /// Tells the follower that this process has written.
    written: Notify,
    /// Of the versions that the follower holds.
    stamps: Stamps<u64, i64>,
    /// Some rows have links only in memory.
    unsettled: AtomicBool,
    prepared: RwLock<Option<Prepared>>,
    index: Mutex<Option<IndexedUnits>>,
    log: Mutex<LogState>,
    /// Goes last: see there.
    beside: Mutex<Beside>,
    /// Grows when another file is at the path: connections of before are not to be used again, even where the first file comes back.
    epoch: Arc<AtomicU64>,
}

/// The units of this version with this stamp, prepared.
type IndexedUnits = ((u64, Option<i64>), Arc<UnitIndex>);

/// What the catalogue told.
struct Prepared {
    zone: TimeZone,
    layers: Vec<Layer>,
}

impl GeoPackage {
    /// Opens the file; makes it where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Fault`] for a file that is no `GeoPackage`, [`StoreError::Unreachable`] for one that cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        run("opening the GeoPackage", move || {
            let (connection, id) = connection::writer(&path)?;
            let file = FileState::of(&path)?;
            if file.id != id {
                let cause = "another file was put in its place while it was opened; start again".to_owned();
                return Err(StoreError::Unreachable { store: path.display().to_string(), cause });
            }
            let inner = Inner {
                path,
                writer: Mutex::new(Writer::new(connection, Here { file, epoch: 0 })),
                followed: Mutex::new(file.id),
                stamps: Stamps::default(),
                watcher: Mutex::new(None),
                written: Notify::new(),
                unsettled: AtomicBool::new(false),
                prepared: RwLock::new(None),
                index: Mutex::new(None),
                log: Mutex::default(),
                beside: Mutex::new(Beside::of(file.id)),
                epoch: Arc::default(),
            };
            inner.keep_beside(file.id);
            Ok(Self { inner: Arc::new(inner), turns: Arc::new(Semaphore::new(1)), edit_wait: EDIT_WAIT })
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        doing: &str,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        run(doing, move || work(&inner)).await
    }
}

/// Runs on a thread that may block.
async fn run<T: Send + 'static>(
    doing: &str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Fault { doing: doing.to_owned(), cause: error.to_string() }))
}

impl Inner {
    /// Works with a reading connection of its own.
    fn reading<T>(
        &self,
        doing: &str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let result = self.reader().and_then(|mut connection| work(&mut connection));
        result.map_err(|error| connection::fault(&self.path, doing, &error))
    }

    fn prepare(&self, catalogue: &Catalogue, patience: &Patience) -> Result<Vec<Finding>, StoreError> {
        if let Some(cause) = schema::clash(catalogue) {
            return Err(StoreError::Fault { doing: "making the layers' tables".to_owned(), cause });
        }
        let findings = self.writing(("making the layers' tables", patience), |transaction| {
            let mut findings = Vec::new();
            let (units_version, _) = write::version(&transaction, "units")?;
            let index = self.index(&transaction)?;
            for layer in &catalogue.layers {
                let units = Some((units_version, &*index));
                match write::attempt(&transaction, || schema::prepare_layer(&transaction, layer, units))? {
                    Ok(of_layer) => findings.extend(of_layer),
                    Err(error) => {
                        schema::know_layer(&transaction, &layer.id)?;
                        findings.push(schema::unfit(layer, &error));
                    }
                }
            }
            write::commit(transaction)?;
            Ok(findings)
        })?;
        let prepared = Prepared { zone: catalogue.time_zone.clone(), layers: catalogue.layers.clone() };
        *self.prepared.write().unwrap_or_else(PoisonError::into_inner) = Some(prepared);
        Ok(findings)
    }

    /// Today in the catalogue's zone; a fault for a layer that was not prepared.
    fn clock(&self, layer: &Layer) -> Result<Clock, StoreError> {
        let prepared = self.prepared.read().unwrap_or_else(PoisonError::into_inner);
        let prepared = prepared.as_ref().filter(|prepared| prepared.layers.iter().any(|known| known.id == layer.id));
        let zone = prepared.map(|prepared| prepared.zone.clone()).ok_or_else(|| StoreError::Fault {
            doing: format!("importing {}", layer.id),
            cause: "the store was not prepared for this layer".to_owned(),
        })?;
        Ok(Clock { today: Day::from_date(jiff::Timestamp::now().to_zoned(zone.clone()).date()), zone })
    }

    fn versions(&self) -> Result<Versions, StoreError> {
        let mut versions = self.watching("asking for versions", |watcher| read_versions(&watcher.connection))?;
        if let Some(prepared) = self.prepared.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            versions.retain(|name, _| name == "units" || prepared.layers.iter().any(|layer| layer.id.as_str() == name));
        }
        Ok(versions)
    }

    /// The units of the connection's moment, prepared.
    fn index(&self, connection: &Connection) -> rusqlite::Result<Arc<UnitIndex>> {
        let (version, _) = write::version(connection, "units")?;
        let wanted = (version, stamps::of(connection, "units", version)?);
        let mut kept = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            Some((of, index)) if *of == wanted => Ok(Arc::clone(index)),
            _ => {
                let index = Arc::new(UnitIndex::new(&units::read_units(connection)?.0));
                *kept = Some((wanted, Arc::clone(&index)));
                Ok(index)
            }
        }
    }

    fn keep_index(&self, of: (u64, Option<i64>), index: UnitIndex) {
        *self.index.lock().unwrap_or_else(PoisonError::into_inner) = Some((of, Arc::new(index)));
    }
}

fn read_versions(connection: &Connection) -> rusqlite::Result<Versions> {
    let mut select = connection.prepare("SELECT name, version FROM bandoso_version")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?.collect()
}

#[async_trait]
impl Store for GeoPackage {
    fn address(&self) -> String {
        self.inner.path.display().to_string()
    }

    async fn prepare(&self, catalogue: &Catalogue) -> Result<Vec<Finding>, StoreError> {
        let catalogue = catalogue.clone();
        let turn = ("making the layers' tables", Wait::Long);
        self.in_turn(turn, move |inner, patience| inner.prepare(&catalogue, patience)).await
    }

    async fn versions(&self) -> Result<Versions, StoreError> {
        self.with("asking for versions", Inner::versions).await
    }

    async fn units(&self) -> Result<UnitTable, StoreError> {
        self.with("reading units", Inner::units).await
    }

    async fn put_units(&self, units: &[Unit], changes: &[UnitChange]) -> Result<UnitsStored, StoreError> {
        let (units, changes) = (units.to_vec(), changes.to_vec());
        let turn = ("storing units", Wait::Long);
        self.in_turn(turn, move |inner, patience| inner.put_units((&units, &changes), patience)).await
    }

    async fn load(&self, layer: &Layer, rows: mpsc::Sender<Vec<Feature>>) -> Result<u64, StoreError> {
        let layer = layer.clone();
        self.with("loading a layer", move |inner| inner.load(&layer, &rows)).await
    }

    async fn keys(&self, layer: &Layer, ids: &[u64]) -> Result<HashMap<u64, String>, StoreError> {
        let (layer, ids) = (layer.id.clone(), ids.to_vec());
        self.with("reading senders' keys", move |inner| inner.keys(&layer, &ids)).await
    }

    async fn changes(&self, units: u64, layers: &[(Arc<Layer>, u64)]) -> Result<Changes, StoreError> {
        let layers = layers.to_vec();
        self.with("asking what changed", move |inner| inner.changes(units, &layers)).await
    }

    fn settle_changes(&self, are_held: bool) {
        self.inner.stamps.settle(are_held);
    }

    async fn changed(&self) -> Result<(), StoreError> {
        self.wait().await
    }

    async fn import_as(
        &self,
        layer: &Layer,
        rows: mpsc::Receiver<ImportBatch>,
        terms: &Terms,
    ) -> Result<Imported, StoreError> {
        let (doing, layer, terms) = ("importing a layer", layer.clone(), terms.clone());
        self.inner.clock(&layer)?;
        // Its turn comes when its rows do: a slow file holds up nobody.
        let rows = run(doing, move || Ok(Incoming::begin(rows))).await?;
        let rows = rows.ok_or_else(|| import::given_up(&layer))?;
        if terms.ending == Ending::DryRun {
            return self.with(doing, move |inner| inner.count_import(&layer, rows, &terms)).await;
        }
        self.in_turn((doing, Wait::Long), move |inner, patience| inner.import(&layer, (rows, &terms), patience)).await
    }

    async fn edit(&self, layer: &Layer, edits: Vec<Edit>, author: &Author) -> Result<Edited, StoreError> {
        let (layer, author) = (layer.clone(), author.clone());
        let turn = ("editing a layer", Wait::InAll(self.edit_wait));
        self.in_turn(turn, move |inner, patience| inner.edit(&layer, (&edits, &author), patience)).await
    }

    async fn batches(&self, page: &BatchPage) -> Result<Vec<Batch>, StoreError> {
        let page = page.clone();
        self.with("reading the history", move |inner| inner.read_batches(&page, None)).await
    }

    async fn batch(&self, id: u64) -> Result<Option<Batch>, StoreError> {
        let page = BatchPage { layer: None, before: None, limit: 1 };
        let found = self.with("reading the history", move |inner| inner.read_batches(&page, Some(id))).await;
        Ok(found?.pop())
    }

    async fn batch_rows(&self, layer: &Layer, id: u64) -> Result<Vec<BatchRow>, StoreError> {
        let layer = layer.clone();
        self.with("reading the history", move |inner| inner.read_batch_rows(&layer, id)).await
    }

    async fn undo(&self, layer: &Layer, id: u64, author: &Author) -> Result<Batch, StoreError> {
        let (layer, author) = (layer.clone(), author.clone());
        let turn = ("undoing a batch", Wait::InAll(self.edit_wait));
        self.in_turn(turn, move |inner, patience| inner.undo(&layer, (id, &author), patience)).await
    }

    async fn freshness(&self) -> Result<BTreeMap<String, Freshness>, StoreError> {
        self.with("asking when layers were written", Inner::freshness).await
    }

    async fn left_out(&self, layer: &Layer, page: &LeftOutPage) -> Result<LeftOut, StoreError> {
        let (layer, page) = (layer.clone(), page.clone());
        self.with("looking for rows without a place", move |inner| inner.left_out(&layer, &page)).await
    }

    async fn check(&self, layer: &Layer) -> Result<Vec<Finding>, StoreError> {
        let layer = layer.clone();
        self.with("checking a layer", move |inner| inner.check_layer(&layer)).await
    }
}
