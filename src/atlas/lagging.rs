//! Layers that cannot be read while the store answers: a table that is gone or locked, a column of another type. The others go on
//! without them; they stay as they were shown last, and are tried again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{AtlasError, RETRY_AFTER_MS};
use crate::model::LayerId;
use crate::store::StoreError;

/// Shortest and longest pause before a layer is tried again: asking what changed of it is cheap, loading it whole in vain is not.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// That a layer cannot be read, to be asked again soon.
pub(super) fn unreadable(layer: &LayerId) -> AtlasError {
    AtlasError::Unreadable { layer: layer.to_string(), retry_after_ms: RETRY_AFTER_MS }
}

/// The layers that lag behind the store.
#[derive(Default)]
pub(super) struct Lagging(Mutex<HashMap<LayerId, Lag>>);

#[derive(Clone)]
pub(super) struct Lag {
    next: Instant,
    pause: Duration,
    /// What changed since is not enough: it is to be loaded whole.
    whole: bool,
    why: String,
}

impl Lagging {
    /// Notes that a layer could not be read, `whole` where it is to be loaded whole when it can be.
    pub(super) fn failed(&self, id: &LayerId, fault: &StoreError, whole: bool) {
        let mut layers = self.lock();
        let before = layers.get(id);
        let whole = whole || before.is_some_and(|lag| lag.whole);
        let pause = before.filter(|_| whole).map_or(PAUSES.0, |lag| (lag.pause * 2).min(PAUSES.1));
        let why = fault.to_string();
        // Once is enough for as long as nothing is done about it.
        if before.is_none_or(|lag| lag.why != why) {
            tracing::warn!(layer.id = %id, why, "a layer cannot be read; the others are followed");
        }
        layers.insert(id.clone(), Lag { next: Instant::now() + pause, pause, whole, why });
    }

    /// Notes that a layer was read.
    pub(super) fn read(&self, id: &LayerId) {
        if self.lock().remove(id).is_some() {
            tracing::info!(layer.id = %id, "the layer is read again");
        }
    }

    /// What is known of them now, to be given to [`Lagging::restore`].
    pub(super) fn kept(&self) -> HashMap<LayerId, Lag> {
        self.lock().clone()
    }

    /// What was read since is not shown: those layers lag as before, for the store need not tell of them again.
    pub(super) fn restore(&self, before: HashMap<LayerId, Lag>) {
        let mut layers = self.lock();
        for (id, lag) in before {
            layers.entry(id).or_insert(lag);
        }
    }

    /// The units moved: what a layer that was not read has of them is not told again.
    pub(super) fn units_moved(&self) {
        self.lock().values_mut().for_each(|lag| lag.whole = true);
    }

    /// Whether to ask what changed of a layer: not before it is time to try again, and not where it is to be loaded whole.
    pub(super) fn asks(&self, id: &LayerId) -> bool {
        self.lock().get(id).is_none_or(|lag| !lag.whole && lag.next <= Instant::now())
    }

    /// Layers to be loaded whole now.
    pub(super) fn due(&self) -> Vec<LayerId> {
        let now = Instant::now();
        self.lock().iter().filter(|(_, lag)| lag.whole && lag.next <= now).map(|(id, _)| id.clone()).collect()
    }

    /// Whether a layer lags.
    pub(super) fn has(&self, id: &LayerId) -> bool {
        self.lock().contains_key(id)
    }

    /// All that lag.
    pub(super) fn all(&self) -> Vec<LayerId> {
        let mut all: Vec<LayerId> = self.lock().keys().cloned().collect();
        all.sort();
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LayerId, Lag>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
