//! Fields as columns: names, types, and how values travel in the binary form of `COPY`.

use std::collections::BTreeMap;
use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::GenericClient;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::model::{Day, FieldType, Instant, Layer, LonLat, Value};

/// Days from 1970-01-01 to 2000-01-01, where `PostgreSQL` counts from.
pub(super) const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
pub(super) const EPOCH_US: i64 = 946_684_800_000_000;

/// An identifier as SQL takes it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal, for where statements cannot have parameters.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `schema.table` quoted; a name without a schema is looked for in `public`.
pub(super) fn quoted_table(name: &str) -> String {
    let (schema, table) = name.split_once('.').unwrap_or(("public", name));
    format!("{}.{}", quoted(schema), quoted(table))
}

/// The quoted name of a layer's table, its own or somebody's.
pub(super) fn table_of(layer: &Layer) -> String {
    quoted_table(layer.published.as_ref().map_or(layer.id.as_str(), |source| &source.table))
}

/// A table or view that is there.
pub(super) struct Relation {
    /// Its quoted name.
    pub(super) name: String,
    /// An ordinary table, not a view, foreign or partitioned table.
    pub(super) is_table: bool,
    /// Whether triggers may be put on it.
    pub(super) takes_triggers: bool,
    /// Whether it can be held, as `hold` says.
    pub(super) is_holdable: bool,
    /// By name.
    pub(super) columns: BTreeMap<String, ColumnType>,
}

/// The type of a column.
pub(super) struct ColumnType {
    /// `PostgreSQL`'s internal name of it, such as `int8`.
    pub(super) name: String,
    is_enum: bool,
}

impl Relation {
    /// Looks up a table or view by its quoted name.
    pub(super) async fn find(client: &impl GenericClient, name: String) -> Result<Option<Self>, tokio_postgres::Error> {
        let Some(found) = client.query_opt(include_str!("../../../sql/relation.sql"), &[&name]).await? else {
            return Ok(None);
        };
        let rows = client.query(include_str!("../../../sql/columns.sql"), &[&found.get::<_, u32>(0)]).await?;
        let columns = rows.iter().map(|row| (row.get(0), ColumnType { name: row.get(1), is_enum: row.get(2) }));
        let [is_table, takes_triggers, is_holdable] = [1, 2, 3].map(|column| found.get(column));
        Ok(Some(Self { name, is_table, takes_triggers, is_holdable, columns: columns.collect() }))
    }

    /// The SQL expression that gives a field's value, of the type [`sql_type`] names; none where the column is missing or
    /// holds something else. `zone` is where times without an offset are.
    pub(super) fn reads(&self, field: &str, kind: FieldType, zone: &str) -> Option<String> {
        let column = self.columns.get(field)?;
        let fits: &[&str] = match kind {
            FieldType::Text | FieldType::Code => {
                &["text", "varchar", "bpchar", "name", "citext", "uuid", "int2", "int4", "int8"]
            }
            FieldType::Integer => &["int8", "int4", "int2"],
            FieldType::Real => &["float8", "float4", "numeric", "int8", "int4", "int2"],
            FieldType::Boolean => &["bool"],
            FieldType::Date => &["date"],
            FieldType::Timestamp => &["timestamptz", "timestamp"],
        };
        let is_text = matches!(kind, FieldType::Text | FieldType::Code);
        if !(fits.contains(&column.name.as_str()) || is_text && column.is_enum) {
            return None;
        }
        let name = quoted(field);
        Some(match column.name.as_str() {
            // What lies within a day of the ends of time may have none in UTC. What is infinite is no value of a field.
            "timestamp" => format!(
                "(CASE WHEN {name} BETWEEN '4713-01-02 BC' AND '294276-12-30' THEN {name} AT TIME ZONE {} \
                 WHEN {name} IS NOT NULL THEN 'infinity' END)::timestamptz",
                literal(zone)
            ),
            // A numeric may be larger than any double, which is an error, and smaller, which is one too. No double is no value.
            "numeric" => format!(
                "(CASE WHEN abs({name}) <= 1.7e308 AND (abs({name}) >= 1e-307 OR {name} = 0) THEN {name}::double precision \
                 WHEN abs({name}) < 1e-307 THEN 0 WHEN {name} IS NOT NULL THEN 'NaN' END)"
            ),
            _ => format!("{name}::{}", sql_type(kind)),
        })
    }
}

/// The type of a field's column.
pub(super) fn sql_type(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text | FieldType::Code => "text",
        FieldType::Integer => "bigint",
        FieldType::Real => "double precision",
        FieldType::Boolean => "boolean",
        FieldType::Date => "date",
        FieldType::Timestamp => "timestamptz",
    }
}

/// The last day and the last time that are values of a field: `jiff`'s, which has a time in every zone's years.
pub(super) const LAST_DAY: &str = "'9999-12-31'";
pub(super) const LAST_TIME: &str = "'9999-12-30 22:00:00.999999+00'";

/// The SQL expression of a field's value by that of its column: null where `row::read` finds no value.
pub(super) fn value_of(kind: FieldType, column: &str) -> String {
    match kind {
        FieldType::Date => format!("(CASE WHEN {column} > '-infinity' AND {column} <= {LAST_DAY} THEN {column} END)"),
        FieldType::Timestamp => {
            format!("(CASE WHEN {column} > '-infinity' AND {column} <= {LAST_TIME} THEN {column} END)")
        }
        FieldType::Real => format!("(CASE WHEN {column} > '-infinity' AND {column} < 'infinity' THEN {column} END)"),
        _ => column.to_owned(),
    }
}

/// The internal name of the same type.
pub(super) fn type_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text | FieldType::Code => "text",
        FieldType::Integer => "int8",
        FieldType::Real => "float8",
        FieldType::Boolean => "bool",
        FieldType::Date => "date",
        FieldType::Timestamp => "timestamptz",
    }
}

/// The type as which a field's value is read and written: days and times travel as the whole numbers they are.
pub(super) fn wire_type(kind: FieldType) -> Type {
    match kind {
        FieldType::Text | FieldType::Code => Type::TEXT,
        FieldType::Integer | FieldType::Timestamp => Type::INT8,
        FieldType::Real => Type::FLOAT8,
        FieldType::Boolean => Type::BOOL,
        FieldType::Date => Type::INT4,
    }
}

/// A day as the wire gives it; none for the infinite days, and for those of years beyond 9999.
pub(super) fn date_value(wire: i32) -> Option<Value> {
    let days = wire.checked_add(EPOCH_DAYS).map(Day);
    days.filter(|day| day.has_text()).map(Value::Date)
}

/// A time as the wire gives it; none for the infinite times, and for those of years beyond 9999.
pub(super) fn timestamp_value(wire: i64) -> Option<Value> {
    let instant = wire.checked_add(EPOCH_US).map(Instant);
    instant.filter(|instant| instant.has_text()).map(Value::Timestamp)
}

/// Without the sign of a zero, which SQLite does not keep: both stores give the same.
pub(super) fn plain_zero(number: f64) -> f64 {
    number + 0.0
}

/// One cell of a row to be written.
#[derive(Debug)]
pub(super) enum Cell<'a> {
    Number(Option<i64>),
    Text(Option<&'a str>),
    Real(f64),
    Value(&'a Value),
    Units(Vec<i32>),
    /// A point in degrees WGS 84.
    Point(LonLat),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Number(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Real(number) => number.to_sql(kind, out),
            Self::Units(units) => units.to_sql(kind, out),
            Self::Point(at) => {
                // EWKB: little-endian, a point with a reference system, which it is.
                out.put_u8(1);
                out.put_u32_le(0x2000_0001);
                out.put_u32_le(4326);
                out.put_f64_le(at.lon);
                out.put_f64_le(at.lat);
                Ok(IsNull::No)
            }
            Self::Value(value) => match value {
                Value::Null => Ok(IsNull::Yes),
                Value::Text(text) => text.to_sql(kind, out),
                Value::Integer(number) => number.to_sql(kind, out),
                Value::Real(number) => plain_zero(*number).to_sql(kind, out),
                Value::Boolean(truth) => truth.to_sql(kind, out),
                Value::Date(Day(days)) => days.saturating_sub(EPOCH_DAYS).to_sql(kind, out),
                Value::Timestamp(Instant(micros)) => micros.saturating_sub(EPOCH_US).to_sql(kind, out),
            },
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted(r#"a"; DROP TABLE b; --"#), r#""a""; DROP TABLE b; --""#);
        assert_eq!(quoted_table("gis.schools"), r#""gis"."schools""#);
        assert_eq!(quoted_table("schools"), r#""public"."schools""#);
        assert_eq!(literal("Asia/Ho_Chi_Minh' OR 'a"), "'Asia/Ho_Chi_Minh'' OR ''a'");
    }

    #[test]
    fn infinite_days_and_times_are_no_values() {
        assert_eq!(date_value(0), Some(Value::Date(Day(10_957))));
        assert_eq!(date_value(i32::MAX), None);
        assert_eq!(timestamp_value(0), Some(Value::Timestamp(Instant(946_684_800_000_000))));
        assert_eq!(timestamp_value(i64::MIN), None);
    }
}
