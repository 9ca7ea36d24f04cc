//! `GET /tiles/{layers}/{z}/{x}/{y}`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::asked::{Asked, Segments};
use super::front::Drawn;
use super::min_version::{MIN_VERSION, UNITS, read_versions};
use super::params::Params;
use super::problem::Problem;
use super::reply::{BANDOSO_FEATURES, BANDOSO_VERSION, cache_control, shown_classification, version_header};
use super::{Service, Shared};
use crate::atlas::{EncodedTile, LayerSummary};
use crate::engine::compress::Encoding;
use crate::model::filter::AskedFilter;
use crate::model::{AsOf, Classification, Dense, Invalid, LayerId, TileCoord, TileLayer, TileRequest, Versions};

/// Parameters of a tile: a `TileJSON` carries them into its tiles' addresses.
pub const PARAMETERS: [&str; 8] =
    ["filter", "filter-lang", "datetime", "as_of", "count", "dense", "fields", MIN_VERSION];

/// Type of vector tiles.
pub const MVT: &str = "application/vnd.mapbox-vector-tile";

/// One tile. Who has it already is told so before it is drawn.
pub async fn tile(
    State(shared): State<Shared>,
    Segments((layers, z, x, y)): Segments<(String, String, String, String)>,
    asked: Asked,
) -> Result<Response, Problem> {
    let y = y.strip_suffix(".pbf").or_else(|| y.strip_suffix(".mvt")).unwrap_or(&y);
    let coord = TileCoord::parse(&z, &x, y)?;
    answer(&shared, &asked, &asked.params(&PARAMETERS)?, (&layers, coord)).await
}

/// The tile of a list of layers.
pub async fn answer(
    shared: &Shared,
    asked: &Asked,
    params: &Params,
    (layers, coord): (&str, TileCoord),
) -> Result<Response, Problem> {
    let question = TileQuestion::read(shared, layers, params)?;
    shared.reach(params, &question.read_from()).await?;
    let headers = caching_headers(question.classification);
    let request = Arc::new(question.at(coord));
    let encoding = asked.encoding(&Encoding::PACKED_TILES);
    let moment = shared.keeps_answers().then(|| Arc::new(shared.atlas.moment()));
    let asked_tile = shared.atlas.asked_tile(shared.settings.view, &request, encoding)?;
    if asked.has(asked_tile.etag()) {
        let headers = told(headers, asked_tile.etag(), &asked_tile.versions());
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let tile = shared.atlas.tile(asked_tile).await?;
    let mut response = tile_response(headers, &tile, encoding);
    if let Some(moment) = moment {
        response.extensions_mut().insert(Drawn { request, tile, moment });
    }
    Ok(response)
}

fn caching_headers(classification: Classification) -> HeaderMap {
    HeaderMap::from_iter([
        (CACHE_CONTROL, cache_control(classification)),
        (VARY, HeaderValue::from_static("Accept-Encoding, Origin")),
    ])
}

/// With the tag of a tile and the versions behind it.
fn told(mut headers: HeaderMap, etag: &str, versions: &Versions) -> HeaderMap {
    // The atlas makes tags of hex digits and quotes.
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(BANDOSO_VERSION, version_header(versions));
    headers
}

fn tile_response(headers: HeaderMap, tile: &EncodedTile, encoding: Encoding) -> Response {
    let mut headers = told(headers, &tile.etag, &tile.versions);
    headers.insert(BANDOSO_FEATURES, HeaderValue::from(tile.features));
    if tile.body.is_empty() {
        return (StatusCode::NO_CONTENT, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MVT));
    if let Some(token) = encoding.token() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(token));
    }
    (headers, Body::from(tile.body.clone())).into_response()
}

/// What the parameters and the list of layers say, the same for every tile.
#[derive(Clone)]
pub struct TileQuestion {
    /// In the order asked.
    pub layers: Vec<TileLayer>,
    /// Those of them that are departments' layers.
    pub summaries: Vec<LayerSummary>,
    /// The most guarded of what a tile shows or counts.
    pub classification: Classification,
    datetime: Option<crate::model::TimeInterval>,
    filter: Option<AskedFilter>,
    as_of: AsOf,
    count: Option<LayerId>,
    dense: Dense,
    fields: Option<Vec<String>>,
}

impl TileQuestion {
    /// Reads a list of layers and the parameters; refuses layers that this view does not see as if they did not exist. Whether
    /// the parameters fit the layers is for the atlas to say.
    pub fn read(service: &Service, layers: &str, params: &Params) -> Result<Self, Problem> {
        let zone = service.atlas.clock().zone;
        let layers = read_layers(layers, service.settings.tile_layers)?;
        let mut question = Self {
            layers,
            summaries: Vec::new(),
            classification: Classification::Public,
            datetime: params.datetime(&zone)?,
            filter: params.filter()?,
            as_of: params.as_of(&zone)?,
            count: params.text("count").map(|text| LayerId::parse("count", text)).transpose()?,
            dense: dense(params)?,
            fields: params.text("fields").map(fields),
        };
        for layer in &question.layers {
            if let TileLayer::Points(id) = layer {
                question.summaries.push(seen(service, "layers", id)?);
            }
        }
        let counted = question.count.as_ref().map(|id| seen(service, "count", id)).transpose()?;
        let view = service.settings.view;
        let asked = question.summaries.iter().chain(&counted).map(|summary| &summary.layer);
        let classification = asked.map(|layer| shown_classification(layer, view)).max();
        question.classification = classification.unwrap_or(Classification::Public);
        // A malformed version is refused at the `TileJSON` already; the tiles wait for a good one.
        if let Some(text) = params.text(MIN_VERSION) {
            read_versions(text, &question.read_from())?;
        }
        Ok(question)
    }

    /// The layers whose versions a tile depends on; `units` where it is drawn from nothing else.
    fn read_from(&self) -> Vec<&str> {
        let asked = self.summaries.iter().map(|summary| summary.layer.id.as_str());
        let all: Vec<&str> = asked.chain(self.count.as_ref().map(LayerId::as_str)).collect();
        if all.is_empty() { vec![UNITS] } else { all }
    }

    /// The request for one tile.
    pub fn at(self, coord: TileCoord) -> TileRequest {
        let Self { layers, datetime, filter, as_of, count, dense, fields, .. } = self;
        TileRequest { layers, coord, datetime, filter, as_of, count, dense, fields }
    }
}

fn read_layers(list: &str, most: usize) -> Result<Vec<TileLayer>, Problem> {
    let names: Vec<&str> = list.split(',').take(most + 1).collect();
    if names.len() > most {
        return Err(Invalid::new("layers", format!("at most {most} layers in one tile")).into());
    }
    // There are few: looking through them beats a set.
    let twice = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
    if let Some((_, twice)) = twice {
        return Err(Invalid::new("layers", format!("each layer once, found {twice:?} twice")).into());
    }
    // What is no layer's name is the name of no layer.
    let layer = |name: &str| TileLayer::parse("layers", name).map_err(|_| Problem::unknown_layer("layers", name));
    names.into_iter().map(layer).collect()
}

/// A layer that the server's view sees.
fn seen(service: &Service, parameter: &str, id: &LayerId) -> Result<LayerSummary, Problem> {
    service.atlas.layer(service.settings.view, id).map_err(|error| Problem::of_layer(parameter, error))
}

fn dense(params: &Params) -> Result<Dense, Invalid> {
    match params.text("dense") {
        None | Some("cells") => Ok(Dense::Cells),
        Some("all") => Ok(Dense::All),
        Some(text) => Err(Invalid::new("dense", format!("cells or all, found {text:?}"))),
    }
}

/// Names of properties, the same for the same set of them. Whether there are such is for the atlas to say.
fn fields(list: &str) -> Vec<String> {
    let names: BTreeSet<&str> = list.split(',').filter(|name| !name.is_empty()).collect();
    names.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::problem::Kind;
    use super::*;

    #[test]
    fn a_list_of_layers_is_short_and_has_no_doubles() {
        for (list, kind) in [
            ("a.b,a.b", Kind::InvalidParameter),
            ("a.a,a.b,a.c,a.d", Kind::InvalidParameter),
            ("", Kind::NotFound),
            ("a.b,", Kind::NotFound),
            ("nowhere", Kind::NotFound),
            ("units.country", Kind::NotFound),
            ("a.b;drop table", Kind::NotFound),
        ] {
            let refused = read_layers(list, 3).expect_err(list);
            assert_eq!((refused.kind(), refused.parameter()), (kind, Some("layers")), "{list}");
        }
        assert_eq!(read_layers("a.b,units.commune,labels.province", 3).expect("three").len(), 3);
    }
}
