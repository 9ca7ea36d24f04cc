//! A reader of one node: it sees no transaction in halves, nothing goes back, and it is always answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::{sleep, timeout};

use super::world::{BATCH, BATCHES, LAYERS, World};
use crate::support::node::{PATIENCE, Reply};
use crate::support::tile_spec;

/// The number of each row, by id.
type Rows = BTreeMap<u64, u64>;

pub const TILE: &str = "/tiles/chaos.pairs,chaos.mirror/0/0/0?dense=all";

/// Asks at random until the end; how many answers there were.
pub async fn read(world: Arc<World>, node: usize, seed: u64) -> u64 {
    let mut chance = StdRng::seed_from_u64(seed ^ (node as u64) << 32);
    let (door, mut answers, mut newest) = (&world.doors[node], 0, BTreeMap::new());
    while !world.is_stopping() {
        sleep(Duration::from_millis(chance.random_range(0..60))).await;
        let layer = LAYERS[chance.random_range(0..2)];
        let (path, check): (String, fn(&Reply)) = match chance.random_range(0..4) {
            0 => (format!("/query/count?layer={layer}&filter=id<{BATCHES}"), |_| {}),
            1 => (format!("/query/count?layer=chaos.pairs&filter=id<{BATCHES}"), even_count),
            2 => ("/query/within?layer=chaos.pairs&at=108.5,15&radius_m=300000&limit=10000".to_owned(), within),
            _ => (TILE.to_owned(), |reply| {
                tile(reply);
            }),
        };
        let mark = door.mark();
        match door.get(&path).await {
            Ok(reply) if reply.status == 200 => {
                forward(&mut newest, &reply, &format!("node {node}, {path}"));
                check(&reply);
                answers += 1;
            }
            Ok(reply) if reply.status == 204 && path == TILE && newest.values().all(|version| *version == 0) => {}
            Ok(reply) if door.was_disturbed_since(mark) && reply.status == 503 => {}
            Ok(reply) => panic!("node {node} answers from memory, {path}: {} {}", reply.status, reply.text()),
            Err(error) => assert!(door.was_disturbed_since(mark), "node {node}, {path}: {error}"),
        }
    }
    answers
}

/// What a version said once is not taken back, also when the node was killed: it had been committed.
fn forward(newest: &mut BTreeMap<String, u64>, reply: &Reply, place: &str) {
    let versions = reply.header("bandoso-version").expect("versions");
    for (layer, version) in versions.split(',').filter_map(|version| version.split_once('=')) {
        let version: u64 = version.parse().expect("a version");
        let before = newest.insert(layer.to_owned(), version).unwrap_or(0);
        assert!(before <= version, "{place}: {layer} went back from {before} to {version}");
    }
}

fn even_count(reply: &Reply) {
    let total = reply.json()["total"].as_u64().expect("a total");
    assert_eq!(total % 2, 0, "half a pair is there: {}", reply.text());
}

fn within(reply: &Reply) {
    let page = reply.json();
    let features = page["features"].as_array().expect("features");
    let row = |feature: &serde_json::Value| (feature["id"].as_u64(), feature["properties"]["n"].as_u64());
    let rows: Rows = features.iter().map(row).map(|(id, n)| (id.unwrap(), n.unwrap())).collect();
    assert_eq!(page["numberReturned"].as_u64(), Some(rows.len() as u64), "no id is there twice");
    if page["numberMatched"] == page["numberReturned"] {
        whole_pairs(&rows);
    }
}

/// Decodes a tile of both layers, `chaos.pairs` first, which are of one moment.
pub fn tile(reply: &Reply) -> [Rows; 2] {
    let features = reply.header("bandoso-features").expect("a number").parse().expect("a number");
    let mut layers = tile_spec::check(&reply.body, features);
    let [pairs, mirror] = ["chaos.pairs", "chaos.mirror"].map(|name| {
        let layer = layers.iter_mut().find(|layer| layer.name == name).map(|layer| std::mem::take(&mut layer.features));
        let n = |feature: &tile_spec::TileFeature| feature.property("n").expect("n").parse().expect("a number");
        layer.unwrap_or_default().iter().map(|feature| (feature.id.expect("an id"), n(feature))).collect::<Rows>()
    });
    whole_pairs(&pairs);
    assert_eq!(pairs.range(..BATCHES).count(), 2 * mirror.len(), "pairs without a mirror, or a mirror without");
    for (k, n) in &mirror {
        assert_eq!(pairs.get(&(2 * k)), Some(n), "the pair {k} and its mirror");
    }
    [pairs, mirror]
}

fn whole_pairs(rows: &Rows) {
    for (id, n) in rows.range(..BATCHES) {
        assert_eq!(rows.get(&(id ^ 1)), Some(n), "the pair of {id}");
    }
    let mut batches: BTreeMap<u64, u64> = BTreeMap::new();
    for n in rows.range(BATCHES..).map(|(_, n)| *n) {
        *batches.entry(n).or_default() += 1;
    }
    assert!(batches.values().all(|rows| *rows == BATCH), "half a batch is there: {batches:?}");
}

/// Follows `/events` until the node has told these versions, which are known at the end. Each version is told once, and in order.
pub async fn follow(world: Arc<World>, node: usize, last: tokio::sync::watch::Receiver<Option<[u64; 2]>>) {
    let (door, mut told, mut id) = (&world.doors[node], [0; 2], String::new());
    let mut end = None;
    loop {
        let headers = if id.is_empty() { String::new() } else { format!("Last-Event-ID: {id}\r\n") };
        let mark = door.mark();
        if let Ok(stream) = door.open("/events?layers=chaos.pairs,chaos.mirror", &headers).await {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Ok(Some(line))) = timeout(Duration::from_secs(1), lines.next_line()).await {
                if let Some(told) = line.strip_prefix("id: ") {
                    told.clone_into(&mut id);
                }
                let Some(data) = line.strip_prefix("data: ") else { continue };
                let event: serde_json::Value = serde_json::from_str(data).expect("JSON");
                let layer = LAYERS.iter().position(|layer| event["layer"] == **layer).expect("a layer");
                let version = event["version"].as_u64().expect("a version");
                assert!(version > told[layer] || version == 0, "node {node}: {data} after {told:?}");
                told[layer] = version;
                world.heard(node, layer, version);
            }
        } else {
            assert!(door.was_disturbed_since(mark), "node {node} takes no stream of events");
        }
        if let Some(last) = *last.borrow() {
            if told == last {
                return;
            }
            let since = *end.get_or_insert_with(Instant::now);
            assert!(since.elapsed() < PATIENCE, "waited for /events of node {node} to tell {last:?}, it told {told:?}");
        }
        sleep(Duration::from_millis(20)).await;
    }
}
