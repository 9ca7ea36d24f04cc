//! `GET /query/units/convert`: an old unit's new ones, and back.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::super::Shared;
use super::super::asked::Asked;
use super::super::min_version::{MIN_VERSION, UNITS};
use super::super::params::{Bom, Format, Params};
use super::super::problem::Problem;
use super::super::reply::{CSV, Reply};
use super::table::Table;
use super::within::unit_code;
use crate::model::{Classification, ConvertRequest, Day, Invalid, Level, Unit};

#[derive(Serialize)]
struct UnitAnswer<'a> {
    code: &'a str,
    name: &'a str,
    full_name: &'a str,
    level: Level,
    valid_from: Option<String>,
    valid_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<&'static str>,
}

impl<'a> UnitAnswer<'a> {
    fn new(unit: &'a Unit, share: Option<&'static str>) -> Self {
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        Self {
            code: &unit.code,
            name: &unit.name,
            full_name: &unit.full_name,
            level: unit.level,
            valid_from: day(unit.valid.from),
            valid_to: day(unit.valid.to),
            share,
        }
    }
}

/// `from` and `to` are days; `at` picks the one unit that holds a place.
pub async fn convert(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["code", "from", "to", "at", "level", MIN_VERSION, "f", "bom"])?;
    let zone = shared.atlas.clock().zone;
    let day = |name: &str| params.day(name, &zone)?.ok_or_else(|| missing(&params, name));
    let request = ConvertRequest {
        code: unit_code("code", params.required("code")?)?,
        level: params.text("level").map(|text| Level::parse("level", text)).transpose()?,
        from: day("from")?,
        to: day("to")?,
        at: params.at()?,
    };
    let (format, bom) = (params.format()?, params.bom()?);
    shared.reach(&params, &[UNITS]).await?;
    let ((conversion, versions), units) = shared.atlas.convert(&request)?;
    let from = units.unit(conversion.from).map(|unit| UnitAnswer::new(unit, None));
    let to = conversion.to.iter().filter_map(|(id, whole)| {
        let share = if *whole { "whole" } else { "part" };
        units.unit(*id).map(|unit| UnitAnswer::new(unit, Some(share)))
    });
    let to: Vec<UnitAnswer> = to.collect();
    let reply = match format {
        Format::Json => {
            let answer = json!({ "from": from, "to": to, "quality": conversion.quality, "version": versions });
            Reply::json(&answer, Classification::Public)?
        }
        Format::Csv => Reply::new(CSV, csv(&to, bom)?, Classification::Public),
    };
    Ok(reply.versions(&versions).to(&asked))
}

fn missing(params: &Params, name: &str) -> Invalid {
    params.required(name).err().unwrap_or_else(|| Invalid::new(name, "a date"))
}

fn csv(to: &[UnitAnswer], bom: Bom) -> Result<Vec<u8>, Problem> {
    let mut table = Table::new(&["code", "name", "full_name", "level", "valid_from", "valid_to", "share"]);
    for unit in to {
        table.text(unit.code).text(unit.name).text(unit.full_name).text(unit.level.name());
        table.text(unit.valid_from.as_deref().unwrap_or("")).text(unit.valid_to.as_deref().unwrap_or(""));
        table.text(unit.share.unwrap_or("")).end_row();
    }
    table.finish(bom)
}
