//! What the operations of the API's description share: parameters, schemas, refusals.

use serde_json::{Value, json};

use super::items_asked::{DEFAULT_LIMIT, PARAMETERS};
use super::queryables::of_field;
use crate::engine::crs::Crs;
use crate::model::{Layer, MAX_ZOOM, View};

/// The parameters named like the layer's fields.
pub fn fields(layer: &Layer, view: View) -> Vec<Value> {
    let shown =
        layer.fields.iter().filter(|field| view.sees_field(field) && !PARAMETERS.contains(&field.name.as_str()));
    shown.map(|field| query(&field.name, "Bằng / Equal to", &of_field(field))).collect()
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "description": description, "schema": schema,
        "style": "form", "explode": false,
    })
}

/// The components; `most` is the largest page.
pub fn components(most: usize) -> Value {
    let crs = json!({ "type": "string", "format": "uri", "enum": Crs::ALL.map(Crs::uri), "default": Crs::Crs84.uri() });
    let text = json!({ "type": "string" });
    let bbox = json!({ "oneOf": [
        { "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4 },
        { "type": "array", "items": { "type": "number" }, "minItems": 6, "maxItems": 6 },
    ]});
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": most, "default": DEFAULT_LIMIT });
    let languages = json!({ "type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text" });
    let form = json!({ "type": "string", "enum": ["json", "html"] });
    let whole = json!({ "type": "integer", "format": "int64", "minimum": 0 });
    json!({
        "parameters": {
            "f": query("f", "Dạng trả lời / Form of the answer", &form),
            "limit": query("limit", "Số đối tượng mỗi trang / Features in a page; more than the maximum gives the maximum", &limit),
            "bbox": query("bbox", "Khung / Box: west, south, east, north, in the order of bbox-crs; west > east crosses the antimeridian", &bbox),
            "bbox-crs": query("bbox-crs", "Hệ toạ độ của khung / Reference system of bbox", &crs),
            "datetime": query("datetime", "Thời điểm hoặc khoảng, gồm hai đầu / Instant, date, or interval with both its ends", &text),
            "filter": query("filter", "Điều kiện CQL2 / Filter", &text),
            "filter-lang": query("filter-lang", "Ngôn ngữ của filter / Language of filter", &languages),
            "filter-crs": query("filter-crs", "Hệ toạ độ trong filter / Reference system of geometries in filter", &crs),
            "crs": query("crs", "Hệ toạ độ của trả lời / Reference system of the answer", &crs),
            "cursor": query("cursor", "Trang tiếp theo, từ liên kết next / The next page, from the link next", &text),
            "as_of": query("as_of", "Ngày của đơn vị hành chính / Date of the administrative units", &json!({ "type": "string", "format": "date" })),
            "min_version": query("min_version", "Phiên bản tối thiểu / Least version of the layer", &text),
            "id": query("id", "Mã số / Id", &whole),
            "tile-datetime": query("datetime", "Thời điểm hoặc khoảng [from, to) / Instant, date, or interval without its end", &text),
            "tileMatrix": { "name": "tileMatrix", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 0, "maximum": MAX_ZOOM } },
            "tileRow": { "name": "tileRow", "in": "path", "required": true, "schema": whole },
            "tileCol": { "name": "tileCol", "in": "path", "required": true, "schema": whole },
            "featureId": { "name": "featureId", "in": "path", "required": true, "schema": whole },
        },
        "schemas": schemas(),
        "responses": {
            "problem": {
                "description": "Không được / Refused (RFC 9457)",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/problem" } } },
            },
        },
    })
}

fn schemas() -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    let link = json!({
        "type": "object", "required": ["href", "rel"],
        "properties": { "href": { "type": "string" }, "rel": { "type": "string" }, "type": { "type": "string" }, "title": { "type": "string" } },
    });
    let point = json!({
        "type": "object", "nullable": true, "required": ["type", "coordinates"],
        "properties": {
            "type": { "type": "string", "enum": ["Point"] },
            "coordinates": { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 },
        },
    });
    let links = json!({ "type": "array", "items": { "$ref": "#/components/schemas/link" } });
    json!({
        "link": link,
        "feature": {
            "type": "object", "required": ["type", "id", "geometry", "properties"],
            "properties": {
                "type": { "type": "string", "enum": ["Feature"] }, "id": number, "geometry": point,
                "properties": { "type": "object" }, "links": links,
            },
        },
        "featureCollection": {
            "type": "object", "required": ["type", "features", "numberMatched", "numberReturned", "timeStamp", "links"],
            "properties": {
                "type": { "type": "string", "enum": ["FeatureCollection"] },
                "features": { "type": "array", "items": { "$ref": "#/components/schemas/feature" } },
                "numberMatched": number, "numberReturned": number,
                "timeStamp": { "type": "string", "format": "date-time" }, "links": links,
            },
        },
        "problem": {
            "type": "object", "required": ["type", "title", "status", "detail", "instance"],
            "properties": {
                "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
                "detail": { "type": "string" }, "instance": { "type": "string" }, "parameter": { "type": "string" },
            },
        },
    })
}
