//! `GET /query/count`: a table of exact counts.

use axum::extract::State;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::super::Shared;
use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::params::{Format, Params};
use super::super::problem::Problem;
use super::super::reply::{CSV, JSON, Reply, shown_classification};
use super::count_links::CountLinks;
use super::count_table::{CountedTable, TableWriter};
use crate::model::{By, Compare, Comparison, CountRequest, Function, Instant, Invalid, Measure, TimeInterval};

/// Most words of `by`.
const MOST_KEYS: usize = 3;
/// Most sums, averages and the like.
const MOST_MEASURES: usize = 8;
/// Most rows that have the address of their list where `links` does not say: it is most of what is sent.
const MOST_LINKED: usize = 10_000;

const PARAMETERS: [&str; 15] = [
    "layer",
    "by",
    "sum",
    "avg",
    "min",
    "max",
    "compare",
    "links",
    "filter",
    "filter-lang",
    "datetime",
    "as_of",
    MIN_VERSION,
    "f",
    "bom",
];

/// Without `by` just the total.
pub async fn count(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&PARAMETERS)?;
    let (zone, view) = (shared.atlas.clock().zone, shared.settings.view);
    let request = CountRequest {
        layer: params.layer()?,
        by: by(&params)?,
        measures: measures(&params)?,
        datetime: params.datetime(&zone)?,
        filter: params.filter()?,
        as_of: params.as_of(&zone)?,
    };
    let comparison = params.text("compare").map(|text| Compare::parse("compare", text)).transpose()?;
    let comparison = comparison.map(|compare| Comparison::new(compare, request.datetime, &zone)).transpose()?;
    let (format, bom) = (params.format()?, params.bom()?);
    let links = params.text("links").map(|_| params.flag("links")).transpose()?;
    shared.reach(&params, &[request.layer.as_str()]).await?;
    let classification = shown_classification(&shared.atlas.layer(view, &request.layer)?.layer, view);
    let (by, measures, as_of) = (request.by.clone(), request.measures.clone(), request.as_of);
    let (counted, units) = match comparison {
        None => {
            let (table, units) = shared.atlas.count(view, request).await?;
            (CountedTable::Plain(table), units)
        }
        Some(comparison) => {
            let texts = [comparison.interval, comparison.before].map(|interval| interval_text(interval, &zone));
            let (table, units) = shared.atlas.compare(view, (request, comparison)).await?;
            (CountedTable::Compared(table, texts), units)
        }
    };
    let before = match &counted {
        CountedTable::Compared(_, [_, before]) => Some(before.as_str()),
        CountedTable::Plain(_) => None,
    };
    let links = links.unwrap_or(counted.rows() <= MOST_LINKED).then(|| CountLinks::new(&asked, &params, before));
    let writer = TableWriter { counted: &counted, by: &by, measures: &measures, units: &units, as_of, links };
    let reply = match format {
        Format::Json => Reply::new(JSON, writer.json(), classification),
        Format::Csv => Reply::new(CSV, writer.csv(bom)?, classification),
    };
    Ok(reply.versions(counted.versions()).dated(as_of).to(&asked))
}

fn by(params: &Params) -> Result<Vec<By>, Invalid> {
    let Some(text) = params.text("by") else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for word in text.split(',') {
        let word = By::parse(word);
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

/// `sum`, `avg`, `min` and `max`, each a list of numeric fields.
fn measures(params: &Params) -> Result<Vec<Measure>, Invalid> {
    let mut all = Vec::new();
    for function in Function::ALL {
        for field in params.text(function.name()).into_iter().flat_map(|text| text.split(',')) {
            let measure = Measure { function, field: field.to_owned() };
            if all.contains(&measure) {
                return Err(Invalid::new(function.name(), format!("each field once, found {field:?} twice")));
            }
            if all.len() == MOST_MEASURES {
                let expected = format!("at most {MOST_MEASURES} of sum, avg, min and max together");
                return Err(Invalid::new(function.name(), expected));
            }
            all.push(measure);
        }
    }
    Ok(all)
}

/// An interval as `datetime` reads it: days where it begins and ends with them.
fn interval_text(interval: TimeInterval, zone: &TimeZone) -> String {
    let end = |end: Option<Instant>| {
        end.map_or_else(
            || "..".to_owned(),
            |end| {
                let day = end.day(zone);
                if day.start(zone) == end { day.to_string() } else { end.to_string() }
            },
        )
    };
    format!("{}/{}", end(interval.from), end(interval.to))
}
