//! Several connections that see the file as of one moment.

use std::thread::available_parallelism;

use rusqlite::Connection;

use super::schema::{quoted, table_name};
use super::spans::Span;
use super::write;
use crate::model::Layer;

/// Connections that read one layer. Two give more than the one thread that makes columns of the rows takes.
const MOST_READERS: usize = 2;
/// A layer whose ids lie no wider is read by one connection.
const SMALL: u64 = 50_000;
/// Tries to catch one moment with all connections, between the commits of others, before one reads alone.
const MOST_TRIES: usize = 20;

/// What a layer is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) version: u64,
    /// The units' version.
    units: u64,
    /// Links are those of these units.
    pub(super) links_hold: bool,
}

/// Connections in a read transaction, all of one moment of the layer, and the span of its ids; none where it is empty.
///
/// Each is begun by itself, so a commit may come between: then their versions differ, and they begin again. Where the versions
/// are equal so are the features, as each change of one is a version.
pub(super) fn readers(
    open: impl Fn() -> rusqlite::Result<Connection>,
    layer: &Layer,
) -> rusqlite::Result<(Moment, Option<Span>, Vec<Connection>)> {
    let first = open()?;
    let wide = ids(&first, layer)?.is_some_and(|ids| ids.first.abs_diff(ids.last) >= SMALL);
    let most = if wide { available_parallelism().map_or(1, usize::from).min(MOST_READERS) } else { 1 };
    let others = (1..most).map(|_| open()).collect::<rusqlite::Result<Vec<_>>>()?;
    for _ in 0..MOST_TRIES {
        let moment = begin(&first, layer)?;
        let mut same = true;
        for other in &others {
            same &= begin(other, layer)? == moment;
        }
        if same {
            let span = ids(&first, layer)?;
            return Ok((moment, span, std::iter::once(first).chain(others).collect()));
        }
        std::iter::once(&first).chain(&others).try_for_each(|reader| reader.execute_batch("ROLLBACK"))?;
    }
    Ok((begin(&first, layer)?, ids(&first, layer)?, vec![first]))
}

/// Begins to read. The first look at a table fixes the moment.
fn begin(connection: &Connection, layer: &Layer) -> rusqlite::Result<Moment> {
    connection.execute_batch("BEGIN")?;
    let (version, joined) = write::version(connection, layer.id.as_str())?;
    let (units, _) = write::version(connection, "units")?;
    Ok(Moment { version, units, links_hold: joined == units })
}

/// The span of a layer's ids.
fn ids(connection: &Connection, layer: &Layer) -> rusqlite::Result<Option<Span>> {
    let table = quoted(&table_name(&layer.id));
    // Each half is one step in the tree of rows; asked together they would read it all.
    let sql = format!("SELECT (SELECT min(_rowid_) FROM {table}), (SELECT max(_rowid_) FROM {table})");
    connection.query_row(&sql, [], |row| {
        let (first, last): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok(first.zip(last).map(|(first, last)| Span { first, last }))
    })
}
