//! Rows of a layer's table that are no features, and when the others were written.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::schema::{quoted, table_name};
use super::{Inner, row, write};
use crate::model::{FindingKind, Freshness, Instant, Layer};
use crate::store::{LeftOut, LeftOutPage, LeftOutRow, StoreError};

impl Inner {
    /// Reads the ids and places of the whole table.
    pub(super) fn left_out(&self, layer: &Layer, page: &LeftOutPage) -> Result<LeftOut, StoreError> {
        self.reading(&format!("looking for rows without a place in {}", layer.id), |connection| {
            let transaction = connection.transaction()?;
            let (version, _) = write::version(&transaction, layer.id.as_str())?;
            let mut counts = BTreeMap::<FindingKind, u64>::new();
            let (mut met, mut asked) = (0_u64, Vec::new());
            let mut select = transaction
                .prepare(&format!("SELECT _rowid_, geom FROM {} ORDER BY _rowid_", quoted(&table_name(&layer.id))))?;
            let mut rows = select.query([])?;
            while let Some(found) = rows.next()? {
                let id: i64 = found.get(0)?;
                let kind = match row::place(found.get_ref(1)?) {
                    _ if id < 0 => FindingKind::InvalidId,
                    Err(fault) => fault.kind(),
                    Ok(_) => continue,
                };
                *counts.entry(kind).or_default() += 1;
                if page.kinds.contains(&kind) {
                    if met >= page.skip && asked.len() < page.limit {
                        asked.push((id, kind));
                    }
                    met += 1;
                }
            }
            let rows = with_values(&transaction, layer, asked)?;
            Ok(LeftOut { version, counts: counts.into_iter().collect(), rows })
        })
    }

    /// When each layer of the file was written.
    pub(super) fn freshness(&self) -> Result<BTreeMap<String, Freshness>, StoreError> {
        self.watching("asking when layers were written", |watcher| {
            let mut select = watcher.connection.prepare_cached(
                "SELECT name, updated_at, (SELECT b.at FROM bandoso_batch b
                     WHERE b.layer = name AND b.kind = 'import' ORDER BY b.id DESC LIMIT 1)
                 FROM bandoso_version WHERE name <> 'units'",
            )?;
            let rows = select.query_map([], |row| {
                let instant = |column| row.get::<_, Option<i64>>(column).map(|micros| micros.map(Instant));
                let (updated, imported) = (instant(1)?, instant(2)?);
                Ok((row.get(0)?, Freshness { updated, confirmed: updated.max(imported) }))
            })?;
            rows.collect()
        })
    }
}

fn with_values(
    connection: &Connection,
    layer: &Layer,
    asked: Vec<(i64, FindingKind)>,
) -> rusqlite::Result<Vec<LeftOutRow>> {
    let mut select = connection.prepare(&format!("{} WHERE _rowid_ = ?1", row::select(connection, layer)?))?;
    let row = |(id, kind): (i64, FindingKind)| {
        let values = select.query_row([id], |found| row::values(layer, found))?;
        Ok(LeftOutRow { id: Some(id), kind, values: values.0 })
    };
    asked.into_iter().map(row).collect()
}
