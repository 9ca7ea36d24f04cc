//! How long after its commit a row is in the tiles of two nodes, while thousands of others change; and what that takes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{shown, tile_path};
use crate::Bench;
use crate::data::{LAYER, connect};
use crate::load::{Client, quantile};
use crate::process::memory_mib;
use crate::report::{Figure, Goal, Row};
use crate::servers::{Cores, Server};
use crate::walk::tile_at;

/// Rows changed a second, by so many writers, so many in a transaction.
const CHANGES: u64 = 2000;
const WRITERS: u64 = 4;
const ROWS: i64 = 10;
/// Rows whose way is followed, some fifteen a second: together they take more than a minute, in which a base of a million rows is
/// made anew.
const MARKERS: usize = 1200;
/// When a row that shows nowhere is given up.
const GIVEN_UP: Duration = Duration::from_secs(20);
/// All of it takes no longer, however slow the nodes are.
const AT_MOST: Duration = Duration::from_secs(90);

/// Two nodes on one database.
pub fn run(bench: &mut Bench, points: u64) {
    let url = bench.runtime.block_on(bench.data.copy(points));
    let mut nodes = [(); 2].map(|()| bench.places.bandoso(&url, 128, Cores::All));
    for node in &mut nodes {
        node.wait_for(&format!("/tiles/{LAYER}/14/13143/7500"), Instant::now());
    }
    let (stop, changed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    for writer in 0..WRITERS {
        bench.runtime.spawn(write(url.clone(), (writer, points), Arc::clone(&stop), Arc::clone(&changed)));
    }
    std::thread::sleep(Duration::from_secs(2));
    let (before, started) = (changed.load(Ordering::Relaxed), Instant::now());
    let used = |node: &Server| (memory_mib(node.pid(), "VmRSS"), node.cpu_seconds());
    let used_before = nodes.each_ref().map(used);
    let mut times = bench.runtime.block_on(follow(&url, &nodes));
    let (changes, seconds) = ((changed.load(Ordering::Relaxed) - before) as f64, started.elapsed().as_secs_f64());
    let rate = changes / seconds;
    stop.store(true, Ordering::Relaxed);
    let used_after = nodes.each_ref().map(used);
    take_in(bench, points, (&nodes, changes), (used_before, used_after));
    for (name, share, most_ms) in [("p50", 0.5, 50.0), ("p99", 0.99, 1000.0)] {
        bench.report.add(Row {
            what: format!("{}, a committed row to the tiles of two nodes, {name}", shown(points)),
            unit: "ms",
            ours: Figure::one(quantile(&mut times, share)),
            peer: None,
            goal: Goal::AtMost(most_ms),
            note: format!("at {rate:.0} changes/s; {} rows on two nodes", times.len() / 2),
        });
    }
}

/// Memory in MiB and processor seconds, of each node.
type Used = [(f64, f64); 2];

/// What a stream of changes takes of the nodes: memory is to be bounded, however many come.
fn take_in(bench: &mut Bench, points: u64, (nodes, changes): (&[Server; 2], f64), (before, after): (Used, Used)) {
    let mean = |of: [f64; 2]| f64::midpoint(of[0], of[1]);
    let memory = |used: Used| mean(used.map(|(mib, _)| mib));
    let peak = mean(nodes.each_ref().map(|node| memory_mib(node.pid(), "VmHWM")));
    bench.report.add(Row {
        what: format!("{}, memory of a node after {changes:.0} changes", shown(points)),
        unit: "MiB",
        ours: Figure::one(memory(after)),
        peer: None,
        goal: Goal::Told,
        note: format!("{:.0} MiB before them, {peak:.0} at most, the load included", memory(before)),
    });
    let cpu = |used: Used| mean(used.map(|(_, seconds)| seconds));
    bench.report.add(Row {
        what: format!("{}, CPU of a node for a change", shown(points)),
        unit: "ms",
        ours: Figure::one((cpu(after) - cpu(before)) * 1e3 / changes),
        peer: None,
        goal: Goal::Told,
        note: "merges and the followed rows' tiles included".to_owned(),
    });
}

/// Changes rows all over the layer, a few in each transaction, at an even pace.
async fn write(url: String, (writer, points): (u64, u64), stop: Arc<AtomicBool>, changed: Arc<AtomicU64>) {
    let database = connect(&url).await;
    let sql = "UPDATE bench.points SET damage_vnd = $1 WHERE id = ANY ($2)";
    let statement = database.prepare(sql).await.unwrap();
    let pause = Duration::from_secs_f64(WRITERS as f64 * ROWS as f64 / CHANGES as f64);
    let mut clock = tokio::time::interval(pause);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    for turn in 0_u64.. {
        clock.tick().await;
        if stop.load(Ordering::Relaxed) {
            return;
        }
        // Ascending, and each writer's own: writers do not wait for each other's rows.
        let span = points / ROWS as u64;
        let first = (turn * WRITERS + writer) * 7919 % span + 1;
        let ids: Vec<i64> = (0..ROWS as u64).map(|row| (first + row * span).cast_signed()).collect();
        let rows = database.execute(&statement, &[&(turn.cast_signed()), &ids]).await.unwrap();
        changed.fetch_add(rows, Ordering::Relaxed);
    }
}

/// Inserts rows at sea, each in a tile of its own, and asks both nodes for that tile until it is there: milliseconds from the
/// commit, of each row on each node.
async fn follow(url: &str, nodes: &[Server; 2]) -> Vec<f64> {
    let database = connect(url).await;
    let sql = "INSERT INTO bench.points (geom, title, category, occurred_at)
               VALUES (ST_Point($1, $2, 4326), 'seen', 'other', now())";
    let statement = database.prepare(sql).await.unwrap();
    let (mut times, begun) = (Vec::new(), Instant::now());
    for marker in 0..MARKERS {
        let (lon, lat) = (110.0 + marker as f64 * 0.001, 12.0);
        let coord = tile_at(20, bandoso::model::LonLat { lon, lat });
        let path = tile_path(LAYER, coord, "");
        database.execute(&statement, &[&lon, &lat]).await.unwrap();
        let committed = Instant::now();
        let seen = std::thread::scope(|scope| {
            let waits = nodes.each_ref().map(|node| scope.spawn(|| wait(node, &path, committed)));
            waits.map(|wait| wait.join().unwrap())
        });
        times.extend(seen);
        if begun.elapsed() > AT_MOST {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    times
}

fn wait(node: &Server, path: &str, committed: Instant) -> f64 {
    let mut client = Client::new(node.port);
    while client.get(path, "") != Some(200) && committed.elapsed() < GIVEN_UP {
        std::thread::sleep(Duration::from_millis(1));
    }
    committed.elapsed().as_secs_f64() * 1e3
}
