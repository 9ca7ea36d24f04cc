//! Who wrote what, when, and how it was before.

use crate::model::{Instant, LonLat, Value};

/// Who writes, and from what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Author {
    /// The person or program; empty where nobody said.
    pub who: String,
    /// Names of the files; empty where it was none.
    pub source: Vec<String>,
}

/// What becomes of features that an import does not name.
///
/// An import names numbers, senders' keys, or both; of each kind that it names, those that are stored and not named are *missing*.
/// Features whose number the store gave them (drawn on the map, imported without an id) are nobody's to miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// They are counted.
    #[default]
    Keep,
    /// They go; where there are more of them than so many, nothing is written.
    Remove {
        /// As many as somebody has agreed to.
        at_most: u64,
    },
}

/// Whether what an import would do is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// It is.
    #[default]
    Commit,
    /// It is only counted: nothing is written, and nobody waits.
    DryRun,
}

/// How an import is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Who imports.
    pub author: Author,
    /// What becomes of features that it does not name.
    pub missing: Missing,
    /// Whether it is done.
    pub ending: Ending,
}

/// What kind of writing a batch was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchKind {
    /// Files.
    Import,
    /// Features one by one.
    Edit,
    /// The undoing of another batch.
    Undo,
}

impl BatchKind {
    /// Its name in stores and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Edit => "edit",
            Self::Undo => "undo",
        }
    }

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Import, Self::Edit, Self::Undo].into_iter().find(|kind| kind.name() == name)
    }
}

/// How many features a batch made otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchCounts {
    /// Were not there.
    pub added: u64,
    /// Were otherwise.
    pub changed: u64,
    /// Are gone.
    pub removed: u64,
    /// Were there just so.
    pub unchanged: u64,
}

/// One transaction of imports, edits or undoing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number, from 1, over all layers.
    pub id: u64,
    /// The layer.
    pub layer: String,
    /// What it was.
    pub kind: BatchKind,
    /// Who wrote.
    pub author: Author,
    /// When.
    pub at: Instant,
    /// What it did.
    pub counts: BatchCounts,
    /// The layer's version afterwards.
    pub version: u64,
    /// The batch that it undid.
    pub undoes: Option<u64>,
    /// The batch that undid it.
    pub undone_by: Option<u64>,
}

/// One feature of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRow {
    /// Its id.
    pub id: u64,
    /// Its place and values before; none where it was not there.
    pub before: Option<(LonLat, Vec<Value>)>,
    /// Whether it was there afterwards.
    pub left: bool,
}

/// Which batches are asked for, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchPage {
    /// Of this layer; of all where none.
    pub layer: Option<String>,
    /// Older than this one.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

/// Rows of a refusal that are named; the others are counted.
pub const MOST_NAMED: usize = 20;
/// Rows of a batch that are told at a time.
pub const MOST_ROWS: usize = 1_000;
