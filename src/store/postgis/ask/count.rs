//! Counts of rows that are alike.
//!
//! Points share few different lists of units: rows are counted by list, and which unit a list means on a date is decided once for
//! each by whoever asks. Sums of doubles would depend on the order of rows: their mantissas are added up as whole numbers, by
//! exponent, in a statement of their own for each field.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::Table;
use super::question::{MOST_ROWS, Question};
use super::sql::Sql;
use crate::engine::count::Measured;
use crate::engine::exact::ExactSum;
use crate::model::{CountKey, Day, FieldType, Layer, TimePart, UnitLink, Value};
use crate::store::{Group, Grouping, RowKey, StoreError, Wanted};

/// Bits of a double's fraction.
const FRACTION: u32 = 52;

impl Question<'_> {
    pub(super) async fn count(&self, wanted: &Wanted<'_>, by: &Grouping) -> Result<Vec<Group>, StoreError> {
        let rows = self.rows(&groups(&self.table, wanted, by)).await?;
        self.bounded(rows.len())?;
        let mut groups: Vec<Group> = rows.iter().map(|row| group(row, wanted.layer, by)).collect();
        for (place, field) in by.measured.iter().enumerate() {
            if wanted.layer.fields.get(*field).is_none_or(|field| field.kind != FieldType::Real) {
                continue;
            }
            let mut sums: HashMap<GroupKeys, ExactSum> = HashMap::new();
            for row in self.rows(&exponents(&self.table, wanted, by, *field)).await? {
                let keys = group_keys(&row, wanted.layer, by);
                add_exponent(sums.entry(keys).or_default(), &row, 2 + by.keys.len());
            }
            for group in &mut groups {
                let keys = (group.links.clone(), group.span, group.keys.clone());
                if let (Some(sum), Some(measured)) = (sums.remove(&keys), group.measured.get_mut(place)) {
                    measured.real = sum;
                }
            }
        }
        Ok(groups)
    }
}

/// What rows of a group have in common.
type GroupKeys = (Vec<UnitLink>, Option<usize>, Vec<CountKey>);

fn group_keys(row: &Row, layer: &Layer, by: &Grouping) -> GroupKeys {
    let links: Option<Vec<i32>> = row.get(0);
    let links = links.unwrap_or_default().into_iter().map(UnitLink::from_stored).collect();
    let span = row.get::<_, Option<i32>>(1).and_then(|span| usize::try_from(span).ok());
    let keys = by.keys.iter().zip(2..).map(|(key, column)| key_of(row, column, (layer, *key))).collect();
    (links, span, keys)
}

fn key_of(row: &Row, column: usize, (layer, key): (&Layer, RowKey)) -> CountKey {
    let key = match key {
        RowKey::Field(field) if layer.fields.get(field).is_some_and(|field| field.kind == FieldType::Boolean) => {
            row.get::<_, Option<bool>>(column).map(CountKey::Truth)
        }
        RowKey::Field(_) => row.get::<_, Option<String>>(column).map(CountKey::Code),
        RowKey::Time(part) => row.get::<_, Option<i32>>(column).map(|value| {
            // Years beyond the calendar are its last one.
            CountKey::Time(if part.is_period() { part.of_day(Day(value)) } else { value })
        }),
    };
    key.unwrap_or(CountKey::Null)
}

fn group(row: &Row, layer: &Layer, by: &Grouping) -> Group {
    let (links, span, keys) = group_keys(row, layer, by);
    let first = 3 + by.keys.len();
    let measured = by.measured.iter().enumerate().map(|(place, field)| {
        let column = first + 4 * place;
        let is_real = layer.fields.get(*field).is_some_and(|field| field.kind == FieldType::Real);
        let end = |column: usize| {
            let real = |column| row.get::<_, Option<f64>>(column).map(|number| Value::Real(number + 0.0));
            let whole = |column| row.get::<_, Option<i64>>(column).map(Value::Integer);
            if is_real { real(column) } else { whole(column) }
        };
        let sum: Option<String> = row.get(column + 3);
        Measured {
            values: row.get::<_, i64>(column).unsigned_abs(),
            range: end(column + 1).zip(end(column + 2)),
            whole: sum.and_then(|sum| sum.parse().ok()).unwrap_or(0),
            real: ExactSum::default(),
        }
    });
    let count = row.get::<_, i64>(first - 1).unsigned_abs();
    Group { links, span, keys, count, measured: measured.collect() }
}

/// Units, span, keys and count; then of each field how many values, the least, the greatest, and the sum of a whole one. Where
/// nothing is counted by, one row of all.
fn groups(table: &Table, wanted: &Wanted<'_>, by: &Grouping) -> Sql {
    let mut sql = Sql::new("SELECT ");
    keys(&mut sql, table, wanted, by);
    sql.add(", count(*)");
    for field in &by.measured {
        let (value, is_real) = number(table, wanted.layer, *field);
        let sum = if is_real { "NULL::text".to_owned() } else { format!("sum({value})::text") };
        sql.add(&format!(", count({value}), min({value}), max({value}), {sum}"));
    }
    sql.wanted(table, wanted);
    end(&mut sql, by, 0);
    sql
}

/// Units, span and keys; then sign and exponent as a double has them, the sum of the fractions, and their number.
fn exponents(table: &Table, wanted: &Wanted<'_>, by: &Grouping, field: usize) -> Sql {
    let (value, _) = number(table, wanted.layer, field);
    let bits = format!("('x' || encode(float8send({value}), 'hex'))::bit(64)::bigint");
    let mut sql = Sql::new("SELECT ");
    keys(&mut sql, table, wanted, by);
    sql.add(&format!(", ({bits} >> {FRACTION}) & 4095, sum({bits} & {})::text, count(*)", (1_u64 << FRACTION) - 1));
    sql.wanted(table, wanted);
    sql.add(&format!(" AND {value} IS NOT NULL"));
    end(&mut sql, by, 1);
    sql
}

fn add_exponent(sum: &mut ExactSum, row: &Row, column: usize) {
    let head: i64 = row.get(column);
    let fractions: i128 = row.get::<_, String>(column + 1).parse().unwrap_or(0);
    let (negative, exponent) = (head & 0x800 != 0, (head & 0x7ff) as u16);
    let hidden = if exponent > 0 { i128::from(row.get::<_, i64>(column + 2)) << FRACTION } else { 0 };
    let mantissas = fractions + hidden;
    sum.add_scaled(exponent, if negative { -mantissas } else { mantissas });
}

/// A numeric field's value; and whether it is a double.
fn number(table: &Table, layer: &Layer, field: usize) -> (String, bool) {
    let column = table.columns.fields.get(field).map_or("NULL::bigint", String::as_str);
    let is_real = layer.fields.get(field).is_some_and(|field| field.kind == FieldType::Real);
    (column.to_owned(), is_real)
}

fn keys(sql: &mut Sql, table: &Table, wanted: &Wanted<'_>, by: &Grouping) {
    sql.add(by.units.as_ref().map_or("NULL::integer[]", |_| table.units.as_str()));
    sql.add(", ");
    match by.units.as_deref() {
        None | Some([]) => sql.add("NULL::integer"),
        Some(bounds) => sql.span(table, (wanted.layer, wanted.zone), bounds),
    }
    for key in &by.keys {
        sql.add(", ");
        row_key(sql, table, (wanted.layer, wanted.zone), *key);
    }
}

fn end(sql: &mut Sql, by: &Grouping, more: usize) {
    let columns: Vec<String> = (1..=2 + by.keys.len() + more).map(|column| column.to_string()).collect();
    sql.add(" GROUP BY ");
    sql.add(&columns.join(", "));
    sql.add(" LIMIT ");
    sql.bind(MOST_ROWS as i64 + 1, Type::INT8);
}

/// Adds a row's own value: text, boolean, or the number of a part of its time.
pub(super) fn row_key(sql: &mut Sql, table: &Table, (layer, zone): (&Layer, &TimeZone), key: RowKey) {
    let part = match key {
        RowKey::Field(field) => return sql.add(table.columns.fields.get(field).map_or("NULL::text", String::as_str)),
        RowKey::Time(part) => part,
    };
    let time = layer.time.and_then(|index| Some((layer.fields.get(index)?, table.columns.fields.get(index)?)));
    let Some((field, column)) = time else { return sql.add("NULL::integer") };
    let (before, after) = match part {
        TimePart::Hour => ("extract(hour FROM ".to_owned(), ")::integer".to_owned()),
        TimePart::Weekday => ("extract(isodow FROM ".to_owned(), ")::integer".to_owned()),
        period => (format!("(date_trunc('{}', ", period.name()), ")::date - DATE '1970-01-01')".to_owned()),
    };
    sql.add(&before);
    if field.kind == FieldType::Date {
        sql.add(&format!("{column}::timestamp"));
    } else {
        sql.add(&format!("{column} AT TIME ZONE "));
        sql.bind(zone.iana_name().unwrap_or("UTC").to_owned(), Type::TEXT);
    }
    sql.add(&after);
}
