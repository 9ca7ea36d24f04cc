//! `GET /ogc`: where everything begins.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::Shared;
use super::super::asked::Asked;
use super::super::problem::Problem;
use super::super::reply::JSON;
use super::form::{HTML, OPENAPI, OPENAPI_31, PLAIN, choose};
use super::html::{Page, json_reply};
use super::in_both;
use super::links::{link, own};
use crate::model::Classification;

/// `GET /ogc`.
pub async fn landing(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let form = choose(&asked, &params, &PLAIN)?;
    let catalogue = shared.atlas.catalogue();
    let mut links = own(&asked, &params, &PLAIN, form);
    links.extend(places(&asked));
    if form.is_page() {
        let mut page = Page::new(&catalogue.title.vi, &catalogue.title.en).under("/", "Bản đồ / Map");
        page.add("<p>OGC API Features, OGC API Tiles</p>").links(&links);
        return Ok(page.reply(Classification::Public).to(&asked));
    }
    let document = json!({
        "title": in_both(&catalogue.title),
        "description": "Dữ liệu điểm của các sở, ngành và đơn vị hành chính theo ngày / \
                        Points of departments, joined with the administrative units in force on a date",
        "attribution": catalogue.attribution,
        "links": links,
    });
    Ok(json_reply(JSON, &document, Classification::Public)?.to(&asked))
}

/// What there is.
fn places(asked: &Asked) -> [Value; 9] {
    let url = |path: &str| asked.url(path);
    [
        link("service-desc", OPENAPI, "Mô tả API / API definition", url("/ogc/api?f=json")),
        link("service-desc", OPENAPI_31, "Mô tả API / API definition, OpenAPI 3.1", url("/ogc/api?f=json31")),
        link("service-doc", HTML, "Trang mô tả API / API documentation", url("/ogc/api?f=html")),
        link("conformance", JSON, "Các lớp tuân thủ / Conformance classes", url("/ogc/conformance")),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/conformance",
            JSON,
            "Các lớp tuân thủ / Conformance classes",
            url("/ogc/conformance"),
        ),
        link("data", JSON, "Các lớp dữ liệu / Collections", url("/ogc/collections")),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/data",
            JSON,
            "Các lớp dữ liệu / Collections",
            url("/ogc/collections"),
        ),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/functions",
            JSON,
            "Hàm trong bộ lọc / Functions in filters",
            url("/ogc/functions"),
        ),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
            JSON,
            "Sơ đồ chia ô / Tiling schemes",
            url("/ogc/tileMatrixSets"),
        ),
    ]
}
