//! What the operations of the API's description share: parameters, schemas, refusals.

use serde_json::{Value, json};

use super::form::ITEMS;
use super::items_asked::{DEFAULT_LIMIT, PARAMETERS};
use super::queryables::of_field;
use crate::engine::crs::Crs;
use crate::model::{Layer, MAX_ZOOM, MOST_SORT_KEYS, View};

/// The parameters named like the layer's fields.
pub fn fields(layer: &Layer, view: View) -> Vec<Value> {
    let shown =
        layer.fields.iter().filter(|field| view.sees_field(field) && !PARAMETERS.contains(&field.name.as_str()));
    shown
        .map(|field| {
            let mut schema = of_field(field);
            // A code that the layer does not list is no error: it matches nothing.
            if let Some(members) = schema.as_object_mut() {
                members.remove("enum");
            }
            query(&field.name, "Bằng / Equal to", &schema)
        })
        .collect()
}

/// `sortby`: the names of fields with or without a sign.
pub fn sort(layer: &Layer, view: View) -> Value {
    let fields = layer.fields.iter().filter(|field| view.sees_field(field)).map(|field| field.name.as_str());
    let names: Vec<&str> = std::iter::once("id").chain(fields).collect();
    let signed: Vec<String> =
        ["", "+", "-"].iter().flat_map(|sign| names.iter().map(move |name| format!("{sign}{name}"))).collect();
    let schema = json!({
        "type": "array", "minItems": 1, "maxItems": MOST_SORT_KEYS, "items": { "type": "string", "enum": signed },
    });
    query(
        "sortby",
        "Sắp xếp, + tăng, - giảm / Sorted by, + ascending, - descending; features without a value come last",
        &schema,
    )
}

/// A parameter.
pub fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "description": description, "schema": schema,
        "style": "form", "explode": false,
    })
}

/// `datetime`: a day or an instant, or an interval of two, of which one may be open. Regular expressions of JSON Schema (ECMA-262).
fn time_pattern() -> String {
    let day = "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)\
               |02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";
    let time = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
    let end = format!("{day}({time})?");
    format!("^({end}(/({end}|\\.\\.)?)?|(\\.\\.)?/{end})$")
}

/// The components; `most` is the largest page.
pub fn components(most: usize) -> Value {
    let crs = json!({ "type": "string", "format": "uri", "enum": Crs::ALL.map(Crs::uri), "default": Crs::Crs84.uri() });
    // The first line is what the standard's tests look for; five numbers are no box.
    let bbox = json!({
        "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 6,
        "oneOf": [{ "minItems": 4, "maxItems": 4 }, { "minItems": 6, "maxItems": 6 }],
    });
    // No maximum: a greater number is taken for the greatest.
    let limit = json!({ "type": "integer", "minimum": 1, "default": DEFAULT_LIMIT.min(most) });
    let datetime = json!({ "type": "string", "pattern": time_pattern() });
    let languages = json!({ "type": "string", "enum": ["cql2-text", "cql2-json", "cql-text"], "default": "cql2-text" });
    let form = json!({ "type": "string", "enum": ["json", "html"] });
    let files = json!({ "type": "string", "enum": ITEMS.map(|form| form.f) });
    let whole = json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX });
    let shown = format!("Số đối tượng mỗi trang / Features in a page; at most {most} are shown");
    json!({
        "parameters": {
            "f": query("f", "Dạng trả lời / Form of the answer", &form),
            "items-f": query("f", "Dạng trả lời / Form of the answer: a page (json, html), or a file of all features that match", &files),
            "limit": query("limit", &shown, &limit),
            "bbox": query("bbox", "Khung / Box: west, south, east, north, in the order of bbox-crs; west > east crosses the antimeridian", &bbox),
            "bbox-crs": query("bbox-crs", "Hệ toạ độ của khung / Reference system of bbox", &crs),
            "datetime": query("datetime", "Thời điểm hoặc khoảng, gồm hai đầu / Instant, date, or interval with both its ends", &datetime),
            "filter": query("filter", "Điều kiện CQL2 / Filter", &json!({ "type": "string", "minLength": 1 })),
            "filter-lang": query("filter-lang", "Ngôn ngữ của filter / Language of filter", &languages),
            "filter-crs": query("filter-crs", "Hệ toạ độ trong filter / Reference system of geometries in filter", &crs),
            "crs": query("crs", "Hệ toạ độ của trả lời / Reference system of the answer", &crs),
            "as_of": query("as_of", "Ngày của đơn vị hành chính / Date of the administrative units", &json!({ "type": "string", "format": "date" })),
            "id": query("id", "Mã số / Id", &whole),
            "tile-datetime": query("datetime", "Thời điểm hoặc khoảng [from, to) / Instant, date, or interval without its end", &datetime),
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
