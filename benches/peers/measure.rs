//! Phases of load, and what they cost the server and its database.

use std::fmt::Write as _;
use std::time::Instant;

use crate::Bench;
use crate::load::{Length, Outcome, Request, load};
use crate::process;
use crate::report::Figure;
use crate::servers::Server;

/// Cores that others may use during a phase; a phase with more is repeated.
const FOREIGN_CORES: f64 = 0.3;

/// One of two servers that are compared, and what it is asked.
pub struct Side<'a> {
    pub server: &'a Server,
    pub walk: Vec<Request>,
    pub length: Length,
}

/// One phase of load.
pub struct Phase {
    pub outcome: Outcome,
    /// CPU time of the server and of PostgreSQL with all its processes, milliseconds an answer.
    pub cpu_ms: f64,
    /// Cores that others used meanwhile.
    pub foreign: f64,
}

/// All phases of one side.
pub struct Phases(Vec<Phase>);

impl Phases {
    pub fn figure(&self, of: impl Fn(&Phase) -> f64) -> Figure {
        Figure::of(self.0.iter().map(of).collect())
    }

    pub fn per_second(&self) -> Figure {
        self.figure(|phase| phase.outcome.per_second())
    }

    pub fn cpu_ms(&self) -> Figure {
        self.figure(|phase| phase.cpu_ms)
    }

    pub fn bytes(&self) -> f64 {
        self.figure(|phase| phase.outcome.bytes_each()).median
    }

    /// p50, p95 and p99 of all answers, milliseconds.
    pub fn latency(&self) -> String {
        let of = |share| self.figure(|phase| phase.outcome.quantile_ms(None, share)).median;
        format!("p50/95/99 {:.2}/{:.2}/{:.2} ms", of(0.5), of(0.95), of(0.99))
    }

    /// What a reader must know of the phases' circumstances.
    pub fn warnings(&self) -> String {
        let errors = self.errors();
        let foreign = self.figure(|phase| phase.foreign).median;
        let mut text = String::new();
        if errors > 0 {
            let _ = write!(text, "; {errors} ERRORS");
        }
        if foreign > FOREIGN_CORES {
            let _ = write!(text, "; others used {foreign:.1} cores");
        }
        if self.0.iter().any(|phase| phase.outcome.broken_off) {
            text += "; walk broken off";
        }
        text
    }

    pub fn errors(&self) -> usize {
        self.0.iter().map(|phase| phase.outcome.errors + phase.outcome.refused).sum()
    }
}

/// One phase, repeated while others work on the machine, at most so often; the quietest counts.
pub fn phase(bench: &Bench, side: &Side<'_>, connections: usize) -> Phase {
    let mut best: Option<Phase> = None;
    for _ in 0..=bench.patience {
        let cost = || {
            let server = side.server.cpu_seconds() + process::cpu_seconds_of_family(bench.postmaster);
            (server, process::cpu_seconds(std::process::id()), process::machine_seconds(), Instant::now())
        };
        let (server, own, machine, at) = cost();
        let outcome = load(side.server.port, &side.walk, connections, side.length);
        let (server_after, own_after, machine_after, _) = cost();
        let cpu = server_after - server;
        let foreign = (machine_after - machine - cpu - (own_after - own)) / at.elapsed().as_secs_f64();
        let cpu_ms = cpu * 1e3 / outcome.answers().max(1) as f64;
        let quiet = foreign <= FOREIGN_CORES;
        if best.as_ref().is_none_or(|best| foreign < best.foreign) {
            best = Some(Phase { outcome, cpu_ms, foreign: foreign.max(0.0) });
        }
        if quiet {
            break;
        }
    }
    best.unwrap()
}

/// Both sides in turn, A B B A A B …, after a moment of each that does not count.
pub fn versus(bench: &Bench, ours: &Side<'_>, peer: &Side<'_>, connections: usize) -> (Phases, Phases) {
    turns(bench, (ours, peer), connections, bench.runs)
}

/// The same with another number of runs: where a phase may be short, more of them tell more.
pub fn turns(bench: &Bench, (ours, peer): (&Side<'_>, &Side<'_>), connections: usize, runs: usize) -> (Phases, Phases) {
    for side in [ours, peer] {
        load(side.server.port, &side.walk, connections, Length::seconds(0, 3));
    }
    let (mut of_ours, mut of_peer) = (Vec::new(), Vec::new());
    for run in 0..runs {
        if run % 2 == 0 {
            of_ours.push(phase(bench, ours, connections));
        }
        of_peer.push(phase(bench, peer, connections));
        if run % 2 == 1 {
            of_ours.push(phase(bench, ours, connections));
        }
    }
    (Phases(of_ours), Phases(of_peer))
}

/// One side alone.
pub fn alone(bench: &Bench, side: &Side<'_>, connections: usize) -> Phases {
    load(side.server.port, &side.walk, connections, Length::seconds(0, 3));
    Phases((0..bench.runs).map(|_| phase(bench, side, connections)).collect())
}
