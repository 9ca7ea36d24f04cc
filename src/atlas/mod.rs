//! The live map: one immutable snapshot per layer, all swapped together, and a cache of encoded tiles.
//!
//! Readers take the state as it is and keep it for the length of their request: they never see half of a change and never
//! wait for a reload. `follow` moves the state on when the store's versions do.

mod around;
mod aspect;
mod behind;
mod compare;
mod convert;
mod cost;
mod count;
mod desk;
mod draw;
mod edit;
mod error;
mod extract;
mod follow;
mod join;
mod lagging;
mod large;
mod line;
mod load;
mod moment;
mod pyramid;
mod quality;
mod query;
mod search;
mod settings;
mod snapshot;
mod wait;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;

pub use cost::Cost;
use cost::read_micros;
pub use desk::EncodedTile;
pub use draw::AskedTile;
pub use edit::EditedFeatures;
pub use error::AtlasError;
pub use extract::{BATCH, Extract};
pub use line::Client;
pub use moment::Moment;
pub use settings::AtlasSettings;
pub use snapshot::{LayerSnapshot, LayerSummary, ListedLayer, State, UnitSnapshot};

pub use crate::engine::cql2::{FUNCTIONS, read_json, read_text, write};
pub use crate::engine::unit_map::UnitMap;
use crate::model::{Catalogue, Clock, Instant, LayerId, LonLat, Residency, UnitId, Versions, View};
use crate::store::{Store, StoreError};

/// When to ask again while the store is away.
const RETRY_AFTER_MS: u64 = 1_000;

/// An answer, and the units of the same state, by which those in it have their names: another state may have others under their ids.
pub type WithUnits<T> = (T, Arc<UnitMap>);

/// The map in memory.
pub struct Atlas {
    catalogue: Catalogue,
    store: Arc<dyn Store>,
    state: ArcSwap<State>,
    /// Counts the states shown.
    shown: watch::Sender<u64>,
    reachable: AtomicBool,
    tiles: desk::TileDesk,
    left_out: Arc<quality::LeftOutCounts>,
    lagging: lagging::Lagging,
}

impl Atlas {
    /// Loads the units and every layer of the catalogue, and follows the store from then on, until the atlas is dropped.
    pub async fn open(
        store: Arc<dyn Store>,
        catalogue: Catalogue,
        settings: AtlasSettings,
    ) -> Result<Arc<Self>, StoreError> {
        let atlas = Self::still(store, catalogue, settings).await?;
        atlas.prepare_names();
        tokio::spawn(follow::follow(Arc::downgrade(&atlas)));
        Ok(atlas)
    }

    /// The same of one moment: what the store changes afterwards is not seen.
    pub async fn still(
        store: Arc<dyn Store>,
        catalogue: Catalogue,
        settings: AtlasSettings,
    ) -> Result<Arc<Self>, StoreError> {
        for layer in catalogue.layers.iter().filter(|layer| layer.residency == Residency::Database) {
            load::large_layers(store.as_ref(), layer)?;
        }
        let findings = store.prepare(&catalogue).await?;
        for finding in findings {
            tracing::warn!(finding = finding.kind.name(), place = %finding.place, "{}", finding.message);
        }
        let lagging = lagging::Lagging::default();
        let state = load::everything(store.as_ref(), &catalogue, &lagging).await?;
        let atlas = Arc::new(Self {
            tiles: desk::TileDesk::new(&settings),
            catalogue,
            store,
            state: ArcSwap::from_pointee(state),
            shown: watch::Sender::new(0),
            reachable: AtomicBool::new(true),
            left_out: Arc::default(),
            lagging,
        });
        // Layers were loaded one after the other: brought to one moment before anyone can see a transaction in halves.
        atlas.catch_up(None).await?;
        Ok(atlas)
    }

    /// Departments, layers, places.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What time it is in the catalogue's zone.
    pub fn clock(&self) -> Clock {
        let zone = self.catalogue.time_zone.clone();
        Clock { today: Instant(Timestamp::now().as_microsecond()).day(&zone), zone }
    }

    /// Whether the store answered when it was last asked. Layers in memory are served either way.
    pub fn ready(&self) -> Result<(), AtlasError> {
        if self.reachable.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(AtlasError::Unavailable { retry_after_ms: RETRY_AFTER_MS })
    }

    /// The layers that cannot be read, of those that the view sees: shown as they were last, or not at all.
    pub fn lagging(&self, view: View) -> Vec<LayerId> {
        let seen = |id: &&LayerId| self.catalogue.layer(id).is_some_and(|layer| view.sees(layer));
        self.state.load().lagging.iter().filter(seen).cloned().collect()
    }

    /// The units of all dates.
    pub fn units(&self) -> Arc<UnitMap> {
        Arc::clone(&self.state.load().units.map)
    }

    /// Metres from the place to the unit, 0 inside; none when there is no such unit.
    pub fn distance_to_unit_m(&self, unit: UnitId, at: LonLat) -> Option<f64> {
        self.state.load().units.index.distance_m(unit, at)
    }

    /// Metres from the place to the unit's nearest border, from inside or outside; none when there is no such unit.
    pub fn distance_to_border_m(&self, unit: UnitId, at: LonLat) -> Option<f64> {
        self.state.load().units.index.border_m(unit, at)
    }

    /// The layers that the view sees, in the catalogue's order.
    pub fn layers(&self, view: View) -> Vec<LayerSummary> {
        let state = self.state.load();
        let seen = self.catalogue.layers.iter().filter(|layer| view.sees(layer));
        seen.filter_map(|layer| state.layers.get(&layer.id)).map(LayerSnapshot::summary).collect()
    }

    /// The same, and with them those that could not be read yet.
    pub fn listed(&self, view: View) -> Vec<ListedLayer<'_>> {
        let state = self.state.load();
        let seen = self.catalogue.layers.iter().filter(|layer| view.sees(layer));
        seen.map(|layer| ListedLayer {
            layer,
            summary: state.layers.get(&layer.id).map(LayerSnapshot::summary),
            lagging: state.lagging.contains(&layer.id),
        })
        .collect()
    }

    /// Reads a body of so many bytes: a long one in its turn, on a thread of its own.
    pub async fn read<T: Send + 'static>(
        &self,
        bytes: usize,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AtlasError> {
        self.tiles.work(Cost { micros: read_micros(bytes) }, |_| read()).await
    }

    /// Where the layers are kept: what is written there is shown here soon after.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// One layer; [`AtlasError::UnknownLayer`] also when the view does not see it.
    pub fn layer(&self, view: View, id: &LayerId) -> Result<LayerSummary, AtlasError> {
        Ok(self.state.load().layer(view, id)?.summary())
    }

    /// Tiles asked for, and tiles drawn, since the start: the rest came from the cache.
    pub fn tile_counts(&self) -> (u64, u64) {
        self.tiles.counts()
    }

    /// Counts a tile that was given from what an earlier answer left, without asking for it here.
    pub fn tile_given(&self) {
        self.tiles.given();
    }

    /// The versions of the units and of the layers that the view sees, in the state that is shown now.
    pub fn versions(&self, view: View) -> Versions {
        let state = self.state.load();
        state.versions(state.layers.values().filter(|snapshot| view.sees(&snapshot.layer)))
    }

    /// Tells when another state is shown: its value grows by one each time.
    pub fn shown(&self) -> watch::Receiver<u64> {
        self.shown.subscribe()
    }

    /// Remembers whether the store answers, and tells when that changes.
    fn answered(&self, result: &Result<(), StoreError>) {
        let reached = result.is_ok();
        let before = self.reachable.swap(reached, Ordering::Relaxed);
        let store = self.store.address();
        match result {
            Ok(()) if !before => tracing::info!(store, "the store answers again"),
            Err(fault) if before => tracing::error!(store, %fault, "the store does not answer; serving from memory"),
            _ => {}
        }
    }

    fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Shows another state to all requests from now on.
    fn show(&self, state: State) {
        self.state.store(Arc::new(state));
        self.shown.send_modify(|shown| *shown += 1);
    }
}
