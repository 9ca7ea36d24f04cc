//! `GET /search`: units and features by name, as `GeoJSON` that a map can fly to.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::Shared;
use super::asked::Asked;
use super::min_version::{MIN_VERSION, UNITS};
use super::params::{Format, Params};
use super::problem::Problem;
use super::query::millimetres;
use super::query::table::Table;
use super::reply::{CSV, GEOJSON, Reply, shown_classification, to_json};
use crate::atlas::UnitMap;
use crate::export::relation_name;
use crate::model::{
    Classification, Day, FeatureHit, Hit, Invalid, LayerId, Level, NameSource, Named, Relation, SearchPage,
    SearchRequest, Unit, UnitHit,
};

const DEFAULT_LIMIT: usize = 10;
const MOST_HITS: usize = 100;
/// Most sources that are named.
const MOST_SOURCES: usize = 64;

/// The best hits for `q`, in all units and layers or those that `layer` names (`units`, `units.commune`, a layer's id, or several).
pub async fn search(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["q", "limit", "layer", "at", "as_of", MIN_VERSION, "f", "bom"])?;
    let (clock, view) = (shared.atlas.clock(), shared.settings.view);
    let sources = sources(&params)?;
    let request = SearchRequest {
        text: params.required("q")?.to_owned(),
        sources,
        near: params.at()?,
        as_of: params.day("as_of", &clock.zone)?.unwrap_or(clock.today),
        limit: params.whole("limit", 1..=MOST_HITS, DEFAULT_LIMIT)?,
    };
    let (as_of, format, bom) = (request.as_of, params.format()?, params.bom()?);
    let mut read: Vec<&str> = vec![UNITS];
    read.extend(request.sources.iter().filter_map(|source| match source {
        NameSource::Layer(id) => Some(id.as_str()),
        NameSource::Units(_) => None,
    }));
    shared.reach(&params, &read).await?;
    let (page, units) = shared.atlas.search(view, request).await?;
    let mut classification = Classification::Public;
    for summary in
        shared.atlas.layers(view).iter().filter(|summary| page.versions.contains_key(summary.layer.id.as_str()))
    {
        classification = classification.max(shown_classification(&summary.layer, view));
    }
    let writer = Writer { shared: &shared, units: &units, as_of };
    let reply = match format {
        Format::Json => Reply::new(GEOJSON, to_json(&writer.json(&page))?, classification),
        Format::Csv => Reply::new(CSV, writer.table(&page).finish(bom)?, classification),
    };
    Ok(reply.versions(&page.versions).to(&asked))
}

fn sources(params: &Params) -> Result<Vec<NameSource>, Invalid> {
    let Some(text) = params.text("layer") else { return Ok(Vec::new()) };
    if text.split(',').count() > MOST_SOURCES {
        return Err(Invalid::new("layer", format!("at most {MOST_SOURCES} layers")));
    }
    let source = |word: &str| match word.split_once('.') {
        None if word == UNITS => Ok(NameSource::Units(None)),
        Some((UNITS, level)) => Level::parse("layer", level).map(|level| NameSource::Units(Some(level))),
        _ => LayerId::parse("layer", word).map(NameSource::Layer),
    };
    text.split(',').map(source).collect()
}

struct Writer<'a> {
    shared: &'a Shared,
    units: &'a UnitMap,
    as_of: Day,
}

impl Writer<'_> {
    fn json(&self, page: &SearchPage) -> Value {
        let features: Vec<Value> = page.hits.iter().filter_map(|hit| self.feature(hit)).collect();
        json!({
            "type": "FeatureCollection",
            "features": features,
            "numberReturned": features.len(),
            "more": page.more,
            "as_of": self.as_of.to_string(),
            "incomplete": page.incomplete.iter().map(LayerId::as_str).collect::<Vec<_>>(),
            "version": page.versions,
        })
    }

    fn feature(&self, hit: &Hit) -> Option<Value> {
        let (id, geometry, bbox, mut properties) = match &hit.named {
            Named::Unit(found) => {
                let unit = self.units.unit(found.unit)?;
                let from = unit.valid.from.map_or_else(|| "..".to_owned(), |from| from.to_string());
                let id = format!("units.{}/{}/{from}", unit.level.name(), unit.code);
                let at = found.at.map(|at| json!({ "type": "Point", "coordinates": [at.lon, at.lat] }));
                let bbox = found.bbox.map(|bbox| json!([bbox.west, bbox.south, bbox.east, bbox.north]));
                (id, at, bbox, self.unit_properties(unit, found))
            }
            Named::Feature(found) => {
                let at = found.found.feature.at;
                let id = format!("{}/{}", found.layer, found.found.feature.id);
                let at = json!({ "type": "Point", "coordinates": [at.lon, at.lat] });
                (id, Some(at), None, self.feature_properties(found))
            }
        };
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("match".to_owned(), json!(hit.fit));
            properties.insert("distance_m".to_owned(), json!(hit.distance_m.map(millimetres)));
        }
        let mut feature = json!({ "type": "Feature", "id": id, "geometry": geometry, "properties": properties });
        if let (Some(bbox), Some(feature)) = (bbox, feature.as_object_mut()) {
            feature.insert("bbox".to_owned(), bbox);
        }
        Some(feature)
    }

    fn unit_properties(&self, unit: &Unit, found: &UnitHit) -> Value {
        let named = |unit: &Unit| json!({ "code": unit.code, "name": unit.name, "full_name": unit.full_name, "level": unit.level });
        let became = found.became.iter().filter_map(|(id, whole)| {
            let mut became = named(self.units.unit(*id)?);
            became.as_object_mut()?.insert("share".to_owned(), json!(if *whole { "whole" } else { "part" }));
            Some(became)
        });
        json!({
            "type": "unit",
            "name": unit.full_name,
            "bare_name": unit.name,
            "code": unit.code,
            "level": unit.level,
            "kind": unit.kind,
            "valid_from": unit.valid.from.map(|day| day.to_string()),
            "valid_to": unit.valid.to.map(|day| day.to_string()),
            "in_force": unit.valid.contains(self.as_of),
            "schematic": unit.schematic,
            "parents": self.parents(unit).iter().map(|unit| named(unit)).collect::<Vec<_>>(),
            "became": became.collect::<Vec<_>>(),
        })
    }

    fn feature_properties(&self, found: &FeatureHit) -> Value {
        let catalogue = self.shared.atlas.catalogue();
        let held = found.found.unit.and_then(|(id, relation)| Some((self.units.unit(id)?, relation)));
        let relation = held.map_or(Relation::Outside, |(_, relation)| relation);
        json!({
            "type": "feature",
            "name": found.name,
            "layer": found.layer,
            "layer_title": catalogue.layer(&found.layer).map(|layer| &layer.title),
            "feature_id": found.found.feature.id,
            "unit": held.map(|(unit, _)| unit.code.as_str()),
            "unit_name": held.map(|(unit, _)| unit.full_name.as_str()),
            "unit_relation": relation_name(relation),
        })
    }

    /// The units above a unit, smallest first, at a time when it was in force.
    fn parents(&self, unit: &Unit) -> Vec<&Unit> {
        let mut parents: Vec<&Unit> = Vec::new();
        let mut below = (unit.level, unit.parent.as_deref());
        while let (level, Some(code)) = below {
            let above = Level::ALL.into_iter().rev().filter(|above| *above < level);
            let mut known = above.flat_map(|above| self.units.of_code(above, code));
            let Some(parent) = known.find(|parent| parent.valid.meets(&unit.valid)) else { break };
            parents.push(parent);
            below = (parent.level, parent.parent.as_deref());
        }
        parents
    }

    fn table(&self, page: &SearchPage) -> Table {
        let mut table = Table::new(&[
            "type",
            "match",
            "name",
            "code",
            "level",
            "layer",
            "id",
            "lon",
            "lat",
            "in_force",
            "became",
            "distance_m",
        ]);
        for hit in &page.hits {
            match &hit.named {
                Named::Unit(found) => {
                    let Some(unit) = self.units.unit(found.unit) else { continue };
                    table.text("unit").text(hit.fit.name()).text(&unit.full_name).text(&unit.code);
                    table.text(unit.level.name()).text("").text("");
                    match found.at {
                        Some(at) => table.number(at.lon).number(at.lat),
                        None => table.text("").text(""),
                    };
                    let codes = found.became.iter().filter_map(|(id, _)| Some(self.units.unit(*id)?.code.as_str()));
                    let codes = codes.collect::<Vec<_>>().join(" ");
                    table.number(unit.valid.contains(self.as_of)).text(&codes).metres(hit.distance_m);
                }
                Named::Feature(found) => {
                    let feature = &found.found.feature;
                    table.text("feature").text(hit.fit.name()).text(&found.name).text("").text("");
                    table.text(found.layer.as_str()).number(feature.id).number(feature.at.lon).number(feature.at.lat);
                    table.text("").text("").metres(hit.distance_m);
                }
            }
            table.end_row();
        }
        table
    }
}
