//! `/query/…`: questions of place.

mod convert;
mod count;
pub(super) mod cursor;
pub(super) mod features;
mod locate;
mod nearest;
mod polygon;
mod table;
mod within;

pub use convert::convert;
pub use count::count;
pub use locate::locate;
pub use nearest::nearest;
pub use within::{within, within_polygon};

/// Metres to the millimetre: more digits say more than any position knows.
fn millimetres(metres: f64) -> f64 {
    (metres * 1000.0).round() / 1000.0
}
