//! Counts of rows that are alike.
//!
//! Points share few different lists of units: rows are counted by list, and which unit a list means on a date is decided once for
//! each by whoever asks.

use jiff::tz::TimeZone;
use tokio_postgres::types::Type;

use super::Table;
use super::question::Question;
use super::sql::Sql;
use crate::model::{FieldType, Layer, UnitLink, Value};
use crate::store::postgis::columns::date_value;
use crate::store::postgis::row::Wire;
use crate::store::{Group, Grouping, StoreError, Wanted};

impl Question<'_> {
    pub(super) async fn count(&self, wanted: &Wanted<'_>, by: &Grouping) -> Result<Vec<Group>, StoreError> {
        let rows = self.rows(&groups(&self.table, wanted, by)).await?;
        let group = |row: &tokio_postgres::Row| {
            let links: Option<Vec<i32>> = row.get(0);
            let month = row.get::<_, Option<Wire<i32>>>(3).and_then(|Wire(days)| date_value(days));
            Group {
                links: links.unwrap_or_default().into_iter().map(UnitLink::from_stored).collect(),
                span: row.get::<_, Option<i32>>(1).and_then(|span| usize::try_from(span).ok()),
                code: row.get(2),
                month: match month {
                    Some(Value::Date(day)) => Some(day),
                    _ => None,
                },
                count: row.get::<_, i64>(4).unsigned_abs(),
            }
        };
        Ok(rows.iter().map(group).collect())
    }
}

/// Units, span, code, month and count. Where nothing is counted by, one row of all.
fn groups(table: &Table, wanted: &Wanted<'_>, by: &Grouping) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.add(by.units.as_ref().map_or("NULL::integer[]", |_| table.units.as_str()));
    sql.add(", ");
    match by.units.as_deref() {
        None | Some([]) => sql.add("NULL::integer"),
        Some(bounds) => sql.span(table, (wanted.layer, wanted.zone), bounds),
    }
    sql.add(", ");
    let code = wanted.layer.category.and_then(|index| table.columns.fields.get(index)).filter(|_| by.category);
    sql.add(code.map_or("NULL::text", String::as_str));
    sql.add(", ");
    if by.month {
        month(&mut sql, table, wanted.layer, wanted.zone);
    } else {
        sql.add("NULL::date");
    }
    sql.add(", count(*)");
    sql.wanted(table, wanted);
    sql.add(" GROUP BY 1, 2, 3, 4");
    sql
}

/// Adds the first day of the month of the row's own day.
fn month(sql: &mut Sql, table: &Table, layer: &Layer, zone: &TimeZone) {
    let time = layer.time.and_then(|index| Some((layer.fields.get(index)?, table.columns.fields.get(index)?)));
    let Some((field, column)) = time else { return sql.add("NULL::date") };
    sql.add(&format!("CASE WHEN isfinite({column}) THEN date_trunc('month', "));
    if field.kind == FieldType::Date {
        sql.add(&format!("{column}::timestamp"));
    } else {
        sql.add(&format!("{column} AT TIME ZONE "));
        sql.bind(zone.iana_name().unwrap_or("UTC").to_owned(), Type::TEXT);
    }
    sql.add(")::date END");
}
