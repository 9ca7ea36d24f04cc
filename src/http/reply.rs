//! An answer on its way out: content type, tag, encoding, caching, versions.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, LINK, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::asked::Asked;
use super::problem::Problem;
use crate::engine::compress::{Encoding, pack};
use crate::engine::stamp::Stamp;
use crate::model::{AsOf, Classification, Layer, Versions, View};

/// Versions of what was read, `layer=V,…`.
pub const BANDOSO_VERSION: HeaderName = HeaderName::from_static("bandoso-version");
/// Exact number of features in a tile.
pub const BANDOSO_FEATURES: HeaderName = HeaderName::from_static("bandoso-features");
/// Number of features on all pages of a CSV answer, which has no other place for it.
pub const BANDOSO_MATCHED: HeaderName = HeaderName::from_static("bandoso-matched");
/// Under which date's units.
pub const BANDOSO_AS_OF: HeaderName = HeaderName::from_static("bandoso-as-of");
/// Type of JSON answers.
pub const JSON: &str = "application/json";
/// Type of features.
pub const GEOJSON: &str = "application/geo+json";
/// Type of tables.
pub const CSV: &str = "text/csv; charset=utf-8; header=present";

/// Bodies below this size are not worth compressing, bytes.
const PACK_FROM: usize = 1024;
/// Absolute addresses in an answer depend on these headers.
const VARY_ON: &str = "Accept-Encoding, Origin, X-Forwarded-Host, X-Forwarded-Proto";
/// The same, of an answer in one of several forms.
pub const VARY_ON_FORM: &str = "Accept, Accept-Encoding, Origin, X-Forwarded-Host, X-Forwarded-Proto";

/// An answer made in memory.
#[derive(Debug)]
pub struct Reply {
    body: Vec<u8>,
    classification: Classification,
    headers: HeaderMap,
    /// Bytes of the body that make its tag.
    tagged: usize,
    /// What the tag begins with.
    stamp: Option<Stamp>,
}

impl Reply {
    /// An answer of a type, from data of a classification.
    pub fn new(content_type: &'static str, body: Vec<u8>, classification: Classification) -> Self {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (VARY, HeaderValue::from_static(VARY_ON)),
        ]);
        let tagged = body.len();
        Self { body, classification, headers, tagged, stamp: None }
    }

    /// An answer in JSON.
    pub fn json(value: &impl Serialize, classification: Classification) -> Result<Self, Problem> {
        Ok(Self::new(JSON, to_json(value)?, classification))
    }

    /// Says which versions were read.
    #[must_use]
    pub fn versions(mut self, versions: &Versions) -> Self {
        self.headers.insert(BANDOSO_VERSION, version_header(versions));
        self
    }

    /// Says under which date's units: a day, or `own` for each feature's own date.
    #[must_use]
    pub fn dated(mut self, as_of: AsOf) -> Self {
        if let Ok(text) = HeaderValue::try_from(as_of_text(as_of)) {
            self.headers.insert(BANDOSO_AS_OF, text);
        }
        self
    }

    /// Says what a CSV body cannot: how many there are on all pages, and where the next one is.
    #[must_use]
    pub fn paged(mut self, matched: u64, next: Option<&str>) -> Self {
        self.headers.insert(BANDOSO_MATCHED, HeaderValue::from(matched));
        if let Some(link) = next.and_then(|url| HeaderValue::try_from(format!("<{url}>; rel=\"next\"")).ok()) {
            self.headers.insert(LINK, link);
        }
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Leaves the end of the body out of the tag: what tells only when the answer was made.
    #[must_use]
    pub fn tagged_without_last(mut self, bytes: usize) -> Self {
        self.tagged = self.body.len().saturating_sub(bytes);
        self
    }

    /// Begins the tag with the stamp of the feature that the answer is about, whatever form it has: what `If-Match` is held to.
    #[must_use]
    pub fn stamped(self, stamp: Stamp) -> Self {
        Self { stamp: Some(stamp), ..self }
    }

    /// The response to this request: 304 where it has the answer already, compressed where it takes that.
    pub fn to(self, asked: &Asked) -> Response {
        if !asked.has(&self.etag(asked)) {
            return self.written(asked);
        }
        let mut headers = self.tagged_headers(asked);
        headers.remove(CONTENT_TYPE);
        (StatusCode::NOT_MODIFIED, headers).into_response()
    }

    /// The response to a request that has just changed what it tells: never 304.
    pub fn written(self, asked: &Asked) -> Response {
        let (encoding, mut headers) = (self.encoding(asked), self.tagged_headers(asked));
        let Some(body) = pack(encoding, self.body) else {
            return Problem::internal("no memory to compress an answer").into_response();
        };
        if let Some(token) = encoding.token() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(token));
        }
        (headers, Body::from(Bytes::from(body))).into_response()
    }
}

impl Reply {
    fn encoding(&self, asked: &Asked) -> Encoding {
        if self.body.len() < PACK_FROM { Encoding::Identity } else { asked.encoding(&Encoding::PACKED) }
    }

    fn etag(&self, asked: &Asked) -> String {
        let etag = etag_of(self.body.get(..self.tagged).unwrap_or(&self.body), self.encoding(asked));
        match self.stamp {
            Some(Stamp(stamp)) => format!("\"{stamp:016x}-{}", etag.trim_start_matches('"')),
            None => etag,
        }
    }

    fn tagged_headers(&self, asked: &Asked) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(CACHE_CONTROL, cache_control(self.classification));
        if let Ok(etag) = HeaderValue::try_from(self.etag(asked)) {
            headers.insert(ETAG, etag);
        }
        headers
    }
}

/// JSON text; a value that has none is a fault of ours.
pub fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|fault| Problem::internal(format!("writing JSON: {fault}")))
}

/// A strong tag: the content's hash, another one for each encoding.
pub fn etag_of(body: &[u8], encoding: Encoding) -> String {
    let hash = xxh3_128(body);
    encoding.token().map_or_else(|| format!("\"{hash:032x}\""), |token| format!("\"{hash:032x}-{token}\""))
}

/// How caches may keep an answer. Always asked again: a map that is live within a second cannot be stale for longer.
pub fn cache_control(classification: Classification) -> HeaderValue {
    HeaderValue::from_static(match classification {
        Classification::Public => "public, no-cache",
        Classification::Internal => "private, no-cache",
        Classification::Restricted => "private, no-store",
    })
}

/// The most guarded thing of a layer that this view shows: the layer itself, or one of its fields.
pub fn shown_classification(layer: &Layer, view: View) -> Classification {
    let fields = layer.fields.iter().filter(|field| view.sees_field(field)).filter_map(|field| field.classification);
    fields.fold(layer.classification, Classification::max)
}

/// A day, or `own`.
pub fn as_of_text(as_of: AsOf) -> String {
    match as_of {
        AsOf::Own => "own".to_owned(),
        AsOf::Day(day) => day.to_string(),
    }
}

/// `police.incidents=12,units=3`.
pub fn version_header(versions: &Versions) -> HeaderValue {
    let mut text = String::new();
    for (layer, version) in versions {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing into a String cannot fail.
        let _ = write!(text, "{comma}{layer}={version}");
    }
    // Layer ids are ASCII by their type.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
