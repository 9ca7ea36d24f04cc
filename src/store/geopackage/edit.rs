//! Features written one by one.

use rusqlite::types::{ToSqlOutput, Value as Column};
use rusqlite::{Connection, OptionalExtension, Transaction, params_from_iter};

use super::history::{Given, OpenBatch};
use super::import::{columns, whole};
use super::log::{self, Changed};
use super::schema::{self, quoted, table_name};
use super::turn::Patience;
use super::{Inner, blob, row, value, write};
use crate::engine::locate::UnitIndex;
use crate::engine::stamp::Stamper;
use crate::model::{Bbox, Feature, Layer, LonLat, Value};
use crate::store::{Author, BatchCounts, BatchKind, Edit, Edited, ImportId, ImportRow, Refusal, StoreError, When};

/// What became of an edit: what it did, or why nothing was done.
type Outcome<T> = rusqlite::Result<Result<T, Refusal>>;

impl Inner {
    /// Makes all edits in one transaction, or none.
    pub(super) fn edit(
        &self,
        layer: &Layer,
        (edits, author): (&[Edit], &Author),
        patience: &Patience,
    ) -> Result<Edited, StoreError> {
        self.clock(layer)?;
        let done = self.writing((&format!("editing {}", layer.id), patience), |transaction| {
            let index = self.index(&transaction)?;
            // What it does not undo can always be opened.
            let batch = OpenBatch::open(&transaction, &layer.id, (BatchKind::Edit, author), None)?;
            let batch = batch.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            let counts = BatchCounts::default();
            schema::add_columns(&transaction, layer)?;
            let select = format!("{} WHERE _rowid_ = ?1", row::select(&transaction, layer)?);
            let (reach, stamper) = (Bbox::EMPTY, Stamper::of(layer));
            let mut editor =
                Editor { transaction: &transaction, layer, index: &index, batch, counts, stamper, select, reach };
            let (mut features, mut changed) = (Vec::with_capacity(edits.len()), Changed::nothing());
            for edit in edits {
                match editor.apply(edit)? {
                    Ok((id, feature)) => {
                        changed.add(id);
                        features.push(feature);
                    }
                    // The transaction falls.
                    Err(refusal) => return Ok(Err(refusal)),
                }
            }
            log::record_update(&transaction, layer.id.as_str(), &changed)?;
            write::touch(&transaction, &table_name(&layer.id), &editor.reach)?;
            let (version, _) = write::version(&transaction, layer.id.as_str())?;
            let batch = editor.batch.close(editor.counts, version)?;
            write::commit(transaction)?;
            Ok(Ok(Edited { features, version, batch: Some(batch) }))
        })?;
        done.map_err(StoreError::Refused)
    }
}

struct Editor<'a> {
    transaction: &'a Transaction<'a>,
    layer: &'a Layer,
    index: &'a UnitIndex,
    batch: OpenBatch<'a>,
    counts: BatchCounts,
    stamper: Stamper,
    /// Reads one row by its id.
    select: String,
    reach: Bbox,
}

impl Editor<'_> {
    /// Makes one edit; gives the feature's id, and the feature as it is now.
    fn apply(&mut self, edit: &Edit) -> Outcome<(i64, Option<Feature>)> {
        match edit {
            Edit::Create { id, at, values } => {
                let row = ImportRow { id: id.clone(), at: *at, values: values.clone() };
                Ok(self.create(&row)?.map(|feature| (feature.id.cast_signed(), Some(feature))))
            }
            Edit::Change { id, at, values, when } => self.change(*id, when, (*at, values)),
            Edit::Remove { id, when } => {
                let stored = match self.stored(*id, when)? {
                    Ok(stored) => stored,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let number = stored.id.cast_signed();
                let table = quoted(&table_name(&self.layer.id));
                self.batch.keep(number)?;
                self.batch.left(number, None, Given::BySender)?;
                self.counts.removed += 1;
                self.transaction.execute(&format!("DELETE FROM {table} WHERE _rowid_ = ?1"), [number])?;
                Ok(Ok((number, None)))
            }
        }
    }

    fn create(&mut self, row: &ImportRow) -> Outcome<Feature> {
        let table = quoted(&table_name(&self.layer.id));
        let (number, key, text) = match &row.id {
            ImportId::Number(number) => (Some(whole(*number)?), None, Some(number.to_string())),
            ImportId::Text(key) => (None, Some(key.as_str()), Some(key.clone())),
            ImportId::New => (None, None, None),
        };
        if let Some(id) = text {
            let taken = format!("SELECT 1 FROM {table} WHERE _rowid_ = ?1 OR source_id = ?2");
            if self.transaction.query_row(&taken, (number, &id), |_| Ok(())).optional()?.is_some() {
                return Ok(Err(Refusal::Taken { layer: self.layer.id.to_string(), id }));
            }
        }
        let links = self.index.links(row.at);
        let names: Vec<String> = self.layer.fields.iter().map(|field| format!(", {}", quoted(&field.name))).collect();
        let places: Vec<String> = (0..names.len()).map(|index| format!(", ?{}", index + 5)).collect();
        let (names, places) = (names.concat(), places.concat());
        let insert =
            format!("INSERT INTO {table} (_rowid_, source_id, geom, units{names}) VALUES (?1, ?2, ?3, ?4{places})");
        let links_text = value::links_text(&links);
        let cells = columns(row, (number, key), &links_text);
        let id = self.transaction.prepare(&insert)?.insert(params_from_iter(cells))?;
        self.reach.extend(row.at);
        self.counts.added += 1;
        let given = if row.id == ImportId::New { Given::ByStore } else { Given::BySender };
        self.batch.left(id, Some(self.stamper.stamp(row.at, &row.values)), given)?;
        Ok(Ok(Feature { id: id.cast_unsigned(), at: row.at, values: row.values.clone(), units: links }))
    }

    fn change(
        &mut self,
        id: u64,
        when: &When,
        (at, values): (Option<LonLat>, &[Option<Value>]),
    ) -> Outcome<(i64, Option<Feature>)> {
        let mut feature = match self.stored(id, when)? {
            Ok(stored) => stored,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let number = feature.id.cast_signed();
        self.batch.keep(number)?;
        let (mut sets, mut cells) = (vec!["_rowid_ = _rowid_".to_owned()], Vec::<ToSqlOutput<'_>>::new());
        if let Some(at) = at {
            feature.at = at;
            feature.units = self.index.links(at);
            cells.push(ToSqlOutput::from(blob::from_point(at).to_vec()));
            sets.push(format!("geom = ?{}", cells.len()));
            cells.push(ToSqlOutput::Owned(Column::Text(value::links_text(&feature.units))));
            sets.push(format!("units = ?{}", cells.len()));
        }
        for ((field, kept), new) in self.layer.fields.iter().zip(&mut feature.values).zip(values) {
            if let Some(new) = new {
                kept.clone_from(new);
                cells.push(value::to_column(new));
                sets.push(format!("{} = ?{}", quoted(&field.name), cells.len()));
            }
        }
        cells.push(ToSqlOutput::from(number));
        let table = quoted(&table_name(&self.layer.id));
        let update = format!("UPDATE {table} SET {} WHERE _rowid_ = ?{}", sets.join(", "), cells.len());
        self.transaction.prepare(&update)?.execute(params_from_iter(cells))?;
        self.reach.extend(feature.at);
        self.counts.changed += 1;
        self.batch.left(number, Some(self.stamper.stamp(feature.at, &feature.values)), Given::BySender)?;
        Ok(Ok((number, Some(feature))))
    }

    /// The feature as it is stored, if it is as it must be.
    fn stored(&self, id: u64, when: &When) -> Outcome<Feature> {
        let layer = self.layer.id.to_string();
        let connection: &Connection = self.transaction;
        let mut select = connection.prepare_cached(&self.select)?;
        let mut found = match i64::try_from(id) {
            Ok(number) => select.query([number])?,
            Err(_) => return Ok(Err(Refusal::NotThere { layer, id })),
        };
        let read = match found.next()? {
            Some(found) => row::read(self.layer, found)?.ok(),
            None => None,
        };
        // A row of another program's that is no feature is not on the map either.
        let Some(read) = read else { return Ok(Err(Refusal::NotThere { layer, id })) };
        let feature = read.into_feature(|at| self.index.links(at));
        Ok(if when.holds(feature.at, &feature.values) { Ok(feature) } else { Err(Refusal::Differs { layer, id }) })
    }
}
