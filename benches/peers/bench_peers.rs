//! Bandoso against Martin and against a bare server, on the same data, walks and machine: `./dev bench-peers`, which starts the
//! database and passes what this needs. docs/performance.md tells the method.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a program for a terminal that ends at the first fault"
)]

mod bare;
mod cases;
mod check;
mod data;
mod load;
mod measure;
mod pmtiles;
mod process;
mod report;
mod servers;
#[path = "../shared/units.rs"]
mod units;
mod walk;

use std::path::Path;
use std::time::Instant;

use clap::Parser;

use data::{Data, connect};
use report::Report;
use servers::Places;

// As the product has it: the bare server is to differ from it by its work alone.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Bandoso beside its peers: prints the table of speed targets, and keeps it as figures.md.
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    places: Places,
    /// A database of the bench's own cluster
    #[arg(long, env = "BENCH_POSTGRES", hide_env_values = true)]
    postgres: String,
    /// One million points only, and fewer runs
    #[arg(long)]
    quick: bool,
    /// Only these cases
    #[arg(long, value_parser = cases::NAMES)]
    only: Vec<String>,
    /// Runs of each phase; the median counts
    #[arg(long)]
    runs: Option<usize>,
    /// How often a phase is repeated because others work on the machine
    #[arg(long, default_value_t = 2)]
    patience: usize,
    /// Numbers of points, instead of one and ten millions
    #[arg(long, value_delimiter = ',')]
    points: Vec<u64>,
}

/// What all cases share.
pub struct Bench {
    runtime: tokio::runtime::Runtime,
    data: Data,
    places: Places,
    postmaster: u32,
    sizes: Vec<u64>,
    runs: usize,
    patience: usize,
    report: Report,
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let [_, word, body, port] = &words[..]
        && word == "bare"
    {
        return runtime.block_on(bare::serve(Path::new(body), port.parse().unwrap()));
    }
    let options = Options::parse();
    let started = Instant::now();
    let postmaster = runtime.block_on(async {
        let backend = connect(&options.postgres).await.query_one("SELECT pg_backend_pid()", &[]).await.unwrap();
        process::parent(backend.get::<_, i32>(0).cast_unsigned()).unwrap()
    });
    let sizes = match (options.points.is_empty(), options.quick) {
        (false, _) => options.points,
        (true, true) => vec![1_000_000],
        (true, false) => vec![1_000_000, 10_000_000],
    };
    let mut bench = Bench {
        runtime,
        data: Data::new(&options.postgres, &options.places.dir, &options.places.tiles),
        places: options.places,
        postmaster,
        sizes,
        runs: options.runs.unwrap_or(if options.quick { 2 } else { 4 }),
        patience: options.patience,
        report: Report::default(),
    };
    cases::run(&mut bench, &options.only);
    let conditions = format!(
        "{} cores, {:.0} MiB free, {} runs a phase, {:.0} minutes",
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        process::available_mib(),
        bench.runs,
        started.elapsed().as_secs_f64() / 60.0
    );
    let file = Path::new(&bench.places.dir).join("figures.md");
    let missed = bench.report.write(&file, &conditions);
    println!("\n{conditions}\n{missed} targets missed; the table is in {}", file.display());
}
