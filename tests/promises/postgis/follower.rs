//! A follower as the atlas is one: it holds layers, asks what changed, and applies it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bandoso::model::{Feature, Layer};
use bandoso::store::postgis::PostGis;
use bandoso::store::{LayerChange, Store};

use crate::support::rows::load;

/// One layer as it is held.
pub struct Held {
    pub layer: Arc<Layer>,
    pub version: u64,
    pub features: BTreeMap<u64, Feature>,
}

/// What one look told of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Nothing,
    Reload,
    /// Ids upserted, ids deleted.
    Rows(Vec<u64>, Vec<u64>),
}

pub struct Follower<'a> {
    store: &'a PostGis,
    pub units: u64,
    pub held: Vec<Held>,
}

impl<'a> Follower<'a> {
    /// Loads the layers.
    pub async fn begin(store: &'a PostGis, layers: &[Layer]) -> Self {
        let units = store.units().await.expect("units").version;
        let mut follower = Self { store, units, held: Vec::new() };
        for layer in layers {
            follower.held.push(Held { layer: Arc::new(layer.clone()), version: 0, features: BTreeMap::new() });
        }
        for index in 0..layers.len() {
            follower.reload(index).await;
        }
        follower
    }

    /// Asks once what changed, applies it, and gives what was told of each layer.
    pub async fn look(&mut self) -> Vec<Told> {
        let versions: Vec<_> = self.held.iter().map(|held| (Arc::clone(&held.layer), held.version)).collect();
        let changes = self.store.changes(self.units, &versions).await.expect("changes");
        if let Some(units) = changes.units {
            self.units = units.version;
        }
        let mut told = vec![Told::Nothing; self.held.len()];
        let mut reloads = Vec::new();
        for (id, change) in changes.layers {
            let index = self.held.iter().position(|held| held.layer.id == id).expect("a layer that was asked for");
            let held = &mut self.held[index];
            told[index] = match change {
                LayerChange::Unreadable(fault) => panic!("{id}: {fault}"),
                LayerChange::Reload => {
                    reloads.push(index);
                    Told::Reload
                }
                LayerChange::Rows { version, upserted, deleted } => {
                    assert!(version > held.version, "{version} after {}", held.version);
                    held.version = version;
                    let ids: Vec<u64> = upserted.iter().map(|feature| feature.id).collect();
                    let mut distinct: Vec<u64> = ids.iter().chain(&deleted).copied().collect();
                    distinct.sort_unstable();
                    distinct.dedup();
                    assert_eq!(distinct.len(), ids.len() + deleted.len(), "no id occurs twice");
                    held.features.extend(upserted.into_iter().map(|feature| (feature.id, feature)));
                    held.features.retain(|id, _| deleted.binary_search(id).is_err());
                    Told::Rows(ids, deleted)
                }
            };
        }
        for index in reloads {
            self.reload(index).await;
        }
        told
    }

    /// What one look told of the only layer.
    pub async fn look_at_one(&mut self) -> Told {
        self.look().await.remove(0)
    }

    /// Fails where what is held is not what the store has.
    pub async fn agrees(&self) {
        for held in &self.held {
            let (features, version) = load(self.store, &held.layer).await;
            assert_eq!(held.version, version, "{}", held.layer.id);
            assert!(held.features.values().eq(&features), "{} is held otherwise than it is", held.layer.id);
        }
    }

    async fn reload(&mut self, index: usize) {
        let held = &mut self.held[index];
        let (features, version) = load(self.store, &held.layer).await;
        held.version = version;
        held.features = features.into_iter().map(|feature| (feature.id, feature)).collect();
    }
}
