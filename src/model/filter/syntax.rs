use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use geo_types::Geometry;

use super::Operator;
use crate::model::{Day, Instant};

/// Where a part of a filter stands in what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In CQL2 text: the number of characters before it.
    Character(usize),
    /// In CQL2 JSON: its JSON Pointer (RFC 6901).
    Pointer(Arc<str>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(before) => write!(f, "at character {}", before.saturating_add(1)),
            Self::Pointer(pointer) if pointer.is_empty() => f.write_str("at its root"),
            Self::Pointer(pointer) => write!(f, "at {pointer}"),
        }
    }
}

/// A filter, or a part of one, as it was written. Two are equal when they say the same, wherever they stand.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Where it begins.
    pub at: Place,
    /// What it is.
    pub kind: ExprKind,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `TRUE`, `FALSE`.
    Boolean(bool),
    /// A whole number without point and exponent that 64 bits hold.
    Integer(i64),
    /// Any other number, finite.
    Real(f64),
    /// `'Đức Phổ'`.
    Text(String),
    /// `DATE('2025-07-01')`.
    Date(Day),
    /// `TIMESTAMP('2025-07-01T00:00:00Z')`.
    Timestamp(Instant),
    /// `'..'` in an interval.
    Open,
    /// `INTERVAL(start, end)`, both in it: two of date, timestamp, property, open.
    Interval(Vec<Expr>),
    /// A property's name.
    Property(String),
    /// A geometry, longitude or easting first; heights are dropped.
    Geometry(Geometry<f64>),
    /// `BBOX(west, south, east, north)`; heights are dropped.
    Bbox([f64; 4]),
    /// `('a', 'b')`.
    Array(Vec<Expr>),
    /// What CQL2 itself does with operands, their number being right.
    Apply(Operator, Vec<Expr>),
    /// Any other function.
    Function(String, Vec<Expr>),
}

/// A filter as a request carries it: equal to another one when both say the same.
#[derive(Clone)]
pub struct AskedFilter {
    text: Arc<str>,
    tree: Arc<Expr>,
}

impl AskedFilter {
    /// A filter with its canonical text, which tells it from others.
    pub fn new(text: String, tree: Expr) -> Self {
        Self { text: text.into(), tree: Arc::new(tree) }
    }

    /// Its canonical CQL2 text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The filter itself.
    pub fn tree(&self) -> &Expr {
        &self.tree
    }
}

impl fmt::Debug for AskedFilter {
    /// Equal filters print alike: tags of tiles are made of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for AskedFilter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for AskedFilter {}

impl Hash for AskedFilter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
