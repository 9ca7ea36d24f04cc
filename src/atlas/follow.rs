use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Atlas, State, load};
use crate::model::Layer;
use crate::store::{LayerChange, StoreError};

/// Pause after a store that could not be reached, before it is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// Rounds in which layers are loaded whole before the state is shown all the same: a layer that changes faster than it loads
/// must not hold up the others.
const MOST_ROUNDS: usize = 3;

/// Waits for the store to change, and moves the state on. Ends when the atlas is gone.
///
/// A store that cannot be reached leaves the state as it is; the first answer afterwards catches up.
pub async fn follow(atlas: Weak<Atlas>) {
    loop {
        let Some(atlas) = atlas.upgrade() else { return };
        let store = Arc::clone(&atlas.store);
        let caught_up = catch_up(&atlas).await;
        atlas.answered(&caught_up);
        // What changed before anyone waited is not missed: it is asked first and waited afterwards. Not holding the atlas, so
        // that it can go away meanwhile.
        drop(atlas);
        if caught_up.is_err() || store.changed().await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Asks what changed, and swaps all of it in at once. Layers that had to be loaded whole are of different moments: then it is
/// asked again what changed meanwhile, so that readers see transactions whole.
async fn catch_up(atlas: &Atlas) -> Result<(), StoreError> {
    let state = atlas.state();
    let mut next = State { units: Arc::clone(&state.units), layers: state.layers.clone() };
    let mut moved = false;
    for _ in 0..MOST_ROUNDS {
        let held: Vec<(Arc<Layer>, u64)> =
            next.layers.values().map(|snapshot| (Arc::clone(&snapshot.layer), snapshot.version)).collect();
        let changes = atlas.store.changes(next.units.map.version(), &held).await?;
        moved |= changes.units.is_some() || !changes.layers.is_empty();
        if let Some(table) = changes.units {
            next.units = load::index(table).await?;
        }
        let mut loaded = false;
        for (id, change) in changes.layers {
            let Some(snapshot) = next.layers.get(&id) else { continue };
            let layer = Arc::clone(&snapshot.layer);
            let snapshot = match change {
                LayerChange::Rows { .. } | LayerChange::Reload => {
                    loaded = true;
                    load::layer(atlas.store.as_ref(), &layer, &atlas.catalogue).await?
                }
            };
            next.layers.insert(id, snapshot);
        }
        if !loaded {
            break;
        }
    }
    if moved {
        atlas.show(next);
    }
    Ok(())
}
