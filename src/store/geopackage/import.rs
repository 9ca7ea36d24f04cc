//! Writing features.

use std::collections::HashSet;

use rayon::prelude::*;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, params_from_iter};
use tokio::sync::mpsc;

use super::history::{self, Given, OpenBatch};
use super::log::{self, Changed};
use super::row;
use super::schema::{self, quoted, table_name};
use super::turn::Patience;
use super::{Inner, blob, join, value, write};
use crate::engine::locate::UnitIndex;
use crate::engine::stamp::Stamper;
use crate::model::{Bbox, Clock, Layer, Level, Relation, UnitLink};
use crate::store::{
    BatchCounts, BatchKind, ImportBatch, ImportId, ImportRow, Imported, Missing, Refusal, StoreError, Terms,
};

/// Rows that are waited for before the file is locked. More are written while they come, and other programs that want to write
/// wait for the end or are told that the database is locked: a table to stage the rows in would write each twice.
const WRITTEN_AT_ONCE: usize = 50_000;

impl Inner {
    /// Counts what an import would do: of a moment, and in nobody's way.
    pub(super) fn count_import(&self, layer: &Layer, rows: Incoming, terms: &Terms) -> Result<Imported, StoreError> {
        let clock = self.clock(layer)?;
        let done = self.reading(&format!("importing {}", layer.id), |connection| {
            let transaction = connection.transaction()?;
            let index = self.index(&transaction)?;
            let importer = Importer::new(&transaction, layer, None)?;
            let Some(mut importer) = take_all(importer, rows, (&index, &clock))? else { return Ok(None) };
            importer.miss(terms)?;
            importer.done.version = write::version(&transaction, layer.id.as_str())?.0;
            Ok(Some(importer.done))
        })?;
        agreed(done.ok_or_else(|| given_up(layer))?, layer, terms)
    }

    /// Takes rows in until [`ImportBatch::Commit`] and commits them in one transaction.
    pub(super) fn import(
        &self,
        layer: &Layer,
        (rows, terms): (Incoming, &Terms),
        patience: &Patience,
    ) -> Result<Imported, StoreError> {
        let clock = self.clock(layer)?;
        let done = self.writing((&format!("importing {}", layer.id), patience), |transaction| {
            let index = self.index(&transaction)?;
            let (units_version, _) = write::version(&transaction, "units")?;
            schema::add_columns(&transaction, layer)?;
            join::refresh(&transaction, &layer.id, (units_version, &index))?;
            let batch = OpenBatch::open(&transaction, &layer.id, (BatchKind::Import, &terms.author), None)?;
            let importer = Importer::new(&transaction, layer, batch)?;
            // Without the last word the transaction falls, and its guard with it.
            let Some(mut importer) = take_all(importer, rows, (&index, &clock))? else { return Ok(None) };
            importer.miss(terms)?;
            if agreed(importer.done, layer, terms).is_err() {
                return Ok(Some(importer.done));
            }
            let (mut done, changed, reach, batch) = importer.end();
            if !changed.is_nothing() {
                log::record_update(&transaction, layer.id.as_str(), &changed)?;
                write::touch(&transaction, &table_name(&layer.id), &reach)?;
            }
            (done.version, _) = write::version(&transaction, layer.id.as_str())?;
            let Imported { added, changed, removed, unchanged, version, .. } = done;
            let counts = BatchCounts { added, changed, removed, unchanged };
            done.batch = batch.map(|batch| batch.close(counts, version)).transpose()?;
            write::commit(transaction)?;
            Ok(Some(done))
        })?;
        agreed(done.ok_or_else(|| given_up(layer))?, layer, terms)
    }
}

/// The rows ended without the last word.
pub(super) fn given_up(layer: &Layer) -> StoreError {
    StoreError::GivenUp { layer: layer.id.to_string() }
}

/// Refuses what would remove more than was agreed to.
fn agreed(done: Imported, layer: &Layer, terms: &Terms) -> Result<Imported, StoreError> {
    match terms.missing {
        Missing::Remove { at_most } if done.missing > at_most => {
            let (layer, missing) = (layer.id.to_string(), done.missing);
            Err(StoreError::Refused(Refusal::TooManyMissing { layer, missing, at_most }))
        }
        _ => Ok(done),
    }
}

/// The steps of an import: those that were waited for, then the others as they come.
pub(super) struct Incoming {
    first: std::vec::IntoIter<ImportBatch>,
    others: mpsc::Receiver<ImportBatch>,
}

impl Incoming {
    /// Waits for the first rows; none where that was all and there was no [`ImportBatch::Commit`].
    pub(super) fn begin(mut rows: mpsc::Receiver<ImportBatch>) -> Option<Self> {
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

/// Takes in all rows; nothing where they end without [`ImportBatch::Commit`].
fn take_all<'a>(
    mut importer: Importer<'a>,
    mut rows: Incoming,
    (index, clock): (&UnitIndex, &Clock),
) -> rusqlite::Result<Option<Importer<'a>>> {
    loop {
        match rows.next() {
            Some(ImportBatch::Rows(batch)) => importer.take(&batch, index, clock)?,
            Some(ImportBatch::Commit) => return Ok(Some(importer)),
            None => return Ok(None),
        }
    }
}

/// One import on its way.
struct Importer<'a> {
    connection: &'a Connection,
    layer: &'a Layer,
    /// None where it is only counted what would be done.
    writing: Option<Writing<'a>>,
    stamper: Stamper,
    by_number: Statement<'a>,
    taken: Statement<'a>,
    by_source: Statement<'a>,
    done: Imported,
    changed: Changed,
    reach: Bbox,
    /// Features that the import names, as far as there were any before, and those that it added.
    named: Vec<i64>,
    names_numbers: bool,
    names_keys: bool,
    /// The layer had features before.
    had_rows: bool,
}

/// What an import writes with.
struct Writing<'a> {
    batch: OpenBatch<'a>,
    insert: Statement<'a>,
    update: Statement<'a>,
    relink: Statement<'a>,
}

impl<'a> Writing<'a> {
    fn new(connection: &'a Connection, layer: &Layer, batch: OpenBatch<'a>) -> rusqlite::Result<Self> {
        let table = quoted(&table_name(&layer.id));
        let names: Vec<String> = layer.fields.iter().map(|field| quoted(&field.name)).collect();
        let columns: Vec<String> = names.iter().map(|name| format!(", {name}")).collect();
        let columns = columns.concat();
        let places: Vec<String> = (0..names.len()).map(|index| format!(", ?{}", index + 5)).collect();
        let places = places.concat();
        let sets: Vec<String> =
            names.iter().enumerate().map(|(index, name)| format!(", {name} = ?{}", index + 5)).collect();
        let sets = sets.concat();
        Ok(Self {
            batch,
            insert: connection.prepare(&format!(
                "INSERT INTO {table} (_rowid_, source_id, geom, units{columns}) VALUES (?1, ?2, ?3, ?4{places})"
            ))?,
            update: connection.prepare(&format!(
                "UPDATE {table} SET source_id = ifnull(?2, source_id), geom = ?3, units = ?4{sets} WHERE _rowid_ = ?1"
            ))?,
            relink: connection.prepare(&format!("UPDATE {table} SET units = ?2 WHERE _rowid_ = ?1"))?,
        })
    }
}

impl<'a> Importer<'a> {
    fn new(connection: &'a Connection, layer: &'a Layer, batch: Option<OpenBatch<'a>>) -> rusqlite::Result<Self> {
        let table = quoted(&table_name(&layer.id));
        let select = row::select(connection, layer)?;
        Ok(Self {
            connection,
            layer,
            writing: batch.map(|batch| Writing::new(connection, layer, batch)).transpose()?,
            stamper: Stamper::of(layer),
            by_number: connection.prepare(&format!("{select} WHERE _rowid_ = ?1 AND source_id IS NULL"))?,
            taken: connection.prepare(&format!("SELECT 1 FROM {table} WHERE _rowid_ = ?1"))?,
            by_source: connection.prepare(&format!("{select} WHERE source_id = ?1"))?,
            done: Imported::default(),
            changed: Changed::nothing(),
            reach: Bbox::EMPTY,
            named: Vec::new(),
            names_numbers: false,
            names_keys: false,
            had_rows: connection.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |row| row.get(0))?,
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
        self.names_numbers |= matches!(row.id, ImportId::Number(_));
        self.names_keys |= matches!(row.id, ImportId::Text(_));
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
                self.named.push(id);
                if let Some(writing) = self.writing.as_mut().filter(|_| stored.as_deref() != Some(links)) {
                    writing.relink.execute((id, text))?;
                }
            }
            Some(Stored { id, same: false, .. }) => {
                self.done.changed += 1;
                self.named.push(id);
                if let Some(writing) = &mut self.writing {
                    self.changed.add(id);
                    writing.batch.keep(id)?;
                    writing.update.execute(params_from_iter(columns(row, (Some(id), source), &text)))?;
                    writing.batch.left(id, Some(self.stamper.stamp(row.at, &row.values)), Given::BySender)?;
                }
            }
            None => {
                self.done.added += 1;
                if let Some(writing) = &mut self.writing {
                    let id = writing.insert.insert(params_from_iter(columns(row, (number, source), &text)))?;
                    self.changed.add(id);
                    self.named.push(id);
                    let given = if row.id == ImportId::New { Given::ByStore } else { Given::BySender };
                    writing.batch.added(id, self.stamper.stamp(row.at, &row.values), given)?;
                }
            }
        }
        Ok(())
    }

    /// What it did, to which rows, how far they reach, and its batch.
    fn end(self) -> (Imported, Changed, Bbox, Option<OpenBatch<'a>>) {
        (self.done, self.changed, self.reach, self.writing.map(|writing| writing.batch))
    }

    /// Counts the features that a sender numbered or named, of the kinds that this import names, and that it does not name; removes
    /// them where that is agreed.
    fn miss(&mut self, terms: &Terms) -> rusqlite::Result<()> {
        if !self.had_rows || !(self.names_numbers || self.names_keys) {
            return Ok(());
        }
        self.named.sort_unstable();
        let given =
            if self.names_numbers { history::given_ids(self.connection, &self.layer.id)? } else { HashSet::new() };
        let table = quoted(&table_name(&self.layer.id));
        let mut missing = Vec::new();
        let mut select = self.connection.prepare(&format!("SELECT _rowid_, source_id FROM {table}"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let is_of_a_kind = match row.get_ref(1)?.as_str_or_null().ok().flatten() {
                None => self.names_numbers && !given.contains(&id),
                Some(key) if is_number(key) => self.names_numbers,
                Some(_) => self.names_keys,
            };
            if is_of_a_kind && self.named.binary_search(&id).is_err() {
                missing.push(id);
            }
        }
        self.done.missing = missing.len() as u64;
        let Missing::Remove { at_most } = terms.missing else { return Ok(()) };
        if self.done.missing > at_most {
            return Ok(());
        }
        self.done.removed = self.done.missing;
        let Some(Writing { batch, .. }) = &self.writing else { return Ok(()) };
        let mut delete = self.connection.prepare(&format!("DELETE FROM {table} WHERE _rowid_ = ?1"))?;
        for id in missing {
            batch.keep(id)?;
            delete.execute([id])?;
            self.changed.add(id);
        }
        Ok(())
    }
}

/// Whether a sender's key is a number, and so stands for the number that another feature had taken.
fn is_number(key: &str) -> bool {
    key.len() <= 19 && key.bytes().all(|byte| byte.is_ascii_digit()) && (key.len() == 1 || !key.starts_with('0'))
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
