use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::asked::Asked;
use super::problem::Problem;
use super::reply::{JSON, to_json};
use crate::model::LayerId;

fn word(status: &'static str) -> Response {
    told(format!("{{\"status\":\"{status}\"}}"))
}

/// An answer that holds for this moment only.
fn told(body: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, JSON), (CACHE_CONTROL, "no-store")], body).into_response()
}

/// `GET /health`: the process runs.
pub async fn health(asked: Asked) -> Result<Response, Problem> {
    asked.params(&[])?;
    Ok(word("up"))
}

/// `GET /ready`: the store answered lately. Loaded layers are served even when it did not. Layers that cannot be read, while others
/// can, are named under `lagging`.
pub async fn ready(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    asked.params(&[])?;
    shared.atlas.ready()?;
    let lagging = shared.atlas.lagging(shared.settings.view);
    if lagging.is_empty() {
        return Ok(word("ready"));
    }
    let lagging: Vec<&str> = lagging.iter().map(LayerId::as_str).collect();
    Ok(told(to_json(&serde_json::json!({ "status": "ready", "lagging": lagging }))?))
}
