//! `GET /tiles` and `GET /tiles/{layers}`: what tiles there are, as `TileJSON` 3.0.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use super::asked::{Asked, Segments};
use super::params::Params;
use super::problem::Problem;
use super::reply::{Reply, shown_classification};
use super::tiles::{PARAMETERS, TileQuestion};
use super::{Service, Shared};
use crate::engine::compress::Encoding;
use crate::export::{level_title, title, vector_layer, zooms};
use crate::model::{Bbox, Classification, Layer, Level, MAX_ZOOM, TileCoord, TileLayer, Title};

/// Characters of a parameter's value that stay as they are in an address: those of dates, intervals and ids.
const IN_QUERY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':').remove(b'/');

/// Web Mercator's world, degrees.
const WORLD: [f64; 4] = [-180.0, -85.051_128_78, 180.0, 85.051_128_78];

#[derive(Serialize)]
struct Tileset<'a> {
    id: String,
    title: Title,
    department: Option<&'a str>,
    tilejson: String,
}

/// `GET /tiles`: every tileset that this caller may see.
pub async fn tilesets(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    asked.params(&[])?;
    let summaries = shared.atlas.layers(shared.settings.view);
    let mut tilesets: Vec<Tileset> = summaries
        .iter()
        .map(|summary| Tileset {
            id: summary.layer.id.to_string(),
            title: summary.layer.title.clone(),
            department: Some(summary.layer.id.department()),
            tilejson: asked.url(&format!("/tiles/{}", summary.layer.id)),
        })
        .collect();
    for level in Level::ALL {
        for (layer, labels) in [(TileLayer::Units(level), false), (TileLayer::Labels(level), true)] {
            let (title, tilejson) = (level_title(level, labels), asked.url(&format!("/tiles/{layer}")));
            tilesets.push(Tileset { id: layer.to_string(), title, department: None, tilejson });
        }
    }
    let classification =
        summaries.iter().map(|summary| shown_classification(&summary.layer, shared.settings.view)).max();
    let reply = Reply::json(&json!({ "tilesets": tilesets }), classification.unwrap_or(Classification::Public))?;
    Ok(reply.to(&asked))
}

/// `GET /tiles/{layers}`: the parameters given go into the tiles' addresses.
pub async fn tilejson(
    State(shared): State<Shared>,
    Segments(list): Segments<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    answer(&shared, &asked, &asked.params(&PARAMETERS)?, &list)
}

/// The `TileJSON` of a list of layers.
pub fn answer(shared: &Shared, asked: &Asked, params: &Params, list: &str) -> Result<Response, Problem> {
    let question = TileQuestion::read(shared, list, params)?;
    // Parameters that no tile would be drawn with are refused here too.
    let first = Arc::new(question.clone().at(TileCoord::new(0, 0, 0)?));
    shared.atlas.tile_etag(shared.settings.view, &first, Encoding::Identity)?;
    let document = document(shared, &question, &asked.url(&address(list, params)));
    Ok(Reply::json(&document, question.classification)?.to(asked))
}

/// The template of the tiles' addresses. Ids are URL-safe by their type, parameters are encoded.
fn address(list: &str, params: &Params) -> String {
    format!("/tiles/{list}/{{z}}/{{x}}/{{y}}{}", query_of(params))
}

/// The parameters as a query: empty, or `?a=1&b=2`.
pub fn query_of(params: &Params) -> String {
    let pairs: Vec<String> =
        params.pairs().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn document(service: &Service, question: &TileQuestion, url: &str) -> Value {
    let catalogue = service.atlas.catalogue();
    let titles: Vec<Title> = question.layers.iter().map(|layer| title(layer, layer_of(question, layer))).collect();
    let zooms = question.layers.iter().map(|layer| zooms(layer_of(question, layer)));
    let (minzoom, maxzoom) = zooms.fold((MAX_ZOOM, 0), |all, one| (all.0.min(one.0), all.1.max(one.1)));
    let bounds = bounds(service, question);
    let (lon, lat, zoom) = catalogue.view;
    let in_view = bounds[0] <= lon && lon <= bounds[2] && bounds[1] <= lat && lat <= bounds[3];
    let (lon, lat) =
        if in_view { (lon, lat) } else { (f64::midpoint(bounds[0], bounds[2]), f64::midpoint(bounds[1], bounds[3])) };
    let center = json!([lon, lat, (zoom.round() as u8).clamp(minzoom, maxzoom)]);
    let view = service.settings.view;
    let describe = |layer| vector_layer(layer, layer_of(question, layer), view);
    let layers: Vec<Value> = question.layers.iter().map(describe).collect();
    let joined = |name: fn(&Title) -> &str| titles.iter().map(name).collect::<Vec<_>>().join(", ");
    json!({
        "tilejson": "3.0.0",
        "name": joined(|title| &title.vi),
        "description": joined(|title| &title.en),
        "attribution": catalogue.attribution,
        "scheme": "xyz",
        "tiles": [url],
        "minzoom": minzoom,
        "maxzoom": maxzoom,
        "bounds": bounds,
        "center": center,
        "vector_layers": layers,
    })
}

fn layer_of<'a>(question: &'a TileQuestion, layer: &TileLayer) -> Option<&'a Layer> {
    let TileLayer::Points(id) = layer else { return None };
    question.summaries.iter().map(|summary| summary.layer.as_ref()).find(|layer| layer.id == *id)
}

/// What the tileset covers, degrees W S E N; the whole world where nothing is known.
fn bounds(service: &Service, question: &TileQuestion) -> [f64; 4] {
    let mut bbox = Bbox::EMPTY;
    for summary in question.summaries.iter().filter(|summary| !summary.bbox().is_empty()) {
        bbox.join(&summary.bbox());
    }
    if question.layers.iter().any(|layer| !matches!(layer, TileLayer::Points(_))) {
        let units = service.units_bbox();
        if !units.is_empty() {
            bbox.join(&units);
        }
    }
    if bbox.is_empty() {
        return WORLD;
    }
    let latitude = |degrees: f64| degrees.clamp(WORLD[1], WORLD[3]);
    [bbox.west, latitude(bbox.south), bbox.east, latitude(bbox.north)]
}
