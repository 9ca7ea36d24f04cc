//! Administrative units and what became of them.

use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Transaction, params};

use super::join::{self, Which};
use super::log::{self, Changed};
use super::turn::Patience;
use super::{Inner, blob, schema, stamps, value, write};
use crate::engine::locate::UnitIndex;
use crate::model::{Bbox, Day, DayInterval, Level, LonLat, Unit, UnitChange, UnitId};
use crate::store::{StoreError, UnitTable, UnitsStored};

impl Inner {
    /// All units, as of one moment.
    pub(super) fn units(&self) -> Result<UnitTable, StoreError> {
        self.reading("reading units", |connection| {
            let transaction = connection.transaction()?;
            read_table(&transaction)
        })
    }

    /// Adds or replaces units and changes, and joins all points again.
    pub(super) fn put_units(
        &self,
        (units, changes): (&[Unit], &[UnitChange]),
        patience: &Patience,
    ) -> Result<UnitsStored, StoreError> {
        let (stored, stamp, index) = self.writing(("storing units", patience), |transaction| {
            let (before, _) = write::version(&transaction, "units")?;
            let (mut stored, redrawn) = store_units(&transaction, units)?;
            if store_changes(&transaction, changes)? || stored.added + stored.changed > 0 {
                log::record(&transaction, "units", &Changed::Everything)?;
            }
            (stored.version, _) = write::version(&transaction, "units")?;
            let index = if redrawn { Some(UnitIndex::new(&read_units(&transaction)?.0)) } else { None };
            for layer in schema::live_layers(&transaction)? {
                let (_, joined) = write::version(&transaction, layer.as_str())?;
                match &index {
                    Some(index) => {
                        let joined =
                            write::attempt(&transaction, || join::join(&transaction, &layer, index, Which::All))?;
                        let Ok(joined) = joined else {
                            // It is to be joined by whoever can read it again.
                            log::record(&transaction, layer.as_str(), &Changed::Everything)?;
                            continue;
                        };
                        log::record(&transaction, layer.as_str(), &joined.changed)?;
                    }
                    // Links that were not those of the units before are none of the units now.
                    None if joined != before => continue,
                    None => {}
                }
                join::set_joined(&transaction, &layer, stored.version)?;
            }
            let stamp = stamps::of(&transaction, "units", stored.version)?;
            write::commit(transaction)?;
            Ok((stored, stamp, index))
        })?;
        if let Some(index) = index {
            self.keep_index((stored.version, stamp), index);
        }
        Ok(stored)
    }
}

/// The units and what became of them, with their version.
pub(super) fn read_table(transaction: &Transaction<'_>) -> rusqlite::Result<UnitTable> {
    let (version, _) = write::version(transaction, "units")?;
    let (units, left_out) = read_units(transaction)?;
    if left_out > 0 {
        tracing::warn!(left_out, "units written by other programs lack a level or code");
    }
    Ok(UnitTable { version, units, changes: read_changes(transaction)? })
}

/// The units, by level, code and first day, and how many rows are none.
pub(super) fn read_units(connection: &Connection) -> rusqlite::Result<(Vec<Unit>, u64)> {
    let mut select = connection.prepare(
        "SELECT id, geom, level, code, name, full_name, kind, parent, valid_from, valid_to, schematic FROM units",
    )?;
    let mut rows = select.query([])?;
    let (mut units, mut left_out) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        match read_unit(row)? {
            Some(unit) => units.push(unit),
            None => left_out += 1,
        }
    }
    units.sort_by(|a, b| a.identity().cmp(&b.identity()));
    Ok((units, left_out))
}

/// A unit; none where the row, written by another program, lacks an identity. A geometry that cannot be read covers nothing.
fn read_unit(row: &Row<'_>) -> rusqlite::Result<Option<Unit>> {
    let text = |column: usize| -> rusqlite::Result<Option<String>> {
        Ok(row.get_ref(column)?.as_str_or_null().ok().flatten().map(str::to_owned))
    };
    let day = |column: usize| -> rusqlite::Result<Option<Day>> {
        Ok(row.get_ref(column)?.as_str_or_null().ok().flatten().and_then(|text| value::date(text.as_bytes())))
    };
    let level = text(2)?.and_then(|name| Level::parse("level", &name).ok());
    let (Ok(id), Some(level), Some(code)) = (i32::try_from(row.get::<_, i64>(0)?), level, text(3)?) else {
        return Ok(None);
    };
    let geometry = match row.get_ref(1)? {
        ValueRef::Blob(bytes) => blob::to_polygons(bytes).ok(),
        _ => None,
    };
    Ok(Some(Unit {
        id: UnitId(id),
        level,
        code,
        name: text(4)?.unwrap_or_default(),
        full_name: text(5)?.unwrap_or_default(),
        kind: text(6)?.unwrap_or_default(),
        parent: text(7)?,
        valid: DayInterval { from: day(8)?, to: day(9)? },
        schematic: matches!(row.get_ref(10)?, ValueRef::Integer(1)),
        geometry: geometry.unwrap_or_else(|| geo_types::MultiPolygon(Vec::new())),
    }))
}

fn read_changes(connection: &Connection) -> rusqlite::Result<Vec<UnitChange>> {
    let mut select = connection
        .prepare("SELECT old_code, new_code, date, whole FROM unit_changes ORDER BY old_code, new_code, date")?;
    let mut rows = select.query([])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        if let (Ok(old), Ok(new), Ok(date)) =
            (row.get_ref(0)?.as_str(), row.get_ref(1)?.as_str(), row.get_ref(2)?.as_str())
            && let Some(date) = value::date(date.as_bytes())
        {
            let whole = matches!(row.get_ref(3)?, ValueRef::Integer(1));
            changes.push(UnitChange { old_code: old.to_owned(), new_code: new.to_owned(), date, whole });
        }
    }
    Ok(changes)
}

/// Adds or replaces units. Also tells whether any point may belong elsewhere now: names do not matter, borders and dates do.
fn store_units(transaction: &Transaction<'_>, units: &[Unit]) -> rusqlite::Result<(UnitsStored, bool)> {
    let identity = |unit: &Unit| (unit.level, unit.code.clone(), unit.valid.from);
    let (known, _) = read_units(transaction)?;
    let mut known: HashMap<_, Unit> = known.into_iter().map(|unit| (identity(&unit), unit)).collect();
    let mut insert = transaction.prepare(
        "INSERT INTO units (id, geom, level, code, name, full_name, kind, parent, valid_from, valid_to, schematic)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let mut update = transaction.prepare(
        "UPDATE units SET geom = ?2, level = ?3, code = ?4, name = ?5, full_name = ?6, kind = ?7, parent = ?8,
             valid_from = ?9, valid_to = ?10, schematic = ?11 WHERE id = ?1",
    )?;
    let (mut stored, mut redrawn) = (UnitsStored::default(), false);
    let mut reach = Bbox::EMPTY;
    for unit in units {
        let identity = identity(unit);
        let id = known.get(&identity).map(|known| known.id);
        let wanted = Unit { id: id.unwrap_or(UnitId(0)), ..unit.clone() };
        if known.get(&identity) == Some(&wanted) {
            stored.unchanged += 1;
            continue;
        }
        redrawn |=
            known.get(&identity).is_none_or(|known| (&known.geometry, known.valid) != (&unit.geometry, unit.valid));
        let statement = if id.is_some() { &mut update } else { &mut insert };
        statement.execute(params![
            id.map(|id| id.0),
            blob::from_polygons(&unit.geometry),
            unit.level.name(),
            unit.code,
            unit.name,
            unit.full_name,
            unit.kind,
            unit.parent,
            unit.valid.from.map(|day| day.to_string()),
            unit.valid.to.map(|day| day.to_string()),
            unit.schematic,
        ])?;
        *(if id.is_some() { &mut stored.changed } else { &mut stored.added }) += 1;
        let id = id.unwrap_or(UnitId(transaction.last_insert_rowid() as i32));
        known.insert(identity, Unit { id, ..wanted });
        unit.geometry.iter().flat_map(|polygon| polygon.exterior().coords()).for_each(|c| {
            reach.extend(LonLat { lon: c.x, lat: c.y });
        });
    }
    if !reach.is_empty() {
        write::touch(transaction, "units", &reach)?;
    }
    Ok((stored, redrawn))
}

/// Whether any was new or other.
fn store_changes(transaction: &Transaction<'_>, changes: &[UnitChange]) -> rusqlite::Result<bool> {
    let mut put = transaction.prepare(
        "INSERT INTO unit_changes (old_code, new_code, date, whole) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (old_code, new_code, date) DO UPDATE SET whole = excluded.whole WHERE whole IS NOT excluded.whole",
    )?;
    let mut written = 0;
    for change in changes {
        written += put.execute(params![change.old_code, change.new_code, change.date.to_string(), change.whole])?;
    }
    if written > 0 {
        write::touch(transaction, "unit_changes", &Bbox::EMPTY)?;
    }
    Ok(written > 0)
}
