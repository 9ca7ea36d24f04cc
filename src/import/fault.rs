use crate::model::{Finding, FindingKind, Invalid};
use crate::store::StoreError;

/// Why an import did not happen. Nothing was written in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An option or the file's shape does not fit: which one, and what was expected.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The file cannot be read to its end.
    #[error("{file}{}: {cause}; nothing was written", line.map(|line| format!(":{line}")).unwrap_or_default())]
    Unreadable {
        /// The file as the caller named it.
        file: String,
        /// Line from 1, where known.
        line: Option<u64>,
        /// What is wrong and what was expected.
        cause: String,
    },
    /// The store refused or cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller gave it up.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

/// A finding that does not know its place yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub kind: FindingKind,
    pub message: String,
}

impl Fault {
    pub fn new(kind: FindingKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub fn at(self, place: &str, line: Option<u64>) -> Finding {
        Finding { kind: self.kind, place: place.to_owned(), line, message: self.message }
    }
}
