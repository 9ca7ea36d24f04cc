//! Links between resources, each with its relation, type and title.

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
