//! What writers, readers and the troublemaker share.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::node::Door;

pub const LAYERS: [&str; 2] = ["chaos.mirror", "chaos.pairs"];
/// Rows of one batch in `chaos.pairs`; its ids begin at `BATCHES` + batch × `BATCH`.
pub const BATCH: u64 = 500;
pub const BATCHES: u64 = 1_000_000;

/// Versions of [`LAYERS`].
pub type Versions = [u64; 2];

pub struct World {
    /// The database, as writers call it.
    pub url: String,
    pub doors: [Door; 2],
    stopping: AtomicBool,
    told: Mutex<Told>,
}

/// Moments of the whole run.
#[derive(Default)]
struct Told {
    /// Versions that were acknowledged, and when.
    committed: Vec<(Versions, Instant)>,
    /// When each node's `/events` told of a version: node and layer.
    heard: BTreeMap<(usize, usize), Vec<(u64, Instant)>>,
    /// How long each node took to answer with a version, from its commit on.
    shown: [Vec<Duration>; 2],
}

impl World {
    pub fn new(url: String, doors: [Door; 2]) -> Self {
        Self { url, doors, stopping: AtomicBool::new(false), told: Mutex::default() }
    }

    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub fn committed(&self, versions: Versions, at: Instant) {
        self.told.lock().unwrap().committed.push((versions, at));
    }

    pub fn heard(&self, node: usize, layer: usize, version: u64) {
        self.told.lock().unwrap().heard.entry((node, layer)).or_default().push((version, Instant::now()));
    }

    pub fn shown(&self, node: usize, took: Duration) {
        self.told.lock().unwrap().shown[node].push(took);
    }

    /// Prints how late each node told and showed what was acknowledged; fails where an acknowledged version was never told.
    pub fn tell_staleness(&self) {
        let told = self.told.lock().unwrap();
        for node in 0..2 {
            let mut late: Vec<Duration> = Vec::new();
            for (versions, at) in &told.committed {
                for (layer, version) in versions.iter().enumerate().filter(|(_, version)| **version > 0) {
                    let heard = told.heard.get(&(node, layer)).map_or(&[][..], Vec::as_slice);
                    let first = heard.partition_point(|(heard, _)| heard < version);
                    let (_, first) = heard.get(first).expect("every acknowledged version is told by /events");
                    late.push(first.saturating_duration_since(*at));
                }
            }
            eprintln!("node {node}: told by /events after {}", percentiles(late));
            eprintln!("node {node}: shown under min_version after {}", percentiles(told.shown[node].clone()));
        }
    }
}

fn percentiles(mut durations: Vec<Duration>) -> String {
    durations.sort_unstable();
    let at = |share: usize| durations.get((durations.len() * share / 1000).min(durations.len().max(1) - 1));
    let ms = |share| at(share).map_or(0.0, |duration: &Duration| duration.as_secs_f64() * 1000.0);
    format!("p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms ({} changes)", ms(500), ms(990), ms(1000), durations.len())
}
