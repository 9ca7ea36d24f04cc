//! What the server tells of itself about each request: its id, its line in the log, its share of the metrics, and its problem
//! document. Never what was asked: queries and bodies hold places and people.

use std::convert::Infallible;
use std::future::ready;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use foldhash::HashMap;
use futures_util::TryFutureExt as _;
use futures_util::future::Either;
use metrics::{Counter, Histogram, counter, histogram};
use rand::Rng as _;
use tower::Service;

use super::front::TILE_ROUTE;
use super::problem::Problem;
use super::{Answering, Shared, guard};

/// The request's id, in answers and in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Route of requests that no route matched: files of the page, and what is not there.
const NO_ROUTE: &str = "other";

/// The step around the whole service: each answer is told, and requests under foreign host names do not reach it.
pub fn observed<S>(shared: &Shared, inner: &mut S, request: Request) -> Answering
where
    S: Service<Request, Response: IntoResponse + 'static, Error = Infallible, Future: Send + 'static>,
{
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = method_name(request.method());
    let answer = match guard::refused(shared, &request) {
        Some(refused) => Either::Left(ready(Ok(refused))),
        None => Either::Right(inner.call(request).map_ok(IntoResponse::into_response)),
    };
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let mut response = answer.await?;
        guard::secure(&shared, response.headers_mut());
        let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        Ok(tell(&shared, (route, method, started), response))
    })
}

/// Tells of an answer, and gives it its id.
fn tell(shared: &Shared, (route, method, started): (&str, &'static str, Instant), mut response: Response) -> Response {
    let id = request_id();
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        response = problem.write_into(response, text(&id));
    }
    response.headers_mut().insert(REQUEST_ID, id.clone());
    let status = response.status().as_u16();
    let duration_ms = shared.told.count((route, method, status), started) * 1000.0;
    let request_id = text(&id);
    let cause = problem.as_ref().and_then(Problem::cause);
    let parameter = problem.as_ref().and_then(Problem::parameter);
    match status {
        500.. => tracing::error!(route, method, status, duration_ms, request_id, cause, "request failed"),
        400.. => tracing::info!(route, method, status, duration_ms, request_id, parameter, "request refused"),
        _ => tracing::debug!(route, method, status, duration_ms, request_id, "request answered"),
    }
    response
}

/// The metrics of answers: a handle of each that there was is found again without a word of its labels.
#[derive(Default)]
pub struct Told(RwLock<HashMap<String, OfRoute>>);

struct OfRoute {
    durations: Histogram,
    /// By method and status: a few.
    answers: Vec<(&'static str, u16, Counter)>,
}

impl Told {
    /// Tells of a tile that is given again what [`observed`] tells of all.
    pub fn given_again(&self, status: StatusCode, started: Instant, id: &HeaderValue) {
        let (route, method, status) = (TILE_ROUTE, "GET", status.as_u16());
        let duration_ms = self.count((route, method, status), started) * 1000.0;
        tracing::debug!(route, method, status, duration_ms, request_id = text(id), "request answered");
    }

    /// Counts an answer to a request that came at `started`: how long it took, seconds.
    fn count(&self, answer: (&str, &'static str, u16), started: Instant) -> f64 {
        let seconds = started.elapsed().as_secs_f64();
        let is_known = counted(&self.0.read().unwrap_or_else(PoisonError::into_inner), answer, seconds);
        if is_known {
            return seconds;
        }
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Another may have come first.
        if !counted(&routes, answer, seconds) {
            let (route, method, status) = answer;
            let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
            let of_route = routes.entry(route.to_owned()).or_insert_with(|| OfRoute {
                durations: histogram!("bandoso_http_request_duration_seconds", "route" => route.to_owned()),
                answers: Vec::new(),
            });
            of_route.answers.push((method, status, counter!("bandoso_http_requests_total", &labels)));
            counted(&routes, answer, seconds);
        }
        seconds
    }
}

/// Counts an answer where there was one of its kind before.
fn counted(
    routes: &HashMap<String, OfRoute>,
    (route, method, status): (&str, &'static str, u16),
    seconds: f64,
) -> bool {
    let Some(OfRoute { durations, answers }) = routes.get(route) else { return false };
    let known = answers.iter().find(|(known, of, _)| (*known, *of) == (method, status));
    let Some((.., counter)) = known else { return false };
    counter.increment(1);
    durations.record(seconds);
    true
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
