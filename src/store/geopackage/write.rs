//! What our own transactions have in common.

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::connection;
use super::turn::Patience;
use crate::model::Bbox;

/// How long SQLite asks for the lock by itself.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Begins to write: the triggers leave versions and links to us until [`commit`].
///
/// While another program writes it is asked again and again, so that whoever wants it no more gives up at once.
pub(super) fn begin<'c>(connection: &'c Connection, patience: &Patience) -> rusqlite::Result<Transaction<'c>> {
    connection.busy_timeout(patience.left().min(ASK_EVERY))?;
    let transaction = loop {
        match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
            Err(error) if connection::is_busy(&error) && !patience.is_over() => {}
            begun => break begun?,
        }
    };
    // Without a write-ahead log the commit waits for readers.
    connection.busy_timeout(patience.left())?;
    transaction.execute("INSERT OR IGNORE INTO bandoso_guard VALUES (1)", [])?;
    Ok(transaction)
}

/// Makes it so.
pub(super) fn commit(transaction: Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM bandoso_guard", [])?;
    transaction.commit()
}

/// Does something to one layer. Where that layer cannot take it, nothing of it is done, it is told why, and the others go on.
pub(super) fn attempt<T>(
    transaction: &Transaction<'_>,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<Result<T, rusqlite::Error>> {
    transaction.execute_batch("SAVEPOINT one_layer")?;
    let done = work();
    match &done {
        Ok(_) => transaction.execute_batch("RELEASE one_layer")?,
        Err(error) if connection::is_of_one_layer(error) => {
            transaction.execute_batch("ROLLBACK TO one_layer; RELEASE one_layer")?;
        }
        Err(_) => return done.map(Ok),
    }
    Ok(done)
}

/// The version of a layer, or of `units`; and the version of `units` under which the layer was joined.
pub(super) fn version(connection: &Connection, name: &str) -> rusqlite::Result<(u64, u64)> {
    connection
        .prepare_cached("SELECT version, joined FROM bandoso_version WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned())))
}

/// Notes in `gpkg_contents` that a table changed, and that it reaches as far as the box.
pub(super) fn touch(transaction: &Transaction<'_>, table: &str, reach: &Bbox) -> rusqlite::Result<()> {
    let now = "UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    if reach.is_empty() {
        transaction.execute(&format!("{now} WHERE table_name = ?1"), [table])?;
        return Ok(());
    }
    let sql = format!(
        "{now}, min_x = min(ifnull(min_x, ?2), ?2), min_y = min(ifnull(min_y, ?3), ?3),
         max_x = max(ifnull(max_x, ?4), ?4), max_y = max(ifnull(max_y, ?5), ?5) WHERE table_name = ?1"
    );
    transaction.execute(&sql, params![table, reach.west, reach.south, reach.east, reach.north])?;
    Ok(())
}
