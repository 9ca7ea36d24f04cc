use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Atlas, LayerSnapshot, State, load};
use crate::engine::parts::{Merged, Parts};
use crate::model::{Layer, LayerId};
use crate::store::{Changes, LayerChange, StoreError};

/// Shortest and longest pause after a store that could not be reached, before it is asked again: a connection that broke is
/// made anew at once, a server that is away is not pressed.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Rounds in which layers are loaded whole before the state is shown all the same: a layer that changes faster than it loads
/// must not hold up the others.
const MOST_ROUNDS: usize = 3;

/// Waits for the store to change, and moves the state on. Ends when the atlas is gone.
///
/// A store that cannot be reached leaves the state as it is; the first answer afterwards catches up.
pub async fn follow(atlas: Weak<Atlas>) {
    let mut merge: Option<Merge> = None;
    let mut pause = PAUSES.0;
    loop {
        let Some(held) = atlas.upgrade() else { return };
        let store = Arc::clone(&held.store);
        let caught_up = held.catch_up(merge.as_ref()).await;
        held.answered(&caught_up);
        held.count_large_layers();
        merge = match merge {
            None => held.begin_merge(),
            running => running,
        };
        // What changed before anyone waited is not missed: it is asked first and waited afterwards. Not holding the atlas, so
        // that it can go away meanwhile.
        drop(held);
        let waited = tokio::select! {
            changed = store.changed(), if caught_up.is_ok() => changed,
            merged = finished(&mut merge) => {
                let Some(held) = atlas.upgrade() else { return };
                if let Some((layer, merged)) = merged {
                    held.end_merge(&layer, merged);
                }
                Ok(())
            }
            () = tokio::time::sleep(pause), if caught_up.is_err() => Ok(()),
        };
        if waited.is_err() {
            tokio::time::sleep(pause).await;
        }
        pause = if caught_up.is_ok() && waited.is_ok() { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
    }
}

/// A layer whose deltas are being put into its base: one at a time, for its memory.
pub(super) struct Merge {
    layer: LayerId,
    /// How many of its parts the new base stands for: they are not put together with later ones.
    parts: usize,
    task: JoinHandle<Merged>,
    /// It failed: nothing is merged until then.
    rests: Option<Instant>,
}

/// How long nothing is merged after a merge that failed: it would fail again, and takes as long as the layer is large.
const REST: Duration = Duration::from_mins(1);

/// The merge's end; never, while there is none.
async fn finished(merge: &mut Option<Merge>) -> Option<(LayerId, Merged)> {
    let Some(running) = merge else { return std::future::pending().await };
    if let Some(rests) = running.rests {
        tokio::time::sleep_until(rests).await;
        *merge = None;
        return None;
    }
    let layer = running.layer.clone();
    match (&mut running.task).await {
        Ok(merged) => {
            *merge = None;
            Some((layer, merged))
        }
        Err(fault) => {
            tracing::error!(layer.id = %layer, %fault, "deltas cannot be merged; tried again in a minute");
            running.rests = Some(Instant::now() + REST);
            None
        }
    }
}

impl Atlas {
    /// Asks what changed, and swaps all of it in at once. Layers that had to be loaded whole are of different moments: then it
    /// is asked again what changed meanwhile, so that readers see transactions whole.
    pub(super) async fn catch_up(&self, merge: Option<&Merge>) -> Result<(), StoreError> {
        let lagging = self.lagging.kept();
        let caught_up = self.take_changes(merge).await;
        if caught_up.is_err() {
            self.lagging.restore(lagging);
        }
        self.store.settle_changes(caught_up.is_ok());
        caught_up
    }

    async fn take_changes(&self, merge: Option<&Merge>) -> Result<(), StoreError> {
        let state = self.state();
        let mut next = State::clone(&state);
        let mut moved = false;
        for _ in 0..MOST_ROUNDS {
            let asked = next.layers.values().filter(|snapshot| self.lagging.asks(&snapshot.layer.id));
            let held: Vec<(Arc<Layer>, u64)> =
                asked.map(|snapshot| (Arc::clone(&snapshot.layer), snapshot.version)).collect();
            let mut changes = self.store.changes(next.units.map.version(), &held).await?;
            for (layer, _) in held.iter().filter(|(layer, _)| self.lagging.has(&layer.id)) {
                // Nothing to be read of it any more: a table that was away for a while is back as it was.
                if !changes.layers.iter().any(|(id, _)| *id == layer.id) {
                    self.lagging.read(&layer.id);
                }
            }
            changes.layers.extend(self.lagging.due().into_iter().map(|id| (id, LayerChange::Reload)));
            let (changed, loaded) = self.apply(&mut next, changes, merge).await?;
            moved |= changed;
            if !loaded {
                break;
            }
        }
        next.lagging = self.lagging.all();
        if moved || next.lagging != state.lagging {
            self.show(next);
        }
        Ok(())
    }

    /// Applies changes to the state to come; tells whether it is another now, and whether a layer was loaded whole.
    async fn apply(
        &self,
        next: &mut State,
        mut changes: Changes,
        merge: Option<&Merge>,
    ) -> Result<(bool, bool), StoreError> {
        let (mut changed, mut loaded) = (changes.units.is_some(), false);
        if let Some(table) = changes.units {
            let before = next.units.map.joins();
            next.units = load::index(table).await?;
            self.lagging.units_moved();
            if next.units.map.joins() != before {
                changes.layers.retain(|(id, _)| !changes.rejoined.contains(id));
                changes.layers.extend(changes.rejoined.into_iter().map(|id| (id, LayerChange::Reload)));
            }
        }
        for (id, change) in changes.layers {
            let whole = matches!(change, LayerChange::Reload);
            match self.changed(next.layers.get(&id).cloned(), (&id, change), merge).await {
                Ok(snapshot) => {
                    loaded |= whole && snapshot.large.is_none();
                    changed = true;
                    self.lagging.read(&id);
                    next.unread.retain(|layer| layer.id != id);
                    next.layers.insert(id, snapshot);
                }
                Err(fault @ (StoreError::Fault { .. } | StoreError::Unreadable { .. })) => {
                    self.lagging.failed(&id, &fault, whole);
                }
                Err(away) => return Err(away),
            }
        }
        Ok((changed, loaded))
    }

    /// A layer as it is after a change; `snapshot` is what is held of it, nothing where it could not be read yet.
    async fn changed(
        &self,
        snapshot: Option<Arc<LayerSnapshot>>,
        (id, change): (&LayerId, LayerChange),
        merge: Option<&Merge>,
    ) -> Result<Arc<LayerSnapshot>, StoreError> {
        Ok(match (change, snapshot) {
            (LayerChange::Unreadable(fault), _) => return Err(fault),
            (LayerChange::Rows { version, .. }, Some(snapshot)) if snapshot.large.is_some() => {
                Arc::new(snapshot.at(version, Parts::default()))
            }
            (LayerChange::Reload, Some(snapshot)) if snapshot.large.is_some() => {
                let version = self.store.versions().await?.get(id.as_str()).copied();
                Arc::new(snapshot.anew(version.unwrap_or(snapshot.version)))
            }
            (LayerChange::Rows { version, upserted, deleted }, Some(snapshot)) => {
                let kept = merge.filter(|merge| merge.layer == *id).map_or(1, |merge| merge.parts);
                let zone = self.catalogue.time_zone.clone();
                let step = move || moved_on(&snapshot, (version, &upserted, &deleted), (&zone, kept));
                blocking(id, step).await?
            }
            (LayerChange::Reload | LayerChange::Rows { .. }, _) => {
                let layer = self.catalogue.layer(id).ok_or_else(|| StoreError::Fault {
                    doing: format!("loading {id}"),
                    cause: "the catalogue has no such layer".to_owned(),
                })?;
                load::layer(self.store.as_ref(), layer, &self.catalogue).await?
            }
        })
    }

    /// Begins to put the deltas of a layer into its base, where some layer has many.
    fn begin_merge(&self) -> Option<Merge> {
        let state = self.state();
        let snapshot = state.layers.values().find(|snapshot| snapshot.parts.wants_merge())?;
        let (snapshot, zone) = (Arc::clone(snapshot), self.catalogue.time_zone.clone());
        let (layer, parts) = (snapshot.layer.id.clone(), snapshot.parts.count());
        let task = tokio::task::spawn_blocking(move || snapshot.parts.merge(&snapshot.layer, &zone));
        Some(Merge { layer, parts, task, rests: None })
    }

    /// Shows the layer with its new base, unless it was loaded whole meanwhile.
    fn end_merge(&self, layer: &LayerId, merged: Merged) {
        let state = self.state();
        let Some(snapshot) = state.layers.get(layer) else { return };
        let Some(parts) = snapshot.parts.rebased(merged) else { return };
        tracing::debug!(layer.id = %layer, features = parts.len(), "deltas merged");
        let mut layers = state.layers.clone();
        layers.insert(layer.clone(), Arc::new(snapshot.at(snapshot.version, parts)));
        self.show(State { layers, ..State::clone(&state) });
    }
}

fn moved_on(
    snapshot: &LayerSnapshot,
    (version, upserted, deleted): (u64, &[crate::model::Feature], &[u64]),
    (zone, kept): (&TimeZone, usize),
) -> Arc<LayerSnapshot> {
    let parts = snapshot.parts.with(upserted, deleted, (&snapshot.layer, zone, kept));
    Arc::new(snapshot.at(version, parts))
}

async fn blocking<T: Send + 'static>(
    layer: &LayerId,
    step: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(step).await;
    done.map_err(|fault| StoreError::Fault { doing: format!("changing {layer}"), cause: fault.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_merge_that_fails_is_not_begun_again_at_once() {
        let layer = LayerId::parse("layer", "a.b").unwrap();
        let task = tokio::task::spawn(async { panic!("as a merge does that fails") });
        let mut merge = Some(Merge { layer, parts: 1, task, rests: None });
        let began = Instant::now();
        assert!(finished(&mut merge).await.is_none());
        // While there is one, no other is begun; whatever else happens meanwhile does not end its rest.
        assert!(tokio::time::timeout(Duration::from_millis(1), finished(&mut merge)).await.is_err());
        let rests = merge.as_mut().and_then(|merge| merge.rests.as_mut()).expect("a rest");
        assert!(*rests >= began + REST);
        *rests = began;
        assert!(finished(&mut merge).await.is_none());
        assert!(merge.is_none());
    }
}
