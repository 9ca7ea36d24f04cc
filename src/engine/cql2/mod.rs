//! CQL2 (OGC 21-065r2): filters read from text and JSON, checked against a layer, and evaluated over columns.
//!
//! [`read_text`] and [`read_json`] → [`Expr`] → [`check()`] →
//! [`Filter`](crate::model::filter::Filter) → [`Predicate`] here, or SQL in `store::postgis`. Where the standard leaves a choice:
//!
//! - A number with point or exponent, or beyond 64 bits, is a double; a whole number and a double are compared as doubles. `/`
//!   and `^` always give a double, the other operators a whole number when both sides are one.
//! - What has no result is null: division by zero, whole numbers beyond 64 bits, doubles beyond the bounds of `arithmetic`.
//! - Texts are ordered by their bytes. `CASEI` and `ACCENTI` are defined in `fold`.
//! - A date compared with a timestamp (`=`, `<`, …) is its first instant in the catalogue's zone; in `T_…` it is its whole day.
//!   Intervals hold both their ends. A text where a date or timestamp is wanted is read as one.
//! - `geom` and `geometry` name the feature's position and `id` its id, unless a field has the name.
//! - A point is on the boundary of a collection when it is on that of a member and inside none.
//! - The functions beside the standard's own are those of `functions`, of one argument each. No field is an array, so `A_…`
//!   compares lists that are written out.

mod arithmetic;
mod check;
mod fold;
mod functions;
mod json;
mod json_geometry;
mod lexer;
mod like;
mod literal;
mod parser;
mod predicate;
#[cfg(test)]
mod tests;
mod wkt;
mod write;

use crate::model::Invalid;
use crate::model::filter::{AskedFilter, Expr, Place};

pub use check::check;
pub use fold::fold;
pub use functions::{FUNCTIONS, KnownFunction};
pub use predicate::Predicate;
pub use write::write;

/// Longest filter in text that is read, in bytes.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Longest filter in JSON that is read, in bytes.
pub const MAX_JSON_BYTES: usize = 256 * 1024;
/// Deepest nesting of expressions.
pub const MAX_DEPTH: usize = 64;

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    at: Place,
    what: String,
}

impl Fault {
    fn new(at: &Place, what: impl Into<String>) -> Self {
        Self { at: at.clone(), what: what.into() }
    }

    /// As the refusal of the parameter that held the filter.
    fn of(self, parameter: &str) -> Invalid {
        Invalid::new(parameter, format!("{}: {}", self.at, self.what))
    }
}

/// Reads CQL2 text. [`Invalid`] names the `parameter`, the place in the text, and what was expected there.
pub fn read_text(parameter: &str, text: &str) -> Result<AskedFilter, Invalid> {
    parser::parse(text).map(asked).map_err(|fault| fault.of(parameter))
}

/// Reads CQL2 JSON. [`Invalid`] names the `parameter`, the place as a JSON Pointer, and what was expected there.
pub fn read_json(parameter: &str, text: &str) -> Result<AskedFilter, Invalid> {
    json::parse(text).map(asked).map_err(|fault| fault.of(parameter))
}

fn asked(tree: Expr) -> AskedFilter {
    AskedFilter::new(write(&tree), tree)
}
