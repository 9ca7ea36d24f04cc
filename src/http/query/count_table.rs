//! A table of counts as JSON, written row by row, and as CSV.

use std::fmt::Write;

use serde_json::json;

use super::super::params::Bom;
use super::super::problem::Problem;
use super::super::reply::as_of_text;
use super::count_keys::{KeyTexts, first_day, unit_of};
use super::count_links::CountLinks;
use super::row::written;
use super::table::Table;
use crate::atlas::UnitMap;
use crate::model::{AsOf, By, ComparedRow, ComparedTable, CountRow, CountTable, Measure, Value, Versions};

/// Why a change has no percent.
const NO_BASE: &str = "kỳ trước bằng 0, không có gốc để tính / the count before is 0, there is nothing to compare with";

/// What was counted.
pub enum CountedTable {
    /// One interval.
    Plain(CountTable),
    /// Two of them, with their texts.
    Compared(ComparedTable, [String; 2]),
}

/// A table of counts, and what is needed to write it.
pub struct TableWriter<'a> {
    /// The counts.
    pub counted: &'a CountedTable,
    /// What they are by.
    pub by: &'a [By],
    /// What is told besides.
    pub measures: &'a [Measure],
    /// To name units.
    pub units: &'a UnitMap,
    /// Under which date's units.
    pub as_of: AsOf,
    /// Of the lists behind the numbers, and of those before.
    pub links: Option<CountLinks>,
}

/// A row, and the same one before.
#[derive(Clone, Copy)]
struct Line<'a> {
    now: &'a CountRow,
    compared: Option<&'a ComparedRow>,
}

impl CountedTable {
    /// What it was read from.
    pub fn versions(&self) -> &Versions {
        match self {
            Self::Plain(table) => &table.versions,
            Self::Compared(table, _) => &table.versions,
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        match self {
            Self::Plain(table) => table.rows.len(),
            Self::Compared(table, _) => table.rows.len(),
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

impl TableWriter<'_> {
    /// The table as JSON. Written by hand: a table may have very many rows, and each says the same of few keys.
    pub fn json(&self) -> Vec<u8> {
        let mut keys = KeyTexts::new(self.by, self.units);
        let mut none = KeyTexts::new(&[], self.units);
        let names: Vec<[String; 2]> = self.measures.iter().map(member_names).collect();
        let mut out = String::from("{\"total\":");
        let total = self.counted.total();
        self.add_numbers((&names, &mut none), total, &mut out);
        if !self.by.is_empty() {
            out.push_str(",\"rows\":[");
            for (index, line) in self.counted.lines().enumerate() {
                out.push_str(if index > 0 { ",{" } else { "{" });
                keys.add_members(&line.now.keys, &mut out);
                out.push_str(",\"count\":");
                self.add_numbers((&names, &mut keys), line, &mut out);
                out.push('}');
            }
            out.push(']');
        }
        if let CountedTable::Compared(table, [now, before]) = self.counted {
            add(&mut out, format_args!(",\"compare\":{}", json!(table.comparison.compare.name())));
            add(&mut out, format_args!(",\"datetime\":{},\"previous_datetime\":{}", json!(now), json!(before)));
        }
        let as_of = json!(as_of_text(self.as_of));
        add(&mut out, format_args!(",\"as_of\":{as_of},\"version\":{}}}", json!(self.counted.versions())));
        out.into_bytes()
    }

    /// Adds a count, and what stands beside it: sums and the like, the comparison, and links.
    fn add_numbers(&self, (names, keys): (&[[String; 2]], &mut KeyTexts<'_>), line: Line<'_>, out: &mut String) {
        add(out, format_args!("{}", line.now.count));
        for ([name, _], value) in names.iter().zip(&line.now.measured) {
            add(out, format_args!(",{name}:{}", number(value)));
        }
        if let Some(row) = line.compared {
            add(out, format_args!(",\"previous\":{},\"change\":{}", row.before.count, row.change()));
            match row.percent() {
                Some(percent) => add(out, format_args!(",\"percent\":{}", json!(percent))),
                None => add(out, format_args!(",\"percent\":null,\"percent_reason\":{}", json!(NO_BASE))),
            }
            for ([_, name], value) in names.iter().zip(&row.before.measured) {
                add(out, format_args!(",{name}:{}", number(value)));
            }
        }
        let Some(links) = &self.links else { return };
        // Addresses are escaped: nothing in them ends a JSON text.
        add(out, format_args!(",\"href\":\"{}", links.now));
        keys.add_escaped(&line.now.keys, out);
        out.push('"');
        if let (Some(before), Some(row)) = (&links.before, line.compared) {
            add(out, format_args!(",\"previous_href\":\"{before}"));
            keys.add_escaped(&row.before.keys, out);
            out.push('"');
        }
    }

    /// The rows with a head; where nothing is counted by, the total alone.
    pub fn csv(&self, bom: Bom) -> Result<Vec<u8>, Problem> {
        let is_compared = matches!(self.counted, CountedTable::Compared(..));
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

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = out.write_fmt(text);
}

/// A measure's name in a row, and before, as JSON.
fn member_names(measure: &Measure) -> [String; 2] {
    let name = measure.name();
    [json!(name).to_string(), json!(format!("previous_{name}")).to_string()]
}

/// A sum or the like.
fn number(value: &Value) -> serde_json::Value {
    match value {
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        _ => serde_json::Value::Null,
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
