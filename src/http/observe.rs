//! What the server tells of itself about each request: its id, its line in the log, its share of the metrics, and its problem
//! document. Never what was asked: queries and bodies hold places and people.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};
use rand::Rng as _;

use super::problem::Problem;

/// The request's id, in answers and in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Route of requests that no route matched: files of the page, and what is not there.
const NO_ROUTE: &str = "other";

/// Wraps the whole service.
pub async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = method_name(request.method());
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        response = problem.write_into(response, &id);
    }
    if let Ok(id) = HeaderValue::try_from(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
    counter!("bandoso_http_requests_total", &labels).increment(1);
    histogram!("bandoso_http_request_duration_seconds", "route" => route.to_owned()).record(seconds);
    let duration_ms = seconds * 1000.0;
    let cause = problem.as_ref().and_then(Problem::cause);
    let parameter = problem.as_ref().and_then(Problem::parameter);
    match status {
        500.. => tracing::error!(route, method, status, duration_ms, request_id = id, cause, "request failed"),
        400.. => tracing::info!(route, method, status, duration_ms, request_id = id, parameter, "request refused"),
        _ => tracing::debug!(route, method, status, duration_ms, request_id = id, "request answered"),
    }
    response
}

/// A random UUID (RFC 9562, version 4). The caller's own is not taken over: it would go into the log as it is.
fn request_id() -> String {
    let bits = (rand::rng().random::<u128>() & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

/// A method as a label: anyone can send a method of any name, and each would be a time series of its own.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        let id = request_id();
        let dashes: Vec<usize> = id.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((id.len(), dashes.as_slice()), (36, &[8, 13, 18, 23][..]), "{id}");
        assert!(id.get(14..15) == Some("4") && id.get(19..20).is_some_and(|v| "89ab".contains(v)), "{id}");
        assert_ne!(id, request_id());
    }
}
