//! `/batches`: who wrote what and when, and undoing it. For those who may write, see `writes`.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::asked::{Asked, Segments};
use super::problem::{Kind, Problem};
use super::reply::{BANDOSO_VERSION, JSON, Reply, version_header};
use super::writes;
use super::{Service, Shared};
use crate::export::value_json;
use crate::model::{Classification, Layer, LayerId, Versions};
use crate::store::{Batch, BatchPage, BatchRow};

/// Batches of a page, where nobody says how many.
const DEFAULT_LIMIT: usize = 50;

/// `GET /batches?layer=&limit=&before=`.
pub async fn batches(State(shared): State<Shared>, asked: Asked, headers: HeaderMap) -> Result<Response, Problem> {
    let params = asked.params(&["layer", "limit", "before"])?;
    writes::check(&shared, &headers)?;
    let view = shared.settings.view;
    let layer = params.text("layer").map(|id| LayerId::parse("layer", id)).transpose()?;
    if let Some(id) = &layer {
        shared.atlas.layer(view, id)?;
    }
    let limit = params.whole("limit", 1..=shared.settings.page, DEFAULT_LIMIT)?;
    let before = params.text("before").map(|text| number("before", text)).transpose()?;
    let page = BatchPage { layer: layer.map(|id| id.to_string()), before, limit };
    let found = shared.atlas.batches(view, &page).await?;
    let list: Vec<Json> = found.iter().map(told).collect();
    reply(&json!({ "batches": list }), &asked)
}

/// `GET /batches/{id}`.
pub async fn batch(
    State(shared): State<Shared>,
    Segments(id): Segments<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    asked.params(&[])?;
    writes::check(&shared, &headers)?;
    let (batch, rows) = shared.atlas.batch(shared.settings.view, batch_number(&id)?).await?;
    let layer = LayerId::parse("layer", &batch.layer)?;
    let layer = shared.atlas.layer(shared.settings.view, &layer)?.layer;
    let rows: Vec<Json> = rows.iter().map(|row| told_row(&shared, &layer, row)).collect();
    let mut document = told(&batch);
    document["rows"] = rows.into();
    reply(&document, &asked)
}

/// `POST /batches/{id}/undo`: the batch that did it.
pub async fn undo(
    State(shared): State<Shared>,
    Segments(id): Segments<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    asked.params(&[])?;
    writes::check(&shared, &headers)?;
    let author = writes::author(&headers)?;
    let done = shared.atlas.undo(shared.settings.view, batch_number(&id)?, &author).await?;
    let versions = Versions::from([(done.layer.clone(), done.version)]);
    // Undone it is, even where this node is slow to show it.
    let reached = shared.atlas.reach(shared.settings.view, &versions);
    let _ = tokio::time::timeout(shared.settings.version_wait, reached).await;
    let mut response = reply(&told(&done), &asked)?;
    response.headers_mut().insert(BANDOSO_VERSION, version_header(&versions));
    Ok(response)
}

fn number(parameter: &str, text: &str) -> Result<u64, Problem> {
    let number = text.parse::<u64>().ok().filter(|number| number.to_string() == text && i64::try_from(*number).is_ok());
    number.ok_or_else(|| Problem::of(Kind::InvalidParameter, parameter, "expected the number of a batch"))
}

fn batch_number(text: &str) -> Result<u64, Problem> {
    number("batch", text).map_err(|_| Problem::of(Kind::NotFound, "batch", format!("there is no batch {text:.64}")))
}

/// Never kept: it names people.
fn reply(document: &Json, asked: &Asked) -> Result<Response, Problem> {
    let body = super::reply::to_json(document)?;
    let mut response = Reply::new(JSON, body, Classification::Restricted).written(asked);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

fn told(batch: &Batch) -> Json {
    json!({
        "id": batch.id, "layer": batch.layer, "kind": batch.kind.name(), "who": batch.author.who,
        "source": batch.author.source, "at": batch.at.to_string(),
        "added": batch.counts.added, "changed": batch.counts.changed, "removed": batch.counts.removed,
        "unchanged": batch.counts.unchanged, "version": batch.version,
        "undoes": batch.undoes, "undone_by": batch.undone_by,
    })
}

/// A row with how it was before, as far as the caller sees that.
fn told_row(service: &Service, layer: &Layer, row: &BatchRow) -> Json {
    let before = row.before.as_ref().map(|(at, values)| {
        let seen = layer.fields.iter().zip(values).filter(|(field, _)| service.settings.view.sees_field(field));
        let properties: serde_json::Map<String, Json> =
            seen.map(|(field, value)| (field.name.clone(), value_json(value))).collect();
        json!({ "geometry": { "type": "Point", "coordinates": [at.lon, at.lat] }, "properties": properties })
    });
    let what = match (&row.before, row.left) {
        (None, _) => "added",
        (Some(_), true) => "changed",
        (Some(_), false) => "removed",
    };
    json!({ "id": row.id, "what": what, "before": before })
}
