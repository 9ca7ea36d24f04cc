//! Bandoso ("bản đồ số", digital map): department points joined with dated administrative boundaries, served as vector tiles
//! and spatial queries. ARCHITECTURE.md is the plan of the house; read `model`, then one verb of `engine`, then `http`.

pub mod atlas;
pub mod config;
pub mod demo;
pub mod engine;
pub mod export;
pub mod http;
pub mod import;
pub mod model;
pub mod store;
