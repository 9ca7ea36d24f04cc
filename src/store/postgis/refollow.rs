//! Follows tables that were made anew: a program that replaces whole tables, as `ogr2ogr -overwrite` does, takes our triggers
//! away with the old one, and from then on nobody would be told of what is written.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::columns::quoted_table;
use super::{PostGis, Prepared};
use crate::model::Layer;
use crate::store::StoreError;

/// Pause between one look and the next.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The same after a table that cannot be followed: it is told of each time.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// When this program next looks for tables without triggers.
pub(super) struct Refollowing {
    /// None while it looks.
    next: Mutex<Option<Instant>>,
}

impl Default for Refollowing {
    fn default() -> Self {
        Self { next: Mutex::new(Some(Instant::now())) }
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
            let pause = match store.refollow(&layers).await {
                Ok(true) => LOOK_EVERY,
                Ok(false) => LOOK_AGAIN,
                Err(fault) => {
                    tracing::warn!("{fault}");
                    LOOK_AGAIN
                }
            };
            if let Ok(mut next) = store.refollowing.next.lock() {
                *next = Some(Instant::now() + pause);
            }
        });
    }

    /// Follows the tables of these layers that no longer have our triggers; false where some cannot be followed.
    async fn refollow(&self, layers: &[Arc<Layer>]) -> Result<bool, StoreError> {
        let mut all = true;
        for layer in self.unfollowed(layers).await? {
            // One that cannot be followed keeps no other from it.
            all &= self.refollow_one(layer).await.unwrap_or_else(|fault| {
                tracing::warn!("{fault}");
                false
            });
        }
        Ok(all)
    }

    async fn refollow_one(&self, layer: &Layer) -> Result<bool, StoreError> {
        let id = layer.id.as_str();
        let mut findings = Vec::new();
        let mut again = Prepared { zone: self.prepared().zone.clone(), ..Prepared::default() };
        self.prepare_one(layer, &mut again, &mut findings).await?;
        for finding in &findings {
            tracing::warn!(layer.id = %layer.id, "{finding}");
        }
        let is_followed = !again.followed.is_empty();
        tracing::info!(layer.id = %layer.id, is_followed, "its table was made anew");
        if is_followed {
            // What was written while the triggers were not there is not known.
            let noted = self.borrow().await?.execute(include_str!("../../../sql/note_unversioned.sql"), &[&id]).await;
            noted.map_err(self.address.failed(format!("following {id}")))?;
        }
        self.prepared.rcu(|prepared| {
            let mut next = Prepared::clone(prepared);
            if !again.watched.is_empty() {
                // It takes no triggers any more: whoever watches it looks after it from now on.
                next.followed.retain(|known| known != id);
            }
            next.large.extend(again.large.clone());
            next.watched.extend(again.watched.iter().cloned());
            next
        });
        Ok(!again.layers.is_empty())
    }

    async fn unfollowed<'a>(&self, layers: &'a [Arc<Layer>]) -> Result<Vec<&'a Arc<Layer>>, StoreError> {
        let prepared = self.prepared.load_full();
        let followed = |layer: &&Arc<Layer>| prepared.followed.iter().any(|known| known == layer.id.as_str());
        let layers: Vec<&Arc<Layer>> = layers.iter().filter(followed).collect();
        let names: Vec<&str> = layers.iter().map(|layer| layer.id.as_str()).collect();
        let table = |layer: &&Arc<Layer>| match &layer.published {
            Some(source) => (quoted_table(&source.table), source.key.clone()),
            None => (quoted_table(layer.id.as_str()), "id".to_owned()),
        };
        let (tables, keys): (Vec<String>, Vec<String>) = layers.iter().map(table).unzip();
        let failed = || self.address.failed("looking for tables that were made anew");
        let client = self.borrow().await?;
        let ask = client.prepare_cached(include_str!("../../../sql/unfollowed.sql")).await.map_err(failed())?;
        let lost = client.query(&ask, &[&names, &tables, &keys]).await.map_err(failed())?;
        let lost: Vec<String> = lost.iter().map(|row| row.get(0)).collect();
        Ok(layers.into_iter().filter(|layer| lost.iter().any(|lost| lost == layer.id.as_str())).collect())
    }
}
