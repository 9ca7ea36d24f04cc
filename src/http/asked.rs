//! What a request says about itself: the address it came to, the encodings it takes, the answers it already has.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::header::{ACCEPT, HOST, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use serde::de::DeserializeOwned;

use super::accepted::Accepted;
use super::params::Params;
use super::problem::{Kind, Problem};
use crate::engine::compress::Encoding;
use crate::model::Invalid;

/// The parts of a request that every answer depends on.
#[derive(Debug, Clone)]
pub struct Asked {
    uri: Uri,
    base: String,
    accepted: Accepted,
    if_none_match: Vec<String>,
    accept: String,
}

impl Asked {
    /// The query's parameters, held against those that the address knows.
    pub fn params(&self, known: &[&str]) -> Result<Params, Invalid> {
        Params::read(self.uri.query().unwrap_or(""), known)
    }

    /// An absolute address on this server from a path with its query. Root-relative for a caller that names no host.
    pub fn url(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.base)
    }

    /// The path asked for, as it came.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The absolute address asked for.
    pub fn own_url(&self) -> String {
        self.url(self.uri.path_and_query().map_or("/", |own| own.as_str()))
    }

    /// The encoding to answer in, of those that the answer can be had in besides as it is, the cheapest first.
    pub fn encoding(&self, offered: &[Encoding]) -> Encoding {
        self.accepted.best(offered)
    }

    /// The media types that the caller takes, as in `Accept`; empty where it names none.
    pub fn accept(&self) -> &str {
        &self.accept
    }

    /// Whether the caller already has the answer with this tag (RFC 9110 §13.1.2: weak comparison).
    pub fn has(&self, etag: &str) -> bool {
        let opaque = etag.strip_prefix("W/").unwrap_or(etag);
        self.if_none_match.iter().any(|tag| tag == "*" || tag == opaque)
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let accepted = Accepted::read(headers).ok_or_else(|| {
            let expected = "expected one of zstd, gzip, br and identity to be acceptable";
            Problem::of(Kind::NotAcceptable, "Accept-Encoding", expected)
        })?;
        let accept: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        Ok(Self {
            uri: parts.uri.clone(),
            base: base(headers, &parts.uri)?,
            accepted,
            if_none_match: tags(headers),
            accept: accept.join(","),
        })
    }
}

/// The segments of a path that stand for values.
#[derive(Debug)]
pub struct Segments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        path.map(|Path(segments)| Self(segments))
            .map_err(|_| Problem::of(Kind::InvalidParameter, "path", "expected percent-encoded UTF-8"))
    }
}

/// Whether `If-None-Match` names a tag, or any.
pub fn has_tag(headers: &HeaderMap, etag: &str) -> bool {
    tags(headers).iter().any(|tag| tag == "*" || tag == etag)
}

/// The opaque tags of `If-None-Match`, with their quotes, or `*`. A tag may hold commas.
fn tags(headers: &HeaderMap) -> Vec<String> {
    let mut tags = Vec::new();
    for list in headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()) {
        if list.trim() == "*" {
            tags.push("*".to_owned());
            continue;
        }
        // Every second piece between quotes is a tag's inside.
        tags.extend(list.split('"').skip(1).step_by(2).map(|inside| format!("\"{inside}\"")));
    }
    tags
}

/// `https://map.example:8443` as the caller sees this server, by `Host` and the two headers that proxies set.
fn base(headers: &HeaderMap, uri: &Uri) -> Result<String, Problem> {
    let header = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
    };
    let bad = |name: &str| Problem::of(Kind::InvalidParameter, name, "expected a host name, with a port or without");
    let (name, host) = match (header("x-forwarded-host"), uri.authority(), headers.contains_key(HOST)) {
        (Some(host), _, _) => ("X-Forwarded-Host", host),
        (None, Some(authority), _) => ("Host", authority.as_str()),
        (None, None, true) => ("Host", header("host").ok_or_else(|| bad("Host"))?),
        (None, None, false) => return Ok(String::new()),
    };
    if host_name(host).is_none() {
        return Err(bad(name));
    }
    let scheme = match header("x-forwarded-proto") {
        None | Some("http") => "http",
        Some("https") => "https",
        Some(_) => return Err(Problem::of(Kind::InvalidParameter, "X-Forwarded-Proto", "expected http or https")),
    };
    Ok(format!("{scheme}://{host}"))
}

/// The name or address in `name:port`, `[::1]:port`; `None` for anything else that a header can hold.
pub fn host_name(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, port)
        }
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port_is_good = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    (port_is_good && !name.is_empty() && name.len() <= 253 && name.bytes().all(word)).then_some(name)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().expect("a name"), HeaderValue::from_str(value).expect("a value"))])
    }

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        for (given, etag, has) in [
            ("\"a\"", "\"a\"", true),
            ("W/\"a\"", "\"a\"", true),
            ("\"b\", W/\"a,b\" , \"c\"", "\"a,b\"", true),
            ("*", "\"a\"", true),
            ("\"b\"", "\"a\"", false),
            ("a", "\"a\"", false),
            ("", "\"a\"", false),
        ] {
            let tags = tags(&headers("if-none-match", given));
            assert_eq!(tags.iter().any(|tag| tag == "*" || tag == etag), has, "{given}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_without() {
        for (host, name) in [
            ("localhost", Some("localhost")),
            ("map.example:8443", Some("map.example")),
            ("[::1]:8080", Some("::1")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("a b", None),
            ("a/b", None),
            ("a\"b", None),
            ("user@a", None),
            ("a:99999", None),
            ("a:b", None),
            ("[x]", None),
            ("[::1", None),
            (":80", None),
        ] {
            assert_eq!(host_name(host), name, "{host}");
        }
    }

    #[test]
    fn a_proxy_says_under_which_address_the_map_is_seen() {
        let mut seen = headers("host", "10.0.0.1:8080");
        let uri = Uri::from_static("/tiles");
        assert_eq!(base(&seen, &uri).expect("a host"), "http://10.0.0.1:8080");
        seen.insert("x-forwarded-host", HeaderValue::from_static("map.example, inner"));
        seen.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        assert_eq!(base(&seen, &uri).expect("a host"), "https://map.example");
        seen.insert("x-forwarded-host", HeaderValue::from_static("<script>"));
        assert_eq!(base(&seen, &uri).expect_err("no host").parameter(), Some("X-Forwarded-Host"));
        assert_eq!(base(&HeaderMap::new(), &uri).expect("nothing"), "");
    }
}
