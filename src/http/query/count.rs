//! `GET /query/count`: a table of exact counts.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::Shared;
use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::params::{Format, Params};
use super::super::problem::Problem;
use super::super::reply::{CSV, Reply, shown_classification};
use super::table::Table;
use crate::atlas::UnitMap;
use crate::model::{By, CountKey, CountRequest, CountTable, Day, Invalid, Unit};

/// Most words of `by`.
const MOST_KEYS: usize = 3;

/// Without `by` just the total.
pub async fn count(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["layer", "by", "filter", "filter-lang", "datetime", "as_of", MIN_VERSION, "f"])?;
    let (zone, view) = (shared.atlas.clock().zone, shared.settings.view);
    let by = by(&params)?;
    let request = CountRequest {
        layer: params.layer()?,
        by: by.clone(),
        datetime: params.datetime(&zone)?,
        filter: params.filter()?,
        as_of: params.as_of(&zone)?,
    };
    let format = params.format()?;
    shared.reach(&params, &[request.layer.as_str()]).await?;
    let classification = shown_classification(&shared.atlas.layer(view, &request.layer)?.layer, view);
    let table = shared.atlas.count(view, request).await?;
    let units = shared.atlas.units();
    let reply = match format {
        Format::Json => Reply::json(&answer(&table, &by, &units), classification)?,
        Format::Csv => Reply::new(CSV, csv(&table, &by, &units)?, classification),
    };
    Ok(reply.versions(&table.versions).to(&asked))
}

fn by(params: &Params) -> Result<Vec<By>, Invalid> {
    let Some(text) = params.text("by") else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for word in text.split(',') {
        let word = By::parse("by", word)?;
        if all.contains(&word) {
            return Err(Invalid::new("by", format!("each word once, found {} twice", word.name())));
        }
        if all.len() == MOST_KEYS {
            return Err(Invalid::new("by", format!("at most {MOST_KEYS} words")));
        }
        all.push(word);
    }
    Ok(all)
}

/// A key as text: `near` and `outside` where no unit covers, nothing where the features have no value.
fn key_text<'a>(key: &'a CountKey, units: &'a UnitMap) -> (Option<&'a str>, Option<&'a Unit>) {
    match key {
        CountKey::Unit(id) => {
            let unit = units.unit(*id);
            (unit.map(|unit| unit.code.as_str()), unit)
        }
        CountKey::Near => (Some("near"), None),
        CountKey::Outside => (Some("outside"), None),
        CountKey::Code(text) | CountKey::Month(text) => (Some(text), None),
        CountKey::Null => (None, None),
    }
}

/// The names of a key's columns: a unit's name and first day tell apart what shares a code.
fn columns(by: By) -> Vec<String> {
    let name = by.name();
    match by {
        By::Level(_) => vec![name.to_owned(), format!("{name}_name"), format!("{name}_valid_from")],
        By::Category | By::Month => vec![name.to_owned()],
    }
}

fn first_day(unit: &Unit) -> Option<String> {
    unit.valid.from.as_ref().map(Day::to_string)
}

fn answer(table: &CountTable, by: &[By], units: &UnitMap) -> Value {
    if by.is_empty() {
        return json!({ "total": table.total, "version": table.versions });
    }
    let row = |keys: &[CountKey], count: u64| {
        let mut row = Map::new();
        for (by, key) in by.iter().zip(keys) {
            let (text, unit) = key_text(key, units);
            row.insert(by.name().to_owned(), text.into());
            if let Some(unit) = unit {
                row.insert(format!("{}_name", by.name()), unit.full_name.as_str().into());
                row.insert(format!("{}_valid_from", by.name()), first_day(unit).into());
            }
        }
        row.insert("count".to_owned(), count.into());
        Value::Object(row)
    };
    let rows: Vec<Value> = table.rows.iter().map(|line| row(&line.keys, line.count)).collect();
    json!({ "total": table.total, "rows": rows, "version": table.versions })
}

fn csv(table: &CountTable, by: &[By], units: &UnitMap) -> Result<Vec<u8>, Problem> {
    let mut head: Vec<String> = by.iter().copied().flat_map(columns).collect();
    head.push("count".to_owned());
    let mut csv = Table::new(&head);
    if by.is_empty() {
        csv.number(table.total).end_row();
    }
    for line in table.rows.iter().filter(|_| !by.is_empty()) {
        for (by, key) in by.iter().zip(&line.keys) {
            let (text, unit) = key_text(key, units);
            csv.text(text.unwrap_or(""));
            if matches!(by, By::Level(_)) {
                csv.text(unit.map_or("", |unit| &unit.full_name));
                csv.text(&unit.and_then(first_day).unwrap_or_default());
            }
        }
        csv.number(line.count).end_row();
    }
    csv.finish()
}
