//! A statement while it is written, with its values.

use std::fmt::Write;

use jiff::tz::TimeZone;
use tokio_postgres::types::{ToSql, Type};

use super::Table;
use crate::engine::select::first_day_from;
use crate::model::filter::Filter;
use crate::model::{Bbox, Day, FieldType, Layer, TimeInterval, Value};
use crate::store::Wanted;
use crate::store::postgis::columns::{LAST_DAY, LAST_TIME, sql_type};
use crate::store::postgis::filter::{SqlBind, SqlColumns, where_clause};

/// Text and values of one statement.
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) binds: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
    /// Whether the text comes again and again: it is kept prepared. Filters and choices of fields have too many texts.
    pub(super) is_common: bool,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), binds: Vec::new(), is_common: true }
    }

    /// A statement that is not kept prepared.
    pub(super) fn uncommon(text: impl Into<String>) -> Self {
        Self { is_common: false, ..Self::new(text) }
    }

    pub(super) fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a value in its place.
    pub(super) fn bind(&mut self, value: impl ToSql + Sync + Send + 'static, kind: Type) {
        self.binds.push((Box::new(value), kind));
        // Writing into a String does not fail.
        let _ = write!(self.text, "${}", self.binds.len());
    }

    /// Adds ` FROM … WHERE …`: the rows that are features of the layer and wanted.
    pub(super) fn wanted(&mut self, table: &Table, wanted: &Wanted<'_>) {
        self.features(table);
        self.in_time(table, wanted.layer, wanted.datetime, wanted.zone);
        if let Some(filter) = wanted.filter {
            self.add(" AND ");
            self.filter(filter, &table.columns);
        }
    }

    /// Adds a filter's condition.
    pub(super) fn filter(&mut self, filter: &Filter, columns: &SqlColumns) {
        self.is_common = false;
        let filter = where_clause(filter, columns, self.binds.len() + 1);
        self.add(&filter.text);
        for bind in filter.binds {
            let kind = wire_type(&bind);
            self.binds.push((Box::new(bind), kind));
        }
    }

    /// Adds ` FROM … WHERE …`: what other programs wrote may be no feature, as `row::read` has it.
    pub(super) fn features(&mut self, table: &Table) {
        // Writing into a String does not fail.
        let _ = write!(self.text, " FROM {} WHERE {}", table.name, table.is_feature());
    }

    /// Infinite times and those beyond the calendar are no values: they are in no interval, open or not.
    fn in_time(&mut self, table: &Table, layer: &Layer, datetime: Option<TimeInterval>, zone: &TimeZone) {
        let (Some(interval), Some(index)) = (datetime, layer.time) else { return };
        let (Some(field), Some(column)) = (layer.fields.get(index), table.columns.stored.get(index)) else { return };
        let is_date = field.kind == FieldType::Date;
        let last = if is_date { LAST_DAY } else { LAST_TIME };
        self.add(&format!(" AND {column} > '-infinity' AND {column} <= {last}"));
        for (end, sign) in [(interval.from, " >= "), (interval.to, " < ")] {
            let Some(end) = end else { continue };
            self.add(&format!(" AND {column}{sign}"));
            if is_date {
                self.bind(SqlBind::Value(Value::Date(first_day_from(end, zone))), Type::DATE);
            } else {
                self.bind(SqlBind::Value(Value::Timestamp(end)), Type::TIMESTAMPTZ);
            }
        }
    }

    /// Adds ` AND` that the position may be in one of the boxes of degrees: whoever asks decides it to the last bit.
    pub(super) fn in_boxes(&mut self, table: &Table, boxes: &[Bbox]) {
        self.add(" AND (");
        for (index, bbox) in boxes.iter().enumerate() {
            self.add(if index > 0 { " OR " } else { "" });
            self.add(&table.columns.position);
            self.add(" && ST_MakeEnvelope(");
            for edge in [bbox.west, bbox.south, bbox.east, bbox.north] {
                self.bind(edge, Type::FLOAT8);
                self.add(", ");
            }
            self.add("4326)");
        }
        self.add(")");
    }

    /// Adds the number of days of `bounds` on or before the row's own day; null where it has none.
    pub(super) fn span(&mut self, table: &Table, (layer, zone): (&Layer, &TimeZone), bounds: &[Day]) {
        let time = layer.time.and_then(|index| Some((layer.fields.get(index)?, table.columns.fields.get(index)?)));
        let Some((field, column)) = time else { return self.add("NULL::integer") };
        self.add("width_bucket(");
        self.add(column);
        self.add(", ");
        if field.kind == FieldType::Date {
            let days: Vec<SqlBind> = bounds.iter().map(|day| SqlBind::Value(Value::Date(*day))).collect();
            self.bind(days, Type::DATE_ARRAY);
        } else {
            let starts = bounds.iter().map(|day| SqlBind::Value(Value::Timestamp(day.start(zone))));
            self.bind(starts.collect::<Vec<_>>(), Type::TIMESTAMPTZ_ARRAY);
        }
        self.add(")");
    }
}

/// `SELECT` of the columns that `row::read` reads: fields that nobody reads are null.
pub(super) fn select_rows(table: &Table, wanted: &Wanted<'_>) -> Sql {
    let (id, at, units) = (&table.columns.id, &table.columns.position, &table.units);
    let mut sql = Sql::new(format!("SELECT {id}, ST_X({at}), ST_Y({at}), {units}"));
    let fields = wanted.layer.fields.iter().zip(&table.columns.stored).enumerate();
    for (index, (field, column)) in fields {
        sql.add(", ");
        if wanted.fields.contains(&index) {
            sql.add(column);
        } else {
            sql.add("NULL::");
            sql.add(sql_type(field.kind));
            sql.is_common = false;
        }
    }
    sql
}

pub(super) fn wire_type(bind: &SqlBind) -> Type {
    match bind {
        SqlBind::Geometry(_) => Type::BYTEA,
        SqlBind::Value(value) => match value {
            Value::Text(_) => Type::TEXT,
            Value::Integer(_) => Type::INT8,
            Value::Real(_) | Value::Null => Type::FLOAT8,
            Value::Boolean(_) => Type::BOOL,
            Value::Date(_) => Type::DATE,
            Value::Timestamp(_) => Type::TIMESTAMPTZ,
        },
    }
}
