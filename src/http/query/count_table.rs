//! A table of counts as JSON, written row by row, and as CSV.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::super::params::Bom;
use super::super::problem::Problem;
use super::super::reply::as_of_text;
use super::count_links::CountLinks;
use super::row::written;
use super::table::Table;
use crate::atlas::UnitMap;
use crate::model::{
    AsOf, By, ComparedRow, ComparedTable, CountKey, CountRow, CountTable, Day, Measure, Unit, Value, Versions,
};

/// Why a change has no percent.
const NO_BASE: &str = "kỳ trước bằng 0, không có gốc để tính / the count before is 0, there is nothing to compare with";

/// What was counted.
pub enum Counted {
    /// One interval.
    Plain(CountTable),
    /// Two of them, with their texts.
    Compared(ComparedTable, [String; 2]),
}

/// A table of counts, and what is needed to write it.
pub struct TableWriter<'a> {
    /// The counts.
    pub counted: &'a Counted,
    /// What they are by.
    pub by: &'a [By],
    /// What is told besides.
    pub measures: &'a [Measure],
    /// To name units.
    pub units: &'a UnitMap,
    /// Under which date's units.
    pub as_of: AsOf,
    /// Of the lists behind the numbers, and of those before.
    pub links: Option<(CountLinks<'a>, Option<CountLinks<'a>>)>,
}

/// A row, and the same one before.
#[derive(Clone, Copy)]
struct Line<'a> {
    now: &'a CountRow,
    compared: Option<&'a ComparedRow>,
}

impl Counted {
    /// What it was read from.
    pub fn versions(&self) -> &Versions {
        match self {
            Self::Plain(table) => &table.versions,
            Self::Compared(table, _) => &table.versions,
        }
    }

    fn total(&self) -> Line<'_> {
        match self {
            Self::Plain(table) => Line { now: &table.total, compared: None },
            Self::Compared(table, _) => Line { now: &table.total.now, compared: Some(&table.total) },
        }
    }

    fn lines(&self) -> Box<dyn Iterator<Item = Line<'_>> + '_> {
        match self {
            Self::Plain(table) => Box::new(table.rows.iter().map(|now| Line { now, compared: None })),
            Self::Compared(table, _) => {
                Box::new(table.rows.iter().map(|row| Line { now: &row.now, compared: Some(row) }))
            }
        }
    }
}

impl Serialize for TableWriter<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let total = self.counted.total();
        map.serialize_entry("total", &total.now.count)?;
        self.write_numbers(&mut map, total)?;
        if !self.by.is_empty() {
            map.serialize_entry("rows", &Rows(self))?;
        }
        if let Counted::Compared(table, [now, before]) = self.counted {
            map.serialize_entry("compare", table.comparison.compare.name())?;
            map.serialize_entry("datetime", now)?;
            map.serialize_entry("previous_datetime", before)?;
        }
        map.serialize_entry("as_of", &as_of_text(self.as_of))?;
        map.serialize_entry("version", self.counted.versions())?;
        map.end()
    }
}

struct Rows<'a>(&'a TableWriter<'a>);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for line in self.0.counted.lines() {
            list.serialize_element(&Row(self.0, line))?;
        }
        list.end()
    }
}

struct Row<'a>(&'a TableWriter<'a>, Line<'a>);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(writer, line) = self;
        let mut map = serializer.serialize_map(None)?;
        for (by, key) in writer.by.iter().zip(&line.now.keys) {
            map.serialize_entry(by.name(), &written(by, key, writer.units))?;
            if let Some(unit) = unit_of(key, writer.units) {
                map.serialize_entry(&format!("{}_name", by.name()), &unit.full_name)?;
                map.serialize_entry(&format!("{}_valid_from", by.name()), &first_day(unit))?;
            }
        }
        map.serialize_entry("count", &line.now.count)?;
        writer.write_numbers(&mut map, *line)?;
        map.end()
    }
}

impl TableWriter<'_> {
    /// What stands beside a count: sums and the like, the comparison, and links.
    fn write_numbers<M: SerializeMap>(&self, map: &mut M, line: Line<'_>) -> Result<(), M::Error> {
        for (measure, value) in self.measures.iter().zip(&line.now.measured) {
            map.serialize_entry(&measure.name(), &Number(value))?;
        }
        if let Some(row) = line.compared {
            map.serialize_entry("previous", &row.before.count)?;
            map.serialize_entry("change", &row.change())?;
            map.serialize_entry("percent", &row.percent())?;
            if row.percent().is_none() {
                map.serialize_entry("percent_reason", NO_BASE)?;
            }
            for (measure, value) in self.measures.iter().zip(&row.before.measured) {
                map.serialize_entry(&format!("previous_{}", measure.name()), &Number(value))?;
            }
        }
        if let Some((now, before)) = &self.links {
            map.serialize_entry("href", &now.href(&line.now.keys))?;
            if let (Some(before), Some(row)) = (before, line.compared) {
                map.serialize_entry("previous_href", &before.href(&row.before.keys))?;
            }
        }
        Ok(())
    }

    /// The rows with a head; where nothing is counted by, the total alone.
    pub fn csv(&self, bom: Bom) -> Result<Vec<u8>, Problem> {
        let is_compared = matches!(self.counted, Counted::Compared(..));
        let names: Vec<String> = self.measures.iter().map(Measure::name).collect();
        let mut head: Vec<String> = self.by.iter().flat_map(columns).collect();
        head.push("count".to_owned());
        head.extend(names.iter().cloned());
        if is_compared {
            head.extend(["previous", "change", "percent", "percent_reason"].map(str::to_owned));
            head.extend(names.iter().map(|name| format!("previous_{name}")));
        }
        let mut csv = Table::new(&head);
        if self.by.is_empty() {
            self.csv_row(&mut csv, self.counted.total());
        } else {
            self.counted.lines().for_each(|line| self.csv_row(&mut csv, line));
        }
        csv.finish(bom)
    }

    fn csv_row(&self, csv: &mut Table, line: Line<'_>) {
        for (by, key) in self.by.iter().zip(&line.now.keys) {
            match written(by, key, self.units) {
                serde_json::Value::String(text) => csv.text(&text),
                serde_json::Value::Null => csv.text(""),
                other => csv.number(other),
            };
            if matches!(by, By::Level(_)) {
                let unit = unit_of(key, self.units);
                csv.text(unit.map_or("", |unit| &unit.full_name));
                csv.text(&unit.and_then(first_day).unwrap_or_default());
            }
        }
        csv.number(line.now.count);
        for value in &line.now.measured {
            csv.value(value);
        }
        if let Some(row) = line.compared {
            csv.number(row.before.count).number(row.change());
            match row.percent() {
                Some(percent) => csv.number(percent).text(""),
                None => csv.text("").text(NO_BASE),
            };
            for value in &row.before.measured {
                csv.value(value);
            }
        }
        csv.end_row();
    }
}

/// A sum or the like.
struct Number<'a>(&'a Value);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Real(number) => serializer.serialize_f64(*number),
            _ => serializer.serialize_none(),
        }
    }
}

fn unit_of<'a>(key: &CountKey, units: &'a UnitMap) -> Option<&'a Unit> {
    match key {
        CountKey::Unit(id) => units.unit(*id),
        _ => None,
    }
}

/// The names of a key's columns: a unit's name and first day tell apart what shares a code.
fn columns(by: &By) -> Vec<String> {
    let name = by.name();
    match by {
        By::Level(_) => vec![name.to_owned(), format!("{name}_name"), format!("{name}_valid_from")],
        By::Category | By::Time(_) | By::Field(_) => vec![name.to_owned()],
    }
}

fn first_day(unit: &Unit) -> Option<String> {
    unit.valid.from.as_ref().map(Day::to_string)
}
