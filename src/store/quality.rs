//! Rows that a layer's table has and the map does not.

use crate::model::{FindingKind, Value};

/// Which of the rows that are no features are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOutPage {
    /// Those with one of these faults.
    pub kinds: Vec<FindingKind>,
    /// So many of them come before the page.
    pub skip: u64,
    /// Most rows of the page; they are counted all the same.
    pub limit: usize,
}

/// The rows of a layer's table that are no features: other programs wrote them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeftOut {
    /// The layer's version that was looked at.
    pub version: u64,
    /// How many there are by what is wrong with them; kinds of which there is none are left out.
    pub counts: Vec<(FindingKind, u64)>,
    /// Those that were asked for, in the order of their ids.
    pub rows: Vec<LeftOutRow>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOutRow {
    /// Its key in the table; none where it has none.
    pub id: Option<i64>,
    /// What is wrong with it.
    pub kind: FindingKind,
    /// One value for each of the layer's fields, in their order.
    pub values: Vec<Value>,
}
