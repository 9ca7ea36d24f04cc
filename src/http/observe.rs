//! What the server tells of itself about each request: its id, its line in the log, its share of the metrics, and its problem
//! document. Never what was asked: queries and bodies hold places and people.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Counter, Histogram, counter, histogram};
use rand::Rng as _;

use super::Shared;
use super::guard::admitted;
use super::problem::Problem;

/// The request's id, in answers and in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Route of requests that no route matched: files of the page, and what is not there.
const NO_ROUTE: &str = "other";

/// Wraps the whole service.
pub async fn observe(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = method_name(request.method());
    let mut response = admitted(&shared, request, next).await;
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        response = problem.write_into(response, text(&id));
    }
    response.headers_mut().insert(REQUEST_ID, id.clone());
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    if problem.is_none() && shared.tiles_told.is_of(route, method, response.status()) {
        shared.tiles_told.answered(response.status(), started, &id);
        return response;
    }
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    let request_id = text(&id);
    let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
    counter!("bandoso_http_requests_total", &labels).increment(1);
    histogram!("bandoso_http_request_duration_seconds", "route" => route.to_owned()).record(seconds);
    let duration_ms = seconds * 1000.0;
    let cause = problem.as_ref().and_then(Problem::cause);
    let parameter = problem.as_ref().and_then(Problem::parameter);
    match status {
        500.. => tracing::error!(route, method, status, duration_ms, request_id, cause, "request failed"),
        400.. => tracing::info!(route, method, status, duration_ms, request_id, parameter, "request refused"),
        _ => tracing::debug!(route, method, status, duration_ms, request_id, "request answered"),
    }
    response
}

/// What is told of a route's answers to `GET`, by handles that are found once.
pub struct Told {
    route: &'static str,
    counters: [(StatusCode, Counter); 3],
    durations: Histogram,
}

impl Told {
    /// Of answers with a tile, without one, and to those who have it.
    pub fn of_route(route: &'static str) -> Self {
        let counter = |status: StatusCode| {
            let labels =
                [("route", route.to_owned()), ("method", "GET".to_owned()), ("status", status.as_u16().to_string())];
            (status, counter!("bandoso_http_requests_total", &labels))
        };
        let counters = [StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].map(counter);
        Self { route, counters, durations: histogram!("bandoso_http_request_duration_seconds", "route" => route) }
    }

    /// Whether it has a handle for the answer.
    fn is_of(&self, route: &str, method: &str, status: StatusCode) -> bool {
        route == self.route && method == "GET" && self.counters.iter().any(|(known, _)| *known == status)
    }

    /// Tells of one answer what [`observe`] tells of all.
    pub fn answered(&self, status: StatusCode, started: Instant, id: &HeaderValue) {
        let seconds = started.elapsed().as_secs_f64();
        if let Some((_, counter)) = self.counters.iter().find(|(known, _)| *known == status) {
            counter.increment(1);
        }
        self.durations.record(seconds);
        let (route, method, status, duration_ms) = (self.route, "GET", status.as_u16(), seconds * 1000.0);
        tracing::debug!(route, method, status, duration_ms, request_id = text(id), "request answered");
    }
}

/// A random UUID (RFC 9562, version 4). The caller's own is not taken over: it would go into the log as it is.
pub fn request_id() -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut bits = (rand::rng().random::<u128>() & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let mut id = [b'-'; 36];
    for (at, digit) in id.iter_mut().enumerate() {
        if !matches!(at, 8 | 13 | 18 | 23) {
            bits = bits.rotate_left(4);
            *digit = HEX.get((bits & 0xf) as usize).copied().unwrap_or(b'0');
        }
    }
    // Hex digits and dashes are a header's value.
    HeaderValue::from_bytes(&id).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

/// A method as a label: anyone can send a method of any name, and each would be a time series of its own.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        let header = request_id();
        let id = text(&header);
        let dashes: Vec<usize> = id.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((id.len(), dashes.as_slice()), (36, &[8, 13, 18, 23][..]), "{id}");
        assert!(id.get(14..15) == Some("4") && id.get(19..20).is_some_and(|v| "89ab".contains(v)), "{id}");
        assert_ne!(header, request_id());
    }
}
