//! What our own transactions have in common.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::connection;
use crate::model::Bbox;

/// Begins to write: the triggers leave versions and links to us until [`commit`].
pub(super) fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
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
