use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Atlas, State, load};
use crate::model::Versions;
use crate::store::StoreError;

/// Asks the store for its versions every `every`, and loads what has moved. Ends when the atlas is gone.
///
/// A store that cannot be reached leaves the state as it is; the first answer afterwards catches up.
pub async fn follow(atlas: Weak<Atlas>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(atlas) = atlas.upgrade() else { return };
        let reached = match catch_up(&atlas).await {
            Ok(()) => true,
            Err(fault) => {
                tracing::debug!(store = atlas.store.address(), "{fault}");
                false
            }
        };
        if atlas.reachable.swap(reached, Ordering::Relaxed) != reached {
            if reached {
                tracing::info!(store = atlas.store.address(), "the store answers again");
            } else {
                tracing::error!(store = atlas.store.address(), "the store does not answer; serving from memory");
            }
        }
    }
}

/// Loads the units when their version moved, then each layer whose version moved, and swaps all of it in at once.
async fn catch_up(atlas: &Atlas) -> Result<(), StoreError> {
    let versions = atlas.store.versions().await?;
    let state = atlas.state();
    if is_current(&state, &versions) {
        return Ok(());
    }
    let mut next = State { units: Arc::clone(&state.units), layers: state.layers.clone() };
    if moved(&versions, "units", state.units.map.version()) {
        next.units = load::units(atlas.store.as_ref()).await?;
    }
    for snapshot in state.layers.values() {
        if moved(&versions, snapshot.layer.id.as_str(), snapshot.version) {
            let loaded = load::layer(atlas.store.as_ref(), &snapshot.layer, &atlas.catalogue).await?;
            next.layers.insert(snapshot.layer.id.clone(), loaded);
        }
    }
    atlas.state.store(Arc::new(next));
    Ok(())
}

fn is_current(state: &State, versions: &Versions) -> bool {
    !moved(versions, "units", state.units.map.version())
        && !state.layers.values().any(|snapshot| moved(versions, snapshot.layer.id.as_str(), snapshot.version))
}

fn moved(versions: &Versions, name: &str, held: u64) -> bool {
    versions.get(name).is_some_and(|version| *version != held)
}
