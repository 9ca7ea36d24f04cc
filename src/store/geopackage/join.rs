//! Joining stored points with units: all of a layer after the units changed, or those that other programs wrote.

use rayon::prelude::*;
use rusqlite::{Transaction, params};

use super::log::Changed;
use super::row;
use super::schema::{quoted, table_name};
use super::value;
use super::write;
use crate::engine::locate::UnitIndex;
use crate::model::{LayerId, LonLat};

/// In place of the version of units under which a layer was joined: no version is such.
pub(super) const NEVER: u64 = i64::MAX as u64;

/// Points joined at a time.
const BATCH: usize = 8192;

/// Which rows to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All: the units changed.
    All,
    /// Those without links, as another program wrote them, until so many have got some.
    Unjoined {
        /// How many.
        most: u64,
    },
}

/// What a join did.
pub(super) struct Joined {
    /// The rows whose links became others.
    pub(super) changed: Changed,
    /// How many these are.
    pub(super) count: u64,
}

/// Joins rows of a layer. Rows without a usable place are left as they are.
pub(super) fn join(
    transaction: &Transaction<'_>,
    layer: &LayerId,
    index: &UnitIndex,
    which: Which,
) -> rusqlite::Result<Joined> {
    let table = quoted(&table_name(layer));
    let (unjoined, most) = match which {
        Which::All => ("", u64::MAX),
        Which::Unjoined { most } => ("AND units IS NULL", most),
    };
    let mut select = transaction.prepare(&format!(
        "SELECT _rowid_, geom, units FROM {table} WHERE _rowid_ > ?1 {unjoined} ORDER BY _rowid_ LIMIT {BATCH}"
    ))?;
    let mut update = transaction.prepare(&format!("UPDATE {table} SET units = ?2 WHERE _rowid_ = ?1"))?;
    let mut joined = Joined { changed: Changed::nothing(), count: 0 };
    let mut last = i64::MIN;
    while joined.count < most {
        let mut batch: Vec<(i64, Option<LonLat>, Option<String>)> = Vec::new();
        let mut rows = select.query([last])?;
        while let Some(row) = rows.next()? {
            let stored = row.get_ref(2)?.as_str_or_null().ok().flatten().map(str::to_owned);
            batch.push((row.get(0)?, row::place(row.get_ref(1)?).ok(), stored));
        }
        let Some((end, ..)) = batch.last() else { break };
        last = *end;
        let differing: Vec<(i64, String)> = batch
            .into_par_iter()
            .filter_map(|(id, at, stored)| {
                let links = value::links_text(&index.links(at?));
                (stored.as_deref() != Some(&links)).then_some((id, links))
            })
            .collect();
        for (id, links) in differing {
            update.execute(params![id, links])?;
            joined.changed.add(id);
            joined.count += 1;
        }
    }
    Ok(joined)
}

/// Brings a layer's links up to the units of this version. Readers have joined such rows for themselves meanwhile
/// ([`super::load`]), so this is no new version of the layer.
pub(super) fn refresh(
    transaction: &Transaction<'_>,
    layer: &LayerId,
    (units_version, index): (u64, &UnitIndex),
) -> rusqlite::Result<()> {
    let (_, joined) = write::version(transaction, layer.as_str())?;
    let which = if joined == units_version { Which::Unjoined { most: u64::MAX } } else { Which::All };
    join(transaction, layer, index, which)?;
    set_joined(transaction, layer, units_version)
}

/// Notes the version of the units under which all of the layer's links were made.
pub(super) fn set_joined(transaction: &Transaction<'_>, layer: &LayerId, units_version: u64) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE bandoso_version SET joined = ?2 WHERE name = ?1 AND joined <> ?2",
        params![layer.as_str(), units_version.cast_signed()],
    )?;
    Ok(())
}
