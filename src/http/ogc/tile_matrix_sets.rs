//! `GET /ogc/tileMatrixSets`: the one tiling scheme, `WebMercatorQuad` (OGC 17-083r4 annex D.1).

use std::f64::consts::PI;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::Shared;
use super::super::asked::{Asked, Segments};
use super::super::problem::{Kind, Problem};
use super::super::reply::JSON;
use super::form::{PLAIN, choose};
use super::html::{Page, anchor, both, cell, json_reply};
use super::links::{link, own};
use crate::engine::crs::Crs;
use crate::model::{Classification, MAX_ZOOM};

/// Its id.
pub const QUAD: &str = "WebMercatorQuad";
/// Its name in the registry of OGC.
pub const QUAD_URI: &str = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";

/// Half the side of the world, metres.
const HALF_M: f64 = 6_378_137.0 * PI;
/// Pixels along a tile's side, and metres of a pixel on the standard's screen.
const PIXELS: f64 = 256.0;
const PIXEL_M: f64 = 0.000_28;

/// Refuses any other scheme.
pub fn expect_quad(set: &str) -> Result<(), Problem> {
    if set == QUAD {
        return Ok(());
    }
    let detail = format!("expected {QUAD}, the one tiling scheme here; found {set:.64?}");
    Err(Problem::of(Kind::NotFound, "tileMatrixSetId", detail))
}

/// `GET /ogc/tileMatrixSets`.
pub async fn tile_matrix_sets(State(_): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let form = choose(&asked, &params, &PLAIN)?;
    let links = own(&asked, &params, &PLAIN, form);
    if form.is_page() {
        let mut page = Page::new("Sơ đồ chia ô", "Tiling schemes").under("/ogc?f=html", "OGC API");
        page.table(&[], &[vec![anchor(&format!("/ogc/tileMatrixSets/{QUAD}?f=html"), QUAD)]]).links(&links);
        return Ok(page.reply(Classification::Public).to(&asked));
    }
    let url = asked.url(&format!("/ogc/tileMatrixSets/{QUAD}"));
    let set = json!({
        "id": QUAD, "title": "Google Maps Compatible for the World", "uri": QUAD_URI, "crs": Crs::WebMercator.uri(),
        "links": [link("self", JSON, QUAD, url)],
    });
    Ok(json_reply(JSON, &json!({ "tileMatrixSets": [set], "links": links }), Classification::Public)?.to(&asked))
}

/// `GET /ogc/tileMatrixSets/WebMercatorQuad`.
pub async fn tile_matrix_set(
    State(_): State<Shared>,
    Segments(set): Segments<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    expect_quad(&set)?;
    let params = asked.params(&["f"])?;
    let form = choose(&asked, &params, &PLAIN)?;
    let links = own(&asked, &params, &PLAIN, form);
    let matrices: Vec<Value> = (0..=MAX_ZOOM).map(matrix).collect();
    if form.is_page() {
        let mut page = Page::new(QUAD, QUAD)
            .under("/ogc?f=html", "OGC API")
            .under("/ogc/tileMatrixSets?f=html", "Sơ đồ chia ô / Tiling schemes");
        let names = ["id", "scaleDenominator", "cellSize", "matrixWidth", "matrixHeight"];
        let rows: Vec<Vec<String>> =
            matrices.iter().map(|matrix| names.iter().map(|name| cell(&matrix[*name])).collect()).collect();
        page.add(&format!("<p>{}</p>", both("Hệ toạ độ EPSG:3857", "Reference system EPSG:3857")));
        page.table(&names.map(str::to_owned), &rows).links(&links);
        return Ok(page.reply(Classification::Public).to(&asked));
    }
    let document = json!({
        "id": QUAD, "title": "Google Maps Compatible for the World", "uri": QUAD_URI, "crs": Crs::WebMercator.uri(),
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices, "links": links,
    });
    Ok(json_reply(JSON, &document, Classification::Public)?.to(&asked))
}

fn matrix(zoom: u8) -> Value {
    let side = 1_u32 << zoom;
    let cell_m = 2.0 * HALF_M / PIXELS / f64::from(side);
    json!({
        "id": zoom.to_string(), "scaleDenominator": cell_m / PIXEL_M, "cellSize": cell_m,
        "cornerOfOrigin": "topLeft", "pointOfOrigin": [-HALF_M, HALF_M],
        "tileWidth": PIXELS as u32, "tileHeight": PIXELS as u32, "matrixWidth": side, "matrixHeight": side,
    })
}
