//! Folding the log into the file.

use std::time::Duration;

use rusqlite::Connection;

/// Puts the log into the file and empties it, waiting for nobody; false where somebody is in the way.
pub(super) fn fold(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let checkpoint = |sql| {
        connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
    };
    // Writers go on while this does the most of it; without a log all three are nothing to speak of.
    let (_, frames, in_file) = checkpoint("PRAGMA wal_checkpoint(PASSIVE)")?;
    if frames != in_file {
        return Ok(false);
    }
    // This keeps them out for a moment.
    let (busy, ..) = checkpoint("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(busy == 0)
}
