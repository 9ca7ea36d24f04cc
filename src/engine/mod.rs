//! The verbs of the map, over columns in memory. Pure and synchronous: no IO, no clock, no SQL.
//!
//! A layer's points are kept sorted by the Morton key of their place (`columns`), so that a tile, and each cell of a grid in
//! it, is one contiguous slice (`slice`). A tile is then a recipe: slice → `select` → quantize → encode (`tile`).

// A layer in memory.
pub mod columns;
pub mod morton;
pub mod parts;

// Which of its rows an answer is about.
pub mod cancel;
pub mod corridor;
pub mod cql2;
pub mod nearest;
pub mod page;
pub mod select;
pub mod slice;
pub mod sort;
pub mod within;

// Units: which holds a point, what became of it, how it is drawn.
pub mod as_of;
pub mod borders;
pub mod convert;
pub mod coverage;
pub mod locate;
pub mod names;
pub mod unit_map;

// What is told of rows.
pub mod count;
pub mod crowds;
pub mod exact;
pub mod join;
pub mod quality;
pub mod stamp;

// Bytes of tiles.
pub mod compress;
pub mod decode;
mod deflate;
pub mod tile;

// Places and distances.
pub mod coordinates;
pub mod crs;
pub mod geodesic;
pub mod readings;

#[cfg(test)]
mod made_up;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod real_units;
