//! Pages in an order that is asked for, by the rules of `engine::sort`: null for what `row::read` takes for no value, texts by the bytes
//! of their beginning, nulls last in either direction, ids in the end.

use tokio_postgres::types::Type;

use super::Table;
use super::sql::{Sql, wire_type};
use crate::model::{After, Direction, FieldType, Layer, SORTED_CHARACTERS, SortKey, Value};
use crate::store::postgis::filter::SqlBind;

/// What a row is sorted by, as an expression.
pub(super) fn expression(table: &Table, layer: &Layer, key: SortKey) -> String {
    let Some(index) = key.field else { return table.columns.id.clone() };
    let column = table.columns.fields.get(index).map_or("NULL", String::as_str);
    match key.kind(layer) {
        FieldType::Text | FieldType::Code => format!("(left({column}, {SORTED_CHARACTERS}) COLLATE \"C\")"),
        _ => column.to_owned(),
    }
}

/// Adds ` ORDER BY`: `keys` are the expressions, in their order.
pub(super) fn order(sql: &mut Sql, sort: &[SortKey], keys: &[String], id: &str) {
    sql.add(" ORDER BY ");
    for (key, expression) in sort.iter().zip(keys) {
        sql.add(expression);
        sql.add(match key.direction {
            Direction::Ascending => " ASC NULLS LAST, ",
            Direction::Descending => " DESC NULLS LAST, ",
        });
    }
    sql.add(id);
}

/// Adds a condition: the row is behind the place. `keys` are the expressions, in their order.
pub(super) fn behind(sql: &mut Sql, sort: &[SortKey], (keys, id): (&[String], &str), after: &After) {
    let all: Vec<(&SortKey, &String, &Value)> =
        sort.iter().zip(keys).zip(&after.values).map(|((key, expression), value)| (key, expression, value)).collect();
    sql.add("(");
    for (index, (key, expression, value)) in all.iter().enumerate() {
        // Nothing is behind a row without a value but more of those.
        if **value != Value::Null {
            alike(sql, &all[..index]);
            sql.add("(");
            sql.add(expression);
            sql.add(if key.direction == Direction::Ascending { " > " } else { " < " });
            bind(sql, value);
            sql.add(" OR ");
            sql.add(expression);
            sql.add(" IS NULL) OR ");
        }
    }
    alike(sql, &all);
    sql.add(id);
    sql.add(" > ");
    sql.bind(i64::try_from(after.id).unwrap_or(i64::MAX), Type::INT8);
    sql.add(")");
}

/// Adds that these keys are those of the place, and ` AND `.
fn alike(sql: &mut Sql, keys: &[(&SortKey, &String, &Value)]) {
    for (_, expression, value) in keys {
        sql.add(expression);
        if **value == Value::Null {
            sql.add(" IS NULL AND ");
        } else {
            sql.add(" = ");
            bind(sql, value);
            sql.add(" AND ");
        }
    }
}

fn bind(sql: &mut Sql, value: &Value) {
    let value = SqlBind::Value(value.clone());
    let wire = wire_type(&value);
    sql.bind(value, wire);
}
