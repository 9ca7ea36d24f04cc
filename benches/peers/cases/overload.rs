//! What becomes of the work that a server does when much more is asked of it than it can do.

use std::time::Instant;

use super::{requests, shown, tile_path};
use crate::Bench;
use crate::data::{FIELDS, LAYER};
use crate::load::{Length, Outcome, load};
use crate::measure::{Side, phase};
use crate::process::memory_mib;
use crate::report::{Figure, Goal, Row};
use crate::servers::Cores;
use crate::walk::tiles;

/// Connections that keep all cores busy.
const BUSY: usize = 16;
/// Connections that ask for more than twice what may wait; those who are refused come back when they are told to.
const TOO_MANY: usize = 400;
/// Share of the throughput that stays.
const STAYS: f64 = 0.9;

/// Tiles of z12 with every point, without a cache: of a busy server and of one that is asked for too much, in turns.
pub fn run(bench: &mut Bench, points: u64) {
    let database = bench.runtime.block_on(bench.data.database(points));
    let mut server = bench.places.bandoso(&database, 0, Cores::All);
    let tiles = tiles(bench.data.layer(), 12, 150);
    let walk = requests(&tiles, |coord| tile_path(LAYER, coord, &format!("dense=all&fields={FIELDS}")));
    server.wait_for(&walk[0].path, Instant::now());
    load(server.port, &walk, BUSY, Length::seconds(0, 3));
    let side = Side { server: &server, walk, length: Length::seconds(4, 60) };
    let (mut busy, mut crowded) = (Vec::new(), Vec::new());
    let mut memory = vec![memory_mib(server.pid(), "VmRSS")];
    for run in 0..bench.runs {
        if run % 2 == 0 {
            busy.push(phase(bench, &side, BUSY).outcome);
        }
        crowded.push(phase(bench, &side, TOO_MANY).outcome);
        memory.push(memory_mib(server.pid(), "VmRSS"));
        if run % 2 == 1 {
            busy.push(phase(bench, &side, BUSY).outcome);
        }
    }
    let errors: usize = crowded.iter().map(|outcome| outcome.errors).sum();
    assert_eq!(errors, 0, "whoever is refused is told when to come back");
    let per_second = |outcomes: &[Outcome]| Figure::of(outcomes.iter().map(Outcome::per_second).collect());
    let refused: usize = crowded.iter().map(|outcome| outcome.refused).sum();
    let answered: usize = crowded.iter().map(Outcome::answers).sum();
    let longest = Figure::of(crowded.iter().map(|outcome| outcome.quantile_ms(None, 0.99)).collect());
    bench.report.add(Row {
        what: format!("{}, {TOO_MANY} connections against {BUSY}, z12", shown(points)),
        unit: "tiles/s",
        ours: per_second(&crowded),
        peer: Some(per_second(&busy)),
        goal: Goal::TimesPeer(STAYS),
        note: format!(
            "beside itself with {BUSY}; {refused} refused, {answered} answered, p99 of those {:.0} ms; memory {:.0} MiB before, {:.0} at last",
            longest.median,
            memory.first().copied().unwrap_or(f64::NAN),
            memory.last().copied().unwrap_or(f64::NAN)
        ),
    });
}
