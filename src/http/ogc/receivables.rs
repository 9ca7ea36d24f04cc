//! What a feature must be to be written, as a JSON Schema, and the operations that write one in the API's description.

use serde_json::{Map, Value, json};

use super::super::reply::GEOJSON;
use super::api_parts::query;
use super::in_both;
use super::queryables::of_field;
use crate::engine::crs::Crs;
use crate::import::sent::{MAX_ID, MAX_ID_BYTES, READ_ONLY};
use crate::model::{Field, FieldType, Layer, View};

/// What a program means to do with a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// To make it.
    Create,
    /// To put it into another one's place.
    Replace,
    /// To change parts of it.
    Update,
}

impl Mutation {
    /// The names in the parameter `type`.
    pub const NAMES: [&str; 3] = ["create", "replace", "update"];

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Create, Self::Replace, Self::Update]
            .into_iter()
            .zip(Self::NAMES)
            .find(|(_, known)| *known == name)
            .map(|(found, _)| found)
    }
}

/// The schema of a GeoJSON feature that is sent, in the words of `OpenAPI` 3.0: what [`crate::import::sent`] takes and no more.
pub fn schema(layer: &Layer, view: View, mutation: Mutation) -> Value {
    let fields = layer.fields.iter().filter(|field| view.sees_field(field));
    let mut properties: Map<String, Value> = fields.map(|field| (field.name.clone(), of_value(field))).collect();
    // What answers have may be sent back, and is not looked at.
    for name in READ_ONLY {
        properties.entry(name).or_insert_with(|| json!({ "readOnly": true }));
    }
    let mut point = json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "enum": ["Point"] },
            // Heights and what some programs write behind them are not kept, and no mistake (RFC 7946 §3.1.1).
            "coordinates": { "type": "array", "items": { "type": "number" }, "minItems": 2 },
        },
    });
    let mut schema = json!({
        "type": "object",
        "title": in_both(&layer.title),
        "properties": {
            "type": { "type": "string", "enum": ["Feature"] },
            "properties": { "type": "object", "nullable": true, "properties": properties, "additionalProperties": false },
        },
    });
    if mutation != Mutation::Update {
        point["required"] = json!(["type", "coordinates"]);
        schema["required"] = json!(["type", "geometry"]);
        schema["properties"]["id"] = json!({
            "oneOf": [
                { "type": "integer", "minimum": 0, "maximum": MAX_ID },
                { "type": "string", "maxLength": MAX_ID_BYTES, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$" },
            ],
        });
    }
    schema["properties"]["geometry"] = point;
    schema
}

/// The schema of a field's values as they are sent: any may be null.
fn of_value(field: &Field) -> Value {
    let mut schema = of_field(field);
    schema["nullable"] = true.into();
    match field.kind {
        // No store keeps a zero character.
        FieldType::Text => schema["pattern"] = "^[^\\x00]*$".into(),
        FieldType::Integer => {
            schema["format"] = "int64".into();
            schema["minimum"] = i64::MIN.into();
            schema["maximum"] = i64::MAX.into();
        }
        _ => {}
    }
    if let Some(codes) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        codes.push(Value::Null);
    }
    schema
}

/// The operations that write features of a layer: address, method, description.
pub fn operations(layer: &Layer, view: View) -> Vec<(String, &'static str, Value)> {
    let items = format!("/collections/{}/items", layer.id);
    let one = format!("{items}/{{featureId}}");
    let write = |method: &str, mutation, media: &str| {
        let mut operation = bare(layer, method, mutation == Some(Mutation::Create));
        if let Some(mutation) = mutation {
            operation["requestBody"] =
                json!({ "required": true, "content": { media: { "schema": schema(layer, view, mutation) } } });
        }
        operation
    };
    vec![
        (items, "post", write("create", Some(Mutation::Create), GEOJSON)),
        (one.clone(), "put", write("replace", Some(Mutation::Replace), GEOJSON)),
        (one.clone(), "patch", write("update", Some(Mutation::Update), "application/merge-patch+json")),
        (one, "delete", write("remove", None, "")),
    ]
}

fn bare(layer: &Layer, name: &str, creates: bool) -> Value {
    let mut content_crs = query(
        "Content-Crs",
        "Hệ toạ độ của nội dung gửi / Reference system of the body",
        &json!({
            "type": "string", "enum": Crs::ALL.map(|crs| format!("<{}>", crs.uri())),
        }),
    );
    let mut if_match = query(
        "If-Match",
        "Nhãn ETag của đối tượng đã đọc / Tag of the feature that was read",
        &json!({ "type": "string" }),
    );
    for header in [&mut content_crs, &mut if_match] {
        header["in"] = "header".into();
        header["style"] = "simple".into();
    }
    let feature_id = json!({ "$ref": "#/components/parameters/featureId" });
    let parameters = match name {
        "create" => vec![content_crs],
        "remove" => vec![feature_id, if_match],
        _ => vec![feature_id, content_crs, if_match],
    };
    let feature = json!({ GEOJSON: { "schema": { "$ref": "#/components/schemas/feature" } } });
    let (status, good) = match name {
        "create" => (
            "201",
            json!({
                "description": "Đã tạo / Created", "content": feature,
                "headers": { "Location": { "schema": { "type": "string", "format": "uri" } } },
            }),
        ),
        "remove" => ("204", json!({ "description": "Đã xoá / Removed" })),
        _ => ("200", json!({ "description": "Đã sửa / Changed", "content": feature })),
    };
    let problem = json!({ "$ref": "#/components/responses/problem" });
    let mut responses = Map::from_iter([(status.to_owned(), good)]);
    let always = ["400", "403", "404", "405", "503"].into_iter();
    let others: &[&str] = if creates { &["409", "413", "415", "422"] } else { &["412", "413", "415", "422"] };
    responses.extend(always.chain(others.iter().copied()).map(|status| (status.to_owned(), problem.clone())));
    let id = layer.id.as_str().replace('.', "_");
    json!({
        "operationId": format!("{id}.{name}"), "summary": in_both(&layer.title),
        "parameters": parameters, "responses": responses,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_has_its_name() {
        assert_eq!(
            Mutation::NAMES.map(Mutation::from_name),
            [Some(Mutation::Create), Some(Mutation::Replace), Some(Mutation::Update)]
        );
        assert_eq!(Mutation::from_name("delete"), None);
    }
}
