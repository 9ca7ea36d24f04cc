//! Tells a database that was restored from one that went on: after a restore the same versions are given again, to other changes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A version, and its stamp: the writing transaction and the time of that one's begin.
type Stamped = (i64, String);

/// The newest entry of each layer's log, and of the units', as it was last seen.
#[derive(Default)]
pub(super) struct Stamps(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    now: HashMap<String, Stamped>,
    /// What was seen before it, until the follower says that it holds what it was told.
    before: HashMap<String, Option<Stamped>>,
}

impl Stamps {
    /// The stamp that a version had; none where another was seen last, or none yet.
    pub(super) fn of(&self, name: &str, version: i64) -> Option<String> {
        self.lock().now.get(name).filter(|(held, _)| *held == version).map(|(_, stamp)| stamp.clone())
    }

    /// Keeps what is seen now.
    pub(super) fn keep(&self, name: &str, version: i64, stamp: String) {
        let mut seen = self.lock();
        let before = seen.now.insert(name.to_owned(), (version, stamp));
        seen.before.entry(name.to_owned()).or_insert(before);
    }

    /// What was told is held, or it is not: then it is told once more, and a restore is noticed again.
    pub(super) fn settle(&self, is_held: bool) {
        let seen = &mut *self.lock();
        for (name, before) in seen.before.drain() {
            match before {
                _ if is_held => {}
                Some(before) => {
                    seen.now.insert(name, before);
                }
                None => {
                    seen.now.remove(&name);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
