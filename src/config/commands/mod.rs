//! The commands, one file each. Answers go to the standard output, everything else to the standard error.

mod answer;
mod batches;
mod check;
mod demo;
mod export;
mod export_tiles;
mod failure;
mod import;
mod log;
mod progress;
mod report;
mod serve;
mod store;
mod tell;
mod tile;
mod understood;
mod units;

use std::process::ExitCode;

use super::cli::{Cli, Command, Shared};
use super::load_catalogue;
use crate::model::Catalogue;
use failure::Failure;

/// Does what the command line asks; the process's exit code.
pub fn run(cli: &Cli) -> ExitCode {
    let kind = if matches!(cli.command, Command::Serve(_)) { log::Kind::Server } else { log::Kind::Tool };
    if let Err(failure) = log::start(&cli.shared, kind) {
        return failure.tell();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Usage(format!("the program cannot start its threads: {error}")).tell(),
    };
    let done = runtime.block_on(dispatch(cli));
    // A query whose caller has gone may still be at work: the program's end does not wait for it.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

async fn dispatch(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Serve(args) => serve::serve(args, &cli.shared).await,
        Command::Import(args) => import::import(args, &cli.shared).await,
        Command::Export(args) => export::export(args, &cli.shared).await,
        Command::Batches(args) => batches::batches(args, &cli.shared).await,
        Command::Undo(args) => batches::undo(args, &cli.shared).await,
        Command::Units(args) => units::units(&args.command, &cli.shared).await,
        Command::Check => check::check(&cli.shared).await,
        Command::Tile(args) => tile::tile(args, &cli.shared).await,
        Command::Demo => demo::demo(&cli.shared).await,
    }
}

/// The catalogue that the options name; all its faults at once where it has any.
fn catalogue(shared: &Shared) -> Result<Catalogue, Failure> {
    load_catalogue(shared.tiles.as_deref()).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::Usage(lines.join("\n"))
    })
}
