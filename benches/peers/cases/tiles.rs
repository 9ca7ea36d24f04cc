//! Tiles that no cache helps with.

use std::time::Instant;

use bandoso::model::TileCoord;

use super::{martin_path, requests, shown, takes, tile_path};
use crate::Bench;
use crate::check;
use crate::data::{FIELDS, LAYER};
use crate::load::{Client, Length};
use crate::measure::{Phases, Side, alone, versus};
use crate::process;
use crate::report::{Figure, Goal, Row};
use crate::servers::{Cores, Server};
use crate::walk::{TILES, session, tile_at, tiles, town_tiles};

/// Bytes of a tile against Martin's.
const BYTES: f64 = 1.12;

/// Both servers on one database, without a cache.
struct Pair {
    ours: Server,
    martin: Server,
    /// The query of a tile with every point and four fields.
    every: String,
    points: u64,
}

/// Tiles of points: the same work, as served by default, and a session of mixed zooms.
pub fn run(bench: &mut Bench, points: u64, asked: &dyn Fn(&str) -> bool) {
    let pair = pair(bench, points);
    compare(bench, &pair);
    if asked("same-work") {
        for (zoom, _) in TILES {
            let tiles = walk(bench, &pair, zoom);
            same_work(bench, &pair, &format!("z{zoom}"), &tiles);
        }
        let tiles = town_tiles(bench.data.layer(), 14, 300);
        same_work(bench, &pair, "z14 on towns", &tiles);
    }
    if asked("default") {
        let tiles = walk(bench, &pair, 8);
        let least = if points >= 10_000_000 { 1000.0 } else { 150.0 };
        let (ours, peer) = both(bench, &pair, &tiles, ("as_of=2026-01-{connection}", 2));
        let what = format!("{}, as served by default, z8, 2 connections", shown(points));
        add_pair(bench, &what, (&ours, &peer), Goal::TimesPeer(least));
    }
    if asked("session") {
        mixed(bench, &pair);
    }
}

fn pair(bench: &Bench, points: u64) -> Pair {
    let database = bench.runtime.block_on(bench.data.database(points));
    let started = Instant::now();
    let mut ours = bench.places.bandoso(&database, 0, Cores::All);
    let mut martin = bench.places.martin(&database, 0);
    let coord = tiles(bench.data.layer(), 14, 1)[0];
    martin.wait_for(&martin_path("points", coord), started);
    ours.wait_for(&tile_path(LAYER, coord, ""), started);
    let fields = format!("dense=all&fields={FIELDS}");
    let every = if takes(&ours, &tile_path(LAYER, coord, &fields)) {
        fields
    } else {
        eprintln!("tiles do not take `fields` yet: Bandoso writes all of them where Martin writes four");
        "dense=all".to_owned()
    };
    Pair { ours, martin, every, points }
}

/// A walk; of ten million points shorter where Martin takes many seconds a tile.
fn walk(bench: &Bench, pair: &Pair, zoom: u8) -> Vec<TileCoord> {
    let count = TILES.iter().find(|(known, _)| *known == zoom).map_or(12, |(_, count)| *count);
    let many = pair.points >= 10_000_000;
    let count = match zoom {
        8 if many => 4,
        10 if many => 20,
        _ => count,
    };
    tiles(bench.data.layer(), zoom, count)
}

/// Panics where the two do not draw the same.
fn compare(bench: &Bench, pair: &Pair) {
    let (mut ours, mut martin) = (Client::new(pair.ours.port), Client::new(pair.martin.port));
    let mut checked = 0;
    for zoom in [10, 12, 14] {
        for coord in walk(bench, pair, zoom).into_iter().step_by(7).take(3) {
            let every = check::fetch(&mut ours, &tile_path(LAYER, coord, &pair.every));
            let peer = check::fetch(&mut martin, &martin_path("points", coord));
            check::compare(&every, &peer, coord, FIELDS);
            let cells = check::fetch(&mut ours, &tile_path(LAYER, coord, ""));
            check::adds_up(&cells, ours.header("bandoso-features"), &peer, coord);
            checked += 1;
        }
    }
    eprintln!("{}: {checked} tiles have the same points, fields and counts in both", shown(pair.points));
}

fn same_work(bench: &mut Bench, pair: &Pair, name: &str, tiles: &[TileCoord]) {
    let zoom = tiles.first().map_or(0, |coord| coord.z());
    for connections in [2, 16] {
        // Sixteen tiles of a million points at once are more than the machine's memory.
        if connections > 2 && zoom == 8 && pair.points >= 10_000_000 {
            continue;
        }
        let query = if zoom == 8 { format!("{}&as_of=2026-01-{{connection}}", pair.every) } else { pair.every.clone() };
        let (ours, peer) = both(bench, pair, tiles, (&query, connections));
        let what = format!("{}, same work, {name}, {connections} connections", shown(pair.points));
        add_pair(bench, &what, (&ours, &peer), Goal::TimesPeer(15.0));
        if connections == 2 {
            let ratio = ours.bytes() / peer.bytes();
            bench.report.add(Row {
                what: format!("{}, same work, {name}, size against Martin's", shown(pair.points)),
                unit: "of its bytes",
                ours: Figure::one(ratio),
                peer: None,
                goal: Goal::AtMost(BYTES),
                note: format!("{:.0} kB a tile", ours.bytes() / 1e3),
            });
        }
    }
}

fn both(bench: &Bench, pair: &Pair, tiles: &[TileCoord], (query, connections): (&str, usize)) -> (Phases, Phases) {
    let ours = Side {
        server: &pair.ours,
        walk: requests(tiles, |coord| tile_path(LAYER, coord, query)),
        length: Length::seconds(2, 60),
    };
    let peer = Side {
        server: &pair.martin,
        walk: requests(tiles, |coord| martin_path("points", coord)),
        length: Length::seconds(3, 120),
    };
    versus(bench, &ours, &peer, connections)
}

/// Throughput with its goal, and CPU time.
fn add_pair(bench: &mut Bench, what: &str, (ours, peer): (&Phases, &Phases), goal: Goal) {
    bench.report.add(Row {
        what: what.to_owned(),
        unit: "tiles/s",
        ours: ours.per_second(),
        peer: Some(peer.per_second()),
        goal,
        note: format!("{}; Martin {}{}{}", ours.latency(), peer.latency(), ours.warnings(), peer.warnings()),
    });
    bench.report.add(Row {
        what: format!("{what}, CPU"),
        unit: "ms a tile",
        ours: ours.cpu_ms(),
        peer: Some(peer.cpu_ms()),
        goal: Goal::Told,
        note: format!("server and PostgreSQL; {:.0} and {:.0} kB a tile", ours.bytes() / 1e3, peer.bytes() / 1e3),
    });
    assert_eq!(ours.errors(), 0, "{what}: a server that answers with errors is not measured");
}

/// Small tiles behind large ones, 16 connections.
fn mixed(bench: &mut Bench, pair: &Pair) {
    let tiles = session(bench.data.layer());
    for (name, query, goal) in
        [("as served by default", "", Goal::AtMost(20.0)), ("every point", pair.every.as_str(), Goal::Told)]
    {
        let walk = requests(&tiles, |coord| tile_path(LAYER, coord, query));
        let ours = alone(bench, &Side { server: &pair.ours, walk, length: Length::seconds(3, 60) }, 16);
        // Of ten million points Martin takes minutes for one session.
        let peer = (pair.points < 10_000_000 && query.is_empty()).then(|| {
            let walk = requests(&tiles, |coord| martin_path("points", coord));
            alone(bench, &Side { server: &pair.martin, walk, length: Length::seconds(10, 60) }, 16)
        });
        let p95 = |phases: &Phases| phases.figure(|phase| phase.outcome.quantile_ms(Some(14), 0.95));
        let what = format!("{}, session of mixed zooms, {name}, 16 connections", shown(pair.points));
        bench.report.add(Row {
            what: format!("{what}, p95 of z14"),
            unit: "ms",
            ours: p95(&ours),
            peer: peer.as_ref().map(p95),
            goal,
            note: ours.warnings().trim_start_matches("; ").to_owned(),
        });
        bench.report.add(Row {
            what,
            unit: "tiles/s",
            ours: ours.per_second(),
            peer: peer.as_ref().map(Phases::per_second),
            goal: Goal::Told,
            note: ours.latency(),
        });
    }
}

/// The whole province in one tile, one core, without and with filters.
pub fn province(bench: &mut Bench, points: u64) {
    let database = bench.runtime.block_on(bench.data.database(points));
    let mut ours = bench.places.bandoso(&database, 0, Cores::One);
    let coord = tile_at(6, bandoso::model::LonLat { lon: 108.2, lat: 14.7 });
    ours.wait_for(&tile_path(LAYER, coord, ""), Instant::now());
    let time = "datetime=2024-01-01/2025-01-01";
    let both = format!("{time}&filter=category%20IN%20('theft','fraud')");
    let filtered = if takes(&ours, &tile_path(LAYER, coord, &both)) {
        ("a category and a time filter", both.as_str())
    } else {
        ("a time filter only: tiles do not take `filter` yet", time)
    };
    for ((name, query), most_ms) in [(("no filter", ""), 10.0), (filtered, 60.0)] {
        let side = Side {
            server: &ours,
            walk: requests(&[coord; 10], |coord| tile_path(LAYER, coord, query)),
            length: Length::seconds(1, 30),
        };
        let phases = alone(bench, &side, 1);
        bench.report.add(Row {
            what: format!("{}, the whole province in one tile, one core, {name}", shown(points)),
            unit: "ms",
            ours: phases.figure(|phase| phase.outcome.quantile_ms(None, 0.5)),
            peer: None,
            // The target is that of ten millions.
            goal: Goal::AtMost(most_ms),
            note: format!("CPU {:.2} ms; {:.0} kB{}", phases.cpu_ms().median, phases.bytes() / 1e3, phases.warnings()),
        });
    }
    drop(ours);
    province_of_martin(bench, points, coord);
}

/// The same by Martin, once: it takes most of a minute and gigabytes.
fn province_of_martin(bench: &mut Bench, points: u64, coord: TileCoord) {
    if process::available_mib() < 10_000.0 {
        eprintln!("Martin's tile of the whole province is left out: it needs 10 GiB of free memory");
        return;
    }
    let database = bench.runtime.block_on(bench.data.database(points));
    let mut martin = bench.places.martin(&database, 0);
    martin.wait_for("/health", Instant::now());
    let started = Instant::now();
    let status = Client::new(martin.port).get(&martin_path("points", coord), "");
    let ms = started.elapsed().as_secs_f64() * 1e3;
    bench.report.add(Row {
        what: format!("{}, the whole province in one tile, Martin, every point", shown(points)),
        unit: "ms",
        ours: Figure::one(f64::NAN),
        peer: Some(Figure::one(ms)),
        goal: Goal::Told,
        note: format!("once, all cores, status {status:?}"),
    });
}

/// Tiles of the communes.
pub fn communes(bench: &mut Bench, points: u64) {
    let pair = pair(bench, points);
    for zoom in [6, 8, 10, 12, 14] {
        let tiles = tiles(bench.data.layer(), zoom, if zoom <= 8 { 12 } else { 60 });
        let layer = "units.commune";
        // A day for each connection, so that none is answered with the other's tile.
        let ours = Side {
            server: &pair.ours,
            walk: requests(&tiles, |coord| tile_path(layer, coord, "as_of=2026-01-{connection}")),
            length: Length::seconds(2, 60),
        };
        let peer = Side {
            server: &pair.martin,
            walk: requests(&tiles, |coord| martin_path("communes", coord)),
            length: Length::seconds(3, 60),
        };
        let (ours, peer) = versus(bench, &ours, &peer, 2);
        add_pair(bench, &format!("96 communes, z{zoom}, 2 connections"), (&ours, &peer), Goal::TimesPeer(10.0));
    }
}
