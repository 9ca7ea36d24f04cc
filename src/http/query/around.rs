//! `GET /query/around`: the duty desk's one call.

use axum::extract::State;
use axum::response::Response;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::Shared;
use super::super::asked::Asked;
use super::super::min_version::{MIN_VERSION, UNITS};
use super::super::params::{Bom, Format};
use super::super::problem::Problem;
use super::super::reply::{CSV, JSON, Reply, as_of_text, shown_classification, to_json};
use super::features::{FeatureWriter, Features};
use super::locate::unit_answer;
use super::table::Table;
use crate::atlas::UnitMap;
use crate::engine::crs::Crs;
use crate::model::{Around, AroundRequest, AsOf, Classification, FieldType, RoleFeatures, Title, Value, View};

/// Units of a day, today where not said; features of `datetime`, of the layers that have a time.
pub async fn around(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["at", "as_of", "datetime", MIN_VERSION, "f", "bom"])?;
    let (clock, view) = (shared.atlas.clock(), shared.settings.view);
    let as_of = params.day("as_of", &clock.zone)?.unwrap_or(clock.today);
    let request = AroundRequest { at: params.required_at()?, as_of, datetime: params.datetime(&clock.zone)? };
    let (format, bom) = (params.format()?, params.bom()?);
    let duty = &shared.atlas.catalogue().duty.0;
    let read: Vec<&str> = duty.iter().map(|role| role.layer.as_str()).chain([UNITS]).collect();
    shared.reach(&params, &read).await?;
    let (around, units) = shared.atlas.around(view, request).await?;
    let shown = around.roles.iter().map(|role| shown_classification(&role.layer, view)).max();
    let classification = shown.unwrap_or(Classification::Public);
    let writer = AroundWriter { around: &around, request, view, units: &units };
    let reply = match format {
        Format::Json => Reply::new(JSON, to_json(&writer)?, classification),
        Format::Csv => Reply::new(CSV, writer.csv(bom)?, classification),
    };
    Ok(reply.versions(&around.versions).dated(AsOf::Day(as_of)).to(&asked))
}

struct AroundWriter<'a> {
    around: &'a Around,
    request: AroundRequest,
    view: View,
    units: &'a UnitMap,
}

impl<'a> AroundWriter<'a> {
    fn writer(&self, role: &'a RoleFeatures) -> FeatureWriter<'a> {
        FeatureWriter { layer: &role.layer, view: self.view, units: self.units, crs: Crs::Crs84 }
    }

    /// One line for each feature: layers have different fields, so it has the first text of each, its name.
    fn csv(&self, bom: Bom) -> Result<Vec<u8>, Problem> {
        let mut csv = Table::new(&["role", "layer", "id", "lon", "lat", "name", "unit", "distance_m"]);
        for role in &self.around.roles {
            let writer = self.writer(role);
            let name = writer.fields().find(|(_, field)| field.kind == FieldType::Text).map(|(index, _)| index);
            for found in &role.features {
                let feature = &found.feature;
                csv.text(role.role.role.name()).text(role.layer.id.as_str());
                csv.number(feature.id).number(feature.at.lon).number(feature.at.lat);
                csv.value(name.and_then(|index| feature.values.get(index)).unwrap_or(&Value::Null));
                csv.text(writer.unit(found).0.unwrap_or("")).metres(found.distance_m).end_row();
            }
        }
        csv.finish(bom)
    }
}

impl Serialize for AroundWriter<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let AroundRequest { at, as_of, .. } = self.request;
        let units: Vec<_> = self.around.units.iter().map(|unit| unit_answer(*unit, self.units)).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("at", &[at.lon, at.lat])?;
        map.serialize_entry("as_of", &as_of_text(AsOf::Day(as_of)))?;
        map.serialize_entry("units", &units)?;
        map.serialize_entry("roles", &Roles(self))?;
        map.serialize_entry("version", &self.around.versions)?;
        map.end()
    }
}

struct Roles<'a>(&'a AroundWriter<'a>);

impl Serialize for Roles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Role<'a> {
            r#type: &'static str,
            layer: &'a str,
            title: &'a Title,
            order: &'static str,
            #[serde(rename = "reach_m")]
            reach_m: Option<f64>,
            filter: Option<&'a str>,
            number_matched: u64,
            number_returned: usize,
            features: Features<'a>,
        }
        let mut map = serializer.serialize_map(None)?;
        for found in &self.0.around.roles {
            let role = Role {
                r#type: "FeatureCollection",
                layer: found.layer.id.as_str(),
                title: &found.layer.title,
                order: found.role.order.name(),
                reach_m: found.role.reach_m,
                filter: found.role.filter.as_ref().map(crate::model::filter::AskedFilter::text),
                number_matched: found.matched,
                number_returned: found.features.len(),
                features: Features { writer: self.0.writer(found), found: &found.features },
            };
            map.serialize_entry(found.role.role.name(), &role)?;
        }
        map.end()
    }
}
