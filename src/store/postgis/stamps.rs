//! Tells a database that was restored from one that went on: after a restore the same versions are given again, to other changes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The newest entry of each layer's log, and of the units', as it was last seen: its version and its stamp, which is the writing
/// transaction and the time of that one's begin.
#[derive(Default)]
pub(super) struct Stamps(Mutex<HashMap<String, (i64, String)>>);

impl Stamps {
    /// The stamp that a version had; none where another was seen last, or none yet.
    pub(super) fn of(&self, name: &str, version: i64) -> Option<String> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(name).filter(|(held, _)| *held == version).map(|(_, stamp)| stamp.clone())
    }

    /// Keeps what is seen now.
    pub(super) fn keep(&self, name: &str, version: i64, stamp: String) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(name.to_owned(), (version, stamp));
    }
}
