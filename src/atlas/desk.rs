use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use xxhash_rust::xxh3::Xxh3;

use super::{AtlasError, AtlasSettings};
use crate::model::{TileRequest, Versions, View};

/// How a tile's bytes are packed for the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// RFC 1952.
    Gzip,
}

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
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    asked: AtomicU64,
    drawn: AtomicU64,
}

/// Everything that the bytes depend on. Data is in it by fingerprint: nothing is ever purged by guess.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// What is asked.
    pub request: TileRequest,
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
        (tile.body.len() + key.request.layers.len() * 64 + 512) as u64
    }
}

impl TileDesk {
    /// An empty cache and free slots.
    pub fn new(settings: &AtlasSettings) -> Self {
        let entries = (settings.cache_bytes / 8_192).max(16) as usize;
        Self {
            cache: Cache::with_weighter(entries, settings.cache_bytes, TileWeight),
            slots: Arc::new(Semaphore::new(settings.slots.max(1))),
            waiting: AtomicUsize::new(0),
            queue: settings.queue,
            asked: AtomicU64::new(0),
            drawn: AtomicU64::new(0),
        }
    }

    /// Tiles asked for, and tiles drawn: the rest came from the cache.
    pub fn counts(&self) -> (u64, u64) {
        (self.asked.load(Ordering::Relaxed), self.drawn.load(Ordering::Relaxed))
    }

    /// The tile of this key, kept or drawn. A tile asked for by many at once is drawn once.
    pub async fn tile(
        &self,
        key: &Key,
        draw: impl FnOnce() -> Result<EncodedTile, AtlasError> + Send + 'static,
    ) -> Result<Arc<EncodedTile>, AtlasError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let draw = async {
            let tile = self.work(draw).await??;
            self.drawn.fetch_add(1, Ordering::Relaxed);
            Ok(Arc::new(tile))
        };
        self.cache.get_or_insert_async(key, draw).await
    }

    /// Runs the work on a thread of its own when a slot is free; refuses it when too many wait. Work of a caller who went away
    /// before its turn is never begun.
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AtlasError> {
        let waiting = Waiting::enter(&self.waiting);
        if waiting.ahead >= self.queue {
            return Err(AtlasError::Overloaded { retry_after_ms: 1_000 });
        }
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.map_err(|closed| AtlasError::Fault(closed.to_string()))?;
        drop(waiting);
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work, not by the caller: a caller who goes away would else free a slot that is still in use.
            let _slot = slot;
            work()
        });
        done.await.map_err(|fault| AtlasError::Fault(fault.to_string()))
    }
}

/// One place in the queue, given back also when the caller goes away.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        Self { count, ahead: count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Key {
    /// The tag of the tile's bytes, known before they are drawn.
    pub fn etag(&self) -> String {
        let mut hash = Xxh3::new();
        hash.update(format!("{self:?}").as_bytes());
        format!("\"{:032x}\"", hash.digest128())
    }
}
