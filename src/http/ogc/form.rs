//! Which form an answer takes: by the parameter `f`, else by `Accept` (RFC 9110 §12.5.1).

use super::super::asked::Asked;
use super::super::params::Params;
use super::super::problem::{Kind, Problem};
use super::super::reply::{GEOJSON, JSON};
use crate::export::Format;
use crate::model::Invalid;

/// Pages for people.
pub const HTML: &str = "text/html; charset=utf-8";
/// A tileset for map libraries.
const TILEJSON: &str = "application/vnd.mapbox.tile+json";
/// JSON Schemas.
pub const SCHEMA: &str = "application/schema+json";
/// The API's description.
pub const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";
/// The same in the later version.
pub const OPENAPI_31: &str = "application/vnd.oai.openapi+json;version=3.1";

/// A form that an answer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Its name in the parameter `f`.
    pub f: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// A wider type that names it as well.
    also: &'static str,
}

const PAGE: Form = Form { f: "html", media: HTML, also: HTML };

/// Of resources in JSON.
pub const PLAIN: [Form; 2] = [Form { f: "json", media: JSON, also: JSON }, PAGE];
/// Of a tileset.
pub const TILESET: [Form; 3] =
    [Form { f: "json", media: JSON, also: JSON }, PAGE, Form { f: "tilejson", media: JSON, also: TILEJSON }];
/// Of features.
pub const FEATURES: [Form; 2] = [Form { f: "json", media: GEOJSON, also: JSON }, PAGE];
/// Of all features that a request is about, files besides: those have the media types of [`Format::media`].
pub const ITEMS: [Form; 8] = [
    FEATURES[0],
    PAGE,
    file("csv", "text/csv; charset=utf-8; header=present"),
    file("ndjson", "application/x-ndjson"),
    file("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    file("gpkg", "application/geopackage+sqlite3"),
    file("fgb", "application/flatgeobuf"),
    file("parquet", "application/vnd.apache.parquet"),
];
/// Of schemas.
pub const SCHEMAS: [Form; 2] = [Form { f: "json", media: SCHEMA, also: JSON }, PAGE];
/// Of the API's description.
pub const API: [Form; 3] =
    [Form { f: "json", media: OPENAPI, also: JSON }, PAGE, Form { f: "json31", media: OPENAPI_31, also: OPENAPI_31 }];

const fn file(f: &'static str, media: &'static str) -> Form {
    Form { f, media, also: media }
}

impl Form {
    /// The format of a file, where it is one.
    pub fn file(&self) -> Option<Format> {
        let is_file = ![PAGE.f, FEATURES[0].f].contains(&self.f);
        Format::parse("f", self.f).ok().filter(|format| is_file && format.media() == self.media)
    }

    /// Whether it is `TileJSON`.
    pub fn is_tilejson(&self) -> bool {
        self.also == TILEJSON
    }

    /// Whether it is a page.
    pub fn is_page(&self) -> bool {
        self.f == PAGE.f
    }
}

/// The form asked for: the first one where the caller does not care, 406 where none is acceptable.
pub fn choose(asked: &Asked, params: &Params, offered: &[Form]) -> Result<Form, Problem> {
    if let Some(f) = params.text("f") {
        let names: Vec<&str> = offered.iter().map(|form| form.f).collect();
        let named = offered.iter().find(|form| form.f == f);
        return named
            .copied()
            .ok_or_else(|| Invalid::new("f", format!("one of {}, found {f:?}", names.join(", "))).into());
    }
    accepted(asked.accept(), offered).ok_or_else(|| {
        let media: Vec<&str> = offered.iter().map(|form| form.media).collect();
        Problem::of(Kind::NotAcceptable, "Accept", format!("expected one of {}", media.join(", ")))
    })
}

/// The form with the greatest weight, the first of those that share it.
fn accepted(accept: &str, offered: &[Form]) -> Option<Form> {
    if accept.trim().is_empty() {
        return offered.first().copied();
    }
    let mut best: Option<(f32, Form)> = None;
    for form in offered {
        let weight = weight(accept, form.media).max(weight(accept, form.also));
        if weight > 0.0 && best.is_none_or(|(before, _)| weight > before) {
            best = Some((weight, *form));
        }
    }
    best.map(|(_, form)| form)
}

/// The weight of a media type: that of the narrowest range which holds it. Of the parameters of types only `version` tells them
/// apart.
fn weight(accept: &str, media: &str) -> f32 {
    let whole = media;
    let media = essence(media);
    let group = media.split('/').next().unwrap_or("");
    let mut found = (0, 0.0);
    for range in accept.split(',') {
        let name = essence(range);
        if version(range).is_some_and(|wanted| version(whole).is_some_and(|version| version != wanted)) {
            continue;
        }
        let narrowness = match name.strip_suffix("/*") {
            Some("*") => 1,
            Some(any) if any.eq_ignore_ascii_case(group) => 2,
            None if name.eq_ignore_ascii_case(media) => 3,
            _ => continue,
        };
        let mut parameters = range.split(';').skip(1).map(str::trim);
        let q = parameters.find_map(|text| text.strip_prefix("q=").or_else(|| text.strip_prefix("Q=")));
        let q = q.map_or(1.0, |text| text.trim().parse::<f32>().unwrap_or(0.0));
        if narrowness > found.0 {
            found = (narrowness, q);
        }
    }
    found.1
}

/// The parameter `version` of a media type, without quotes.
fn version(media: &str) -> Option<&str> {
    let mut parameters = media.split(';').skip(1).map(str::trim);
    parameters.find_map(|text| text.strip_prefix("version=")).map(|text| text.trim_matches('"'))
}

fn essence(media: &str) -> &str {
    media.split(';').next().unwrap_or("").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_the_media_type_of_its_format() {
        let files: Vec<&str> = ITEMS.iter().filter(|form| form.file().is_some()).map(|form| form.f).collect();
        assert_eq!(files, ["csv", "ndjson", "xlsx", "gpkg", "fgb", "parquet"]);
        let of_type = |accept: &str| accepted(accept, &ITEMS).map(|form| form.f);
        assert_eq!(of_type("text/csv"), Some("csv"));
        assert_eq!(of_type("application/vnd.apache.parquet, */*;q=0.1"), Some("parquet"));
        assert_eq!(of_type("application/*"), Some("json"));
    }

    #[test]
    fn the_form_is_the_one_that_the_caller_likes_best() {
        for (accept, offered, f) in [
            ("", &FEATURES, Some("json")),
            ("*/*", &FEATURES, Some("json")),
            ("application/geo+json", &FEATURES, Some("json")),
            ("application/json", &FEATURES, Some("json")),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", &FEATURES, Some("html")),
            ("text/html;q=0.5, application/*", &PLAIN, Some("json")),
            ("application/json;q=0, */*", &PLAIN, Some("html")),
            ("TEXT/HTML", &PLAIN, Some("html")),
            ("application/gml+xml", &FEATURES, None),
            ("application/geo+json", &PLAIN, None),
            ("text/html;q=0", &PLAIN, None),
        ] {
            assert_eq!(accepted(accept, offered).map(|form| form.f), f, "{accept}");
        }
        for (accept, f) in [
            ("application/vnd.oai.openapi+json;version=3.0", Some("json")),
            ("application/vnd.oai.openapi+json", Some("json")),
            ("application/vnd.oai.openapi+json;version=3.1", Some("json31")),
            ("application/vnd.oai.openapi+json; version=\"3.1\", application/json;q=0.5", Some("json31")),
            ("application/vnd.oai.openapi+json;version=2.0", None),
            ("application/json", Some("json")),
        ] {
            assert_eq!(accepted(accept, &API).map(|form| form.f), f, "{accept}");
        }
    }
}
