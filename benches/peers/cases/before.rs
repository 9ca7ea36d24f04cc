//! Two builds of Bandoso in turn: what a change is worth, on a machine whose speed differs from one minute to the next.

use std::time::Instant;

use super::{requests, shown, tile_path};
use crate::Bench;
use crate::data::{FIELDS, LAYER};
use crate::load::Length;
use crate::measure::{Side, versus};
use crate::report::{Goal, Row};
use crate::servers::{Cores, Places};
use crate::walk::{TILES, tiles};

/// The tiles of the same work, uncached, by this build and the one before.
pub fn run(bench: &mut Bench, points: u64) {
    let Some(before) = bench.places.before.clone() else { return };
    let database = bench.runtime.block_on(bench.data.database(points));
    let before = Places { bandoso: before, ..bench.places.clone() };
    let (mut ours, mut before) =
        (bench.places.bandoso(&database, 0, Cores::All), before.bandoso(&database, 0, Cores::All));
    let query = format!("dense=all&fields={FIELDS}");
    for (zoom, count) in TILES.into_iter().rev() {
        let tiles = tiles(bench.data.layer(), zoom, count);
        let path = |coord| tile_path(LAYER, coord, &query);
        for server in [&mut ours, &mut before] {
            server.wait_for(&path(tiles[0]), Instant::now());
        }
        for connections in [2, 16] {
            let [ours, before] = [&ours, &before].map(|server| Side {
                server,
                walk: requests(&tiles, path),
                length: Length::seconds(2, 10),
            });
            let (ours, before) = versus(bench, &ours, &before, connections);
            for (unit, ours, before) in
                [("tiles/s", ours.per_second(), before.per_second()), ("CPU ms a tile", ours.cpu_ms(), before.cpu_ms())]
            {
                bench.report.add(Row {
                    what: format!("{}, same work, z{zoom}, {connections} connections, and before", shown(points)),
                    unit,
                    ours,
                    peer: Some(before),
                    goal: Goal::Told,
                    note: String::new(),
                });
            }
        }
    }
}
