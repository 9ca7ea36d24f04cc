//! The log of changes: what each version of a layer changed (`bandoso_change`). Triggers write it where other programs change
//! rows (`layer_triggers.sql`), and [`record`] for our own transactions.

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Transaction, params};

use super::write;

/// Versions kept for each layer, and ids besides: a follower that is further behind loads the layer whole. Some 3 MB a layer.
pub(super) const KEPT: usize = 50_000;
/// So many more may be there before the oldest go.
pub(super) const PRUNED_AT_A_TIME: usize = 1_000;
/// Ids of one transaction of ours that are told one by one; above it says 'all'.
pub(super) const MOST_IDS: usize = 10_000;

/// What a transaction of ours changed in a layer.
#[derive(Debug)]
pub(super) enum Changed {
    /// Rows with these ids.
    Ids(Vec<i64>),
    /// More than are worth telling one by one.
    Everything,
}

impl Changed {
    /// Nothing yet.
    pub(super) fn nothing() -> Self {
        Self::Ids(Vec::new())
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Ids(ids) if ids.is_empty())
    }

    /// One row more.
    pub(super) fn add(&mut self, id: i64) {
        match self {
            Self::Ids(ids) if ids.len() < MOST_IDS => ids.push(id),
            _ => *self = Self::Everything,
        }
    }
}

/// Moves a layer, or `units`, to its next version, where anything changed.
pub(super) fn record(transaction: &Transaction<'_>, name: &str, changed: &Changed) -> rusqlite::Result<()> {
    if changed.is_nothing() {
        return Ok(());
    }
    let (version, _) = write::version(transaction, name)?;
    let next = version.cast_signed() + 1;
    let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO bandoso_change VALUES (?1, ?2, ?3)")?;
    match changed {
        Changed::Ids(ids) => ids.iter().try_for_each(|id| insert.execute(params![name, next, id]).map(drop))?,
        Changed::Everything => insert.execute(params![name, next, "all"]).map(drop)?,
    }
    // The trigger bounds the versions; one of ours may have many ids.
    transaction.execute(
        "DELETE FROM bandoso_change WHERE layer = ?1 AND version <= (SELECT version FROM bandoso_change
             WHERE layer = ?1 ORDER BY version DESC LIMIT 1 OFFSET ?2)",
        params![name, KEPT as i64],
    )?;
    Ok(())
}

/// The same for a transaction that wrote rows of a layer, not only their links: it is up to date from now on.
pub(super) fn record_update(transaction: &Transaction<'_>, layer: &str, changed: &Changed) -> rusqlite::Result<()> {
    if changed.is_nothing() {
        return Ok(());
    }
    record(transaction, layer, changed)?;
    let now = jiff::Timestamp::now().as_microsecond();
    transaction.execute("UPDATE bandoso_version SET updated_at = ?2 WHERE name = ?1", params![layer, now]).map(drop)
}

/// The ids of all rows that changed after the version `held` up to the version `now`; none where the log does not tell: it
/// does not reach back, something wrote past it, much changed at once, or `held` is of another time.
pub(super) fn since(
    connection: &Connection,
    layer: &str,
    (held, now): (u64, u64),
) -> rusqlite::Result<Option<BTreeSet<i64>>> {
    let mut select = connection
        .prepare_cached("SELECT version, id FROM bandoso_change WHERE layer = ?1 AND version > ?2 ORDER BY version")?;
    // No version is beyond SQLite's numbers; one that claims so is of another time.
    let Ok(after) = i64::try_from(held) else { return Ok(None) };
    let mut rows = select.query(params![layer, after])?;
    let (mut ids, mut reached) = (BTreeSet::new(), after);
    while let Some(row) = rows.next()? {
        let version: i64 = row.get(0)?;
        match row.get_ref(1)? {
            ValueRef::Integer(id) if version - reached <= 1 => ids.insert(id),
            _ => return Ok(None),
        };
        reached = version;
    }
    Ok((reached.cast_unsigned() == now).then_some(ids))
}
