//! `GeoPackage`, and any SQLite table that one lists.

use std::path::Path;

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::options::ReadOptions;
use super::produced::{MAX_CELL_BYTES, OwnedCell, OwnedRecord, Sink, Stop};
use super::wkb;
use crate::import::record::{FileCrs, Header, PositionIn, RawGeometry, Source};

/// Reads one table.
pub(super) fn read(path: &Path, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let failed = |error: rusqlite::Error| sink.failed(None, format!("expected a whole GeoPackage: {error}"));
    let store = open(path).map_err(failed)?;
    let tables = tables(&store).map_err(failed)?;
    let table = chosen(&tables, options.table.as_deref()).map_err(|cause| sink.failed(None, cause))?;
    let layout = layout(&store, &table).map_err(failed)?;
    let failed = |error: rusqlite::Error| sink.failed(None, format!("expected a whole GeoPackage: {error}"));
    let position = if layout.geometry.is_some() { PositionIn::Geometry } else { PositionIn::Columns };
    let source = Source {
        crs: layout.crs.clone(),
        read_as: ReadOptions { table: Some(table.clone()), ..options.clone() },
        ..Source::new("GeoPackage", Header::Whole, position)
    };
    let all = layout.columns.iter().chain(&layout.geometry).map(|name| quoted(name));
    let sql = format!("SELECT {} FROM {}", all.collect::<Vec<_>>().join(", "), quoted(&table));
    let mut statement = store.prepare(&sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    sink.typed_in(options.encoding);
    sink.begin(source, layout.columns.clone())?;
    let mut number = 0;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(()),
            Err(error) => return Err(sink.failed(Some(number + 1), format!("expected a whole GeoPackage: {error}"))),
        };
        number += 1;
        let mut cells = Vec::with_capacity(layout.columns.len());
        for (index, _) in layout.columns.iter().enumerate() {
            cells.push(row.get_ref(index).map_or(OwnedCell::Null, cell));
        }
        let geometry = match row.get_ref(layout.columns.len()) {
            Ok(ValueRef::Blob(blob)) => wkb::of_geopackage(blob),
            _ => RawGeometry::None,
        };
        // The key stands among the columns, where it can be told from an id of the sender's.
        sink.record(OwnedRecord { line: number, id: OwnedCell::Null, cells, geometry })?;
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // The file is a stranger's: no function of its schema is run, and no value is larger than a cell may be.
    store.pragma_update(None, "trusted_schema", false)?;
    store.pragma_update(None, "cell_size_check", true)?;
    store.pragma_update(None, "mmap_size", 0)?;
    store.set_limit(Limit::SQLITE_LIMIT_LENGTH, 2 * MAX_CELL_BYTES as i32)?;
    Ok(store)
}

/// Tables that hold rows.
fn tables(store: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = store.prepare(
        "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') \
         AND table_name IN (SELECT name FROM sqlite_master WHERE type IN ('table', 'view')) ORDER BY data_type DESC, table_name",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn chosen(tables: &[String], told: Option<&str>) -> Result<String, String> {
    let known = || tables.iter().take(40).cloned().collect::<Vec<_>>().join(", ");
    match (told, tables) {
        (Some(told), _) if tables.iter().any(|table| table == told) => Ok(told.to_owned()),
        (Some(told), _) => Err(format!("--table: expected one of {}, found {told:?}", known())),
        (None, [one]) => Ok(one.clone()),
        (None, []) => Err("expected a table of features, found none".into()),
        (None, _) => Err(format!("expected --table with one of {}", known())),
    }
}

struct Layout {
    columns: Vec<String>,
    geometry: Option<String>,
    crs: Option<FileCrs>,
}

fn layout(store: &Connection, table: &str) -> rusqlite::Result<Layout> {
    let has_geometries = "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_geometry_columns'";
    let geometry: Option<(String, i64)> = match store.query_row(has_geometries, [], |_| Ok(())).optional()? {
        None => None,
        Some(()) => store
            .query_row("SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?1", [table], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?,
    };
    let mut statement = store.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let crs = geometry.as_ref().map(|(_, srs)| crs(store, *srs)).transpose()?.flatten();
    let geometry = geometry.map(|(name, _)| name).filter(|name| columns.contains(name));
    let columns = columns.into_iter().filter(|name| Some(name) != geometry.as_ref()).collect();
    Ok(Layout { columns, geometry, crs })
}

/// −1 and 0 are systems that nobody knows (specification, 1.1.2.1.2).
fn crs(store: &Connection, srs: i64) -> rusqlite::Result<Option<FileCrs>> {
    if srs <= 0 {
        return Ok(None);
    }
    let found = store.query_row(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1",
        [srs],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
    );
    Ok(found.optional()?.map(|(organization, code, definition)| match u32::try_from(code) {
        Ok(code) if organization.eq_ignore_ascii_case("EPSG") => FileCrs::Epsg(code),
        _ => FileCrs::Text(definition),
    }))
}

fn cell(value: ValueRef) -> OwnedCell {
    match value {
        ValueRef::Null => OwnedCell::Null,
        ValueRef::Integer(number) => OwnedCell::Whole(i128::from(number)),
        ValueRef::Real(number) => OwnedCell::Number(number),
        ValueRef::Text(text) => OwnedCell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(blob) => OwnedCell::Broken(format!("{} bytes of another kind", blob.len())),
    }
}

/// A name of the file's own, as SQLite reads names: in quotes, each of its own quotes twice.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
