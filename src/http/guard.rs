//! Who is answered, under which bounds, and what browsers may do with the answer.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, IF_MATCH,
    IF_NONE_MATCH, LINK, LOCATION, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tower::Service;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::asked::host_name;
use super::problem::{Kind, Problem, RETRY_AFTER_MS};
use super::reply::{BANDOSO_AS_OF, BANDOSO_FEATURES, BANDOSO_MATCHED, BANDOSO_VERSION};
use super::writes::{ITEMS_ROUTE, options};
use super::{Answering, HttpSettings, RETRY_MS, Shared};
use crate::model::View;

/// Answers of data are no pages: a browser that is led to one runs nothing in it.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The answer to a request that goes no further: it may have none, or asks just what may be asked.
pub fn refused(shared: &Shared, request: &Request) -> Option<Response> {
    foreign_host(shared, request).map(IntoResponse::into_response).or_else(|| options(shared, request))
}

/// Refuses requests under foreign host names where more than public data is shown: a page of another site whose name was
/// made to point here (DNS rebinding) would otherwise read everything with its visitor's browser. Requests without any host
/// cannot come from a browser.
fn foreign_host(shared: &Shared, request: &Request) -> Option<Problem> {
    if shared.settings.view == View::PUBLIC || names_loopback(request.headers(), request.uri()) {
        return None;
    }
    let detail = "expected a loopback host name (localhost, 127.0.0.1 or [::1]): this server shows guarded layers and \
                  answers this machine only";
    Some(Problem::of(Kind::ForbiddenHost, "Host", detail))
}

/// Whether every host that the request names is this machine.
pub fn names_loopback(headers: &HeaderMap, uri: &Uri) -> bool {
    let forwarded = HeaderName::from_static("x-forwarded-host");
    let named = headers.get_all(HOST).iter().chain(headers.get_all(forwarded));
    let authority = uri.authority().is_none_or(|authority| is_loopback(authority.as_str()));
    authority && named.into_iter().all(|host| host.to_str().is_ok_and(is_loopback))
}

/// Whether `name:port` is this machine to every resolver (RFC 6761 §6.3: `localhost` and what ends in it).
fn is_loopback(host: &str) -> bool {
    let Some(name) = host_name(host) else { return false };
    let ending = name.len().checked_sub(".localhost".len()).and_then(|at| name.get(at..));
    name.eq_ignore_ascii_case("localhost")
        || ending.is_some_and(|ending| ending.eq_ignore_ascii_case(".localhost"))
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the header names a page of this machine.
pub fn is_loopback_origin(origin: &HeaderValue) -> bool {
    let text = origin.to_str().unwrap_or("");
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    host.is_some_and(is_loopback)
}

/// Which pages of other origins may read answers: all of them where everything is public, else those of this machine.
pub fn cors(settings: &HttpSettings) -> CorsLayer {
    let origins = if settings.view == View::PUBLIC {
        AllowOrigin::any()
    } else {
        AllowOrigin::predicate(|origin, _| is_loopback_origin(origin))
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([CONTENT_TYPE, IF_NONE_MATCH, IF_MATCH, super::ogc::CONTENT_CRS, super::writes::WHO])
        .expose_headers([
            BANDOSO_FEATURES,
            BANDOSO_AS_OF,
            BANDOSO_MATCHED,
            BANDOSO_VERSION,
            super::ogc::CONTENT_CRS,
            axum::http::header::CONTENT_DISPOSITION,
            axum::http::header::ETAG,
            LINK,
            LOCATION,
            RETRY_AFTER,
            RETRY_AFTER_MS,
        ])
        .vary::<[HeaderName; 0]>([])
        .max_age(Duration::from_hours(1))
}

/// Adds what tells browsers to trust nothing beyond the answer itself. A page brings its own policy.
pub fn secure(shared: &Shared, headers: &mut HeaderMap) {
    let sharing = if shared.settings.view == View::PUBLIC { "cross-origin" } else { "same-site" };
    // Which headers a page of another origin may read tells nothing where it may not read the answer.
    if !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(DATA_POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static(sharing));
}

/// More time for the work on one request: whoever finds out that it will take long asks for it, having made sure that few do.
#[derive(Debug, Clone, Default)]
pub struct Leave(Arc<AtomicU64>);

impl Leave {
    /// The answer may take so long, from the end of the request's head.
    pub fn take(&self, time: Duration) {
        self.0.fetch_max(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn taken(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// The step that holds each request to the bounds on its address, on how many are worked on at a time and on how long it takes.
pub fn bounded<S>(shared: &Shared, inner: &mut S, mut request: Request) -> Answering
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    let settings = &shared.settings;
    let length = request.uri().path_and_query().map_or(0, |whole| whole.as_str().len());
    if length > settings.uri_bytes {
        let detail = format!("expected a path and query of at most {} bytes, found {length}", settings.uri_bytes);
        let problem = Problem::of(Kind::UriTooLong, "uri", detail);
        return Box::pin(async { Ok(problem.into_response()) });
    }
    let Ok(room) = Arc::clone(&shared.room).try_acquire_owned() else {
        let detail = format!("{} requests are being worked on; try again", settings.max_requests);
        let problem = Problem::retry(Kind::Overloaded, RETRY_MS, detail);
        return Box::pin(async { Ok(problem.into_response()) });
    };
    let takes_files = request.extensions().get::<MatchedPath>().is_some_and(|route| route.as_str() == ITEMS_ROUTE);
    let leave = takes_files.then(Leave::default);
    if let Some(leave) = &leave {
        request.extensions_mut().insert(leave.clone());
    }
    let (answer, time) = (inner.call(request), settings.request_timeout);
    Box::pin(async move {
        let _room = room;
        in_time(answer, time, leave.as_ref()).await.unwrap_or_else(|time| {
            let detail = format!("no answer within {} ms", time.as_millis());
            Ok(Problem::retry(Kind::Overloaded, RETRY_MS, detail).into_response())
        })
    })
}

/// Does work in a time, or in the longer one for which it takes leave; else gives the time that it had.
async fn in_time<T>(work: impl Future<Output = T>, time: Duration, leave: Option<&Leave>) -> Result<T, Duration> {
    let (begun, mut time) = (Instant::now(), time);
    let mut work = std::pin::pin!(work);
    loop {
        if let Ok(done) = tokio::time::timeout_at(begun + time, &mut work).await {
            return Ok(done);
        }
        time = leave.map(Leave::taken).filter(|longer| *longer > time).ok_or(time)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_takes_leave_has_longer_and_no_other() {
        let brief = Duration::from_millis(5);
        let leave = Leave::default();
        assert_eq!(in_time(std::future::pending::<()>(), brief, Some(&leave)).await, Err(brief));
        assert_eq!(in_time(std::future::pending::<()>(), brief, None).await, Err(brief));
        let long = async {
            leave.take(Duration::from_mins(1));
            tokio::time::sleep(4 * brief).await;
            7
        };
        assert_eq!(in_time(long, brief, Some(&leave)).await, Ok(7));
        let other = Leave::default();
        other.take(4 * brief);
        other.take(brief);
        assert_eq!(in_time(std::future::pending::<()>(), brief, Some(&other)).await, Err(4 * brief));
    }

    #[test]
    fn only_names_that_nobody_else_can_own_are_loopback() {
        for host in ["localhost", "LOCALHOST:8080", "map.localhost", "127.0.0.1:1", "127.8.9.10", "[::1]:80"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["localhost.example", "127.0.0.1.example", "0.0.0.0", "10.0.0.1", "[::2]", "", "notlocalhost", "2130706433"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
