//! Tells a store that was put back from a backup from one that went on: afterwards the same versions are given again, to other
//! changes. A version has a stamp, which no other has.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The newest version of each layer, and of the units, with its stamp, as it was last seen.
pub(super) struct Stamps<V, S>(Mutex<Seen<V, S>>);

struct Seen<V, S> {
    now: HashMap<String, (V, S)>,
    /// What was seen before it, until the follower says that it holds what it was told.
    before: HashMap<String, Option<(V, S)>>,
}

impl<V, S> Default for Stamps<V, S> {
    fn default() -> Self {
        Self(Mutex::new(Seen { now: HashMap::new(), before: HashMap::new() }))
    }
}

impl<V: PartialEq, S: PartialEq + Clone> Stamps<V, S> {
    /// The stamp that a version had; none where another was seen last, or none yet.
    pub(super) fn of(&self, name: &str, version: &V) -> Option<S> {
        self.lock().now.get(name).filter(|(held, _)| held == version).map(|(_, stamp)| stamp.clone())
    }

    /// Keeps what is seen now.
    pub(super) fn keep(&self, name: &str, version: V, stamp: S) {
        let (mut seen, now) = (self.lock(), (version, stamp));
        if seen.now.get(name) != Some(&now) {
            let before = seen.now.insert(name.to_owned(), now);
            seen.before.entry(name.to_owned()).or_insert(before);
        }
    }

    /// What was told is held, or it is not: then it is told once more, and what was put back is noticed again.
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

    fn lock(&self) -> MutexGuard<'_, Seen<V, S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
