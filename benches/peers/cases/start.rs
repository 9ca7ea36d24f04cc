//! From the start of the process to its first tile, and the memory it then has.

use std::time::Instant;

use super::{shown, tile_path};
use crate::Bench;
use crate::data::LAYER;
use crate::load::Client;
use crate::process::memory_mib;
use crate::report::{Figure, Goal, Row};
use crate::servers::Cores;
use crate::walk::{tile_at, tiles};

/// Seconds from the start to the first tile of ten million points.
const START_S: f64 = 25.0;
/// Bytes of memory for a point with its eight fields.
const POINT_BYTES: f64 = 110.0;

/// Starts on both stores, warm in the system's memory.
pub fn run(bench: &mut Bench, points: u64) {
    let database = bench.runtime.block_on(bench.data.database(points));
    let file = bench.runtime.block_on(bench.data.file(points));
    std::io::copy(&mut std::fs::File::open(&file).unwrap(), &mut std::io::sink()).unwrap();
    let empty = bench.runtime.block_on(bench.data.database(0));
    let runs = bench.runs.min(3);
    let (_, empty_mib, _) = start(bench, &empty);
    for (name, store) in [("PostGIS", database.as_str()), ("GeoPackage", file.to_str().unwrap())] {
        let started: Vec<(f64, f64, f64)> = (0..runs).map(|_| start(bench, store)).collect();
        bench.report.add(Row {
            what: format!("{}, start to first tile, {name}", shown(points)),
            unit: "s",
            ours: Figure::of(started.iter().map(|(seconds, ..)| *seconds).collect()),
            peer: None,
            goal: Goal::AtMost(START_S),
            note: String::new(),
        });
        let each = |mib: f64| (mib - empty_mib) * 1024.0 * 1024.0 / points as f64;
        let peak = Figure::of(started.iter().map(|(_, _, mib)| each(*mib)).collect());
        bench.report.add(Row {
            what: format!("{}, memory a point, loaded from {name}", shown(points)),
            unit: "bytes",
            ours: Figure::of(started.iter().map(|(_, mib, _)| each(*mib)).collect()),
            peer: None,
            goal: Goal::AtMost(POINT_BYTES),
            note: format!("an empty server has {empty_mib:.0} MiB; at its peak {:.0} bytes a point", peak.median),
        });
    }
}

/// Seconds to the first tile, MiB when that no longer falls, MiB at the peak.
fn start(bench: &Bench, store: &str) -> (f64, f64, f64) {
    let coord = tile_at(10, bandoso::model::LonLat { lon: 108.8, lat: 15.12 });
    let started = Instant::now();
    let mut server = bench.places.bandoso(store, 128, Cores::All);
    let seconds = server.wait_for(&tile_path(LAYER, coord, ""), started);
    // The allocator gives back what the load freed only after a while, and while it is asked for something.
    let walk = tiles(bench.data.layer(), 14, 300);
    let mut client = Client::new(server.port);
    let samples = walk.chunks(25).map(|tiles| {
        for coord in tiles {
            client.get(&tile_path(LAYER, *coord, ""), "");
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        memory_mib(server.pid(), "VmRSS")
    });
    let resident = samples.fold(f64::INFINITY, f64::min);
    (seconds, resident, memory_mib(server.pid(), "VmHWM"))
}
