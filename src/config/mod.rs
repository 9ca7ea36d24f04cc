//! What the map's keeper decides: the catalogue's files, and the command line with its commands.

pub mod catalogue;
pub mod cli;
pub mod commands;
mod duty;
#[cfg(test)]
mod faults;
mod files;
mod layer_file;
mod toml_keys;

pub use catalogue::{CatalogueFault, load_catalogue};
