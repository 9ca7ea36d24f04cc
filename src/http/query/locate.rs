//! `GET /query/locate`: the units that hold a place, and why.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::super::Shared;
use super::super::asked::Asked;
use super::super::min_version::{MIN_VERSION, UNITS};
use super::super::params::{Bom, Format};
use super::super::problem::Problem;
use super::super::reply::{CSV, Reply};
use super::millimetres;
use super::table::Table;
use crate::atlas::{Atlas, UnitMap};
use crate::export::relation_name;
use crate::model::{AsOf, Classification, Day, Level, LocateRequest, LocatedUnit, LonLat, Relation};

/// A unit of an answer.
#[derive(Serialize)]
pub struct UnitAnswer<'a> {
    code: Option<&'a str>,
    name: Option<&'a str>,
    full_name: Option<&'a str>,
    level: Level,
    relation: Relation,
    distance_m: Option<f64>,
}

/// A unit with its names.
pub fn unit_answer(located: LocatedUnit, units: &UnitMap) -> UnitAnswer<'_> {
    let unit = located.unit.and_then(|id| units.unit(id));
    UnitAnswer {
        code: unit.map(|unit| unit.code.as_str()),
        name: unit.map(|unit| unit.name.as_str()),
        full_name: unit.map(|unit| unit.full_name.as_str()),
        level: located.level,
        relation: located.relation,
        distance_m: located.distance_m.map(millimetres),
    }
}

/// The chain from province to commune on a day, today where not said.
pub async fn locate(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["at", "as_of", "explain", MIN_VERSION, "f", "bom"])?;
    let clock = shared.atlas.clock();
    let as_of = params.day("as_of", &clock.zone)?.unwrap_or(clock.today);
    let (at, explain, format) = (params.required_at()?, params.flag("explain")?, params.format()?);
    let bom = params.bom()?;
    shared.reach(&params, &[UNITS]).await?;
    let ((located, versions), units) = shared.atlas.locate(&LocateRequest { at, as_of });
    let answers: Vec<UnitAnswer> = located.iter().map(|unit| unit_answer(*unit, &units)).collect();
    let reply = match format {
        Format::Csv => Reply::new(CSV, csv(&answers, bom)?, Classification::Public),
        Format::Json => {
            let mut answer = json!({ "as_of": as_of.to_string(), "units": answers, "version": versions });
            if explain && let Some(answer) = answer.as_object_mut() {
                let levels = located.iter().map(|unit| explanation(&shared.atlas, &units, (at, as_of), *unit));
                answer.insert("explain".to_owned(), levels.collect());
            }
            Reply::json(&answer, Classification::Public)?
        }
    };
    Ok(reply.versions(&versions).dated(AsOf::Day(as_of)).to(&asked))
}

fn csv(units: &[UnitAnswer], bom: Bom) -> Result<Vec<u8>, Problem> {
    let mut table = Table::new(&["level", "code", "name", "full_name", "relation", "distance_m"]);
    for unit in units {
        table.text(unit.level.name()).text(unit.code.unwrap_or("")).text(unit.name.unwrap_or(""));
        table.text(unit.full_name.unwrap_or("")).text(relation_name(unit.relation)).metres(unit.distance_m);
        table.end_row();
    }
    table.finish(bom)
}

/// How far beyond a unit a place may still be `near` it, metres: the join's rule.
const NEAR_M: f64 = 200.0;

/// For one level: the units in question, nearest first, and the rule that decided.
fn explanation(atlas: &Atlas, units: &UnitMap, (at, as_of): (LonLat, Day), located: LocatedUnit) -> serde_json::Value {
    let valid = units.all().iter().filter(|unit| unit.level == located.level && unit.valid.contains(as_of));
    let mut measured: Vec<_> = valid.filter_map(|unit| Some((atlas.distance_to_unit_m(unit.id, at)?, unit))).collect();
    measured.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.code.cmp(&b.1.code)));
    let covering = measured.iter().filter(|(distance_m, _)| *distance_m == 0.0).count();
    let candidates: Vec<_> = measured
        .iter()
        .take_while(|(distance_m, _)| *distance_m <= NEAR_M)
        .map(|(distance_m, unit)| json!({ "code": unit.code, "name": unit.full_name, "distance_m": millimetres(*distance_m) }))
        .collect();
    let border_m = located.unit.and_then(|unit| atlas.distance_to_border_m(unit, at));
    let other = measured.iter().find(|(_, unit)| Some(unit.id) != located.unit);
    let rule = match (located.relation, covering) {
        (Relation::Covered, 1) => "covered: the only unit that covers the place, border included",
        (Relation::Covered, _) => {
            "covered: several units cover the place (a shared border or an overlap), the lowest code wins"
        }
        (Relation::Near, _) => "near: no unit covers the place, the nearest one within 200 m holds it",
        (Relation::Outside, _) => "outside: no unit covers the place and none is within 200 m",
    };
    json!({
        "level": located.level,
        "rule": rule,
        "candidates": candidates,
        "border_m": border_m.map(millimetres),
        "nearest_other": other.map(|(distance_m, unit)| {
            json!({ "code": unit.code, "name": unit.full_name, "distance_m": millimetres(*distance_m) })
        }),
    })
}
