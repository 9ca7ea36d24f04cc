//! A store in memory that can be taken away: what the rooms above a store promise, without a database.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bandoso::engine::locate::UnitIndex;
use bandoso::model::{Catalogue, Feature, Finding, Layer, LonLat, Unit, UnitChange, Value, Versions};
use bandoso::store::{ImportBatch, Imported, Store, StoreError, Terms, UnitTable, UnitsStored};
use tokio::sync::mpsc;

/// How long the shelf goes without being asked.
const LONGEST_QUIET: Duration = Duration::from_millis(20);

/// Features of one layer: id, place and values.
pub type Row = (u64, LonLat, Vec<Value>);

/// The store: each layer has a version and rows, the units are what they are, and what became of them may change.
pub struct Shelf {
    units: Mutex<UnitTable>,
    index: UnitIndex,
    layers: Mutex<Vec<(String, u64, Vec<Row>)>>,
    /// What is put as soon as a layer was loaded.
    meanwhile: Mutex<Vec<(String, Vec<Row>)>>,
    /// It is taken away as soon as a layer was loaded.
    leaving: AtomicBool,
    /// Layers that cannot be read.
    broken: Mutex<Vec<String>>,
    away: AtomicBool,
    announced: tokio::sync::Notify,
}

impl Shelf {
    pub fn new(units: Vec<Unit>, changes: Vec<UnitChange>) -> Self {
        let index = UnitIndex::new(&units);
        let units = UnitTable { version: 1, units, changes };
        Self {
            units: Mutex::new(units),
            index,
            layers: Mutex::default(),
            meanwhile: Mutex::default(),
            leaving: AtomicBool::new(false),
            broken: Mutex::default(),
            away: AtomicBool::new(false),
            announced: tokio::sync::Notify::new(),
        }
    }

    /// Replaces a layer's rows; its version grows.
    pub fn put(&self, layer: &str, rows: Vec<Row>) {
        let mut layers = self.layers.lock().unwrap();
        match layers.iter_mut().find(|(id, ..)| id == layer) {
            Some((_, version, kept)) => (*version, *kept) = (*version + 1, rows),
            None => layers.push((layer.to_owned(), 1, rows)),
        }
        self.announced.notify_one();
    }

    /// Replaces what became of units; their version grows.
    pub fn put_changes(&self, changes: Vec<UnitChange>) {
        let mut units = self.units.lock().unwrap();
        *units = UnitTable { version: units.version + 1, units: std::mem::take(&mut units.units), changes };
        self.announced.notify_one();
    }

    /// Replaces layers' rows right after the next load of any layer: later loads are of another moment.
    pub fn put_after_next_load(&self, rows: Vec<(String, Vec<Row>)>) {
        *self.meanwhile.lock().unwrap() = rows;
    }

    /// Replaces a layer's rows, and lets them be read by nobody until it is mended.
    pub fn break_layer(&self, layer: &str, rows: Vec<Row>) {
        self.broken.lock().unwrap().push(layer.to_owned());
        self.put(layer, rows);
    }

    /// Lets a layer be read again. That is found out when it is tried next, within a second.
    pub fn mend_layer(&self, layer: &str) {
        self.broken.lock().unwrap().retain(|broken| broken != layer);
    }

    /// Takes the store away, or brings it back.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
        self.announced.notify_one();
    }

    /// Takes the store away right after the next load of any layer.
    pub fn leave_after_next_load(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    fn is_broken(&self, layer: &Layer) -> bool {
        self.broken.lock().unwrap().iter().any(|broken| broken == layer.id.as_str())
    }

    fn here(&self) -> Result<(), StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unreachable { store: self.address(), cause: "taken away".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Shelf {
    fn address(&self) -> String {
        "a shelf in memory".to_owned()
    }

    async fn prepare(&self, catalogue: &Catalogue) -> Result<Vec<Finding>, StoreError> {
        self.here()?;
        let mut layers = self.layers.lock().unwrap();
        for layer in &catalogue.layers {
            if !layers.iter().any(|(id, ..)| id == layer.id.as_str()) {
                layers.push((layer.id.to_string(), 1, Vec::new()));
            }
        }
        Ok(Vec::new())
    }

    async fn versions(&self) -> Result<Versions, StoreError> {
        self.here()?;
        let mut versions = Versions::from([("units".to_owned(), self.units.lock().unwrap().version)]);
        versions.extend(self.layers.lock().unwrap().iter().map(|(id, version, _)| (id.clone(), *version)));
        Ok(versions)
    }

    async fn units(&self) -> Result<UnitTable, StoreError> {
        self.here()?;
        Ok(self.units.lock().unwrap().clone())
    }

    async fn put_units(&self, _: &[Unit], _: &[UnitChange]) -> Result<UnitsStored, StoreError> {
        panic!("the shelf's units stay as they are");
    }

    async fn load(&self, layer: &Layer, rows: mpsc::Sender<Vec<Feature>>) -> Result<u64, StoreError> {
        self.here()?;
        if self.is_broken(layer) {
            let (doing, cause) = (format!("loading {}", layer.id), "it is broken".to_owned());
            return Err(StoreError::Fault { doing, cause });
        }
        let (version, kept) = {
            let layers = self.layers.lock().unwrap();
            let (_, version, kept) = layers.iter().find(|(id, ..)| id == layer.id.as_str()).unwrap();
            (*version, kept.clone())
        };
        let meanwhile = std::mem::take(&mut *self.meanwhile.lock().unwrap());
        for (layer, rows) in meanwhile {
            self.put(&layer, rows);
        }
        if self.leaving.swap(false, Ordering::SeqCst) {
            self.set_away(true);
        }
        let feature = |(id, at, values): Row| Feature { id, at, values, units: self.index.links(at) };
        rows.send(kept.into_iter().map(feature).collect()).await.ok();
        Ok(version)
    }

    async fn changed(&self) -> Result<(), StoreError> {
        // Some time is enough to be asked what nobody announced.
        let _ = tokio::time::timeout(LONGEST_QUIET, self.announced.notified()).await;
        Ok(())
    }

    async fn import_as(&self, _: &Layer, _: mpsc::Receiver<ImportBatch>, _: &Terms) -> Result<Imported, StoreError> {
        panic!("nothing is imported into the shelf");
    }
}
