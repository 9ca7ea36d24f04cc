//! The program `bandoso`: see `bandoso --help`, and `config::cli` for what the words mean.

use std::process::ExitCode;

use bandoso::config::cli::Cli;
use bandoso::config::commands;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    commands::run(&Cli::parse())
}
