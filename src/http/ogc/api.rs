//! `GET /ogc/api`: every public address of the server, as `OpenAPI` and as a page.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::problem::Problem;
use super::super::query::api as queries;
use super::super::reply::{GEOJSON, JSON, shown_classification};
use super::super::tiles::MVT;
use super::super::writes::takes_edits;
use super::super::{Service, Shared};
use super::api_31::as_31;
use super::api_others as others;
use super::api_parts::{components, fields, sort};
use super::form::{API, HTML, ITEMS, OPENAPI, OPENAPI_31, SCHEMA, choose};
use super::html::{Page, both, cell, json_reply, text};
use super::in_both;
use super::items_asked::PARAMETERS;
use super::links::own;
use super::receivables;
use crate::model::{Classification, Layer, View};

/// `min_version` and `cursor` are told here and not beside the others: no program can make up values for them.
const DESCRIPTION: &str = "OGC API Features, OGC API Tiles; and beside them, each under the server that it names: map tiles, \
                           questions of place, search, files in, the history of changes, events. Pages of features go on by their link next, \
                           whose cursor is opaque. Every address that reads features or tiles takes \
                           min_version=V as well: it waits until this node shows at least the version V of \
                           Bandoso-Version, and answers 503 where that takes too long.";

/// Methods that are described.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// `GET /ogc/api`.
pub async fn api(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let form = choose(&asked, &params, &API)?;
    let view = shared.settings.view;
    let layers = shared.atlas.layers(view);
    let classification = layers.iter().map(|summary| shown_classification(&summary.layer, view)).max();
    let classification = classification.unwrap_or(Classification::Public);
    let document = document(&shared, &asked);
    if form.is_page() {
        let links = own(&asked, &params, &API, form);
        return Ok(page(&document, &links).reply(classification).to(&asked));
    }
    if form.media == OPENAPI_31 {
        return Ok(json_reply(OPENAPI_31, &as_31(document), classification)?.to(&asked));
    }
    Ok(json_reply(OPENAPI, &document, classification)?.to(&asked))
}

fn page(document: &Value, links: &[Value]) -> Page {
    let mut page = Page::new("Mô tả API", "API documentation").under("/ogc?f=html", "OGC API");
    let rows = document["paths"].as_object().into_iter().flatten().map(|(path, item)| {
        let base = if item.get("servers").is_some() { "" } else { "/ogc" };
        METHODS.iter().filter_map(move |method| Some((method, item.get(*method)?))).map(move |(method, operation)| {
            let name = |parameter: &Value| {
                let reference = parameter["$ref"].as_str().and_then(|path| path.rsplit('/').next());
                let reference = reference.map(|name| name.strip_prefix("query.").unwrap_or(name));
                parameter["name"].as_str().or(reference).unwrap_or("").to_owned()
            };
            let names: Vec<String> = operation["parameters"].as_array().into_iter().flatten().map(name).collect();
            let address = format!("<code>{} {base}{}</code>", method.to_uppercase(), text(path));
            vec![address, cell(&operation["summary"]), text(&names.join(", "))]
        })
    });
    let rows: Vec<Vec<String>> = rows.flatten().collect();
    let head = [both("Địa chỉ", "Path"), both("Nội dung", "What"), both("Tham số", "Parameters")];
    page.table(&head, &rows).links(links);
    page
}

fn document(service: &Service, asked: &Asked) -> Value {
    let (view, settings) = (service.settings.view, &service.settings);
    let mut paths = Map::new();
    let add = |paths: &mut Map<String, Value>, path: &str, operation: Value| {
        paths.insert(path.to_owned(), json!({ "get": operation }));
    };
    add(&mut paths, "/", Operation::new("landing", "Trang đầu / Landing page", JSON).plain());
    add(
        &mut paths,
        "/conformance",
        Operation::new("conformance", "Các lớp tuân thủ / Conformance classes", JSON).plain(),
    );
    add(&mut paths, "/api", Operation::new("api", "Mô tả API / API definition", OPENAPI).plain());
    add(&mut paths, "/functions", Operation::new("functions", "Hàm trong bộ lọc / Functions in filters", JSON).plain());
    add(&mut paths, "/collections", Operation::new("collections", "Các lớp dữ liệu / Collections", JSON).plain());
    add(&mut paths, "/tileMatrixSets", Operation::new("tileMatrixSets", "Sơ đồ chia ô / Tiling schemes", JSON).plain());
    let quad = Operation::new("WebMercatorQuad", "WebMercatorQuad", JSON);
    add(&mut paths, "/tileMatrixSets/WebMercatorQuad", quad.plain());
    for summary in service.atlas.layers(view) {
        for (path, operation) in of_layer(&summary.layer, view) {
            add(&mut paths, &path, operation);
        }
        if takes_edits(service, summary.layer.id.as_str()) {
            for (path, method, operation) in receivables::operations(&summary.layer, view) {
                paths.entry(path).or_insert_with(|| json!({}))[method] = operation;
            }
        }
    }
    // Beside the standard's addresses, which programs look for below the landing page, and not of its server.
    for group in [queries::paths(), others::paths(settings)] {
        for (path, item) in group.as_object().into_iter().flatten() {
            let mut item = item.clone();
            item["servers"] = json!([{ "url": asked.url("/") }]);
            paths.insert(path.clone(), item);
        }
    }
    let mut components = components(settings.page);
    if let Some(parameters) = components["parameters"].as_object_mut() {
        parameters.extend(queries::parameters(settings));
    }
    components["schemas"]["batch"] = others::batch_schema();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": in_both(&service.atlas.catalogue().title),
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": asked.url("/ogc") }],
        "paths": paths,
        "components": components,
    })
}

fn of_layer(layer: &Layer, view: View) -> Vec<(String, Value)> {
    let path = format!("/collections/{}", layer.id);
    let (id, title) = (layer.id.as_str().replace('.', "_"), in_both(&layer.title));
    let operation = |name: &str, media| Operation::new(&format!("{id}.{name}"), &title, media);
    let parameter = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
    let named = |names: &[&str]| names.iter().map(|name| parameter(name)).collect::<Vec<_>>();
    let asked: Vec<&str> =
        PARAMETERS.into_iter().filter(|name| !matches!(*name, "f" | "cursor" | "sortby" | MIN_VERSION)).collect();
    let mut items = named(&asked);
    items.push(sort(layer, view));
    items.extend(fields(layer, view));
    let timed = layer.time_field().is_some_and(|field| view.sees_field(field));
    let of_tile: Vec<&str> = TILE.into_iter().filter(|name| timed || *name != "tile-datetime").collect();
    let item = named(&["featureId", "crs", "as_of"]);
    vec![
        (path.clone(), operation("collection", JSON).missing(&[])),
        (format!("{path}/items"), operation("items", GEOJSON).missing(&items)),
        (format!("{path}/items/{{featureId}}"), operation("item", GEOJSON).missing(&item)),
        (format!("{path}/queryables"), operation("queryables", SCHEMA).missing(&[])),
        (format!("{path}/sortables"), operation("sortables", SCHEMA).missing(&[])),
        (format!("{path}/schema"), operation("schema", SCHEMA).missing(&[])),
        (format!("{path}/tiles"), operation("tilesets", JSON).missing(&[])),
        (format!("{path}/tiles/WebMercatorQuad"), operation("tileset", JSON).missing(&[])),
        (
            format!("{path}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"),
            tile(&operation("tile", MVT), &named(&of_tile)),
        ),
    ]
}

/// Parameters of a tile.
const TILE: [&str; 7] = ["tileMatrix", "tileRow", "tileCol", "filter", "filter-lang", "tile-datetime", "as_of"];

fn tile(operation: &Operation, parameters: &[Value]) -> Value {
    let problem = json!({ "$ref": "#/components/responses/problem" });
    let binary = json!({ MVT: { "schema": { "type": "string", "format": "binary" } } });
    json!({
        "operationId": operation.id, "summary": operation.summary, "parameters": parameters,
        "responses": {
            "200": { "description": "Ô bản đồ / Tile", "content": binary },
            "204": { "description": "Ô trống / Empty tile" },
            "400": problem, "404": problem, "406": problem, "414": problem, "503": problem,
        },
    })
}

/// A `GET` in the making.
struct Operation {
    id: String,
    summary: String,
    media: &'static str,
}

impl Operation {
    fn new(id: &str, summary: &str, media: &'static str) -> Self {
        Self { id: id.to_owned(), summary: summary.to_owned(), media }
    }

    /// At an address that is always there.
    fn plain(self) -> Value {
        self.with(&[], &["400", "406"])
    }

    /// At an address whose resource may be missing.
    fn missing(self, parameters: &[Value]) -> Value {
        self.with(parameters, &["400", "404", "406"])
    }

    fn with(self, parameters: &[Value], refusals: &[&str]) -> Value {
        let mut parameters = parameters.to_vec();
        let is_items = self.media == GEOJSON && self.id.split_once('.').is_some_and(|(_, name)| name == "items");
        let form = if is_items { "items-f" } else { "f" };
        parameters.push(json!({ "$ref": format!("#/components/parameters/{form}") }));
        let schema = if self.media == GEOJSON {
            let name = if is_items { "featureCollection" } else { "feature" };
            json!({ "$ref": format!("#/components/schemas/{name}") })
        } else {
            json!({ "type": "object" })
        };
        let mut responses = Map::new();
        let mut good = json!({
            "description": self.summary,
            "content": { self.media: { "schema": schema }, HTML: { "schema": { "type": "string" } } },
        });
        for form in ITEMS.iter().filter(|form| is_items && form.file().is_some()) {
            good["content"][form.media] = json!({ "schema": { "type": "string", "format": "binary" } });
        }
        if is_items {
            responses.insert("413".to_owned(), json!({ "$ref": "#/components/responses/problem" }));
        }
        responses.insert("200".to_owned(), good);
        for status in refusals.iter().chain(&["414", "503"]) {
            responses.insert((*status).to_owned(), json!({ "$ref": "#/components/responses/problem" }));
        }
        json!({ "operationId": self.id, "summary": self.summary, "parameters": parameters, "responses": responses })
    }
}
