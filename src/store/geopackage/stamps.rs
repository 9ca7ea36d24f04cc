//! Each version has a stamp, a random number (`bandoso_stamp`): see [`Stamps`].

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::stamps::Stamps;

/// Whether the file does not have a version, which is held, with the stamp that it had when it was seen. Keeps the stamp of the one that
/// it has now.
pub(super) fn look(
    stamps: &Stamps<u64, i64>,
    connection: &Connection,
    name: &str,
    (held, now): (u64, u64),
) -> rusqlite::Result<bool> {
    let is_another = match stamps.of(name, &held) {
        Some(known) => of(connection, name, held)? != Some(known),
        None => false,
    };
    if is_another {
        // Or it is so far behind that its stamp is gone.
        tracing::info!(name, version = held, "the file does not have the version that is held: loading anew");
    }
    if let Some(stamp) = of(connection, name, now)? {
        stamps.keep(name, now, stamp);
    }
    Ok(is_another)
}

/// The stamp of a version; none where that is too old, or of a file of before there were stamps.
pub(super) fn of(connection: &Connection, name: &str, version: u64) -> rusqlite::Result<Option<i64>> {
    // No version is beyond SQLite's numbers; one that claims so is of another time.
    let Ok(version) = i64::try_from(version) else { return Ok(None) };
    let mut select = connection.prepare_cached("SELECT stamp FROM bandoso_stamp WHERE layer = ?1 AND version = ?2")?;
    select.query_row(params![name, version], |row| row.get(0)).optional()
}
