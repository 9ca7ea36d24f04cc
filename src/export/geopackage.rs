//! `GeoPackage` 1.3 with one layer, its spatial index, and the titles and codes of its fields for desktop programs.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use rusqlite::{Connection, OpenFlags, params};

use super::crs_text::{name, wkt};
use super::reference::epsg;
use super::{ExportError, Sheet, Sink};
use crate::model::{Bbox, Field, FoundFeature, LonLat};
use crate::store::geopackage::{
    APPLICATION_ID, FORMAT_TABLES, USER_VERSION, column_type, spatial_index, spatial_index_triggers, to_column,
};

/// Stands where the format wants the time of the last change: the provenance has it, and here it would make equal files differ.
const NO_TIME: &str = "1970-01-01T00:00:00.000Z";

pub(super) struct GeoPackageSink {
    sheet: Sheet,
    connection: Connection,
    table: String,
    insert: String,
    srs: i32,
    /// Of the coordinates, in their own system.
    bounds: Bbox,
}

impl GeoPackageSink {
    /// Begins a file at a path, which is empty.
    pub fn new(sheet: Sheet, path: &Path) -> Result<Self, ExportError> {
        sheet.keeps_free("GeoPackage", &[])?;
        let table = sheet.layer.id.as_str().replace('.', "_");
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(of_sql)?;
        let names = sheet.fields().map(|(_, field)| field.name.clone());
        let mut columns: Vec<String> = ["id", "geom"].map(str::to_owned).into_iter().chain(names).collect();
        columns.extend(sheet.more_columns().map(str::to_owned));
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
        let columns: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
        let insert = format!("INSERT INTO {} ({}) VALUES ({})", quoted(&table), columns.join(", "), places.join(", "));
        // CRS84 is 4326 with its axes turned, as this format has them in every system.
        let srs = epsg(sheet.crs).unwrap_or(4326);
        let sink = Self { sheet, connection, table, insert, srs, bounds: Bbox::EMPTY };
        sink.begin().map_err(of_sql)?;
        Ok(sink)
    }

    fn begin(&self) -> rusqlite::Result<()> {
        let Self { connection, sheet, table, srs, .. } = self;
        // The file is beside its place, and nobody's until it is whole.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768")?;
        connection.execute_batch(FORMAT_TABLES)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", USER_VERSION)?;
        for table in ["gpkg_data_columns", "gpkg_data_column_constraints"] {
            connection.execute(
                "INSERT INTO gpkg_extensions VALUES (?1, NULL, 'gpkg_schema',
                    'http://www.geopackage.org/spec121/#extension_schema', 'read-write')",
                [table],
            )?;
        }
        connection.execute_batch("BEGIN")?;
        let mut systems = vec![(4326, crate::engine::crs::Crs::Wgs84)];
        if *srs != 4326 {
            systems.push((*srs, sheet.crs));
        }
        for (code, crs) in systems {
            connection.execute(
                "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, 'EPSG', ?2, ?3, NULL)",
                params![name(crs), code, wkt(crs)],
            )?;
        }
        let column = |(_, field): (usize, &Field)| format!(", {} {}", quoted(&field.name), column_type(field.kind));
        let mut columns: String = sheet.fields().map(column).collect();
        columns.extend(sheet.more_columns().map(|name| format!(", {name} TEXT")));
        connection.execute_batch(&format!(
            "CREATE TABLE {} (id INTEGER PRIMARY KEY NOT NULL, geom POINT{columns}); {}",
            quoted(table),
            spatial_index(table)
        ))?;
        let title = &sheet.layer.title;
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)
             VALUES (?1, 'features', ?2, ?3, ?4, ?5)",
            params![table, sheet.layer.id.as_str(), format!("{} / {}", title.vi, title.en), NO_TIME, srs],
        )?;
        connection
            .execute("INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', 'POINT', ?2, 0, 0)", params![table, srs])?;
        connection.execute(
            "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index',
                'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
            [table],
        )?;
        self.describe()
    }

    /// Titles of columns, and the codes that a form offers.
    fn describe(&self) -> rusqlite::Result<()> {
        let Self { connection, sheet, table, .. } = self;
        for (_, field) in sheet.fields() {
            let constraint = (!field.codes.is_empty()).then(|| format!("{table}.{}", field.name));
            let title = format!("{} / {}", field.title.vi, field.title.en);
            connection.execute(
                "INSERT INTO gpkg_data_columns (table_name, column_name, title, constraint_name) VALUES (?1, ?2, ?3, ?4)",
                params![table, field.name, title, constraint],
            )?;
            for code in &field.codes {
                connection.execute(
                    "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description)
                     VALUES (?1, 'enum', ?2, ?3)",
                    params![constraint, code.code, format!("{} / {}", code.vi, code.en)],
                )?;
            }
        }
        Ok(())
    }

    fn rows(&mut self, features: &[FoundFeature]) -> rusqlite::Result<()> {
        let Self { sheet, connection, table, insert, srs, bounds } = self;
        let mut add = connection.prepare_cached(insert)?;
        let index = format!("INSERT INTO {} VALUES (?1, ?2, ?2, ?3, ?3)", quoted(&format!("rtree_{table}_geom")));
        let mut add_to_index = connection.prepare_cached(&index)?;
        for found in features {
            let (id, position) = (found.feature.id as i64, sheet.position(found.feature.at));
            let blob = position.map(|numbers| point(*srs, numbers));
            let mut row: Vec<ToSqlOutput<'_>> = vec![id.into(), owned(blob.map(SqlValue::Blob))];
            row.extend(sheet.values(found).map(|(_, value)| to_column(value)));
            row.extend(
                sheet.more_values(found).map(|value| owned(value.map(|value| SqlValue::Text(value.to_owned())))),
            );
            add.execute(rusqlite::params_from_iter(row))?;
            if let Some([x, y]) = position {
                add_to_index.execute(params![id, x, y])?;
                bounds.extend(LonLat { lon: x, lat: y });
            }
        }
        Ok(())
    }

    fn end(self) -> rusqlite::Result<()> {
        let Self { connection, table, bounds, .. } = self;
        if !bounds.is_empty() {
            connection.execute(
                "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5 WHERE table_name = ?1",
                params![table, bounds.west, bounds.south, bounds.east, bounds.north],
            )?;
        }
        connection.execute_batch(&spatial_index_triggers(&table))?;
        connection.execute_batch("COMMIT")?;
        connection.flush_prepared_statement_cache();
        connection.close().map_err(|(_, fault)| fault)
    }
}

impl Sink for GeoPackageSink {
    fn write(&mut self, features: &[FoundFeature]) -> Result<(), ExportError> {
        self.rows(features).map_err(of_sql)
    }

    fn finish(self: Box<Self>) -> Result<(), ExportError> {
        self.end().map_err(of_sql)
    }
}

/// `GeoPackageBinary` (2.1.3): `GP`, version 0, little-endian without a box, the system; then a point as ISO WKB.
fn point(srs: i32, [x, y]: [f64; 2]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(29);
    blob.extend(b"GP\0\x01");
    blob.extend(srs.to_le_bytes());
    blob.extend([1, 1, 0, 0, 0]);
    blob.extend(x.to_le_bytes());
    blob.extend(y.to_le_bytes());
    blob
}

fn owned<'a>(value: Option<SqlValue>) -> ToSqlOutput<'a> {
    ToSqlOutput::Owned(value.unwrap_or(SqlValue::Null))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn of_sql(fault: rusqlite::Error) -> ExportError {
    ExportError::Format { format: "GeoPackage", cause: fault.into() }
}
