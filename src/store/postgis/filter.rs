//! A filter as SQL: every value bound, every name quoted by whoever knows the table.
//!
//! The text takes the rows that `engine::cql2::Predicate` takes; `tests/promises/postgis/filters.rs` holds the two together. It
//! needs the functions of `sql/migrations/V5__filters.sql` and `V6__functions.sql`.

use std::error::Error;
use std::fmt::Write;

use bytes::BytesMut;
use geo_types::Geometry;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::columns::{EPOCH_DAYS, EPOCH_US, quoted, value_of};
use super::ewkb::ewkb;
use crate::model::filter::{Arithmetic, Comparison, Condition, Filter, Folding, Function, PlaceTest, Scalar};
use crate::model::{Day, FieldType, Instant, Layer, Value};

/// SQL expressions for what a filter may ask of a row.
#[derive(Debug, Clone)]
pub struct SqlColumns {
    /// The feature's id, `bigint`.
    pub id: String,
    /// Its position, `geometry(Point, 4326)`.
    pub position: String,
    /// One for each field of the layer, of the field's type: null where what is stored is no value.
    pub fields: Vec<String>,
    /// The same fields as they are stored, which an index may be of.
    pub stored: Vec<String>,
}

impl SqlColumns {
    /// Those of a layer's own table.
    pub fn of_own_table(layer: &Layer) -> Self {
        let stored: Vec<String> = layer.fields.iter().map(|field| quoted(&field.name)).collect();
        let fields = layer.fields.iter().zip(&stored).map(|(field, column)| value_of(field.kind, column)).collect();
        Self { id: quoted("id"), position: quoted("geom"), fields, stored }
    }
}

/// A condition and the values of its `$n`.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlFilter {
    /// A boolean expression; a row is asked for where it is true.
    pub text: String,
    /// The values of `$first`, `$first + 1`, …
    pub binds: Vec<SqlBind>,
}

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlBind {
    /// Of a type that a field may have.
    Value(Value),
    /// Well-Known Binary of a geometry with its SRID (EWKB), as `bytea`.
    Geometry(Vec<u8>),
}

/// The `WHERE` of a filter. Binds are numbered from `$first`.
pub fn where_clause(filter: &Filter, columns: &SqlColumns, first: usize) -> SqlFilter {
    let mut writer = Writer { filter, columns, first, out: SqlFilter { text: String::new(), binds: Vec::new() } };
    writer.for_indexes(&filter.condition);
    writer.condition(&filter.condition);
    writer.out
}

struct Writer<'a> {
    filter: &'a Filter,
    columns: &'a SqlColumns,
    first: usize,
    out: SqlFilter,
}

impl Writer<'_> {
    fn add(&mut self, text: &str) {
        self.out.text.push_str(text);
    }

    /// A placeholder whose type the cast says.
    fn bind(&mut self, value: SqlBind, cast: &str) {
        let number = self.first + self.out.binds.len();
        // Writing into a String does not fail.
        let _ = write!(self.out.text, "${number}::{cast}");
        self.out.binds.push(value);
    }

    fn joined<T>(&mut self, items: &[T], between: &str, write: impl Fn(&mut Self, &T)) {
        self.add("(");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.add(between);
            }
            write(self, item);
        }
        self.add(")");
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Always(truth) => self.add(if *truth { "TRUE" } else { "FALSE" }),
            Condition::And(parts) if parts.is_empty() => self.add("TRUE"),
            Condition::Or(parts) if parts.is_empty() => self.add("FALSE"),
            Condition::And(parts) => self.joined(parts, " AND ", Self::condition),
            Condition::Or(parts) => self.joined(parts, " OR ", Self::condition),
            Condition::Not(inner) => {
                self.add("(NOT ");
                self.condition(inner);
                self.add(")");
            }
            Condition::IsUnknown(inner) => {
                self.add("(");
                self.condition(inner);
                self.add(" IS NULL)");
            }
            Condition::Truth(scalar) => self.scalar(scalar),
            Condition::Compare(comparison, left, right) => self.compare(*comparison, left, right),
            Condition::In(value, list) => {
                self.add("(");
                self.scalar(value);
                self.add(" IN ");
                self.joined(list, ", ", Self::scalar);
                self.add(")");
            }
            Condition::Like(value, pattern) => {
                self.add("(");
                self.scalar(value);
                self.add(" COLLATE \"C\" LIKE ");
                self.bind(SqlBind::Value(Value::Text(pattern.clone())), "text");
                self.add(")");
            }
            Condition::IsNull(scalar) => {
                self.add("(");
                self.scalar(scalar);
                self.add(" IS NULL)");
            }
            Condition::Position(test, geometry) => self.position(*test, geometry),
        }
    }

    /// What a row's stored values must fulfil in any case, so that an index on them serves.
    fn for_indexes(&mut self, condition: &Condition) {
        if self.is_implied(condition) {
            self.imply(condition);
            self.add(" AND ");
        }
    }

    /// Whether a condition that is true says something of stored values that are read otherwise.
    fn is_implied(&self, condition: &Condition) -> bool {
        match condition {
            Condition::And(parts) => parts.iter().any(|part| self.is_implied(part)),
            Condition::Or(parts) => !parts.is_empty() && parts.iter().all(|part| self.is_implied(part)),
            Condition::Compare(Comparison::NotEqual, ..) => false,
            Condition::Compare(_, left, right) => {
                self.stored(left).is_some() && is_known(right) || is_known(left) && self.stored(right).is_some()
            }
            Condition::In(value, list) => self.stored(value).is_some() && list.iter().all(is_known),
            _ => false,
        }
    }

    fn imply(&mut self, condition: &Condition) {
        match condition {
            Condition::And(parts) => {
                let parts: Vec<&Condition> = parts.iter().filter(|part| self.is_implied(part)).collect();
                self.joined(&parts, " AND ", |writer, part| writer.imply(part));
            }
            Condition::Or(parts) => self.joined(parts, " OR ", Self::imply),
            Condition::Compare(comparison, left, right) => {
                self.stored_or_known(left);
                self.add(sign_of(*comparison));
                self.stored_or_known(right);
            }
            Condition::In(value, list) => {
                self.stored_or_known(value);
                self.add(" IN ");
                self.joined(list, ", ", Self::scalar);
            }
            _ => self.add("TRUE"),
        }
    }

    /// A field as it is stored, where it is read otherwise.
    fn stored(&self, scalar: &Scalar) -> Option<&str> {
        let Scalar::Field(index, _) = scalar else { return None };
        let (read, stored) = (self.columns.fields.get(*index)?, self.columns.stored.get(*index)?);
        (read != stored).then_some(stored)
    }

    fn stored_or_known(&mut self, scalar: &Scalar) {
        match self.stored(scalar).map(str::to_owned) {
            Some(stored) => self.add(&stored),
            None => self.scalar(scalar),
        }
    }

    fn compare(&mut self, comparison: Comparison, left: &Scalar, right: &Scalar) {
        self.add("(");
        self.scalar(left);
        if left.kind() == FieldType::Text && !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            // By bytes, whatever the column's own order is.
            self.add(" COLLATE \"C\"");
        }
        self.add(sign_of(comparison));
        self.scalar(right);
        self.add(")");
    }

    fn scalar(&mut self, scalar: &Scalar) {
        match scalar {
            Scalar::Field(index, _) => {
                let column = self.columns.fields.get(*index).map_or("NULL", String::as_str);
                self.out.text.push_str(column);
            }
            Scalar::Id => self.out.text.push_str(&self.columns.id),
            Scalar::Literal(value) => self.bind(SqlBind::Value(value.clone()), cast(value)),
            Scalar::Folded(folding, inner) => {
                self.add(match folding {
                    Folding::Case => "bandoso.fold_case(",
                    Folding::Accents => "bandoso.fold_accents(",
                    Folding::Lower => "bandoso.lower_case(",
                    Folding::Upper => "bandoso.upper_case(",
                });
                self.scalar(inner);
                self.add(")");
            }
            Scalar::Arithmetic(operator, left, right) => {
                self.add("bandoso.calculated('");
                self.add(sign(*operator));
                self.add("', ");
                self.scalar(left);
                self.add(", ");
                self.scalar(right);
                self.add(")");
            }
            Scalar::Call(function, argument) => self.called(*function, argument),
            Scalar::Real(inner) => {
                self.add("(");
                self.scalar(inner);
                self.add(")::double precision");
            }
            Scalar::DayStart(day) => self.day_start(day, 0),
            Scalar::DayEnd(day) => {
                self.add("(");
                self.day_start(day, 1);
                self.add(" - interval '1 microsecond')");
            }
        }
    }

    /// `engine::cql2::functions` in SQL.
    fn called(&mut self, function: Function, argument: &Scalar) {
        let whole = argument.kind() == FieldType::Integer;
        let (before, after) = match function {
            Function::Length => ("length(", ")::bigint"),
            // The least whole number has no contrary.
            Function::Abs if whole => ("abs(nullif(", ", -9223372036854775808))"),
            Function::Abs => ("abs(", ")"),
            Function::Round if !whole => ("round(", ")"),
            Function::Floor if !whole => ("floor(", ")"),
            Function::Ceil if !whole => ("ceil(", ")"),
            Function::Round | Function::Floor | Function::Ceil => ("(", ")"),
            Function::Year => return self.part("year", argument),
            Function::Month => return self.part("month", argument),
            Function::Day => return self.part("day", argument),
            Function::Weekday => return self.part("isodow", argument),
            Function::Hour => return self.part("hour", argument),
        };
        self.add(before);
        self.scalar(argument);
        self.add(after);
    }

    /// A part of a date, or of a timestamp on the clock of the filter's zone.
    fn part(&mut self, part: &str, argument: &Scalar) {
        self.add("bandoso.part_of('");
        self.add(part);
        self.add("', ");
        self.scalar(argument);
        if argument.kind() == FieldType::Timestamp {
            self.add(" AT TIME ZONE ");
            let zone = self.filter.zone.iana_name().unwrap_or("UTC").to_owned();
            self.bind(SqlBind::Value(Value::Text(zone)), "text");
        }
        self.add(")");
    }

    /// The first instant of the day so many days after a date.
    fn day_start(&mut self, day: &Scalar, later: i32) {
        self.add("((");
        self.scalar(day);
        // Writing into a String does not fail.
        let _ = write!(self.out.text, " + {later})::timestamp AT TIME ZONE ");
        let zone = self.filter.zone.iana_name().unwrap_or("UTC").to_owned();
        self.bind(SqlBind::Value(Value::Text(zone)), "text");
        self.add(")");
    }

    /// Functions that an index on the position serves and that, for polygons, decide by `PostGIS`'s own arithmetic.
    fn position(&mut self, test: PlaceTest, geometry: &Geometry<f64>) {
        let is_area = matches!(geometry, Geometry::Polygon(_) | Geometry::MultiPolygon(_));
        match test {
            PlaceTest::Meets => self.related("ST_Intersects", geometry),
            PlaceTest::Inside => self.related("ST_Within", geometry),
            // ST_Touches is computed by GEOS, which may decide otherwise within rounding of a border.
            PlaceTest::Boundary if is_area => {
                self.add("(");
                self.related("ST_Intersects", geometry);
                self.add(" AND NOT ");
                self.related("ST_Within", geometry);
                self.add(")");
            }
            PlaceTest::Boundary => self.related("ST_Touches", geometry),
        }
    }

    fn related(&mut self, function: &str, geometry: &Geometry<f64>) {
        self.add(function);
        self.add("(");
        self.out.text.push_str(&self.columns.position);
        self.add(", ST_GeomFromEWKB(");
        self.bind(SqlBind::Geometry(ewkb(geometry)), "bytea");
        self.add("))");
    }
}

fn cast(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text",
        Value::Integer(_) => "bigint",
        Value::Real(_) | Value::Null => "double precision",
        Value::Boolean(_) => "boolean",
        Value::Date(_) => "date",
        Value::Timestamp(_) => "timestamptz",
    }
}

/// Whether it is the same for all rows, and cheap.
fn is_known(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Literal(_) => true,
        Scalar::DayStart(day) | Scalar::DayEnd(day) => matches!(**day, Scalar::Literal(_)),
        _ => false,
    }
}

fn sign_of(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => " = ",
        Comparison::NotEqual => " <> ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
    }
}

fn sign(operator: Arithmetic) -> &'static str {
    match operator {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
        Arithmetic::WholeDivide => "div",
        Arithmetic::Remainder => "%",
        Arithmetic::Power => "^",
    }
}

impl ToSql for SqlBind {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Value(Value::Null) => Ok(IsNull::Yes),
            Self::Value(Value::Text(text)) => text.to_sql(kind, out),
            Self::Value(Value::Integer(number)) => number.to_sql(kind, out),
            Self::Value(Value::Real(number)) => number.to_sql(kind, out),
            Self::Value(Value::Boolean(truth)) => truth.to_sql(kind, out),
            Self::Value(Value::Date(Day(days))) => days.saturating_sub(EPOCH_DAYS).to_sql(&Type::INT4, out),
            Self::Value(Value::Timestamp(Instant(micros))) => micros.saturating_sub(EPOCH_US).to_sql(&Type::INT8, out),
            Self::Geometry(bytes) => bytes.as_slice().to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
