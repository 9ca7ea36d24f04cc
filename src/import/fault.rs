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

/// A finding that does not know its place yet. Small, for every row may have one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub kind: FindingKind,
    pub message: String,
    more: Option<Box<More>>,
}

/// What few faults have.
#[derive(Debug, Clone, PartialEq, Default)]
struct More {
    /// Column and value, as the sender wrote them.
    held: Option<(String, String)>,
    /// In Vietnamese and English, where the kind's own advice is too general.
    advice: Option<[String; 2]>,
}

impl Fault {
    pub fn new(kind: FindingKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), more: None }
    }

    /// The same under another name.
    pub fn of_kind(self, kind: FindingKind) -> Self {
        Self { kind, ..self }
    }

    /// The column that is at fault and what it holds, unless they are known already.
    pub fn in_column(mut self, column: &str, value: &str) -> Self {
        let more = self.more.get_or_insert_default();
        more.held.get_or_insert_with(|| (column.to_owned(), value.to_owned()));
        self
    }

    /// What is to be done, in Vietnamese and English.
    pub fn advised(mut self, advice: [String; 2]) -> Self {
        self.more.get_or_insert_default().advice = Some(advice);
        self
    }

    pub fn at(self, place: &str, line: Option<u64>) -> Finding {
        let More { held, advice } = self.more.map(|more| *more).unwrap_or_default();
        let finding = Finding { advice, ..Finding::new(self.kind, place, self.message).on_line(line) };
        match held {
            Some((column, value)) => finding.in_column(&column, &value),
            None => finding,
        }
    }
}
