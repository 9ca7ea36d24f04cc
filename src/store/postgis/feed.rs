//! Rows on their way into the database: joined with the units and written in the binary form of `COPY`, on a thread of their own,
//! while the database works on those before them.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Sink, SinkExt};
use rayon::prelude::*;
use tokio::sync::mpsc;
use tokio_postgres::types::{IsNull, ToSql, Type};

use super::columns::{Cell, wire_type};
use super::failure::fault;
use super::merge::Named;
use crate::engine::locate::UnitIndex;
use crate::engine::stamp::Stamper;
use crate::model::{Clock, Layer, Level, Relation as Holds, UnitLink};
use crate::store::{ImportBatch, ImportId, ImportRow, StoreError};

/// Rows that go together: as many as keep the database busy while the next ones are made.
const CHUNK_ROWS: usize = 8_192;
/// Rows that one processor makes at a time.
const PIECE_ROWS: usize = 512;
/// Chunks that wait for the database.
const WAITING_CHUNKS: usize = 1;

/// How the binary form begins: its signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How it ends: a row of -1 columns.
const TAIL: &[u8] = b"\xff\xff";
/// From a row's beginning to the eight bytes of its first column: the number of columns, the length.
const TO_FIRST_COLUMN: usize = 2 + 4;

/// What a sender calls its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// By numbers, which become the features' own.
    Numbers,
    /// By keys of its own, or by nothing: the store gives the numbers.
    Given,
}

/// The columns that rows are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Those of the staging table, see `Merge::stage`.
    Staged,
    /// Those of the layer's own table, of rows of one kind of identity; the others come back.
    Stored(Identity),
}

/// Rows as they come, the first of them looked at already.
pub(super) struct Incoming {
    held: VecDeque<ImportBatch>,
    rows: mpsc::Receiver<ImportBatch>,
}

impl Incoming {
    /// Waits for so many rows, or for all where they are fewer.
    pub(super) async fn look(mut rows: mpsc::Receiver<ImportBatch>, least: usize) -> Self {
        let (mut held, mut count) = (VecDeque::new(), 0);
        while count < least
            && let Some(batch) = rows.recv().await
        {
            let is_end = matches!(batch, ImportBatch::Commit);
            count += batch_rows(&batch).len();
            held.push_back(batch);
            if is_end {
                break;
            }
        }
        Self { held, rows }
    }

    /// How many rows were looked at.
    pub(super) fn held(&self) -> usize {
        self.held.iter().map(|batch| batch_rows(batch).len()).sum()
    }

    /// The identity of those rows, if it is the same of all.
    pub(super) fn identity(&self) -> Option<Identity> {
        let mut kinds = self.held.iter().flat_map(batch_rows).map(Identity::of);
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then_some(first)
    }

    fn next(&mut self) -> Option<ImportBatch> {
        self.held.pop_front().or_else(|| self.rows.blocking_recv())
    }
}

fn batch_rows(batch: &ImportBatch) -> &[ImportRow] {
    match batch {
        ImportBatch::Rows(rows) => rows,
        ImportBatch::Commit => &[],
    }
}

impl Identity {
    fn of(row: &ImportRow) -> Self {
        if matches!(row.id, ImportId::Number(_)) { Self::Numbers } else { Self::Given }
    }
}

/// Some rows, ready for the database.
#[derive(Default)]
pub(super) struct Piece {
    bytes: BytesMut,
    /// Where each row begins.
    starts: Vec<usize>,
    pub(super) ids: Vec<i64>,
    stamps: Vec<i64>,
    /// Whether it has neither number nor key of its sender's.
    nameless: Vec<bool>,
    named: Named,
    outside: u64,
}

impl Piece {
    /// What each row is known by afterwards, id and stamp; and whether it has neither number nor key of its sender's.
    pub(super) fn known(&self) -> impl Iterator<Item = ((i64, i64), bool)> {
        let known = self.ids.iter().copied().zip(self.stamps.iter().copied());
        known.zip(self.nameless.iter().copied())
    }
}

/// What comes out of the thread.
pub(super) enum Fed {
    Rows(Vec<Piece>),
    /// That was all.
    Commit,
    /// The rows from here on are of another identity.
    Others(Incoming),
}

/// What all rows were.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fare {
    pub(super) rows: u64,
    pub(super) named: Named,
    /// In and near no commune on their own date.
    pub(super) outside: u64,
}

impl Fare {
    pub(super) fn add(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            self.rows += piece.starts.len() as u64;
            self.named.numbers |= piece.named.numbers;
            self.named.keys |= piece.named.keys;
            self.outside += piece.outside;
        }
    }
}

/// What rows are joined with and written by.
pub(super) struct Feeder {
    layer: Layer,
    index: Arc<UnitIndex>,
    clock: Clock,
    stamper: Stamper,
    form: Form,
}

impl Feeder {
    pub(super) fn new(layer: &Layer, index: Arc<UnitIndex>, clock: Clock, form: Form) -> Self {
        Self { stamper: Stamper::of(layer), layer: layer.clone(), index, clock, form }
    }

    /// Begins: memory is bounded, for what the database has not taken makes the sender wait. Without a last word the rows were given up.
    pub(super) fn begin(self, incoming: Incoming) -> mpsc::Receiver<Result<Fed, StoreError>> {
        let (sender, fed) = mpsc::channel(WAITING_CHUNKS);
        tokio::task::spawn_blocking(move || self.run(incoming, &sender));
        fed
    }

    /// Who receives may go away: then this ends.
    fn run(&self, mut incoming: Incoming, out: &mpsc::Sender<Result<Fed, StoreError>>) {
        let mut rows: Vec<ImportRow> = Vec::new();
        loop {
            let Some(batch) = incoming.next() else { return };
            let last = match batch {
                ImportBatch::Commit => Fed::Commit,
                ImportBatch::Rows(more) if more.iter().all(|row| self.takes(row)) => {
                    rows.extend(more);
                    let whole = rows.len() / CHUNK_ROWS * CHUNK_ROWS;
                    for chunk in rows.get(..whole).unwrap_or_default().chunks(CHUNK_ROWS) {
                        let made = self.chunk(chunk).map(Fed::Rows);
                        if made.is_err() | out.blocking_send(made).is_err() {
                            return;
                        }
                    }
                    rows.drain(..whole);
                    continue;
                }
                others @ ImportBatch::Rows(_) => {
                    incoming.held.push_front(others);
                    Fed::Others(incoming)
                }
            };
            let made = self.chunk(&rows).map(Fed::Rows);
            if made.is_ok() & out.blocking_send(made).is_ok() {
                // Who went away meanwhile misses nothing.
                let _ = out.blocking_send(Ok(last));
            }
            return;
        }
    }

    fn takes(&self, row: &ImportRow) -> bool {
        match self.form {
            Form::Staged => true,
            Form::Stored(identity) => Identity::of(row) == identity,
        }
    }

    fn chunk(&self, rows: &[ImportRow]) -> Result<Vec<Piece>, StoreError> {
        rows.par_chunks(PIECE_ROWS).map(|rows| self.piece(rows)).collect()
    }

    fn piece(&self, rows: &[ImportRow]) -> Result<Piece, StoreError> {
        let mut piece = Piece::default();
        for row in rows {
            let links = self.index.links(row.at);
            let day = self.layer.own_day(&row.values, &self.clock);
            piece.outside += u64::from(self.index.relation(&links, Level::Commune, day) == Holds::Outside);
            let stamp = self.stamper.stamp(row.at, &row.values).0.cast_signed();
            piece.starts.push(piece.bytes.len());
            piece.stamps.push(stamp);
            self.write(&mut piece, row, (links, stamp))?;
        }
        Ok(piece)
    }

    fn write(
        &self,
        piece: &mut Piece,
        row: &ImportRow,
        (links, stamp): (Vec<UnitLink>, i64),
    ) -> Result<(), StoreError> {
        let doing = || format!("importing into {}", self.layer.id);
        let (number, key) = match &row.id {
            ImportId::Number(id) => {
                let id = i64::try_from(*id).map_err(|_| fault(doing(), format!("the id {id} is 2⁶³ or more")))?;
                (Some(id), None)
            }
            ImportId::Text(text) => (None, Some(text.as_str())),
            ImportId::New => (None, None),
        };
        if row.values.len() != self.layer.fields.len() {
            let cause = format!("a row has {} values for {} fields", row.values.len(), self.layer.fields.len());
            return Err(fault(doing(), cause));
        }
        piece.named.numbers |= number.is_some();
        piece.named.keys |= key.is_some();
        piece.ids.push(number.unwrap_or_default());
        piece.nameless.push(number.is_none() && key.is_none());
        let units = Cell::Units(links.into_iter().map(UnitLink::to_stored).collect());
        let out = &mut piece.bytes;
        let own = if self.form == Form::Staged { 6 } else { 4 };
        let columns = i16::try_from(own + row.values.len());
        out.put_i16(columns.map_err(|_| fault(doing(), format!("{} fields", row.values.len())))?);
        let mut put = |cell: &Cell, kind: &Type| put(out, cell, kind).map_err(|cause| fault(doing(), cause));
        match self.form {
            Form::Staged => {
                put(&Cell::Number(number), &Type::INT8)?;
                put(&Cell::Text(key), &Type::TEXT)?;
                put(&Cell::Real(row.at.lon), &Type::FLOAT8)?;
                put(&Cell::Real(row.at.lat), &Type::FLOAT8)?;
                put(&units, &Type::INT4_ARRAY)?;
                put(&Cell::Number(Some(stamp)), &Type::INT8)?;
            }
            Form::Stored(_) => {
                // Eight bytes in any case: they are written over where the store gives the number.
                put(&Cell::Number(Some(number.unwrap_or_default())), &Type::INT8)?;
                put(&Cell::Text(key), &Type::TEXT)?;
                put(&Cell::Point(row.at), &Type::BYTEA)?;
                put(&units, &Type::INT4_ARRAY)?;
            }
        }
        for (value, field) in row.values.iter().zip(&self.layer.fields) {
            if !value.is_of(field.kind) {
                return Err(fault(doing(), format!("{value:?} is no value of the field {}", field.name)));
            }
            put(&Cell::Value(value), &wire_type(field.kind))?;
        }
        Ok(())
    }
}

/// A cell with its length before it; -1 where it is null.
fn put(out: &mut BytesMut, cell: &Cell, kind: &Type) -> Result<(), String> {
    let begin = out.len();
    out.put_i32(-1);
    if let IsNull::No = cell.to_sql(kind, out).map_err(|error| error.to_string())? {
        let length = i32::try_from(out.len() - begin - 4).map_err(|_| "a value of 2 GiB or more".to_owned())?;
        if let Some(place) = out.get_mut(begin..begin + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
    Ok(())
}

/// Gives the rows their numbers, which count up.
pub(super) fn number(pieces: &mut [Piece], first: i64) {
    let mut next = first;
    for piece in pieces {
        for (start, id) in piece.starts.iter().zip(&mut piece.ids) {
            *id = next;
            next += 1;
            let at = start + TO_FIRST_COLUMN;
            if let Some(place) = piece.bytes.get_mut(at..at + 8) {
                place.copy_from_slice(&id.to_be_bytes());
            }
        }
    }
}

/// Begins a `COPY`.
pub(super) async fn send_head<S: Sink<Bytes> + Unpin>(sink: &mut S) -> Result<(), S::Error> {
    sink.send(Bytes::from_static(HEAD)).await
}

/// Sends rows.
pub(super) async fn send<S: Sink<Bytes> + Unpin>(sink: &mut S, pieces: &mut [Piece]) -> Result<(), S::Error> {
    for piece in pieces {
        sink.send(std::mem::take(&mut piece.bytes).freeze()).await?;
    }
    Ok(())
}

/// Ends it.
pub(super) async fn send_tail<S: Sink<Bytes> + Unpin>(sink: &mut S) -> Result<(), S::Error> {
    sink.send(Bytes::from_static(TAIL)).await
}
