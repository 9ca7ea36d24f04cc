//! Bandoso ("bản đồ số", digital map): department points joined with dated administrative boundaries, served as vector tiles
//! and spatial queries. ARCHITECTURE.md is the plan of the house; read `model`, then one verb of `engine`, then `http`.
//!
//! The walk of a tile of points: `model/tile.rs` → `engine/slice.rs` → `engine/select.rs` → `engine/tile/points.rs` →
//! `atlas/draw.rs` → `http/tiles.rs`; that of a table goes on from `engine/select.rs` by `engine/count/mod.rs`, `atlas/count.rs` and
//! `http/query/count.rs`.

pub mod atlas;
pub mod config;
pub mod demo;
pub mod engine;
pub mod export;
pub mod http;
pub mod import;
pub mod model;
pub mod store;
