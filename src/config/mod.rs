//! What the map's keeper decides: the catalogue's files.

pub mod catalogue;
#[cfg(test)]
mod faults;
mod files;
mod layer_file;
mod toml_keys;

pub use catalogue::{CatalogueFault, load_catalogue};
