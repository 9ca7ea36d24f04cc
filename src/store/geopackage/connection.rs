//! Opening the file, and what every connection to it knows.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::blob;
use super::schema;
use super::turn::LONG_WAIT;
use super::watch::FileId;
use crate::model::Bbox;
use crate::store::StoreError;

/// `GPKG` in ASCII: what `PRAGMA application_id` of a GeoPackage says since 1.2.
pub const APPLICATION_ID: i32 = 0x4750_4B47;
/// `GP10` and `GP11`: versions 1.0 and 1.1.
const OLD_APPLICATION_IDS: [i32; 2] = [0x4750_3130, 0x4750_3131];
/// GeoPackage 1.3: the newest that Debian 12's GDAL knows.
pub const USER_VERSION: i32 = 10_300;
/// How long a reader waits; with a write-ahead log it hardly ever does.
const READ_WAIT: Duration = Duration::from_secs(5);

/// Names what was done where the driver failed. Busy and unreachable files may come back; the rest is a fault.
pub(super) fn fault(path: &Path, doing: &str, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse {
            store: path.display().to_string(),
            cause: format!(
                "{doing}: {error}: another program is writing to the file and has not finished; save or cancel there, \
                 then try again"
            ),
        },
        Some(ErrorCode::CannotOpen | ErrorCode::DiskFull) => {
            StoreError::Unreachable { store: path.display().to_string(), cause: format!("{doing}: {error}") }
        }
        Some(ErrorCode::NotADatabase) => foreign(path, "it is no SQLite database"),
        _ => StoreError::Fault { doing: format!("{doing} ({})", path.display()), cause: error.to_string() },
    }
}

/// The file is not there, or another one is.
pub(super) fn away(why: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
    rusqlite::Error::SqliteFailure(code, Some(why.to_owned()))
}

/// Whether another program is writing.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Whether the file has a write-ahead log; one that cannot be read may have one.
pub(super) fn has_log(connection: &Connection) -> bool {
    let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
    mode.map_or(true, |mode| mode == "wal")
}

/// Whether a failure may be that of one layer: its table is gone, has other columns, or holds what cannot be read. Anything else is
/// the file's, or another program's that is writing.
pub(super) fn is_of_one_layer(error: &rusqlite::Error) -> bool {
    use ErrorCode::{ConstraintViolation, DatabaseCorrupt, SchemaChanged, TypeMismatch, Unknown};
    let code = error.sqlite_error_code();
    code.is_none_or(|code| {
        matches!(code, ConstraintViolation | DatabaseCorrupt | SchemaChanged | TypeMismatch | Unknown)
    })
}

fn foreign(path: &Path, why: &str) -> StoreError {
    StoreError::Fault {
        doing: format!("opening {}", path.display()),
        cause: format!("{why}; give a GeoPackage file, or a name that does not exist yet"),
    }
}

/// Opens the file for writing; makes it where it is missing or empty, and its own tables where it is a `GeoPackage` without.
/// Tells which file it is: making it ready may wait long enough for another one to be put in its place.
pub(super) fn writer(path: &Path) -> Result<(Connection, FileId), StoreError> {
    let connection = Connection::open(path).map_err(|error| fault(path, "opening", &error))?;
    let id = FileId::of(path)?;
    Ok((for_writing(path, connection, LONG_WAIT)?, id))
}

/// As [`writer`] for a file that was open before: one that is gone is not made, and nothing of it is read unless it is there still.
pub(super) fn writer_anew(
    path: &Path,
    wait: Duration,
    is_there: impl FnOnce() -> bool,
) -> Result<Connection, StoreError> {
    let opened = opened(path, is_there).map_err(|error| fault(path, "opening", &error))?;
    for_writing(path, opened, wait)
}

fn for_writing(path: &Path, mut connection: Connection, wait: Duration) -> Result<Connection, StoreError> {
    let fault = |error: rusqlite::Error| fault(path, "opening", &error);
    equip(&connection, wait).map_err(fault)?;
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(fault)?;
    let empty: bool =
        connection.query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| row.get(0)).map_err(fault)?;
    if id == 0 && empty {
        connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(fault)?;
        connection.pragma_update(None, "user_version", USER_VERSION).map_err(fault)?;
    } else if id != APPLICATION_ID && !OLD_APPLICATION_IDS.contains(&id) {
        return Err(foreign(path, "it is a database of another program"));
    }
    // With a write-ahead log, desktop programs and we read and write the file at the same time; without one each reader would
    // hold up each writer. The last program to close the file folds the log into it. Where no log can be had (a network drive)
    // SQLite stays with what it has, which is slower and as safe.
    let _: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| if is_busy(&error) { held(path) } else { fault(error) })?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20).map_err(fault)?;

    let ours = |table: &str| schema::table_exists(&connection, table).map_err(fault);
    // A file made before there was some of it has versions already.
    if !schema::is_whole(&connection).map_err(fault)? {
        if !ours("bandoso_version")? && (ours("units")? || ours("unit_changes")?) {
            let why = "its table units or unit_changes is another program's, or a copy by ogr2ogr, which leaves out what \
                       belongs to it: copy the file itself, as docs/geopackage.md tells";
            return Err(foreign(path, why));
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        schema::create_own(&transaction).and_then(|()| transaction.commit()).map_err(fault)?;
    }
    Ok(connection)
}

/// The file has no write-ahead log yet, and whoever is reading it keeps it so.
fn held(path: &Path) -> StoreError {
    StoreError::InUse {
        store: path.display().to_string(),
        cause: "another program has it open and is reading or writing; a file of other programs needs a moment alone when it is \
                first opened here. Close it there, then try again; afterwards both have it open at the same time"
            .to_owned(),
    }
}

/// The file, of which nothing has been read yet: its log is looked for with the first reading, by the path.
fn opened(path: &Path, is_there: impl FnOnce() -> bool) -> rusqlite::Result<Connection> {
    // Not read-only: a reader of a write-ahead log takes part in its bookkeeping.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    if is_there() { Ok(connection) } else { Err(away("another file was put in its place")) }
}

/// Opens the file for reading. It must be there.
pub(super) fn reader(path: &Path, is_there: impl FnOnce() -> bool) -> rusqlite::Result<Connection> {
    let connection = opened(path, is_there)?;
    equip(&connection, READ_WAIT)?;
    connection.pragma_update(None, "query_only", true)?;
    // An unknown name in double quotes is a fault here, not a text. A writer goes by SQLite's custom: it runs the triggers of other
    // programs, which may have texts in such quotes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    Ok(connection)
}

/// Reads all pages of the file anew from now on. In a file with a write-ahead log SQLite keeps those that no transaction wrote, though
/// another program copied a backup over them: it would show them, and write what it makes of them into the copy.
pub(super) fn forget_pages(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA shrink_memory")
}

fn equip(connection: &Connection, wait: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(wait)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // KiB, negative by SQLite's convention; used only as far as pages are touched.
    connection.pragma_update(None, "cache_size", -32 * 1024)?;
    add_functions(connection)
}

/// The functions that the triggers of spatial indices call (GeoPackage, annex F.3): SQLite itself has none of them.
pub(super) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    type Edge = fn(&Bbox) -> f64;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    let edges: [(&str, Edge); 4] = [
        ("ST_MinX", |bbox| bbox.west),
        ("ST_MaxX", |bbox| bbox.east),
        ("ST_MinY", |bbox| bbox.south),
        ("ST_MaxY", |bbox| bbox.north),
    ];
    for (name, edge) in edges {
        connection.create_scalar_function(name, 1, flags, move |context| Ok(bounds(context)?.as_ref().map(edge)))?;
    }
    connection.create_scalar_function("ST_IsEmpty", 1, flags, |context| Ok(bounds(context)?.is_none()))
}

fn bounds(context: &Context<'_>) -> rusqlite::Result<Option<Bbox>> {
    match context.get_raw(0) {
        rusqlite::types::ValueRef::Blob(blob) => {
            blob::bounds(blob).map_err(|fault| rusqlite::Error::UserFunctionError(Box::new(fault)))
        }
        _ => Ok(None),
    }
}
