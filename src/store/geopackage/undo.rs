//! Undoing a batch: its rows as they were before, unless somebody changed them since.

use rusqlite::types::Value as Column;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::history::{Given, KeptRow, OpenBatch, columns_of, rows_of};
use super::log::{self, Changed};
use super::schema::{self, quoted, table_name};
use super::turn::Patience;
use super::{Inner, row, value, write};
use crate::engine::locate::UnitIndex;
use crate::engine::stamp::{Stamp, Stamper};
use crate::model::{Bbox, Layer};
use crate::store::{Author, Batch, BatchCounts, BatchKind, BatchPage, MOST_NAMED, Refusal, StoreError};

impl Inner {
    /// Undoes a batch of a layer in one transaction; gives the batch that did it.
    pub(super) fn undo(
        &self,
        layer: &Layer,
        (id, author): (u64, &Author),
        patience: &Patience,
    ) -> Result<Batch, StoreError> {
        self.clock(layer)?;
        let done = self.writing((&format!("undoing batch {id}"), patience), |transaction| {
            let known = "SELECT 1 FROM bandoso_batch WHERE id = ?1 AND layer = ?2";
            let known = transaction.query_row(known, params![id.cast_signed(), layer.id.as_str()], |_| Ok(()));
            if known.optional()?.is_none() {
                return Ok(Err(Refusal::NoBatch { batch: id }));
            }
            let kind = (BatchKind::Undo, author);
            let Some(batch) = OpenBatch::open(&transaction, &layer.id, kind, Some(id.cast_signed()))? else {
                return Ok(Err(Refusal::Undone { batch: id }));
            };
            let index = self.index(&transaction)?;
            schema::add_columns(&transaction, layer)?;
            let select = format!("{} WHERE _rowid_ = ?1", row::select(&transaction, layer)?);
            let mut undoing =
                Undoing { connection: &transaction, layer, index: &index, batch, select, reach: Bbox::EMPTY };
            let rows = rows_of(&transaction, id.cast_signed())?;
            if let Some((rows, count)) = undoing.changed_since(&rows)? {
                return Ok(Err(Refusal::ChangedSince { batch: id, rows, count }));
            }
            let (mut changed, mut counts) = (Changed::nothing(), BatchCounts::default());
            for row in &rows {
                undoing.undo(row, &mut counts)?;
                changed.add(row.id);
            }
            let Undoing { batch, reach, .. } = undoing;
            log::record_update(&transaction, layer.id.as_str(), &changed)?;
            write::touch(&transaction, &table_name(&layer.id), &reach)?;
            let (version, _) = write::version(&transaction, layer.id.as_str())?;
            let number = batch.close(counts, version)?;
            write::commit(transaction)?;
            Ok(Ok(number))
        })?;
        let number = done.map_err(StoreError::Refused)?;
        let page = BatchPage { layer: None, before: None, limit: 1 };
        self.read_batches(&page, Some(number))?.pop().ok_or_else(|| StoreError::Fault {
            doing: format!("undoing batch {id}"),
            cause: "its undoing is not in the history".to_owned(),
        })
    }
}

struct Undoing<'a> {
    connection: &'a Connection,
    layer: &'a Layer,
    index: &'a UnitIndex,
    batch: OpenBatch<'a>,
    /// Reads one row by its id.
    select: String,
    reach: Bbox,
}

impl Undoing<'_> {
    /// The first rows, and how many there are, that are not as the batch left them, or that can no longer come back under their key.
    fn changed_since(&self, rows: &[KeptRow]) -> rusqlite::Result<Option<(Vec<u64>, u64)>> {
        let (mut named, mut count) = (Vec::new(), 0);
        let table = quoted(&table_name(&self.layer.id));
        let mut taken =
            self.connection.prepare(&format!("SELECT 1 FROM {table} WHERE source_id = ?1 AND _rowid_ <> ?2"))?;
        for kept in rows {
            let (is_there, now) = self.now(kept.id)?;
            let mut differs = now != kept.after || is_there != kept.after.is_some();
            if let (Some(before), None) = (&kept.before, kept.after) {
                let key = columns_of(before).into_iter().find(|(name, _)| name == "source_id");
                if let Some((_, Column::Text(key))) = key {
                    differs |= taken.exists(params![key, kept.id])?;
                }
            }
            if differs {
                count += 1;
                if named.len() < MOST_NAMED {
                    named.push(kept.id.unsigned_abs());
                }
            }
        }
        Ok((count > 0).then_some((named, count)))
    }

    /// Whether the row is there, and its stamp where it is a feature.
    fn now(&self, id: i64) -> rusqlite::Result<(bool, Option<Stamp>)> {
        let mut select = self.connection.prepare_cached(&self.select)?;
        let mut found = select.query([id])?;
        let Some(found) = found.next()? else { return Ok((false, None)) };
        let read = row::read(self.layer, found)?.ok();
        Ok((true, read.map(|row| Stamper::of(self.layer).stamp(row.at, &row.values))))
    }

    fn undo(&mut self, kept: &KeptRow, counts: &mut BatchCounts) -> rusqlite::Result<()> {
        self.batch.keep(kept.id)?;
        let table = quoted(&table_name(&self.layer.id));
        match (&kept.before, kept.after) {
            (None, None) => return Ok(()),
            (None, Some(_)) => {
                self.connection
                    .prepare_cached(&format!("DELETE FROM {table} WHERE _rowid_ = ?1"))?
                    .execute([kept.id])?;
                counts.removed += 1;
                return self.batch.left(kept.id, None, Given::BySender);
            }
            (Some(before), Some(_)) => {
                let ours = |name: &str| ["geom", "source_id"].contains(&name) || self.layer.field(name).is_some();
                let columns: Vec<_> = columns_of(before).into_iter().filter(|(name, _)| ours(name)).collect();
                let sets: Vec<String> = columns
                    .iter()
                    .enumerate()
                    .map(|(index, (name, _))| format!("{} = ?{}", quoted(name), index + 2))
                    .collect();
                let update = format!("UPDATE {table} SET {} WHERE _rowid_ = ?1", sets.join(", "));
                let values =
                    std::iter::once(Column::Integer(kept.id)).chain(columns.into_iter().map(|(_, value)| value));
                self.connection.prepare_cached(&update)?.execute(params_from_iter(values))?;
                counts.changed += 1;
            }
            (Some(before), None) => {
                // All but its id, which it has again whatever the column's name is now; generated ones are not there.
                let there: Vec<String> = self
                    .connection
                    .prepare("SELECT name FROM pragma_table_info(?1) WHERE pk = 0")?
                    .query_map([table_name(&self.layer.id)], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?;
                let columns: Vec<_> = columns_of(before).into_iter().filter(|(name, _)| there.contains(name)).collect();
                let id = ("_rowid_".to_owned(), Column::Integer(kept.id));
                let columns: Vec<_> = std::iter::once(id).chain(columns).collect();
                let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
                let places: Vec<String> = (1..=columns.len()).map(|index| format!("?{index}")).collect();
                let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
                let values = columns.into_iter().map(|(_, value)| value);
                self.connection.prepare_cached(&insert)?.execute(params_from_iter(values))?;
                counts.added += 1;
            }
        }
        self.join(kept.id)
    }

    /// Joins a row that is as before, and notes how it was left.
    fn join(&mut self, id: i64) -> rusqlite::Result<()> {
        let table = quoted(&table_name(&self.layer.id));
        let mut select = self.connection.prepare_cached(&self.select)?;
        let read = select.query_row([id], |found| row::read(self.layer, found))?;
        let Ok(read) = read else { return Ok(()) };
        let links = value::links_text(&self.index.links(read.at));
        let mut update =
            self.connection.prepare_cached(&format!("UPDATE {table} SET units = ?2 WHERE _rowid_ = ?1"))?;
        update.execute(params![id, links])?;
        self.reach.extend(read.at);
        let stamp = Stamper::of(self.layer).stamp(read.at, &read.values);
        self.batch.left(id, Some(stamp), Given::BySender)
    }
}
