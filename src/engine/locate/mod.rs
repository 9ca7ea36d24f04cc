//! Which units hold a place: the join's rule of ARCHITECTURE.md.
//!
//! Covering and nearness are computed with the very arithmetic of `PostGIS` 3.3, so that the embedded store and the database
//! give every point the same units: `cover` is its `ST_Covers(multipolygon, point)`, `near` its `ST_Distance` between
//! geometries scaled by `ST_Scale`. Both are studied from its sources (`point_in_multipolygon`, `lw_dist2d_point_poly`) and
//! written anew. `PostGIS` itself has two forms of `ST_Covers`: the one it runs when it meets a polygon again ignores segments
//! shorter than 1e-12 degrees, the first one does not. Here they count; borders have none.

mod area;
mod cells;
mod cover;
mod days;
mod index;
mod line;
mod near;
mod ring;
#[cfg(test)]
mod tests;

pub use area::{PreparedArea, polygon_covers};
pub use cover::Place;
pub use index::UnitIndex;
pub use line::PreparedLines;
pub use near::{MetresPerDegree, NEAR_M};
