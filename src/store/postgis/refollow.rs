//! Follows tables that are others than they were: a program that replaces whole tables, as `ogr2ogr -overwrite` does, takes our
//! triggers away with the old one, and of a table that is swapped, emptied or written anew by its owner no trigger tells.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::columns::{Relation, table_of};
use super::failure::fault;
use super::{PostGis, Prepared};
use crate::model::Layer;
use crate::store::StoreError;

/// Pause between one look and the next.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The same for a table that cannot be followed.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// When this program next looks for tables that are others.
pub(super) struct Refollowing {
    /// None while it looks.
    next: Mutex<Option<Instant>>,
    /// Layers whose table cannot be followed: when it is tried again, and why.
    lost: Mutex<HashMap<String, (Instant, String)>>,
}

impl Default for Refollowing {
    fn default() -> Self {
        Self { next: Mutex::new(Some(Instant::now())), lost: Mutex::default() }
    }
}

impl Refollowing {
    /// Why a layer's table is not followed; none where it is.
    pub(super) fn why_lost(&self, layer: &Layer) -> Option<StoreError> {
        self.lost().get(layer.id.as_str()).map(|(_, why)| fault(format!("following {}", layer.id), why.clone()))
    }

    fn is_lost(&self, layer: &Layer) -> bool {
        self.lost().contains_key(layer.id.as_str())
    }

    fn is_due(&self, layer: &Layer) -> bool {
        self.lost().get(layer.id.as_str()).is_none_or(|(next, _)| *next <= Instant::now())
    }

    fn note(&self, layer: &Layer, why_lost: Option<String>) {
        match why_lost {
            Some(why) => self.lost().insert(layer.id.to_string(), (Instant::now() + LOOK_AGAIN, why)),
            None => self.lost().remove(layer.id.as_str()),
        };
    }

    fn lost(&self) -> MutexGuard<'_, HashMap<String, (Instant, String)>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PostGis {
    /// Looks in the background when it is time to: a table that is being written may keep its triggers waiting.
    pub(super) fn refollow_when_due<'a>(&self, layers: impl Iterator<Item = &'a Arc<Layer>>) {
        {
            let Ok(mut next) = self.refollowing.next.lock() else { return };
            if next.is_none_or(|next| Instant::now() < next) {
                return;
            }
            *next = None;
        }
        let (store, layers) = (self.clone(), layers.cloned().collect::<Vec<_>>());
        tokio::spawn(async move {
            if let Err(fault) = store.refollow(&layers).await {
                tracing::warn!("{fault}");
            }
            if let Ok(mut next) = store.refollowing.next.lock() {
                *next = Some(Instant::now() + LOOK_EVERY);
            }
        });
    }

    /// Follows the tables of these layers that are others now, or no longer have our triggers. One that cannot be followed keeps no
    /// other from it.
    async fn refollow(&self, layers: &[Arc<Layer>]) -> Result<(), StoreError> {
        for layer in self.unfollowed(layers).await? {
            let followed = self.refollow_one(layer).await;
            let why_lost = followed.unwrap_or_else(|fault| Some(fault.to_string()));
            // The follower tells of it as of any layer that cannot be read.
            self.refollowing.note(layer, why_lost);
        }
        Ok(())
    }

    /// Prepares a layer's table once more; why it cannot be followed, if so.
    pub(super) async fn refollow_one(&self, layer: &Layer) -> Result<Option<String>, StoreError> {
        let id = layer.id.as_str();
        let failed = || self.address.failed(format!("following {id}"));
        let found = Relation::find(&**self.borrow().await?, table_of(layer)).await.map_err(failed())?;
        if found.is_none() {
            // Its owner may be putting another one in its place: one that we made now would be in the way.
            return Ok(Some("there is no such table".to_owned()));
        }
        let mut findings = Vec::new();
        let mut again = Prepared { zone: self.prepared().zone.clone(), ..Prepared::default() };
        self.prepare_one(layer, &mut again, &mut findings).await?;
        let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
        if again.layers.is_empty() {
            return Ok(Some(told.join("; ")));
        }
        let is_followed = !again.followed.is_empty();
        tracing::info!(layer.id = %layer.id, is_followed, findings = told.join("; "), "its table is another than it was");
        if is_followed {
            // What was written while the triggers were not there is not known.
            let noted = self.borrow().await?.execute(include_str!("../../../sql/note_unversioned.sql"), &[&id]).await;
            noted.map_err(failed())?;
        }
        self.prepared.rcu(|prepared| {
            let mut next = Prepared::clone(prepared);
            // A table that takes no triggers any more is looked after by whoever watches it.
            next.followed.remove(id);
            next.followed.extend(again.followed.clone());
            next.large.extend(again.large.clone());
            next.watched.extend(again.watched.iter().cloned());
            if !next.layers.iter().any(|known| known == id) {
                next.layers.push(id.to_owned());
            }
            next
        });
        Ok(None)
    }

    async fn unfollowed<'a>(&self, layers: &'a [Arc<Layer>]) -> Result<Vec<&'a Arc<Layer>>, StoreError> {
        let prepared = self.prepared.load_full();
        let shape = |layer: &Layer| prepared.followed.get(layer.id.as_str());
        let layers: Vec<&Arc<Layer>> =
            layers.iter().filter(|layer| shape(layer).is_some() && self.refollowing.is_due(layer)).collect();
        let names: Vec<&str> = layers.iter().map(|layer| layer.id.as_str()).collect();
        // One that was lost may be again what it was.
        let known = |layer: &&Arc<Layer>| shape(layer).filter(|_| !self.refollowing.is_lost(layer));
        let shapes: Vec<Option<&str>> = layers.iter().map(|layer| known(layer).and_then(Option::as_deref)).collect();
        let own: Vec<bool> = layers.iter().map(|layer| layer.published.is_none()).collect();
        let key = |layer: &Layer| layer.published.as_ref().map_or("id", |source| &source.key).to_owned();
        let (tables, keys): (Vec<String>, Vec<String>) =
            layers.iter().map(|layer| (table_of(layer), key(layer))).unzip();
        let failed = || self.address.failed("looking for tables that are others");
        let client = self.borrow().await?;
        let ask = client.prepare_cached(include_str!("../../../sql/unfollowed.sql")).await.map_err(failed())?;
        let lost = client.query(&ask, &[&names, &tables, &keys, &own, &shapes]).await.map_err(failed())?;
        let lost: Vec<String> = lost.iter().map(|row| row.get(0)).collect();
        Ok(layers.into_iter().filter(|layer| lost.iter().any(|lost| lost == layer.id.as_str())).collect())
    }
}
