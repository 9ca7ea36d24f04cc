//! `GET /ogc/conformance`: the classes of requirements that hold here, and no others.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::super::Shared;
use super::super::asked::Asked;
use super::super::problem::Problem;
use super::super::reply::JSON;
use super::super::writes::Writes;
use super::form::{PLAIN, choose};
use super::html::{Page, json_reply, text};
use super::links::own;
use crate::model::Classification;

const PREFIX: &str = "http://www.opengis.net/spec/";

/// What the tests of `tests/promises/http/ogc` and `engine::cql2` hold.
pub const CLASSES: [&str; 39] = [
    "ogcapi-common-1/1.0/conf/core",
    "ogcapi-common-2/1.0/conf/collections",
    "ogcapi-features-1/1.0/conf/core",
    "ogcapi-features-1/1.0/conf/oas30",
    "ogcapi-features-1/1.0/conf/html",
    "ogcapi-features-1/1.0/conf/geojson",
    "ogcapi-features-2/1.0/conf/crs",
    "ogcapi-features-3/1.0/conf/queryables",
    "ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "ogcapi-features-3/1.0/conf/filter",
    "ogcapi-features-3/1.0/conf/features-filter",
    "ogcapi-features-5/1.0/conf/schemas",
    "ogcapi-features-5/1.0/conf/core-roles-features",
    "ogcapi-features-5/1.0/conf/queryables",
    "ogcapi-features-5/1.0/conf/returnables-and-receivables",
    // Of the draft of Part 8, under the number that drafts have.
    "ogcapi-features-8/0.0/conf/sorting",
    "ogcapi-features-8/0.0/conf/features-sorting",
    "cql2/1.0/conf/cql2-text",
    "cql2/1.0/conf/cql2-json",
    "cql2/1.0/conf/basic-cql2",
    "cql2/1.0/conf/advanced-comparison-operators",
    "cql2/1.0/conf/case-insensitive-comparison",
    "cql2/1.0/conf/accent-insensitive-comparison",
    "cql2/1.0/conf/basic-spatial-functions",
    "cql2/1.0/conf/basic-spatial-functions-plus",
    "cql2/1.0/conf/spatial-functions",
    "cql2/1.0/conf/temporal-functions",
    "cql2/1.0/conf/array-functions",
    "cql2/1.0/conf/property-property",
    "cql2/1.0/conf/functions",
    "cql2/1.0/conf/arithmetic",
    "ogcapi-tiles-1/1.0/conf/core",
    "ogcapi-tiles-1/1.0/conf/tileset",
    "ogcapi-tiles-1/1.0/conf/tilesets-list",
    "ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "ogcapi-tiles-1/1.0/conf/mvt",
    "ogcapi-tiles-1/1.0/conf/oas30",
    "tms/2.0/conf/tilematrixset",
    "tms/2.0/conf/json-tilematrixset",
];

/// What holds besides where features can be written: `tests/promises/http/ogc/edits.rs`.
pub const WRITING: [&str; 4] = [
    "ogcapi-features-4/1.0/conf/create-replace-delete",
    "ogcapi-features-4/1.0/conf/update",
    "ogcapi-features-4/1.0/conf/optimistic-locking-etags",
    "ogcapi-features-4/1.0/conf/features",
];

/// `GET /ogc/conformance`.
pub async fn conformance(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let form = choose(&asked, &params, &PLAIN)?;
    let writing: &[&str] = if shared.settings.writes == Writes::Refused { &[] } else { &WRITING };
    let classes: Vec<String> = CLASSES.iter().chain(writing).map(|class| format!("{PREFIX}{class}")).collect();
    let links = own(&asked, &params, &PLAIN, form);
    if form.is_page() {
        let mut page = Page::new("Các lớp tuân thủ", "Conformance classes").under("/ogc", "OGC API");
        let rows: Vec<Vec<String>> =
            classes.iter().map(|class| vec![format!("<code>{}</code>", text(class))]).collect();
        page.table(&[], &rows).links(&links);
        return Ok(page.reply(Classification::Public).to(&asked));
    }
    Ok(json_reply(JSON, &json!({ "links": links, "conformsTo": classes }), Classification::Public)?.to(&asked))
}
