//! Links between resources, each with its relation, type and title.

use axum::http::HeaderValue;
use serde_json::{Value, json};

use super::super::asked::Asked;
use super::super::params::Params;
use super::super::tilejson::query_of;
use super::form::Form;

/// One link.
pub fn link(rel: &str, media: &str, title: &str, href: impl Into<String>) -> Value {
    json!({ "rel": rel, "type": media, "title": title, "href": href.into() })
}

/// `self` and an `alternate` for each other form.
pub fn own(asked: &Asked, params: &Params, offered: &[Form], chosen: Form) -> Vec<Value> {
    let mut links = vec![link("self", chosen.media, "Tài liệu này / This document", asked.own_url())];
    let others = offered.iter().filter(|form| **form != chosen);
    links.extend(others.map(|form| {
        let query = query_of(&params.without("f"));
        let joint = if query.is_empty() { '?' } else { '&' };
        let href = asked.url(&format!("{}{query}{joint}f={}", asked.path(), form.f));
        link("alternate", form.media, "Dạng khác / Another form", href)
    }));
    links
}

/// Longest address that stands in a header, bytes: proxies have little room for headers, and the body has it too.
const HEADER_HREF_BYTES: usize = 2000;

/// The links of a page of features as a header (RFC 8288), for those who read no body, with the one to the queryables. The type
/// is without its parameters, and the queryables' relation without quotes: there are readers that take both apart at each
/// `;` and `=` (RFC 8288 B.3 reads either).
pub fn link_header(links: &[Value], queryables: &str) -> HeaderValue {
    let mut all = Vec::new();
    for link in links {
        let part = |name: &str| link.get(name).and_then(Value::as_str).unwrap_or("");
        if matches!(part("rel"), "self" | "alternate" | "next") && part("href").len() <= HEADER_HREF_BYTES {
            let media = part("type").split(';').next().unwrap_or("");
            all.push(format!("<{}>; rel=\"{}\"; type=\"{media}\"", part("href"), part("rel")));
        }
    }
    all.push(format!(
        "<{queryables}>; rel=http://www.opengis.net/def/rel/ogc/1.0/queryables; type=\"application/schema+json\""
    ));
    // Addresses of requests are ASCII.
    HeaderValue::try_from(all.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The same of a path that is asked for without parameters.
pub fn own_at(asked: &Asked, path: &str, offered: &[Form], chosen: Form) -> Vec<Value> {
    let mut links = vec![link("self", chosen.media, "Tài liệu này / This document", asked.url(path))];
    let others = offered.iter().filter(|form| **form != chosen);
    links.extend(others.map(|form| {
        let href = asked.url(&format!("{path}?f={}", form.f));
        link("alternate", form.media, "Dạng khác / Another form", href)
    }));
    links
}
