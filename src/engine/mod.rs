//! The verbs of the map, over columns in memory. Pure and synchronous: no IO, no clock, no SQL.
//!
//! A layer's points are kept sorted by the Morton key of their place (`columns`), so that a tile, and each cell of a grid in
//! it, is one contiguous slice (`slice`). A tile is then a recipe: slice → `select` → quantize → encode (`tile`).

/// Which unit holds each point on a date: a look-up in its links.
pub mod as_of;
pub mod borders;
/// Giving up work that nobody waits for.
pub mod cancel;
pub mod columns;
/// Packing bytes for the wire.
pub mod compress;
/// What became of a unit.
pub mod convert;
pub mod coordinates;
pub mod corridor;
/// Exact tables of counts.
pub mod count;
pub mod coverage;
pub mod cql2;
/// One place for many rows.
pub mod crowds;
pub mod crs;
pub mod decode;
mod deflate;
/// Sums of doubles without rounding.
pub mod exact;
/// Distances on the ellipsoid.
pub mod geodesic;
pub mod join;
pub mod locate;
/// Places as sortable keys.
pub mod morton;
pub mod names;
/// The nearest features.
pub mod nearest;
/// Pages of rows, in the order of ids.
pub mod page;
pub mod parts;
/// What is counted for a layer's owner.
pub mod quality;
pub mod readings;
/// Which rows a request asks for.
pub mod select;
/// Tiles and boxes as ranges of rows.
pub mod slice;
pub mod sort;
pub mod stamp;
pub mod tile;
/// All units of all dates, by id.
pub mod unit_map;
/// Rows in a box, a circle, a polygon, a corridor, a unit.
pub mod within;

#[cfg(test)]
mod made_up;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod real_units;
