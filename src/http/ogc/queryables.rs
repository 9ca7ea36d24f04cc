//! `GET /ogc/collections/{layer}/queryables`, `/sortables` and `/schema`: what a layer's features have, as JSON Schemas.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::Shared;
use super::super::asked::{Asked, Segments};
use super::super::problem::Problem;
use super::super::reply::shown_classification;
use super::api_31::convert;
use super::form::{SCHEMA, SCHEMAS, choose};
use super::html::{Page, both, cell, json_reply, text};
use super::links::own;
use super::receivables::{self, Mutation};
use super::{in_both, seen};
use crate::model::{Field, FieldType, Invalid, Layer, View};

/// The name of the position, unless a field has it.
const GEOMETRY: &str = "geom";

/// What a schema is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// What filters can name.
    Queryables,
    /// By what features can be sorted.
    Sortables,
    /// What features have.
    Schema,
}

/// `GET /ogc/collections/{layer}/queryables`.
pub async fn queryables(
    State(shared): State<Shared>,
    Segments(id): Segments<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    answer(&shared, &id, &asked, Purpose::Queryables)
}

/// `GET /ogc/collections/{layer}/sortables` (OGC API Features, Part 8, draft).
pub async fn sortables(
    State(shared): State<Shared>,
    Segments(id): Segments<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    answer(&shared, &id, &asked, Purpose::Sortables)
}

/// `GET /ogc/collections/{layer}/schema`.
pub async fn schema(
    State(shared): State<Shared>,
    Segments(id): Segments<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let params = asked.params(&["f", "type"])?;
    let Some(name) = params.text("type") else { return answer(&shared, &id, &asked, Purpose::Schema) };
    let mutation = Mutation::from_name(name)
        .ok_or_else(|| Invalid::new("type", format!("one of {}, found {name:.64?}", Mutation::NAMES.join(", "))))?;
    let (layer, view) = (seen(&shared, &id)?.layer, shared.settings.view);
    let [json, _] = SCHEMAS;
    choose(&asked, &params, &[json])?;
    let mut document = receivables::schema(&layer, view, mutation);
    convert(&mut document);
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    document["$id"] = asked.own_url().into();
    Ok(json_reply(SCHEMA, &document, shown_classification(&layer, view))?.to(&asked))
}

fn answer(shared: &Shared, id: &str, asked: &Asked, purpose: Purpose) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let summary = seen(shared, id)?;
    let form = choose(asked, &params, &SCHEMAS)?;
    let (layer, view) = (&summary.layer, shared.settings.view);
    let classification = shown_classification(layer, view);
    let properties = properties(layer, view, purpose);
    if form.is_page() {
        let (vi, en) = match purpose {
            Purpose::Queryables => ("Thuộc tính lọc được", "Queryables"),
            Purpose::Sortables => ("Thuộc tính sắp xếp được", "Sortables"),
            Purpose::Schema => ("Lược đồ", "Schema"),
        };
        let mut page = Page::new(format!("{vi}: {}", layer.title.vi), format!("{en}: {}", layer.title.en))
            .under("/ogc?f=html", "OGC API")
            .under("/ogc/collections?f=html", "Các lớp dữ liệu / Collections")
            .under(format!("/ogc/collections/{id}?f=html"), &layer.title.vi);
        let row = |(name, schema): (&String, &Value)| {
            let part = |name: &str| schema.get(name).map(cell).unwrap_or_default();
            vec![
                format!("<code>{}</code>", text(name)),
                part("title"),
                part("type") + " " + &part("format"),
                part("enum"),
            ]
        };
        let rows: Vec<Vec<String>> = properties.iter().map(row).collect();
        let head = [both("Tên", "Name"), both("Tên gọi", "Title"), both("Kiểu", "Type"), both("Mã", "Codes")];
        page.table(&head, &rows).links(&own(asked, &params, &SCHEMAS, form));
        return Ok(page.reply(classification).to(asked));
    }
    let document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": asked.url(asked.path()),
        "type": "object",
        "title": in_both(&layer.title),
        "properties": properties,
        // Neither a filter nor a feature that is sent can name another one.
        "additionalProperties": false,
    });
    Ok(json_reply(SCHEMA, &document, classification)?.to(asked))
}

fn properties(layer: &Layer, view: View, purpose: Purpose) -> Map<String, Value> {
    let mut map = Map::new();
    if layer.field("id").is_none() {
        let mut id = json!({ "title": "Mã số / Id", "type": "integer", "minimum": 0, "x-ogc-role": "id" });
        if purpose == Purpose::Schema {
            id["readOnly"] = true.into();
        }
        map.insert("id".to_owned(), id);
    }
    if purpose != Purpose::Sortables && layer.field(GEOMETRY).is_none() {
        let schema = json!({
            "title": "Vị trí / Position", "format": "geometry-point", "x-ogc-role": "primary-geometry",
        });
        map.insert(GEOMETRY.to_owned(), schema);
    }
    for (index, field) in layer.fields.iter().enumerate().filter(|(_, field)| view.sees_field(field)) {
        let mut schema = of_field(field);
        if layer.time == Some(index) {
            schema["x-ogc-role"] = "primary-instant".into();
        }
        map.insert(field.name.clone(), schema);
    }
    if purpose == Purpose::Schema {
        let unit = json!({
            "title": "Mã đơn vị hành chính cấp xã / Code of the commune", "type": "string", "readOnly": true,
        });
        let relation = json!({
            "title": "Quan hệ với đơn vị / How the unit holds it", "type": "string",
            "enum": ["covered", "near", "outside"], "readOnly": true,
        });
        map.entry("unit").or_insert(unit);
        map.entry("unit_relation").or_insert(relation);
    }
    map
}

/// The schema of a field's values.
pub fn of_field(field: &Field) -> Value {
    let (kind, format) = match field.kind {
        FieldType::Text | FieldType::Code => ("string", None),
        FieldType::Integer => ("integer", None),
        FieldType::Real => ("number", None),
        FieldType::Boolean => ("boolean", None),
        FieldType::Date => ("string", Some("date")),
        FieldType::Timestamp => ("string", Some("date-time")),
    };
    let mut schema = json!({ "title": in_both(&field.title), "type": kind });
    if let Some(format) = format {
        schema["format"] = format.into();
    }
    if !field.codes.is_empty() {
        schema["enum"] = field.codes.iter().map(|code| code.code.as_str()).collect();
    }
    if let Some(unit) = &field.unit {
        schema["x-ogc-unit"] = unit.as_str().into();
    }
    schema
}
