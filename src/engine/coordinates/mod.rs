//! Positions as people type them: one angle (`angle`), a number of metres (`metres`), and both in one text (`pair`).
//!
//! Nothing is guessed: a text that can be read in two ways is refused, with what would make it plain. `N` is always north, as on
//! Vietnamese maps; south in Vietnamese is the word `Nam`.

mod angle;
mod metres;
mod pair;

pub use angle::{Angle, Axis, parse_angle};
pub use metres::parse_metres;
pub use pair::{Metres, Order, Pair, parse_pair};

/// Longest text that is read as a position, in bytes.
pub const MAX_POSITION_BYTES: usize = 200;
