//! Tells a file whose content was put back from a backup from one that went on: afterwards the same versions are given again, to
//! other changes. Each version has a stamp, a random number (`bandoso_stamp`).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

/// A version, and its stamp.
type Stamped = (u64, i64);

/// The newest version of each layer, and of the units, as it was last seen.
#[derive(Default)]
pub(super) struct Stamps(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    now: HashMap<String, Stamped>,
    /// What was seen before it, until the follower says that it holds what it was told.
    before: HashMap<String, Option<Stamped>>,
}

impl Stamps {
    /// Whether the file does not have a version, which is held, with the stamp that it had when it was seen.
    pub(super) fn is_another(&self, connection: &Connection, name: &str, held: u64) -> rusqlite::Result<bool> {
        let known = self.lock().now.get(name).filter(|(version, _)| *version == held).map(|(_, stamp)| *stamp);
        let Some(known) = known else { return Ok(false) };
        let is_another = of(connection, name, held)? != Some(known);
        if is_another {
            // Or it is so far behind that its stamp is gone.
            tracing::info!(name, version = held, "the file does not have the version that is held: loading anew");
        }
        Ok(is_another)
    }

    /// Keeps the stamp of a version that is told now.
    pub(super) fn keep(&self, connection: &Connection, name: &str, version: u64) -> rusqlite::Result<()> {
        let Some(stamp) = of(connection, name, version)? else { return Ok(()) };
        let mut seen = self.lock();
        if seen.now.get(name) != Some(&(version, stamp)) {
            let before = seen.now.insert(name.to_owned(), (version, stamp));
            seen.before.entry(name.to_owned()).or_insert(before);
        }
        Ok(())
    }

    /// What was told is held, or it is not: then it is told once more.
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

/// The stamp of a version; none where that is too old, or of a file of before there were stamps.
pub(super) fn of(connection: &Connection, name: &str, version: u64) -> rusqlite::Result<Option<i64>> {
    // No version is beyond SQLite's numbers; one that claims so is of another time.
    let Ok(version) = i64::try_from(version) else { return Ok(None) };
    let mut select = connection.prepare_cached("SELECT stamp FROM bandoso_stamp WHERE layer = ?1 AND version = ?2")?;
    select.query_row(params![name, version], |row| row.get(0)).optional()
}
