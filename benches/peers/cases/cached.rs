//! Tiles from a cache: against a bare server, Martin's cache, and Martin on a file of the same bytes.

use std::path::{Path, PathBuf};
use std::time::Instant;

use bandoso::model::TileCoord;

use super::{martin_path, requests, tile_path};
use crate::Bench;
use crate::data::LAYER;
use crate::load::{Client, Length};
use crate::measure::{Side, turns};
use crate::pmtiles;
use crate::report::{Figure, Goal, Row};
use crate::servers::{Cores, Server};
use crate::walk::session;

const CONNECTIONS: usize = 16;
/// Short phases for each run: these answers take as long as it takes to copy them, and how long that is changes from second to
/// second with who else is on the machine.
const TURNS: usize = 5;
/// Memory for tiles, MiB: more than the session needs, in both.
const CACHE_MB: u64 = 1024;

/// A session of mixed zooms, every tile of it in the cache.
pub fn run(bench: &mut Bench, points: u64) {
    let database = bench.runtime.block_on(bench.data.database(points));
    let mut ours = bench.places.bandoso(&database, CACHE_MB, Cores::All);
    let tiles = session(bench.data.layer());
    let own_path = |coord: TileCoord| tile_path(LAYER, coord, "");
    ours.wait_for(&own_path(tiles[0]), Instant::now());
    let bodies = bodies(&ours, &tiles, own_path);
    // Tiles without a point are in no archive, and nobody asks for them here.
    let tiles: Vec<TileCoord> = bodies.iter().map(|(coord, _)| *coord).collect();
    let mean = bodies.iter().map(|(_, body)| body.len()).sum::<usize>() / bodies.len();
    let dir = Path::new(&bench.places.dir).to_owned();

    let (body, archive) = (dir.join("body"), dir.join("session.pmtiles"));
    let filler: Vec<u8> = bodies.iter().flat_map(|(_, body)| body.iter().copied()).take(mean).collect();
    std::fs::write(&body, filler).unwrap();
    pmtiles::write(&archive, &bodies);

    let bare = bench.places.bare(&body);
    against(bench, (&ours, &bare), &tiles, ("a bare axum server at equal bytes", own_path, Goal::TimesPeer(0.85)));
    drop(bare);
    // One tile stays in the processor's cache and fits the socket's buffer; a session's tiles do neither.
    let bare = bench.places.bare(&each_body(&dir, &bodies));
    against(bench, (&ours, &bare), &tiles, ("a bare axum server of the same tiles", own_path, Goal::Told));
    drop(bare);
    let file_path = |coord: TileCoord| martin_path("session", coord);
    let mut martin = bench.places.martin_of_file(&archive);
    martin.wait_for(&file_path(tiles[0]), Instant::now());
    same_bytes(&martin, &bodies, file_path);
    against(
        bench,
        (&ours, &martin),
        &tiles,
        ("Martin on a PMTiles file of the same bytes", file_path, Goal::TimesPeer(1.3)),
    );
    drop(martin);
    let points_path = |coord: TileCoord| martin_path("points", coord);
    let mut martin = bench.places.martin(&database, CACHE_MB);
    martin.wait_for("/health", Instant::now());
    // Every tile once, so that it is in the cache.
    let mut client = Client::new(martin.port);
    for coord in &tiles {
        client.get(&points_path(*coord), "");
    }
    against(bench, (&ours, &martin), &tiles, ("Martin with its cache on", points_path, Goal::TimesPeer(300.0)));
}

fn bodies(server: &Server, tiles: &[TileCoord], path: impl Fn(TileCoord) -> String) -> Vec<(TileCoord, Vec<u8>)> {
    let mut client = Client::new(server.port);
    let mut bodies: Vec<(TileCoord, Vec<u8>)> = Vec::new();
    for coord in tiles {
        if client.get(&path(*coord), "") == Some(200) {
            bodies.push((*coord, client.body().to_vec()));
        }
    }
    bodies
}

/// Writes each tile into a file of a folder; the folder.
fn each_body(dir: &Path, bodies: &[(TileCoord, Vec<u8>)]) -> PathBuf {
    let folder = dir.join("bodies");
    // Of an earlier run.
    std::fs::remove_dir_all(&folder).ok();
    std::fs::create_dir(&folder).unwrap();
    for (coord, body) in bodies {
        std::fs::write(folder.join(format!("{}-{}-{}", coord.z(), coord.x(), coord.y())), body).unwrap();
    }
    folder
}

/// Panics unless the archive gives what was written into it.
fn same_bytes(martin: &Server, bodies: &[(TileCoord, Vec<u8>)], path: impl Fn(TileCoord) -> String) {
    let mut client = Client::new(martin.port);
    for (coord, body) in bodies.iter().step_by(17) {
        let status = client.get(&path(*coord), "");
        assert!(status == Some(200) && client.body() == body, "{coord:?} of the archive: {status:?}");
    }
}

fn against(
    bench: &mut Bench,
    (ours, peer): (&Server, &Server),
    tiles: &[TileCoord],
    (name, peer_path, goal): (&str, impl Fn(TileCoord) -> String, Goal),
) {
    let length = Length::seconds(1, 30);
    let ours = Side { server: ours, walk: requests(tiles, |coord| tile_path(LAYER, coord, "")), length };
    let peer = Side { server: peer, walk: requests(tiles, peer_path), length };
    let (ours, peer) = turns(bench, (&ours, &peer), CONNECTIONS, bench.runs * TURNS);
    let note = format!(
        "{}; peer {}; {:.1} and {:.1} kB a tile{}",
        ours.latency(),
        peer.latency(),
        ours.bytes() / 1e3,
        peer.bytes() / 1e3,
        ours.warnings()
    );
    let what = format!("cached session, 16 connections, against {name}");
    let (of_ours, of_peer): (Figure, Figure) = (ours.per_second(), peer.per_second());
    bench.report.add(Row { what: what.clone(), unit: "tiles/s", ours: of_ours, peer: Some(of_peer), goal, note });
    bench.report.add(Row {
        what: format!("{what}, CPU"),
        unit: "ms a tile",
        ours: ours.cpu_ms(),
        peer: Some(peer.cpu_ms()),
        goal: Goal::Told,
        note: String::new(),
    });
}
