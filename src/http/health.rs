use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::asked::Asked;
use super::problem::Problem;
use super::reply::JSON;

fn word(status: &'static str) -> Response {
    let body = format!("{{\"status\":\"{status}\"}}");
    ([(CONTENT_TYPE, JSON), (CACHE_CONTROL, "no-store")], body).into_response()
}

/// `GET /health`: the process runs.
pub async fn health(asked: Asked) -> Result<Response, Problem> {
    asked.params(&[])?;
    Ok(word("up"))
}

/// `GET /ready`: everything is loaded and the store answered lately. Loaded layers are served even when it did not.
pub async fn ready(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    asked.params(&[])?;
    shared.atlas.ready()?;
    Ok(word("ready"))
}
