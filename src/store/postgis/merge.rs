//! The statements that bring staged rows into a layer's table. They name the layer's columns, so they are made here.

use super::columns::{literal, quoted, quoted_table, sql_type};
use crate::model::{FieldType, Layer};

/// Statements of one layer's import, in the order in which they run.
pub(super) struct Merge<'a> {
    layer: &'a Layer,
    table: String,
}

impl<'a> Merge<'a> {
    pub(super) fn new(layer: &'a Layer) -> Self {
        Self { layer, table: quoted_table(layer.id.as_str()) }
    }

    /// Where rows wait. Their columns have names of our own, which no field can meet.
    pub(super) fn stage(&self) -> String {
        let fields = self.layer.fields.iter().enumerate();
        let values: Vec<String> = fields.map(|(index, field)| format!(", v{index} {}", sql_type(field.kind))).collect();
        let values = values.concat();
        format!(
            "CREATE TEMP TABLE bandoso_import (row bigint GENERATED ALWAYS AS IDENTITY, number bigint, source_id text, \
             lon double precision NOT NULL, lat double precision NOT NULL{values}) ON COMMIT DROP"
        )
    }

    /// The way into it.
    pub(super) fn copy(&self) -> String {
        format!(
            "COPY pg_temp.bandoso_import (number, source_id, lon, lat{}) FROM STDIN (FORMAT binary)",
            self.each(|_, index| format!(", v{index}"))
        )
    }

    /// Finds the rows that are known, and those of them that differ. A point that did not move keeps its units.
    pub(super) fn compare(&self) -> String {
        let (stored, staged) =
            (self.each(|name, _| format!(", t.{name}")), self.each(|_, index| format!(", s.v{index}")));
        let table = &self.table;
        format!(
            "{}ANALYZE pg_temp.bandoso_import; \
             CREATE TEMP TABLE bandoso_points ON COMMIT DROP AS \
             SELECT s.row AS id, t.id AS known, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) AS geom, \
             t.id IS NOT NULL AND (ST_X(t.geom), ST_Y(t.geom){stored}) IS DISTINCT FROM (s.lon, s.lat{staged}) AS changed, \
             CASE WHEN ST_X(t.geom) = s.lon AND ST_Y(t.geom) = s.lat THEN t.units END AS units \
             FROM pg_temp.bandoso_import s \
             LEFT JOIN {table} x ON x.source_id = s.source_id \
             LEFT JOIN {table} t ON t.id = coalesce(s.number, x.id); \
             CREATE INDEX ON pg_temp.bandoso_points USING gist (geom) WHERE units IS NULL; \
             ANALYZE pg_temp.bandoso_points; \
             CREATE TEMP TABLE bandoso_links ON COMMIT DROP AS \
             SELECT id, units FROM bandoso.links_of('pg_temp.bandoso_points', true); \
             ANALYZE pg_temp.bandoso_links",
            self.keep_numbers_apart()
        )
    }

    /// A number that the store has given to a feature with a key of its own belongs to that feature: the row's number is
    /// then its key.
    fn keep_numbers_apart(&self) -> String {
        let (rekey, table) =
            ("UPDATE pg_temp.bandoso_import s SET source_id = s.number::text, number = NULL", &self.table);
        format!(
            "{rekey} FROM {table} t WHERE t.source_id = s.number::text; \
             {rekey} FROM {table} t WHERE t.id = s.number AND t.source_id IS NOT NULL; "
        )
    }

    /// Counts: added, changed, unchanged; of the added, those that bring their id.
    pub(super) fn count() -> &'static str {
        "SELECT count(*) FILTER (WHERE p.known IS NULL), count(*) FILTER (WHERE p.changed), \
         count(*) FILTER (WHERE p.known IS NOT NULL AND NOT p.changed), \
         count(*) FILTER (WHERE p.known IS NULL AND s.number IS NOT NULL) \
         FROM pg_temp.bandoso_points p JOIN pg_temp.bandoso_import s ON s.row = p.id"
    }

    /// Adds rows that bring their id.
    pub(super) fn add_numbered(&self) -> String {
        self.add("id", "s.number", "s.number IS NOT NULL")
    }

    /// Sets the generator of ids behind the greatest one, which it did not see when it was brought.
    pub(super) fn advance(&self) -> String {
        format!(
            "SELECT setval(g.name::regclass, m.top) \
             FROM (SELECT pg_get_serial_sequence({}, 'id') AS name) g, (SELECT max(id) AS top FROM {}) m \
             WHERE m.top > coalesce(pg_sequence_last_value(g.name::regclass), 0)",
            literal(&self.table),
            self.table
        )
    }

    /// Adds rows that get the next free ids, in their order.
    pub(super) fn add_unnumbered(&self) -> String {
        self.add("source_id", "s.source_id", "s.number IS NULL")
    }

    fn add(&self, column: &str, value: &str, only: &str) -> String {
        format!(
            "INSERT INTO {} ({column}, geom, units{}) \
             SELECT {value}, p.geom, coalesce(p.units, l.units){} {JOINED} WHERE p.known IS NULL AND {only} ORDER BY s.row",
            self.table,
            self.each(|name, _| format!(", {name}")),
            self.each(|_, index| format!(", s.v{index}")),
        )
    }

    /// Replaces rows that are known and differ.
    pub(super) fn change(&self) -> String {
        format!(
            "UPDATE {} t SET geom = p.geom, units = coalesce(p.units, l.units){} {JOINED} WHERE t.id = p.known AND p.changed",
            self.table,
            self.each(|name, index| format!(", {name} = s.v{index}")),
        )
    }

    /// Counts the rows in and near no commune on their own date: the day of the time field in the `zone`, today where it is
    /// empty. Rows share few different sets of links: on what days a set has a commune is asked once.
    pub(super) fn count_outside(&self, zone: &str) -> String {
        let zone = literal(zone);
        let today = format!("(now() AT TIME ZONE {zone})::date");
        let day = match self.layer.time.zip(self.layer.time_field()) {
            Some((index, field)) if field.kind == FieldType::Date => format!("coalesce(s.v{index}, {today})"),
            Some((index, field)) if field.kind == FieldType::Timestamp => {
                format!("coalesce((s.v{index} AT TIME ZONE {zone})::date, {today})")
            }
            _ => today,
        };
        format!(
            "WITH point AS MATERIALIZED (SELECT coalesce(p.units, l.units) AS units, {day} AS day {JOINED}), \
             held AS MATERIALIZED (SELECT d.units, (SELECT range_agg(u.valid) FROM bandoso.units u \
             WHERE u.level = 'commune' AND (u.id = ANY (d.units) OR -u.id = ANY (d.units))) AS days FROM (SELECT DISTINCT units FROM point) d) \
             SELECT count(*) FROM point JOIN held ON held.units = point.units \
             WHERE (held.days @> point.day) IS NOT TRUE"
        )
    }

    fn each(&self, sql: impl Fn(&str, usize) -> String) -> String {
        self.layer.fields.iter().enumerate().map(|(index, field)| sql(&quoted(&field.name), index)).collect()
    }
}

const JOINED: &str = "FROM pg_temp.bandoso_points p JOIN pg_temp.bandoso_import s ON s.row = p.id \
                      LEFT JOIN pg_temp.bandoso_links l ON l.id = p.id";
