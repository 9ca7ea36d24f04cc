//! `GET /style.json`: a MapLibre style of everything this caller may see, in Vietnamese. It names no other host: without
//! `glyphs` MapLibre draws names with the fonts of the device.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::problem::Problem;
use super::reply::{Reply, shown_classification};
use super::tilejson::query_of;
use super::{Service, Shared};
use crate::atlas::LayerSummary;
use crate::model::{Classification, Layer, Level, View};

const FONT: [&str; 1] = ["Open Sans Regular"];
const HALO: &str = "#ffffff";
const INK: &str = "#3a3a3a";

/// How the borders and names of a level are drawn: from zoom, line width in pixels, name from zoom, name size in pixels.
const LEVELS: [(Level, u8, f64, u8, u8); 3] =
    [(Level::Commune, 8, 0.6, 10, 11), (Level::District, 6, 1.0, 8, 12), (Level::Province, 0, 1.8, 5, 14)];

/// `as_of` is passed on to the tiles.
pub async fn style(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["as_of"])?;
    params.as_of(&shared.atlas.clock().zone)?;
    let view = shared.settings.view;
    let summaries = shared.atlas.layers(view);
    let url = |tileset: &str| asked.url(&format!("/tiles/{tileset}{}", query_of(&params)));
    let mut sources = Map::new();
    let vector = |url: String| json!({ "type": "vector", "url": url });
    let units: Vec<String> =
        LEVELS.iter().flat_map(|row| [format!("units.{}", row.0.name()), format!("labels.{}", row.0.name())]).collect();
    sources.insert("units".to_owned(), vector(url(&units.join(","))));
    for LayerSummary { layer, .. } in &summaries {
        sources.insert(layer.id.to_string(), vector(url(layer.id.as_str())));
    }
    sources.insert("places".to_owned(), json!({ "type": "geojson", "data": places(&shared) }));

    let mut layers =
        vec![json!({ "id": "background", "type": "background", "paint": { "background-color": "#e8eef2" } })];
    layers.push(json!({
        "id": "land", "type": "fill", "source": "units", "source-layer": "units.province",
        "paint": { "fill-color": "#fbfaf7" },
    }));
    layers.extend(LEVELS.iter().map(|(level, zoom, width, ..)| borders(*level, *zoom, *width)));
    layers.extend(summaries.iter().map(|summary| points(&summary.layer, view)));
    layers.extend(LEVELS.iter().map(|(level, _, _, zoom, size)| names(*level, *zoom, *size)));
    layers.push(place_names());

    let catalogue = shared.atlas.catalogue();
    let (lon, lat, zoom) = catalogue.view;
    let style = json!({
        "version": 8,
        "name": catalogue.title.vi,
        "center": [lon, lat],
        "zoom": zoom,
        "sources": sources,
        "layers": layers,
    });
    let classification = summaries.iter().map(|summary| shown_classification(&summary.layer, view)).max();
    Ok(Reply::json(&style, classification.unwrap_or(Classification::Public))?.to(&asked))
}

fn places(service: &Service) -> Value {
    let features: Vec<Value> = service
        .atlas
        .catalogue()
        .places
        .iter()
        .map(|place| {
            json!({
                "type": "Feature",
                "geometry": { "type": "Point", "coordinates": [place.lon, place.lat] },
                "properties": {
                    "vi": place.title.vi, "en": place.title.en,
                    "min_zoom": place.min_zoom, "max_zoom": place.max_zoom,
                },
            })
        })
        .collect();
    json!({ "type": "FeatureCollection", "features": features })
}

fn borders(level: Level, zoom: u8, width: f64) -> Value {
    json!({
        "id": format!("units.{}", level.name()), "type": "line", "source": "units",
        "source-layer": format!("units.{}", level.name()), "minzoom": zoom,
        "layout": { "line-join": "round" },
        "paint": { "line-color": "#8a7a66", "line-width": width },
    })
}

fn names(level: Level, zoom: u8, size: u8) -> Value {
    json!({
        "id": format!("labels.{}", level.name()), "type": "symbol", "source": "units",
        "source-layer": format!("labels.{}", level.name()), "minzoom": zoom,
        "layout": { "text-field": ["get", "full_name"], "text-font": FONT, "text-size": size },
        "paint": { "text-color": INK, "text-halo-color": HALO, "text-halo-width": 1.5 },
    })
}

/// The archipelagos among them: they stand whatever else is under their names.
fn place_names() -> Value {
    json!({
        "id": "places", "type": "symbol", "source": "places",
        "filter": ["all", [">=", ["zoom"], ["get", "min_zoom"]], ["<=", ["zoom"], ["get", "max_zoom"]]],
        "layout": {
            "text-field": ["get", "vi"], "text-font": FONT, "text-size": 13,
            "text-allow-overlap": true, "text-ignore-placement": true,
        },
        "paint": { "text-color": INK, "text-halo-color": HALO, "text-halo-width": 1.5 },
    })
}

/// A layer's points in its categories' colours; a dense tile's cells grow with their counts.
fn points(layer: &Layer, view: View) -> Value {
    json!({
        "id": layer.id.as_str(), "type": "circle", "source": layer.id.as_str(), "source-layer": layer.id.as_str(),
        "minzoom": layer.zoom.min,
        "metadata": { "title": layer.title },
        "paint": {
            "circle-color": colours(layer, view),
            "circle-radius": [
                "case", ["has", "count"],
                ["interpolate", ["linear"], ["sqrt", ["get", "count"]], 1, 3, 100, 18],
                4,
            ],
            "circle-opacity": ["case", ["has", "count"], 0.7, 0.9],
            "circle-stroke-color": HALO,
            "circle-stroke-width": 1,
        },
    })
}

fn colours(layer: &Layer, view: View) -> Value {
    let Some(field) = layer.category_field().filter(|field| view.sees_field(field)) else {
        return json!(layer.colour);
    };
    let mut arms = vec![json!("match"), json!(["get", field.name])];
    for code in &field.codes {
        if let Some(colour) = &code.colour {
            arms.extend([json!(code.code), json!(colour)]);
        }
    }
    if arms.len() == 2 {
        return json!(layer.colour);
    }
    arms.push(json!(layer.colour));
    Value::Array(arms)
}
