//! `/query/…`: questions of place.

pub(super) mod api;
mod around;
mod convert;
mod count;
mod count_keys;
mod count_links;
mod count_table;
pub(super) mod cursor;
pub(super) mod features;
mod join;
mod locate;
mod nearest;
mod quality;
mod quality_rows;
mod row;
mod shape;
pub(super) mod table;
mod within;

pub use around::around;
pub use convert::convert;
pub use count::count;
pub use join::{join, join_polygon};
pub use locate::locate;
pub use nearest::nearest;
pub use quality::quality;
pub use quality_rows::quality_rows;
pub use within::{within, within_shape};

/// Metres to the millimetre: more digits say more than any position knows.
pub(super) fn millimetres(metres: f64) -> f64 {
    (metres * 1000.0).round() / 1000.0
}
