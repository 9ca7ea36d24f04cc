//! Tables: our own, and one for each layer.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::columns::Columns;
use super::log::{self, Changed};
use super::{join, value};
use crate::engine::locate::UnitIndex;
use crate::model::{Catalogue, Field, Finding, FindingKind, Layer, LayerId};

/// The tables of the format.
pub const FORMAT_TABLES: &str = include_str!("format.sql");

/// Columns of a layer's table that are no fields.
const OWN_COLUMNS: [&str; 4] = ["id", "geom", "source_id", "units"];

/// The layer's table.
pub(super) fn table_name(layer: &LayerId) -> String {
    format!("{}_{}", layer.department(), layer.name())
}

/// A name as SQL text. Names of layers and fields are plain words already; this keeps it so.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether there is a table of that name.
pub(super) fn table_exists(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let found = connection.query_row(
        "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = ?1",
        [table],
        |_| Ok(()),
    );
    Ok(found.optional()?.is_some())
}

/// Makes what every `GeoPackage` has, and our own tables, as far as they are missing.
pub(super) fn create_own(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let is_stamped = table_exists(transaction, "bandoso_stamp")?;
    transaction.execute_batch(FORMAT_TABLES)?;
    transaction.execute_batch(include_str!("schema.sql"))?;
    if !is_stamped {
        transaction.execute("INSERT INTO bandoso_stamp SELECT name, version, random() FROM bandoso_version", [])?;
    }
    transaction.execute_batch(include_str!("batch.sql"))?;
    if !knows(transaction, "updated_at")? {
        transaction.execute_batch(
            "ALTER TABLE bandoso_version ADD COLUMN updated_at INTEGER;
             UPDATE bandoso_version SET updated_at = (SELECT max(b.at) FROM bandoso_batch b WHERE b.layer = name);",
        )?;
    }
    if !knows(transaction, "shape")? {
        transaction.execute_batch("ALTER TABLE bandoso_version ADD COLUMN shape TEXT")?;
    }
    let triggers = include_str!("unit_triggers.sql").replace("{kept}", &log::KEPT.to_string());
    renew_triggers(transaction, &triggers.replace("{at_a_time}", &log::PRUNED_AT_A_TIME.to_string()))?;
    let schema = "http://www.geopackage.org/spec121/#extension_schema";
    register(transaction, ("gpkg_data_columns", None), "gpkg_schema", (schema, "read-write"))?;
    register(transaction, ("gpkg_data_column_constraints", None), "gpkg_schema", (schema, "read-write"))?;
    let live = "Versions of layers, kept by triggers, so that bandoso serves every change at once";
    let live_tables = ["bandoso_version", "bandoso_guard", "bandoso_change", "bandoso_stamp"];
    for table in live_tables.into_iter().chain(["bandoso_batch", "bandoso_batch_row", "bandoso_batch_added"]) {
        register(transaction, (table, None), "bandoso_live", (live, "write-only"))?;
    }
    if table_exists(transaction, "rtree_units_geom")? { Ok(()) } else { add_rtree(transaction, "units") }
}

/// Whether the file keeps all of each layer: one of before there was some of it does not.
pub(super) fn is_whole(connection: &Connection) -> rusqlite::Result<bool> {
    for table in ["bandoso_version", "bandoso_change", "bandoso_batch", "bandoso_stamp"] {
        if !table_exists(connection, table)? {
            return Ok(false);
        }
    }
    Ok(knows(connection, "updated_at")? && knows(connection, "shape")?)
}

/// Whether it is a file of ours of before there was some of it.
pub(super) fn is_old(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(table_exists(connection, "bandoso_version")? && !is_whole(connection)?)
}

fn knows(connection: &Connection, column: &str) -> rusqlite::Result<bool> {
    Ok(Columns::of(connection, "bandoso_version")?.get(column).is_some())
}

/// Makes triggers, and makes those anew that an earlier bandoso made otherwise. A paragraph of the text is a comment and a
/// statement.
fn renew_triggers(transaction: &Transaction<'_>, text: &str) -> rusqlite::Result<()> {
    let mut select = transaction.prepare("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?1")?;
    for (name, wanted) in triggers(text) {
        let found: Option<String> = select.query_row([name], |row| row.get(0)).optional()?;
        if found.as_deref() != Some(wanted) {
            transaction.execute_batch(&format!("DROP TRIGGER IF EXISTS {}; {wanted};", quoted(name)))?;
        }
    }
    Ok(())
}

/// The triggers of a text: names, and statements as SQLite keeps them, from the first word to the last, without the semicolon.
fn triggers(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("\n\n").filter_map(|paragraph| {
        let wanted = paragraph.get(paragraph.find("CREATE TRIGGER")?..)?.trim_end().trim_end_matches(';');
        Some((wanted.split('"').nth(1)?, wanted))
    })
}

/// The triggers of a layer's table.
fn triggers_of(layer: &LayerId) -> String {
    include_str!("layer_triggers.sql").replace("{table}", &table_name(layer)).replace("{layer}", layer.as_str())
}

/// How many of them the table has, whatever they say, and how many it is to have.
pub(super) fn count_triggers(connection: &Connection, layer: &LayerId) -> rusqlite::Result<(usize, usize)> {
    let mut select = connection
        .prepare("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = ?1 AND lower(tbl_name) = ?2")?;
    let (text, table) = (triggers_of(layer), table_name(layer));
    let (mut there, mut wanted) = (0, 0);
    for (name, _) in triggers(&text) {
        wanted += 1;
        there += usize::from(select.exists([name, &table])?);
    }
    Ok((there, wanted))
}

/// The columns of the layer's table when it was last looked at; empty where it was gone, none where that was never noted.
pub(super) fn noted_shape(connection: &Connection, layer: &LayerId) -> rusqlite::Result<Option<String>> {
    // A backup of before there was the layer has no version of it.
    let shape = "SELECT shape FROM bandoso_version WHERE name = ?1";
    Ok(connection.query_row(shape, [layer.as_str()], |row| row.get(0)).optional()?.flatten())
}

/// Notes the columns that the layer's table has now; false where just these were noted.
pub(super) fn note_shape(transaction: &Transaction<'_>, layer: &LayerId) -> rusqlite::Result<bool> {
    let shape = Columns::of(transaction, &table_name(layer))?.shape();
    let note = "UPDATE bandoso_version SET shape = ?2 WHERE name = ?1 AND shape IS NOT ?2";
    transaction.execute(note, params![layer.as_str(), shape]).map(|noted| noted > 0)
}

/// All layers of the file that have a table, of this catalogue or another.
pub(super) fn live_layers(connection: &Connection) -> rusqlite::Result<Vec<LayerId>> {
    let mut select = connection.prepare("SELECT name FROM bandoso_version WHERE name <> 'units'")?;
    let names = select.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut layers = Vec::new();
    for layer in names.iter().filter_map(|name| LayerId::parse("layer", name).ok()) {
        if table_exists(connection, &table_name(&layer))? {
            layers.push(layer);
        }
    }
    Ok(layers)
}

/// Notes in `gpkg_extensions` that a table or column follows an extension; `what` is its definition and scope.
fn register(
    transaction: &Transaction<'_>,
    (table, column): (&str, Option<&str>),
    extension: &str,
    (definition, scope): (&str, &str),
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope)
         SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM gpkg_extensions
             WHERE table_name IS ?1 AND column_name IS ?2 AND extension_name = ?3)",
        params![table, column, extension, definition, scope],
    )?;
    Ok(())
}

/// Makes the table's spatial index and the triggers that keep it (GeoPackage 1.3, annex F.3).
fn add_rtree(transaction: &Transaction<'_>, table: &str) -> rusqlite::Result<()> {
    let definition = "http://www.geopackage.org/spec120/#extension_rtree";
    register(transaction, (table, Some("geom")), "gpkg_rtree_index", (definition, "write-only"))?;
    let sql = include_str!("rtree.sql").replace("{table}", table);
    transaction.execute_batch(&sql)
}

/// The statement that makes the spatial index of a table with the columns `id` and `geom`, empty.
pub fn spatial_index(table: &str) -> String {
    rtree(table).0
}

/// The statements that make the triggers which keep it.
pub fn spatial_index_triggers(table: &str) -> String {
    rtree(table).1
}

/// The first statement of the index, and the last ones: between them it is filled.
fn rtree(table: &str) -> (String, String) {
    let sql = include_str!("rtree.sql").replace("{table}", table);
    let (index, triggers) = (sql.find("INSERT INTO").unwrap_or(0), sql.find("CREATE TRIGGER").unwrap_or(0));
    (sql.get(..index).unwrap_or_default().to_owned(), sql.get(triggers..).unwrap_or_default().to_owned())
}

/// Gives the layer a version, also where its table cannot be read yet; false where it has one.
pub(super) fn know_layer(transaction: &Transaction<'_>, layer: &LayerId) -> rusqlite::Result<bool> {
    let made = transaction.execute(
        "INSERT OR IGNORE INTO bandoso_version (name, version, joined)
         SELECT ?1, 0, version FROM bandoso_version WHERE name = 'units'",
        [layer.as_str()],
    )?;
    Ok(made > 0)
}

/// A table of which the layer cannot be made: nothing of it was touched.
pub(super) fn unfit(layer: &Layer, error: &rusqlite::Error) -> Finding {
    let message =
        format!("the table cannot be the layer's: {error}; mend or rename it, the other layers go on without it");
    Finding::new(FindingKind::ColumnMismatch, table_name(&layer.id), message)
}

/// Makes the layer's table where it is missing, columns for fields that have none, and what makes it live, and joins what is not
/// joined, where the units are given. What does not fit is a finding; a table without a key or a geometry is left alone and cannot
/// be loaded. Of a table without our triggers, or of another make than it was, nobody knows what changed: its next version is all.
pub(super) fn prepare_layer(
    transaction: &Transaction<'_>,
    layer: &Layer,
    units: Option<(u64, &UnitIndex)>,
) -> rusqlite::Result<Vec<Finding>> {
    let table = table_name(&layer.id);
    let is_new = know_layer(transaction, &layer.id)?;
    let (there, wanted) = count_triggers(transaction, &layer.id)?;
    if !table_exists(transaction, &table)? {
        create_layer(transaction, &table, layer)?;
    } else if there < wanted {
        // Whoever made it, or wrote to it meanwhile, may have left links of other places or of another map's units.
        join::set_joined(transaction, &layer.id, join::NEVER)?;
    }
    let (noted, shape) = (noted_shape(transaction, &layer.id)?, Columns::of(transaction, &table)?.shape());
    let is_unknown = !is_new && there == 0;
    let is_other = noted.is_some_and(|noted| noted != shape);
    let findings = fit_columns(transaction, &table, layer)?;
    if findings.iter().any(|finding| OWN_COLUMNS.iter().any(|own| finding.place == format!("{table}.{own}"))) {
        return Ok(findings);
    }
    transaction.execute_batch(&include_str!("layer.sql").replace("{table}", &table))?;
    renew_triggers(transaction, &triggers_of(&layer.id))?;
    note_shape(transaction, &layer.id)?;
    if is_unknown {
        log::record_update(transaction, layer.id.as_str(), &Changed::Everything)?;
    } else if is_other {
        log::record(transaction, layer.id.as_str(), &Changed::Everything)?;
    }
    if let Some(units) = units {
        join::refresh(transaction, &layer.id, units)?;
    }
    describe(transaction, layer)?;
    Ok(findings)
}

fn create_layer(transaction: &Transaction<'_>, table: &str, layer: &Layer) -> rusqlite::Result<()> {
    let own = "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, source_id TEXT, units TEXT";
    let column = |field: &Field| format!(", {} {}", quoted(&field.name), value::column_type(field.kind));
    let columns: Vec<String> = layer.fields.iter().map(column).collect();
    transaction.execute_batch(&format!("CREATE TABLE {} ({own}{})", quoted(table), columns.concat()))?;
    // Whoever dropped a table of that name may have left these entries and the index.
    transaction.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id)
         VALUES (?1, 'features', ?1, ?2, 4326) ON CONFLICT (table_name) DO UPDATE
         SET data_type = excluded.data_type, identifier = excluded.identifier, srs_id = excluded.srs_id",
        params![table, layer.title.vi],
    )?;
    transaction.execute("DELETE FROM gpkg_geometry_columns WHERE table_name = ?1", [table])?;
    transaction.execute("INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', 'POINT', 4326, 0, 0)", [table])?;
    transaction.execute_batch(&format!("DROP TABLE IF EXISTS {}", quoted(&format!("rtree_{table}_geom"))))?;
    add_rtree(transaction, table)
}

/// Adds the columns that fields lack, and finds those that cannot hold their field's values.
fn fit_columns(transaction: &Transaction<'_>, table: &str, layer: &Layer) -> rusqlite::Result<Vec<Finding>> {
    let columns = Columns::of(transaction, table)?;
    let declared = |name: &str| columns.get(name).map(|column| &column.kind);
    let mismatch =
        |column: &str, message: String| Finding::new(FindingKind::ColumnMismatch, format!("{table}.{column}"), message);
    let mut findings = Vec::new();
    let lacks = "; mend the table, or rename it: it is not bandoso's";
    if columns.key().is_none() {
        findings.push(mismatch("id", format!("the table lacks an INTEGER PRIMARY KEY, such as this column{lacks}")));
    }
    if declared("geom").is_none() {
        findings.push(mismatch("geom", format!("the table lacks this column{lacks}")));
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    add_columns(transaction, layer)?;
    for field in &layer.fields {
        match declared(&field.name) {
            Some(kind) if !value::column_fits(field.kind, kind) => {
                let wanted = value::column_type(field.kind);
                findings.push(mismatch(
                    &field.name,
                    format!("the column is declared {kind}, the layer's field needs {wanted}; values of another type are read as empty"),
                ));
            }
            _ => {}
        }
    }
    Ok(findings)
}

/// Adds the columns that the layer's table lacks, but for those without which it is none of ours. So what is written has its place
/// although another program dropped the column meanwhile.
pub(super) fn add_columns(transaction: &Transaction<'_>, layer: &Layer) -> rusqlite::Result<()> {
    let table = table_name(&layer.id);
    let columns = Columns::of(transaction, &table)?;
    let own = OWN_COLUMNS.iter().skip(2).map(|name| (*name, "TEXT"));
    let fields = layer.fields.iter().map(|field| (field.name.as_str(), value::column_type(field.kind)));
    for (name, kind) in own.chain(fields).filter(|(name, _)| columns.get(name).is_none()) {
        transaction.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {} {kind}", quoted(&table), quoted(name)))?;
    }
    // An empty column makes no other rows; what else is new of the table stays to be noticed.
    let (before, now) = (columns.shape(), Columns::of(transaction, &table)?.shape());
    let note = "UPDATE bandoso_version SET shape = ?3 WHERE name = ?1 AND shape = ?2 AND shape <> ?3";
    transaction.execute(note, params![layer.id.as_str(), before, now]).map(drop)
}

/// Two layers that would share a table, or one that would take a table of our own: the names cannot be kept apart.
pub(super) fn clash(catalogue: &Catalogue) -> Option<String> {
    let mut tables: Vec<(String, &LayerId)> =
        catalogue.layers.iter().map(|layer| (table_name(&layer.id), &layer.id)).collect();
    tables.sort();
    let pair = tables.windows(2).find(|pair| matches!(pair, [a, b] if a.0 == b.0));
    if let Some([a, b]) = pair {
        return Some(format!("the layers {} and {} would share the table {}; rename one", a.1, b.1, a.0));
    }
    let taken = |table: &str| {
        table == "unit_changes"
            || ["gpkg_", "rtree_", "sqlite_", "bandoso_"].iter().any(|start| table.starts_with(start))
    };
    let (table, layer) = tables.iter().find(|(table, _)| taken(table))?;
    Some(format!("the layer {layer} would take the table name {table}, which is not free; rename it"))
}

/// Writes titles and codes of the layers' fields where desktop programs look for them (the schema extension), if they changed.
fn describe(transaction: &Transaction<'_>, layer: &Layer) -> rusqlite::Result<()> {
    let table = table_name(&layer.id);
    let constraint = |field: &str| format!("{table}.{field}");
    let columns: Vec<(String, Option<String>, Option<String>)> = layer
        .fields
        .iter()
        .map(|field| {
            let constraint = (!field.codes.is_empty()).then(|| constraint(&field.name));
            (field.name.clone(), Some(field.title.vi.clone()), constraint)
        })
        .collect();
    let codes = layer.fields.iter().flat_map(|field| field.codes.iter().map(move |code| (field, code)));
    let codes: Vec<(String, Option<String>, Option<String>)> =
        codes.map(|(field, code)| (constraint(&field.name), Some(code.code.clone()), Some(code.vi.clone()))).collect();
    let of_table = format!("{table}.*");
    // Others leave out what may be left out: GDAL writes no titles.
    let known_columns: Vec<(String, Option<String>, Option<String>)> = transaction
        .prepare(
            "SELECT column_name, title, constraint_name FROM gpkg_data_columns WHERE table_name = ?1 ORDER BY rowid",
        )?
        .query_map([&table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let known_codes: Vec<(String, Option<String>, Option<String>)> = transaction
        .prepare(
            "SELECT constraint_name, value, description FROM gpkg_data_column_constraints
             WHERE constraint_name GLOB ?1 ORDER BY rowid",
        )?
        .query_map([&of_table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    if (&known_columns, &known_codes) == (&columns, &codes) {
        return Ok(());
    }
    transaction.execute("DELETE FROM gpkg_data_columns WHERE table_name = ?1", [&table])?;
    transaction.execute("DELETE FROM gpkg_data_column_constraints WHERE constraint_name GLOB ?1", [&of_table])?;
    let mut add_column = transaction.prepare(
        "INSERT INTO gpkg_data_columns (table_name, column_name, title, constraint_name) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (column, title, constraint) in columns {
        add_column.execute(params![table, column, title, constraint])?;
    }
    let mut add_code = transaction.prepare(
        "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description)
         VALUES (?1, 'enum', ?2, ?3)",
    )?;
    for (constraint, code, title) in codes {
        add_code.execute(params![constraint, code, title])?;
    }
    Ok(())
}
