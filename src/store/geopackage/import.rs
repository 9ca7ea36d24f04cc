//! Writing features.

use rayon::prelude::*;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Statement, ToSql, Transaction, params_from_iter};
use tokio::sync::mpsc;

use super::log::{self, Changed};
use super::row;
use super::schema::{quoted, table_name};
use super::{Inner, blob, join, value, write};
use crate::engine::locate::UnitIndex;
use crate::model::{Bbox, Clock, Layer, Level, Relation, UnitLink};
use crate::store::{ImportBatch, ImportId, ImportRow, Imported, StoreError};

/// Rows that are waited for before the file is locked. More are written while they come, and other programs that want to write
/// wait for the end or are told that the database is locked: a table to stage the rows in would write each twice.
const WRITTEN_AT_ONCE: usize = 50_000;

impl Inner {
    /// Takes rows in until [`ImportBatch::Commit`] and commits them in one transaction.
    pub(super) fn import(&self, layer: &Layer, mut rows: mpsc::Receiver<ImportBatch>) -> Result<Imported, StoreError> {
        let clock = self.clock(layer)?;
        let Some(rows) = Incoming::begin(&mut rows) else {
            return Err(StoreError::GivenUp { layer: layer.id.to_string() });
        };
        let doing = format!("importing {}", layer.id);
        self.writing(&doing, |connection| {
            let transaction = write::begin(connection)?;
            let index = self.index(&transaction)?;
            let (units_version, _) = write::version(&transaction, "units")?;
            join::refresh(&transaction, &layer.id, (units_version, &index))?;
            // Without the last word the transaction falls, and its guard with it.
            let Some((mut done, changed, reach)) = take_all(&transaction, layer, rows, (&index, &clock))? else {
                return Ok(None);
            };
            if !changed.is_nothing() {
                log::record(&transaction, layer.id.as_str(), &changed)?;
                write::touch(&transaction, &table_name(&layer.id), &reach)?;
            }
            (done.version, _) = write::version(&transaction, layer.id.as_str())?;
            write::commit(transaction)?;
            Ok(Some(done))
        })?
        .ok_or_else(|| StoreError::GivenUp { layer: layer.id.to_string() })
    }
}

/// The steps of an import: those that were waited for, then the others as they come.
struct Incoming<'r> {
    first: std::vec::IntoIter<ImportBatch>,
    others: &'r mut mpsc::Receiver<ImportBatch>,
}

impl<'r> Incoming<'r> {
    /// Waits for the first rows; none where that was all and there was no [`ImportBatch::Commit`].
    fn begin(rows: &'r mut mpsc::Receiver<ImportBatch>) -> Option<Self> {
        let (mut first, mut count) = (Vec::new(), 0);
        while count < WRITTEN_AT_ONCE {
            let step = rows.blocking_recv()?;
            let over = match &step {
                ImportBatch::Rows(batch) => {
                    count += batch.len();
                    false
                }
                ImportBatch::Commit => true,
            };
            first.push(step);
            if over {
                break;
            }
        }
        Some(Self { first: first.into_iter(), others: rows })
    }

    fn next(&mut self) -> Option<ImportBatch> {
        self.first.next().or_else(|| self.others.blocking_recv())
    }
}

/// Takes in all rows; gives what was done, to which rows, and how far it reaches, or nothing where the rows end without [`ImportBatch::Commit`].
fn take_all(
    transaction: &Transaction<'_>,
    layer: &Layer,
    mut rows: Incoming<'_>,
    (index, clock): (&UnitIndex, &Clock),
) -> rusqlite::Result<Option<(Imported, Changed, Bbox)>> {
    let mut importer = Importer::new(transaction, layer)?;
    loop {
        match rows.next() {
            Some(ImportBatch::Rows(batch)) => importer.take(&batch, index, clock)?,
            Some(ImportBatch::Commit) => return Ok(Some((importer.done, importer.changed, importer.reach))),
            None => return Ok(None),
        }
    }
}

/// One import on its way.
struct Importer<'a> {
    layer: &'a Layer,
    by_number: Statement<'a>,
    taken: Statement<'a>,
    by_source: Statement<'a>,
    insert: Statement<'a>,
    update: Statement<'a>,
    relink: Statement<'a>,
    done: Imported,
    changed: Changed,
    reach: Bbox,
}

impl<'a> Importer<'a> {
    fn new(transaction: &'a Transaction<'_>, layer: &'a Layer) -> rusqlite::Result<Self> {
        let table = quoted(&table_name(&layer.id));
        let names: Vec<String> = layer.fields.iter().map(|field| quoted(&field.name)).collect();
        let columns: Vec<String> = names.iter().map(|name| format!(", {name}")).collect();
        let columns = columns.concat();
        let places: Vec<String> = (0..names.len()).map(|index| format!(", ?{}", index + 5)).collect();
        let places = places.concat();
        let sets: Vec<String> =
            names.iter().enumerate().map(|(index, name)| format!(", {name} = ?{}", index + 5)).collect();
        let sets = sets.concat();
        let select = row::select(layer);
        Ok(Self {
            layer,
            by_number: transaction.prepare(&format!("{select} WHERE id = ?1 AND source_id IS NULL"))?,
            taken: transaction.prepare(&format!("SELECT 1 FROM {table} WHERE id = ?1"))?,
            by_source: transaction.prepare(&format!("{select} WHERE source_id = ?1"))?,
            insert: transaction.prepare(&format!(
                "INSERT INTO {table} (id, source_id, geom, units{columns}) VALUES (?1, ?2, ?3, ?4{places})"
            ))?,
            update: transaction.prepare(&format!(
                "UPDATE {table} SET source_id = ifnull(?2, source_id), geom = ?3, units = ?4{sets} WHERE id = ?1"
            ))?,
            relink: transaction.prepare(&format!("UPDATE {table} SET units = ?2 WHERE id = ?1"))?,
            done: Imported::default(),
            changed: Changed::nothing(),
            reach: Bbox::EMPTY,
        })
    }

    fn take(&mut self, rows: &[ImportRow], index: &UnitIndex, clock: &Clock) -> rusqlite::Result<()> {
        let links: Vec<Vec<UnitLink>> = rows.par_iter().map(|row| index.links(row.at)).collect();
        for (row, links) in rows.iter().zip(&links) {
            let day = self.layer.own_day(&row.values, clock);
            if index.relation(links, Level::Commune, day) == Relation::Outside {
                self.done.outside += 1;
            }
            self.reach.extend(row.at);
            self.put(row, links)?;
        }
        Ok(())
    }

    /// The number or the sender's key under which a row is kept. A number that the store has given to a feature with a key
    /// of its own belongs to that feature: the row's number is then its key.
    fn identity(&mut self, id: &ImportId) -> rusqlite::Result<(Option<i64>, Option<String>)> {
        let id = match id {
            ImportId::Number(id) => *id,
            ImportId::Text(key) => return Ok((None, Some(key.clone()))),
            ImportId::New => return Ok((None, None)),
        };
        let (number, key) = (whole(id)?, id.to_string());
        let is_key =
            self.by_source.exists([&key])? || (self.taken.exists([number])? && !self.by_number.exists([number])?);
        Ok(if is_key { (None, Some(key)) } else { (Some(number), None) })
    }

    /// Writes a row where it is new or differs from the stored one.
    fn put(&mut self, row: &ImportRow, links: &[UnitLink]) -> rusqlite::Result<()> {
        let (number, source) = self.identity(&row.id)?;
        let source = source.as_deref();
        let stored = match (number, source) {
            (Some(id), _) => find(&mut self.by_number, id, self.layer, row)?,
            (_, Some(key)) => find(&mut self.by_source, key, self.layer, row)?,
            _ => None,
        };
        let text = value::links_text(links);
        match stored {
            Some(Stored { id, same: true, links: stored }) => {
                self.done.unchanged += 1;
                if stored.as_deref() != Some(links) {
                    self.relink.execute((id, text))?;
                }
            }
            Some(Stored { id, same: false, .. }) => {
                self.done.changed += 1;
                self.changed.add(id);
                self.update.execute(params_from_iter(columns(row, (Some(id), source), &text)))?;
            }
            None => {
                self.done.added += 1;
                let id = self.insert.insert(params_from_iter(columns(row, (number, source), &text)))?;
                self.changed.add(id);
            }
        }
        Ok(())
    }
}

/// What is stored under a row's identity.
struct Stored {
    id: i64,
    /// Place and values are those of the row.
    same: bool,
    links: Option<Vec<UnitLink>>,
}

fn find(
    statement: &mut Statement<'_>,
    key: impl ToSql,
    layer: &Layer,
    row: &ImportRow,
) -> rusqlite::Result<Option<Stored>> {
    let mut found = statement.query([key])?;
    let Some(stored) = found.next()? else { return Ok(None) };
    let id = stored.get(0)?;
    Ok(Some(match row::read(layer, stored)? {
        Ok(stored) => {
            let same = stored.at == row.at && stored.values == row.values && stored.misfits.is_empty();
            Stored { id, same, links: stored.links }
        }
        Err(_) => Stored { id, same: false, links: None },
    }))
}

/// SQLite's numbers end where signed ones do.
pub(super) fn whole(id: u64) -> rusqlite::Result<i64> {
    i64::try_from(id).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// The values of `insert` and `update`, in their order.
pub(super) fn columns<'r>(
    row: &'r ImportRow,
    (id, source): (Option<i64>, Option<&'r str>),
    links: &'r str,
) -> impl Iterator<Item = ToSqlOutput<'r>> {
    let text = |text: &'r str| ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()));
    let null = || ToSqlOutput::Borrowed(ValueRef::Null);
    let own = [
        id.map_or_else(null, ToSqlOutput::from),
        source.map_or_else(null, text),
        ToSqlOutput::from(blob::from_point(row.at).to_vec()),
        text(links),
    ];
    own.into_iter().chain(row.values.iter().map(value::to_column))
}
