//! Batches: who wrote what, and how it was before.

use std::collections::HashSet;

use rusqlite::types::{Value as Column, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value as Json, json};

use super::schema::{quoted, table_name};
use super::{Inner, row, value};
use crate::engine::stamp::Stamp;
use crate::model::{Instant, Layer, LayerId, Value};
use crate::store::{Author, Batch, BatchCounts, BatchKind, BatchPage, BatchRow, MOST_ROWS, StoreError};

/// Rows that an import added and that its history keeps side by side.
const ADDED_TOGETHER: usize = 4096;

/// A batch that is being written.
pub(super) struct OpenBatch<'a> {
    connection: &'a Connection,
    table: String,
    /// Its number.
    pub(super) id: i64,
    parts: i64,
    /// Ids and stamps that are not written yet: of rows with numbers of their own, and of those that the store numbered.
    added: [Vec<u8>; 2],
}

/// A row of a batch.
pub(super) struct KeptRow {
    pub(super) id: i64,
    pub(super) before: Option<String>,
    pub(super) after: Option<Stamp>,
}

impl<'a> OpenBatch<'a> {
    /// Opens a batch; none where the one that it is to undo is undone already.
    pub(super) fn open(
        connection: &'a Connection,
        layer: &LayerId,
        (kind, author): (BatchKind, &Author),
        undoes: Option<i64>,
    ) -> rusqlite::Result<Option<Self>> {
        let source = Json::from(author.source.clone()).to_string();
        let now = jiff::Timestamp::now().as_microsecond();
        let opened = connection.execute(
            "INSERT OR IGNORE INTO bandoso_batch (layer, kind, who, source, at, undoes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![layer.as_str(), kind.name(), author.who, source, now, undoes],
        )?;
        let (id, table) = (connection.last_insert_rowid(), table_name(layer));
        Ok((opened == 1).then(|| Self { connection, table, id, parts: 0, added: Default::default() }))
    }

    /// Notes a row that is new.
    pub(super) fn added(&mut self, id: i64, stamp: Stamp, given: Given) -> rusqlite::Result<()> {
        let Some(part) = self.added.get_mut(usize::from(given == Given::ByStore)) else { return Ok(()) };
        part.extend(id.to_le_bytes());
        part.extend(stamp.0.to_le_bytes());
        if part.len() >= ADDED_TOGETHER * 16 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        for (given, part) in self.added.iter_mut().enumerate() {
            if !part.is_empty() {
                let mut insert =
                    self.connection.prepare_cached("INSERT INTO bandoso_batch_added VALUES (?1, ?2, ?3, ?4)")?;
                insert.execute(params![self.id, self.parts, given as i64, &*part])?;
                self.parts += 1;
                part.clear();
            }
        }
        Ok(())
    }

    /// Keeps how a row is now, unless the batch has kept it already.
    pub(super) fn keep(&self, id: i64) -> rusqlite::Result<()> {
        let mut select =
            self.connection.prepare_cached(&format!("SELECT * FROM {} WHERE _rowid_ = ?1", quoted(&self.table)))?;
        let before = select.query_row([id], columns_json).optional()?;
        let mut insert = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO bandoso_batch_row (batch, id, before) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![self.id, id, before]).map(drop)
    }

    /// Notes how a row was left: none where it is gone.
    pub(super) fn left(&self, id: i64, stamp: Option<Stamp>, given: Given) -> rusqlite::Result<()> {
        let mut left = self.connection.prepare_cached(
            "INSERT INTO bandoso_batch_row (batch, id, after, given) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (batch, id) DO UPDATE SET after = excluded.after",
        )?;
        let given = given == Given::ByStore;
        left.execute(params![self.id, id, stamp.map(|stamp| stamp.0.cast_signed()), given]).map(drop)
    }

    /// Says what it did.
    pub(super) fn close(mut self, counts: BatchCounts, version: u64) -> rusqlite::Result<u64> {
        self.flush()?;
        let BatchCounts { added, changed, removed, unchanged } = counts;
        let [added, changed, removed, unchanged, version] =
            [added, changed, removed, unchanged, version].map(u64::cast_signed);
        self.connection.execute(
            "UPDATE bandoso_batch SET added = ?2, changed = ?3, removed = ?4, unchanged = ?5, version = ?6 WHERE id = ?1",
            params![self.id, added, changed, removed, unchanged, version],
        )?;
        Ok(self.id.unsigned_abs())
    }
}

/// Who gave a feature its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// Its sender, who may send it again; or it has a key.
    BySender,
    /// The store.
    ByStore,
}

/// A row's columns as JSON, but for its units.
fn columns_json(row: &Row<'_>) -> rusqlite::Result<String> {
    let mut columns = Map::new();
    let statement: &rusqlite::Statement<'_> = row.as_ref();
    for (index, name) in statement.column_names().enumerate().filter(|(_, name)| *name != "units") {
        let json = match row.get_ref(index)? {
            ValueRef::Null => Json::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) if number.is_finite() => number.into(),
            ValueRef::Real(number) => json!({ "r": number > 0.0 }),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => text.into(),
                Err(_) => json!({ "t": hex(text) }),
            },
            ValueRef::Blob(bytes) => json!({ "x": hex(bytes) }),
        };
        columns.insert(name.to_owned(), json);
    }
    Ok(Json::from(columns).to_string())
}

/// The columns of a row that was kept, by name.
pub(super) fn columns_of(before: &str) -> Vec<(String, Column)> {
    let columns: Map<String, Json> = serde_json::from_str(before).unwrap_or_default();
    columns.into_iter().map(|(name, json)| (name, column(&json))).collect()
}

fn column(json: &Json) -> Column {
    match json {
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Column::Integer(whole),
            None => Column::Real(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Column::Text(text.clone()),
        Json::Object(parts) => match (parts.get("x"), parts.get("r")) {
            (Some(Json::String(hex)), _) => Column::Blob(unhex(hex)),
            (_, Some(positive)) => Column::Real(if *positive == true { f64::INFINITY } else { f64::NEG_INFINITY }),
            _ => Column::Text(
                parts
                    .get("t")
                    .and_then(Json::as_str)
                    .map(unhex)
                    .map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned()),
            ),
        },
        _ => Column::Null,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

/// All rows of a batch, each once.
pub(super) fn rows_of(connection: &Connection, batch: i64) -> rusqlite::Result<Vec<KeptRow>> {
    let mut select = connection.prepare("SELECT id, before, after FROM bandoso_batch_row WHERE batch = ?1")?;
    let stamp = |stored: Option<i64>| stored.map(|stamp| Stamp(stamp.cast_unsigned()));
    let kept = |row: &Row<'_>| Ok(KeptRow { id: row.get(0)?, before: row.get(1)?, after: stamp(row.get(2)?) });
    let mut rows = select.query_map([batch], kept)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut select = connection.prepare("SELECT rows FROM bandoso_batch_added WHERE batch = ?1")?;
    let mut parts = select.query([batch])?;
    while let Some(part) = parts.next()? {
        let added = pairs(part.get_ref(0)?.as_blob().unwrap_or_default());
        rows.extend(added.map(|(id, after)| KeptRow { id, before: None, after: Some(Stamp(after)) }));
    }
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = (i64, u64)> {
    bytes.chunks_exact(16).filter_map(|pair| {
        let (id, stamp) = pair.split_first_chunk::<8>()?;
        Some((i64::from_le_bytes(*id), u64::from_le_bytes(stamp.try_into().ok()?)))
    })
}

/// The ids that the store gave to features of a layer.
pub(super) fn given_ids(connection: &Connection, layer: &LayerId) -> rusqlite::Result<HashSet<i64>> {
    let mut ids = HashSet::new();
    let of_layer = "JOIN bandoso_batch b ON b.id = r.batch WHERE b.layer = ?1 AND r.given";
    let mut parts = connection.prepare(&format!("SELECT r.rows FROM bandoso_batch_added r {of_layer}"))?;
    let mut parts = parts.query([layer.as_str()])?;
    while let Some(part) = parts.next()? {
        ids.extend(pairs(part.get_ref(0)?.as_blob().unwrap_or_default()).map(|(id, _)| id));
    }
    let mut rows = connection.prepare(&format!("SELECT r.id FROM bandoso_batch_row r {of_layer}"))?;
    let mut rows = rows.query([layer.as_str()])?;
    while let Some(row) = rows.next()? {
        ids.insert(row.get(0)?);
    }
    Ok(ids)
}

/// The feature that a row was, as far as it was one.
fn feature_before(layer: &Layer, before: &str) -> Option<(crate::model::LonLat, Vec<Value>)> {
    let columns = columns_of(before);
    let of = |name: &str| {
        columns.iter().find(|(known, _)| known == name).map_or(ValueRef::Null, |(_, column)| column.into())
    };
    let at = row::place(of("geom")).ok()?;
    let value = |field: &crate::model::Field| value::from_column(field.kind, of(&field.name)).unwrap_or(Value::Null);
    Some((at, layer.fields.iter().map(value).collect()))
}

impl Inner {
    /// Batches, the newest first; one alone where it is asked for.
    pub(super) fn read_batches(&self, page: &BatchPage, one: Option<u64>) -> Result<Vec<Batch>, StoreError> {
        let [before, one] = [page.before, one].map(|id| id.map(u64::cast_signed));
        self.reading("reading the history", |connection| batches(connection, page, (before, one)))
    }

    /// The first rows of a batch, by id.
    pub(super) fn read_batch_rows(&self, layer: &Layer, batch: u64) -> Result<Vec<BatchRow>, StoreError> {
        self.reading("reading the history", |connection| {
            let rows = rows_of(connection, batch.cast_signed())?;
            let told = |row: KeptRow| BatchRow {
                id: row.id.unsigned_abs(),
                before: row.before.and_then(|before| feature_before(layer, &before)),
                left: row.after.is_some(),
            };
            Ok(rows.into_iter().take(MOST_ROWS).map(told).collect())
        })
    }
}

fn batches(
    connection: &Connection,
    page: &BatchPage,
    (before, one): (Option<i64>, Option<i64>),
) -> rusqlite::Result<Vec<Batch>> {
    let mut select = connection.prepare(
        "SELECT b.id, b.layer, b.kind, b.who, b.source, b.at, b.added, b.changed, b.removed, b.unchanged, b.version, b.undoes, u.id
         FROM bandoso_batch b LEFT JOIN bandoso_batch u ON u.undoes = b.id
         WHERE (?1 IS NULL OR b.layer = ?1) AND (?2 IS NULL OR b.id < ?2) AND (?4 IS NULL OR b.id = ?4)
         ORDER BY b.id DESC LIMIT ?3",
    )?;
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let rows = select.query_map(params![page.layer, before, limit, one], batch)?;
    rows.collect()
}

fn batch(row: &Row<'_>) -> rusqlite::Result<Batch> {
    let (kind, source): (String, String) = (row.get(2)?, row.get(4)?);
    let count = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let other = |column: usize| row.get::<_, Option<i64>>(column).map(|id| id.map(i64::unsigned_abs));
    Ok(Batch {
        id: count(0)?,
        layer: row.get(1)?,
        kind: BatchKind::from_name(&kind).ok_or(rusqlite::Error::InvalidQuery)?,
        author: Author { who: row.get(3)?, source: serde_json::from_str(&source).unwrap_or_default() },
        at: Instant(row.get(5)?),
        counts: BatchCounts { added: count(6)?, changed: count(7)?, removed: count(8)?, unchanged: count(9)? },
        version: count(10)?,
        undoes: other(11)?,
        undone_by: other(12)?,
    })
}
