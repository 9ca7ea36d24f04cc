//! `GET /layers`: the catalogue as this caller sees it.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::Shared;
use super::asked::Asked;
use super::problem::Problem;
use super::reply::{Reply, shown_classification};
use crate::atlas::{LayerSummary, ListedLayer};
use crate::model::{Classification, Code, Department, Field, FieldType, GeometryKind, Place, Title, View, ZoomRange};

#[derive(Serialize)]
struct Answer<'a> {
    title: &'a Title,
    time_zone: &'a str,
    today: String,
    view: FirstView,
    attribution: &'a str,
    schematic: bool,
    unit_dates: Vec<String>,
    departments: &'a [Department],
    layers: Vec<LayerAnswer<'a>>,
    places: &'a [Place],
}

#[derive(Serialize)]
struct FirstView {
    lon: f64,
    lat: f64,
    zoom: f64,
}

#[derive(Serialize)]
struct LayerAnswer<'a> {
    id: &'a str,
    department: &'a str,
    title: &'a Title,
    geometry: GeometryKind,
    classification: Classification,
    time: Option<&'a str>,
    category: Option<&'a str>,
    zoom: ZoomRange,
    max_features: u32,
    update_days: Option<u32>,
    colour: &'a str,
    symbol: &'a str,
    /// Null where it could not be read since the start, and so the version.
    features: Option<u64>,
    version: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lagging: bool,
    time_range: Option<[String; 2]>,
    bbox: Option<[f64; 4]>,
    fields: Vec<FieldAnswer<'a>>,
}

#[derive(Serialize)]
struct FieldAnswer<'a> {
    name: &'a str,
    title: &'a Title,
    r#type: FieldType,
    #[serde(skip_serializing_if = "<[Code]>::is_empty")]
    codes: &'a [Code],
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
}

/// A layer without what this view does not see: the fields, and what would tell of them.
fn layer_answer<'a>(listed: &ListedLayer<'a>, view: View) -> LayerAnswer<'a> {
    let (layer, summary) = (listed.layer, listed.summary.as_ref());
    let seen = |field: &&Field| view.sees_field(field);
    let time = layer.time_field().filter(seen);
    let bbox = summary.map(LayerSummary::bbox).filter(|bbox| !bbox.is_empty());
    let time_range = time.and(summary).and_then(LayerSummary::time);
    LayerAnswer {
        id: layer.id.as_str(),
        department: layer.id.department(),
        title: &layer.title,
        geometry: layer.geometry,
        classification: layer.classification,
        time: time.map(|field| field.name.as_str()),
        category: layer.category_field().filter(seen).map(|field| field.name.as_str()),
        zoom: layer.zoom,
        max_features: layer.max_features,
        update_days: layer.update_days,
        colour: &layer.colour,
        symbol: &layer.symbol,
        features: summary.map(|summary| summary.features),
        version: summary.map(|summary| summary.version),
        lagging: listed.lagging,
        time_range: time_range.map(|(first, last)| [first.to_string(), last.to_string()]),
        bbox: bbox.map(|bbox| [bbox.west, bbox.south, bbox.east, bbox.north]),
        fields: layer
            .fields
            .iter()
            .filter(seen)
            .map(|field| FieldAnswer {
                name: &field.name,
                title: &field.title,
                r#type: field.kind,
                codes: &field.codes,
                unit: field.unit.as_deref(),
            })
            .collect(),
    }
}

/// `GET /layers`.
pub async fn layers(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    asked.params(&[])?;
    let view = shared.settings.view;
    let (catalogue, clock, units) = (shared.atlas.catalogue(), shared.atlas.clock(), shared.atlas.units());
    let layers = shared.atlas.listed(view);
    let (lon, lat, zoom) = catalogue.view;
    let answer = Answer {
        title: &catalogue.title,
        time_zone: clock.zone.iana_name().unwrap_or("UTC"),
        today: clock.today.to_string(),
        view: FirstView { lon, lat, zoom },
        attribution: &catalogue.attribution,
        schematic: units.all().iter().any(|unit| unit.schematic),
        unit_dates: units.dates().iter().map(ToString::to_string).collect(),
        departments: &catalogue.departments,
        layers: layers.iter().map(|listed| layer_answer(listed, view)).collect(),
        places: &catalogue.places,
    };
    let classification = layers.iter().map(|listed| shown_classification(listed.layer, view)).max();
    Ok(Reply::json(&answer, classification.unwrap_or(Classification::Public))?.to(&asked))
}
