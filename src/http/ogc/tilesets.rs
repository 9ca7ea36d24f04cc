//! `GET /ogc/collections/{layer}/tiles…`: the tiles of `/tiles` under the standard's addresses.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::asked::{Asked, Segments};
use super::super::problem::{Kind, Problem};
use super::super::reply::{JSON, shown_classification};
use super::super::tiles::{MVT, PARAMETERS};
use super::super::{Shared, tilejson, tiles};
use super::form::{HTML, PLAIN, TILESET, choose};
use super::html::{Page, anchor, json_reply};
use super::links::{link, own};
use super::tile_matrix_sets::{QUAD, QUAD_URI, expect_quad};
use super::{in_both, seen};
use crate::atlas::LayerSummary;
use crate::engine::crs::Crs;
use crate::model::{Invalid, TileCoord};

/// `GET /ogc/collections/{layer}/tiles`.
pub async fn tilesets(
    State(shared): State<Shared>,
    Segments(id): Segments<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let summary = seen(&shared, &id)?;
    let form = choose(&asked, &params, &PLAIN)?;
    let classification = shown_classification(&summary.layer, shared.settings.view);
    let links = own(&asked, &params, &PLAIN, form);
    if form.is_page() {
        let mut page = page(&summary, "Bộ ô bản đồ", "Tilesets");
        let href = format!("/ogc/collections/{id}/tiles/{QUAD}?f=html");
        page.table(&[], &[vec![anchor(&href, QUAD)]]).links(&links);
        return Ok(page.reply(classification).to(&asked));
    }
    let own = link("self", JSON, "Bộ ô này / This tileset", asked.url(&path_of(&summary)));
    let mut tileset = head(&summary);
    tileset["links"] = [vec![own], around(&asked, &summary)].concat().into();
    Ok(json_reply(JSON, &json!({ "tilesets": [tileset], "links": links }), classification)?.to(&asked))
}

/// `GET /ogc/collections/{layer}/tiles/WebMercatorQuad`.
pub async fn tileset(
    State(shared): State<Shared>,
    Segments((id, set)): Segments<(String, String)>,
    asked: Asked,
) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let summary = seen(&shared, &id)?;
    expect_quad(&set)?;
    let form = choose(&asked, &params, &TILESET)?;
    if form.is_tilejson() {
        return tilejson::answer(&shared, &asked, &params.without("f"), &id);
    }
    let classification = shown_classification(&summary.layer, shared.settings.view);
    let mut links = own(&asked, &params, &TILESET, form);
    links.extend(around(&asked, &summary));
    if form.is_page() {
        let mut page = page(&summary, QUAD, QUAD);
        page.links(&links);
        return Ok(page.reply(classification).to(&asked));
    }
    let mut document = head(&summary);
    document["links"] = links.into();
    document["layers"] = json!([{
        "id": id, "title": in_both(&summary.layer.title), "dataType": "vector", "geometryDimension": 0,
        "minTileMatrix": summary.layer.zoom.min.to_string(), "maxTileMatrix": summary.layer.zoom.max.to_string(),
    }]);
    if !summary.bbox().is_empty() {
        let bbox = summary.bbox();
        document["boundingBox"] = json!({
            "lowerLeft": [bbox.west, bbox.south], "upperRight": [bbox.east, bbox.north], "crs": Crs::Crs84.uri(),
        });
    }
    Ok(json_reply(JSON, &document, classification)?.to(&asked))
}

/// `GET /ogc/collections/{layer}/tiles/WebMercatorQuad/{z}/{row}/{col}`: the row comes first here.
pub async fn tile(
    State(shared): State<Shared>,
    Segments((id, set, z, row, col)): Segments<(String, String, String, String, String)>,
    asked: Asked,
) -> Result<Response, Problem> {
    let params = asked.params(&[&PARAMETERS[..], &["f"]].concat())?;
    seen(&shared, &id)?;
    expect_quad(&set)?;
    if let Some(f) = params.text("f").filter(|f| *f != "mvt") {
        return Err(Invalid::new("f", format!("mvt, found {f:.64?}")).into());
    }
    let coord = coord([&z, &row, &col])?;
    tiles::answer(&shared, &asked, &params, (&id, coord)).await
}

/// A tile beyond its matrix is not there; what is no number is no tile at all.
fn coord([z, row, col]: [&str; 3]) -> Result<TileCoord, Problem> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    TileCoord::parse(z, col, row).map_err(|invalid| {
        if [z, row, col].into_iter().all(is_number) {
            return Problem::of(Kind::NotFound, invalid.parameter, format!("expected {}", invalid.expected));
        }
        invalid.into()
    })
}

fn path_of(summary: &LayerSummary) -> String {
    format!("/ogc/collections/{}/tiles/{QUAD}", summary.layer.id)
}

fn page(summary: &LayerSummary, vi: &str, en: &str) -> Page {
    let layer = &summary.layer;
    Page::new(format!("{vi}: {}", layer.title.vi), format!("{en}: {}", layer.title.en))
        .under("/ogc?f=html", "OGC API")
        .under("/ogc/collections?f=html", "Các lớp dữ liệu / Collections")
        .under(format!("/ogc/collections/{}?f=html", layer.id), &layer.title.vi)
}

/// What the tileset is.
fn head(summary: &LayerSummary) -> Value {
    json!({
        "title": in_both(&summary.layer.title), "dataType": "vector", "crs": Crs::WebMercator.uri(),
        "tileMatrixSetURI": QUAD_URI, "tileMatrixSetId": QUAD,
    })
}

/// Where its tiles are, and what they belong to.
fn around(asked: &Asked, summary: &LayerSummary) -> Vec<Value> {
    let path = path_of(summary);
    let template = asked.url(&format!("{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"));
    let mut tiles = link("item", MVT, "Ô bản đồ / Tiles", template);
    tiles["templated"] = true.into();
    let scheme = asked.url(&format!("/ogc/tileMatrixSets/{QUAD}"));
    let collection = asked.url(&format!("/ogc/collections/{}", summary.layer.id));
    vec![
        tiles,
        link("http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme", JSON, QUAD, scheme),
        link("describedby", JSON, "TileJSON", asked.url(&format!("{path}?f=tilejson"))),
        link("describedby", HTML, "Trang mô tả / Documentation", asked.url(&format!("{path}?f=html"))),
        link("http://www.opengis.net/def/rel/ogc/1.0/geodata", JSON, &in_both(&summary.layer.title), collection),
    ]
}
