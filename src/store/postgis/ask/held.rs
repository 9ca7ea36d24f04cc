//! Rows by their answer of the join, and by values of their own.

use jiff::tz::TimeZone;
use tokio_postgres::types::Type;

use super::Table;
use super::count::row_key;
use super::sql::Sql;
use crate::model::{CountKey, Layer, UnitId};
use crate::store::{Held, Picked, RowKey, Wanted};

/// Adds that the row's answer of the join is the picked one.
pub(super) fn is_held(sql: &mut Sql, table: &Table, wanted: &Wanted<'_>, held: &Held) {
    if held.bounds.is_empty() {
        return picked(sql, table, held.valid.first().map_or(&[], Vec::as_slice), &held.picked);
    }
    sql.add("CASE coalesce(");
    sql.span(table, (wanted.layer, wanted.zone), &held.bounds);
    sql.add(", ");
    sql.bind(i32::try_from(held.today).unwrap_or(i32::MAX), Type::INT4);
    sql.add(")");
    for (span, valid) in held.valid.iter().enumerate() {
        sql.add(&format!(" WHEN {span} THEN "));
        picked(sql, table, valid, &held.picked);
    }
    sql.add(" END");
}

/// Adds that the row has the value that it is counted by.
pub(super) fn has_value(
    sql: &mut Sql,
    table: &Table,
    (layer, zone): (&Layer, &TimeZone),
    (key, value): (RowKey, &CountKey),
) {
    sql.add("(");
    row_key(sql, table, (layer, zone), key);
    sql.add(")");
    match value {
        CountKey::Code(code) => {
            sql.add(" = ");
            sql.bind(code.clone(), Type::TEXT);
        }
        CountKey::Truth(truth) => sql.add(if *truth { " = true" } else { " = false" }),
        CountKey::Time(value) => {
            sql.add(" = ");
            sql.bind(*value, Type::INT4);
        }
        CountKey::Null | CountKey::Unit(_) | CountKey::Near | CountKey::Outside => sql.add(" IS NULL"),
    }
}

/// Adds the join's rule: of the row's links the first one whose unit is valid is the answer.
fn picked(sql: &mut Sql, table: &Table, valid: &[UnitId], picked: &Picked) {
    let first = |sql: &mut Sql| {
        sql.add(&format!(
            "(SELECT link FROM unnest({}) WITH ORDINALITY AS links (link, place) WHERE abs(link) = ANY (",
            table.units
        ));
        sql.bind(valid.iter().map(|id| id.0).collect::<Vec<i32>>(), Type::INT4_ARRAY);
        sql.add(") ORDER BY place LIMIT 1)");
    };
    match picked {
        Picked::Covered(units) => {
            // An overlap is quickly seen, and few rows have one.
            let units: Vec<i32> = units.iter().map(|id| id.0).collect();
            sql.add(&format!("({} && ", table.units));
            sql.bind(units.clone(), Type::INT4_ARRAY);
            sql.add(" AND ");
            first(sql);
            sql.add(" = ANY (");
            sql.bind(units, Type::INT4_ARRAY);
            sql.add("))");
        }
        Picked::Near => {
            first(sql);
            sql.add(" < 0");
        }
        Picked::Outside => {
            first(sql);
            sql.add(" IS NULL");
        }
    }
}
