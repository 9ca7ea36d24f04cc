use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::atlas::{Atlas, LayerSnapshot, load};
use crate::store::{Found, LayerTotals};

/// Least time between two counts of a layer that changes all the time.
const PAUSE: Duration = Duration::from_secs(1);

/// What all versions of a layer share that is not loaded: how many features it has, where and when, as last counted.
pub struct LargeLayer {
    counted: ArcSwap<LastTotals>,
    counting: AtomicBool,
}

struct LastTotals {
    version: u64,
    totals: LayerTotals,
    /// Not counted again before.
    next: Instant,
}

impl LargeLayer {
    /// As it was counted first.
    pub fn new(found: &Found<LayerTotals>) -> Self {
        let counted = LastTotals { version: found.version, totals: found.found, next: Instant::now() };
        Self { counted: ArcSwap::from_pointee(counted), counting: AtomicBool::new(false) }
    }

    /// As last counted: exact of the version counted, which is the present one unless the layer changed within the last
    /// seconds.
    pub fn totals(&self) -> LayerTotals {
        self.counted.load().totals
    }

    fn is_due(&self, version: u64) -> bool {
        let counted = self.counted.load();
        counted.version != version && Instant::now() >= counted.next && !self.counting.swap(true, Ordering::AcqRel)
    }

    /// Counting takes a twentieth of the time at most.
    fn count(&self, begun: Instant, found: Option<&Found<LayerTotals>>) {
        let before = self.counted.load();
        let next = Instant::now() + PAUSE.max(begun.elapsed() * 20);
        let (version, totals) = found.map_or((before.version, before.totals), |found| (found.version, found.found));
        self.counted.store(Arc::new(LastTotals { version, totals, next }));
        self.counting.store(false, Ordering::Release);
    }
}

impl Atlas {
    /// Counts layers again that are not loaded and changed, in the background.
    pub fn count_large_layers(&self) {
        for snapshot in self.state().layers.values() {
            if let Some(large) = snapshot.large.as_ref().filter(|large| large.is_due(snapshot.version)) {
                self.count_again(snapshot, Arc::clone(large));
            }
        }
    }

    fn count_again(&self, snapshot: &LayerSnapshot, large: Arc<LargeLayer>) {
        let (store, layer) = (Arc::clone(&self.store), Arc::clone(&snapshot.layer));
        let zone = self.catalogue.time_zone.clone();
        tokio::spawn(async move {
            let begun = Instant::now();
            let found = match load::large_layers(store.as_ref(), &layer) {
                Ok(large) => large.totals(&layer, &zone).await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = &found {
                tracing::warn!(layer.id = %layer.id, %fault, "the layer could not be counted");
            }
            large.count(begun, found.as_ref().ok());
        });
    }
}
