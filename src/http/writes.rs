//! Writing: who may, under which conditions, and which methods an address has.

use axum::extract::{MatchedPath, Request};
use axum::http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Service;
use super::guard::is_loopback_origin;
use super::problem::{Kind, Problem};
use crate::engine::stamp::Stamp;
use crate::model::LayerId;
use crate::store::Author;

/// Route of a layer's features.
pub const ITEMS_ROUTE: &str = "/ogc/collections/{layer}/items";
/// Route of one of them.
pub const ITEM_ROUTE: &str = "/ogc/collections/{layer}/items/{id}";
/// The methods of what is only read.
pub const READS: &str = "GET, HEAD, OPTIONS";

/// Who writes, where nobody says.
const LOCAL: &str = "local";
/// Longest name of who writes, bytes.
const MOST_WHO_BYTES: usize = 200;
/// Names who writes.
pub const WHO: HeaderName = HeaderName::from_static("bandoso-who");

/// Who may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Writes {
    /// Nobody.
    #[default]
    Refused,
    /// Programs on this machine, and pages that it serves itself.
    ThisMachine,
}

/// Refuses a write that the caller may not make.
///
/// That the caller names this machine is asked of every request ([`super::guard::refused`]). A page of another site can still send a
/// request here with its visitor's browser, which says whose page it is: `Origin` on every request that may change something,
/// `Sec-Fetch-Site` on all.
pub fn check(service: &Service, headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |header: Option<&str>, detail: &str| match header {
        Some(header) => Err(Problem::of(Kind::ForbiddenWrite, header, detail)),
        None => Err(Problem::new(Kind::ForbiddenWrite, detail)),
    };
    if service.settings.writes == Writes::Refused {
        return refused(
            None,
            "this server listens to other machines, so it takes no changes: run `bandoso serve` on a loopback address",
        );
    }
    if !headers.get_all(ORIGIN).iter().all(is_loopback_origin) {
        return refused(Some("Origin"), "expected a page of this machine");
    }
    if headers.get_all("sec-fetch-site").iter().any(|site| site == "cross-site") {
        return refused(Some("Sec-Fetch-Site"), "expected a page of this machine");
    }
    Ok(())
}

/// Who writes, as the header `Bandoso-Who` says: UTF-8, percent-encoded where it is not ASCII.
pub fn author(headers: &HeaderMap) -> Result<Author, Problem> {
    let Some(given) = headers.get(WHO) else { return Ok(Author { who: LOCAL.to_owned(), source: Vec::new() }) };
    let decoded = percent_encoding::percent_decode(given.as_bytes()).decode_utf8();
    let who = decoded.ok().map(|who| who.trim().to_owned());
    let who = who.filter(|who| !who.is_empty() && who.len() <= MOST_WHO_BYTES && !who.contains(char::is_control));
    let bad = || {
        let detail = format!("expected a name of 1 to {MOST_WHO_BYTES} bytes, percent-encoded where it is not ASCII");
        Problem::of(Kind::InvalidParameter, "Bandoso-Who", detail)
    };
    Ok(Author { who: who.ok_or_else(bad)?, source: Vec::new() })
}

/// Whether a layer takes edits here.
pub fn takes_edits(service: &Service, layer: &str) -> bool {
    let id = LayerId::parse("layer", layer).ok();
    let read_only = id.and_then(|id| service.atlas.read_only(service.settings.view, &id).ok());
    service.settings.writes == Writes::ThisMachine && read_only == Some(None)
}

/// The conditions of a request to change something (RFC 9110 §13).
#[derive(Debug, PartialEq, Eq)]
pub struct Conditions {
    /// What the thing must be; none where it may be anything.
    pub stamps: Option<Vec<Stamp>>,
    /// Whether it must be there at all, as a header says: then its absence is a failed condition.
    pub must_be: bool,
}

impl Conditions {
    /// Reads `If-Match`. A weak tag, and one that is none of ours, matches nothing (§13.1.1: strong comparison).
    pub fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        // What is written must be there already: that it is not yet can never hold.
        if headers.get_all(IF_NONE_MATCH).iter().any(|value| value == "*") {
            return Err(Problem::of(
                Kind::PreconditionFailed,
                "If-None-Match",
                "expected another method: POST makes new features",
            ));
        }
        let mut lists = headers.get_all(IF_MATCH).iter().peekable();
        if lists.peek().is_none() {
            return Ok(Self { stamps: None, must_be: false });
        }
        let mut stamps = Vec::new();
        for list in lists.filter_map(|value| value.to_str().ok()) {
            if list.trim() == "*" {
                return Ok(Self { stamps: None, must_be: true });
            }
            stamps.extend(strong_tags(list).filter_map(stamp_of));
        }
        Ok(Self { stamps: Some(stamps), must_be: true })
    }
}

/// The insides of the strong tags of a list.
fn strong_tags(list: &str) -> impl Iterator<Item = &str> {
    let mut before = "";
    list.split('"').enumerate().filter_map(move |(index, piece)| {
        let weak = before.trim_end().ends_with("W/");
        before = piece;
        (index % 2 == 1 && !weak).then_some(piece)
    })
}

/// The feature's stamp in a tag, which begins with it.
fn stamp_of(tag: &str) -> Option<Stamp> {
    let (stamp, _) = tag.split_once('-')?;
    (stamp.len() == 16).then(|| u64::from_str_radix(stamp, 16).ok()).flatten().map(Stamp)
}

/// Refuses a body of a type that is not read here, or that is packed.
pub fn check_type(headers: &HeaderMap, read: &[&str]) -> Result<(), Problem> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::of(Kind::UnsupportedBody, "Content-Encoding", "expected a body that is not compressed"));
    }
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim();
    if read.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
        return Ok(());
    }
    Err(Problem::of(Kind::UnsupportedBody, "Content-Type", format!("expected {}", read.join(" or "))))
}

/// `OPTIONS`, but for the questions that browsers ask before a request across origins: the methods that an address has for this
/// caller. Those of an address without writes are added outside, as to a refusal.
pub fn options(service: &Service, request: &Request) -> Option<Response> {
    let preflight = request.headers().contains_key("access-control-request-method");
    let route = request.extensions().get::<MatchedPath>().filter(|_| request.method() == Method::OPTIONS && !preflight);
    let route = route?;
    let path = request.uri().path().strip_prefix("/ogc/collections/").unwrap_or_default();
    let takes_edits = takes_edits(service, path.split('/').next().unwrap_or_default());
    let methods = match route.as_str() {
        ITEMS_ROUTE if takes_edits => "GET, HEAD, POST, OPTIONS",
        ITEM_ROUTE if takes_edits => "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
        ITEMS_ROUTE | ITEM_ROUTE => READS,
        _ => return Some(StatusCode::OK.into_response()),
    };
    Some((StatusCode::OK, [(ALLOW, HeaderValue::from_static(methods))]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(value: &str) -> Conditions {
        let headers = HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_str(value).expect("a header"))]);
        Conditions::read(&headers).expect("conditions")
    }

    #[test]
    fn only_strong_tags_of_ours_match() {
        let tag = "\"00000000000000ff-0123\"";
        assert_eq!(conditions(tag).stamps, Some(vec![Stamp(255)]));
        assert_eq!(
            conditions(&format!("\"x\", {tag} , \"0000000000000001-a,b\"")).stamps,
            Some(vec![Stamp(255), Stamp(1)])
        );
        for none in ["", "x", &format!("W/{tag}"), "\"ff-1\"", "\"00000000000000ff\"", "\"", "\"00000000000000fg-1\""] {
            assert_eq!(conditions(none), Conditions { stamps: Some(Vec::new()), must_be: true }, "{none}");
        }
        assert_eq!(conditions(" * "), Conditions { stamps: None, must_be: true });
        assert_eq!(Conditions::read(&HeaderMap::new()).expect("none"), Conditions { stamps: None, must_be: false });
    }
}
