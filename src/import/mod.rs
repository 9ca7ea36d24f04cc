//! Files in: departments' points and administrative units, with every fault in them named, counted and placed.
//!
//! A file is read as a stream: no reader here holds more of it than one feature or row. Good rows go in, bad values are
//! findings and become null, a row without a usable position or id is a finding and stays out. A file that cannot be read to
//! its end (cut off, not JSON, a broken gzip) is no import at all: nothing of it is written.

mod changes;
mod codes;
mod columns;
mod crowds;
mod encoding;
mod fault;
pub mod features;
mod findings;
mod first_row;
mod geometry;
mod ground;
mod guess;
mod ids;
mod input;
mod mapping;
mod met;
mod nesting;
mod plan;
mod position;
mod position_columns;
mod progress;
mod raw_feature;
mod read;
mod record;
mod rejects;
pub mod report;
mod rows;
mod sampled;
mod scan;
pub mod sent;
mod sent_value;
mod shift;
mod sites;
mod stated;
#[cfg(test)]
mod tests;
mod text;
mod unit_checks;
mod unit_file;
pub mod units;
mod values;
mod written;

pub use columns::Because;
pub use encoding::Encoding;
pub use fault::ImportError;
pub use findings::FindingLog;
pub use guess::{ColumnGuess, Guess};
pub use mapping::{MAX_MAPPING_BYTES, Mapping};
pub use progress::Progress;
pub use read::{ReadOptions, delimiter};
pub use rejects::Rejects;
pub use written::{DateOrder, Decimal};
