use std::hash::Hash as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use xxhash_rust::xxh3::Xxh3;

use super::line::Line;
use super::{AtlasError, AtlasSettings, Client, Cost};
use crate::engine::cancel::Cancel;
use crate::engine::compress::Encoding;
use crate::model::{TileRequest, Versions, View};

/// Work below this cost is done at once where it is asked for, microseconds: handing it to another thread and waiting for that
/// takes tens of them, and the thread that waits has nothing better to do.
const INLINE_US: u64 = 300;

/// A tile ready to be sent.
#[derive(Debug)]
pub struct EncodedTile {
    /// Packed bytes; empty when there is nothing to draw.
    pub body: Bytes,
    /// Strong entity tag with its quotes: other bytes have another tag.
    pub etag: String,
    /// Exact number of features in the tile without its buffer, before any aggregation.
    pub features: u64,
    /// What it was drawn from.
    pub versions: Versions,
    /// Whether some layer of it holds counts per cell.
    pub cells: bool,
}

/// Draws tiles and answers queries, so many at a time, and keeps the tiles.
pub struct TileDesk {
    cache: Cache<Key, Arc<EncodedTile>, TileWeight>,
    line: Arc<Line>,
    asked: AtomicU64,
    drawn: AtomicU64,
}

/// Everything that the bytes depend on. Data is in it by fingerprint: nothing is ever purged by guess.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// What is asked.
    pub request: Arc<TileRequest>,
    /// By whom.
    pub view: View,
    /// Packed how.
    pub encoding: Encoding,
    /// Fingerprint of what it is drawn from.
    pub data: u64,
}

#[derive(Clone)]
struct TileWeight;

impl Weighter<Key, Arc<EncodedTile>> for TileWeight {
    fn weight(&self, key: &Key, tile: &Arc<EncodedTile>) -> u64 {
        // A key's layers and an entry's own fields cost some hundred bytes besides.
        // A filter's tree takes several times its text.
        let filter = key.request.filter.as_ref().map_or(0, |asked| asked.text().len() * 8);
        (tile.body.len() + key.request.layers.len() * 64 + filter + 512) as u64
    }
}

impl TileDesk {
    /// An empty cache and free slots.
    pub fn new(settings: &AtlasSettings) -> Self {
        let entries = (settings.cache_bytes / 8_192).max(16) as usize;
        Self {
            cache: Cache::with_weighter(entries, settings.cache_bytes, TileWeight),
            line: Line::new(settings.slots, settings.queue),
            asked: AtomicU64::new(0),
            drawn: AtomicU64::new(0),
        }
    }

    /// Tiles asked for, and tiles drawn: the rest came from the cache.
    pub fn counts(&self) -> (u64, u64) {
        (self.asked.load(Ordering::Relaxed), self.drawn.load(Ordering::Relaxed))
    }

    /// Counts a tile that was not asked for here because an earlier answer was still good.
    pub fn given(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// The tile of this key, kept or drawn: `prepare` fetches what it is drawn from and tells what drawing will cost. A tile asked
    /// for by many at once is drawn once.
    pub async fn tile<D>(
        &self,
        key: &Key,
        prepare: impl Future<Output = Result<(Cost, D), AtlasError>>,
    ) -> Result<Arc<EncodedTile>, AtlasError>
    where
        D: FnOnce(&Cancel) -> Result<EncodedTile, AtlasError> + Send + 'static,
    {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let draw = async {
            let (cost, draw) = prepare.await?;
            let tile = self.work(cost, draw).await??;
            self.drawn.fetch_add(1, Ordering::Relaxed);
            Ok(Arc::new(tile))
        };
        self.cache.get_or_insert_async(key, draw).await
    }

    /// Does the work when its turn comes, on a thread of its own unless it is short; refuses it when too much waits. Work of a
    /// caller who went away before its turn is never begun; when the caller goes away later, the work is told to give up.
    pub async fn work<T: Send + 'static>(
        &self,
        cost: Cost,
        work: impl FnOnce(&Cancel) -> T + Send + 'static,
    ) -> Result<T, AtlasError> {
        let cancel = Cancel::default();
        if cost.micros < INLINE_US {
            return Ok(work(&cancel));
        }
        let slot = self.line.enter(Client::asking(), cost).await;
        let slot = slot.map_err(|full| AtlasError::Overloaded { retry_after_ms: full.retry_after_ms })?;
        let _given_up = cancel.on_drop();
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work, not by the caller: a caller who goes away would else free a slot that is still in use.
            let _slot = slot;
            (!cancel.is_cancelled()).then(|| work(&cancel))
        });
        let done = done.await.map_err(|fault| AtlasError::Fault(fault.to_string()))?;
        // Whoever reads this did not go away.
        done.ok_or_else(|| AtlasError::Fault("work was given up while someone waited for it".into()))
    }
}

impl TileDesk {
    /// Does work that goes on from turn to turn, each on a thread of its own unless it is short. Where the line is full it comes back
    /// later: what has begun is ended, and how many such works there are is bounded by whoever begins them.
    pub async fn in_turn<T: Send + 'static>(
        &self,
        cost: Cost,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AtlasError> {
        if cost.micros < INLINE_US {
            return Ok(work());
        }
        let slot = loop {
            match self.line.enter(Client::asking(), cost).await {
                Ok(slot) => break slot,
                Err(full) => tokio::time::sleep(Duration::from_millis(full.retry_after_ms)).await,
            }
        };
        let done = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        done.await.map_err(|fault| AtlasError::Fault(fault.to_string()))
    }
}

impl Key {
    /// The tag of the tile's bytes, known before they are drawn.
    pub fn etag(&self) -> String {
        let mut hash = Xxh3::new();
        self.hash(&mut hash);
        format!("\"{:032x}\"", hash.digest128())
    }
}
