//! `POST` to a layer's features; `PUT`, `PATCH` and `DELETE` of one of them (OGC API Features, Part 4).

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{ALLOW, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::tz::TimeZone;

use super::super::asked::{Asked, Segments};
use super::super::problem::{Kind, Problem};
use super::super::query::features::FeatureWriter;
use super::super::reply::{BANDOSO_VERSION, GEOJSON, JSON, version_header};
use super::super::writes::{self, Conditions};
use super::super::{Service, Shared};
use super::items::CONTENT_CRS;
use super::{item, seen};
use crate::atlas::{AtlasError, EditedFeatures};
use crate::engine::crs::Crs;
use crate::engine::stamp::Stamper;
use crate::import::sent::{MAX_SENT_BYTES, SentFault, SentTo};
use crate::model::{Layer, LonLat, Value, Versions};
use crate::store::{Author, Edit, Refusal, When};

/// A change of parts of a feature (RFC 7396).
const MERGE_PATCH: &str = "application/merge-patch+json";
/// A whole feature.
const WHOLE: [&str; 2] = [GEOJSON, JSON];

type Body = Result<Bytes, BytesRejection>;

/// A request to write, as far as all of them are alike.
struct Writing<'a> {
    service: &'a Service,
    asked: &'a Asked,
    layer: std::sync::Arc<Layer>,
    crs: Crs,
    zone: TimeZone,
    author: Author,
}

impl<'a> Writing<'a> {
    fn begin(service: &'a Service, asked: &'a Asked, layer: &str, headers: &HeaderMap) -> Result<Self, Problem> {
        asked.params(&[])?;
        writes::check(service, headers)?;
        let layer = seen(service, layer)?.layer;
        let (crs, author, zone) = (content_crs(headers)?, writes::author(headers)?, service.atlas.clock().zone);
        Ok(Self { service, asked, layer, crs, zone, author })
    }

    /// How what is sent is read.
    fn sent_to(&self) -> SentTo<'_> {
        SentTo { layer: &self.layer, view: self.service.settings.view, zone: &self.zone, crs: self.crs }
    }

    /// Makes an edit, and waits until this node shows it.
    async fn edit(&self, edit: Edit) -> Result<EditedFeatures, AtlasError> {
        let view = self.service.settings.view;
        let edited = self.service.atlas.edit(view, &self.layer.id, (vec![edit], &self.author)).await?;
        let least = edited.versions.iter().filter(|(name, _)| *name == self.layer.id.as_str());
        let least: Versions = least.map(|(name, version)| (name.clone(), *version)).collect();
        // Written it is, even where this node is slow to show it: then `min_version` tells.
        let _ = tokio::time::timeout(self.service.settings.version_wait, self.service.atlas.reach(view, &least)).await;
        Ok(edited)
    }

    /// The feature as `GET` would answer it.
    fn reply(&self, edited: &EditedFeatures) -> Result<Response, Problem> {
        let Some(Some(found)) = edited.found.first() else {
            return Err(Problem::internal("an edit gave no feature"));
        };
        let view = self.service.settings.view;
        let writer = FeatureWriter { layer: &self.layer, view, units: &edited.units, crs: Crs::Crs84 };
        let path = self.path(found.feature.id);
        let links = item::links(self.asked, &self.layer, &path);
        let reply = item::geojson(writer, found, &links)?.versions(&edited.versions);
        Ok(reply.written(self.asked))
    }

    fn path(&self, id: u64) -> String {
        format!("/ogc/collections/{}/items/{id}", self.layer.id)
    }
}

/// A request to write one feature that is there.
struct One<'a> {
    writing: Writing<'a>,
    id: u64,
    conditions: Conditions,
}

impl<'a> One<'a> {
    fn begin(
        service: &'a Service,
        asked: &'a Asked,
        (layer, id): (&str, &str),
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let writing = Writing::begin(service, asked, layer, headers)?;
        let conditions = Conditions::read(headers)?;
        let id = item::number(id).ok_or_else(|| item::unknown(&writing.layer, id))?;
        Ok(Self { writing, id, conditions })
    }

    /// As what the feature must be there.
    fn when(&self) -> When {
        let stamper = || Stamper::seen(&self.writing.layer, self.writing.service.settings.view);
        self.conditions.stamps.clone().map_or(When::Always, |stamps| When::Stamped(stamper(), stamps))
    }

    async fn change(&self, at: Option<LonLat>, values: Vec<Option<Value>>) -> Result<Response, Problem> {
        match self.writing.edit(Edit::Change { id: self.id, at, values, when: self.when() }).await {
            Ok(edited) => self.writing.reply(&edited),
            Err(error) => Ok(refused(&self.conditions, error)),
        }
    }
}

/// `POST /ogc/collections/{layer}/items`: a new feature.
pub async fn create(
    State(shared): State<Shared>,
    Segments(layer): Segments<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let writing = Writing::begin(&shared, &asked, &layer, &headers)?;
    writes::check_type(&headers, &WHOLE)?;
    let sent = writing.sent_to().whole(&bounded(body)?).map_err(misfit)?;
    let values = sent.values.into_iter().map(|value| value.unwrap_or(Value::Null)).collect();
    let edited = match writing.edit(Edit::Create { id: sent.id, at: sent.at, values }).await {
        Ok(edited) => edited,
        Err(error) => return Ok(problem(error)),
    };
    let id = edited.found.first().and_then(Option::as_ref).map_or(0, |found| found.feature.id);
    let mut response = writing.reply(&edited)?;
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::try_from(asked.url(&writing.path(id))) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// `PUT /ogc/collections/{layer}/items/{id}`: another feature in its place. Fields that the caller does not see stay.
pub async fn replace(
    State(shared): State<Shared>,
    Segments((layer, id)): Segments<(String, String)>,
    asked: Asked,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let one = One::begin(&shared, &asked, (&layer, &id), &headers)?;
    writes::check_type(&headers, &WHOLE)?;
    let sent = one.writing.sent_to().whole(&bounded(body)?).map_err(misfit)?;
    one.change(Some(sent.at), sent.values).await
}

/// `PATCH /ogc/collections/{layer}/items/{id}`: parts of a feature.
pub async fn update(
    State(shared): State<Shared>,
    Segments((layer, id)): Segments<(String, String)>,
    asked: Asked,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let one = One::begin(&shared, &asked, (&layer, &id), &headers)?;
    writes::check_type(&headers, &[MERGE_PATCH])?;
    let sent = one.writing.sent_to().patch(&bounded(body)?, one.id).map_err(misfit)?;
    one.change(sent.at, sent.values).await
}

/// `DELETE /ogc/collections/{layer}/items/{id}`.
pub async fn remove(
    State(shared): State<Shared>,
    Segments((layer, id)): Segments<(String, String)>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let one = One::begin(&shared, &asked, (&layer, &id), &headers)?;
    match one.writing.edit(Edit::Remove { id: one.id, when: one.when() }).await {
        Ok(edited) => {
            Ok((StatusCode::NO_CONTENT, [(BANDOSO_VERSION, version_header(&edited.versions))]).into_response())
        }
        Err(error) => Ok(refused(&one.conditions, error)),
    }
}

/// A feature that is not there is a failed condition where one was made (RFC 9110 §13.1.1).
fn refused(conditions: &Conditions, error: AtlasError) -> Response {
    match error {
        AtlasError::Refused(Refusal::NotThere { layer, id }) if conditions.must_be => {
            problem(AtlasError::Refused(Refusal::Differs { layer, id }))
        }
        other => problem(other),
    }
}

fn problem(error: AtlasError) -> Response {
    let read_only = matches!(error, AtlasError::Refused(Refusal::ReadOnly { .. }));
    let mut response = Problem::from(error).into_response();
    if read_only {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(writes::READS));
    }
    response
}

fn misfit(fault: SentFault) -> Problem {
    match fault {
        SentFault::Malformed(detail) => Problem::of(Kind::MalformedBody, "body", detail),
        SentFault::Misfit { member, detail } => Problem::of(Kind::InvalidFeature, member, detail),
    }
}

fn bounded(body: Body) -> Result<Bytes, Problem> {
    let body = body?;
    if body.len() > MAX_SENT_BYTES {
        let detail = format!("expected a feature of at most {MAX_SENT_BYTES} bytes, found {}", body.len());
        return Err(Problem::of(Kind::BodyTooLarge, "body", detail));
    }
    Ok(body)
}

/// `Content-Crs: <uri>` of a body, as Part 2 writes it in answers.
fn content_crs(headers: &HeaderMap) -> Result<Crs, Problem> {
    let Some(given) = headers.get(CONTENT_CRS) else { return Ok(Crs::Crs84) };
    let text = given.to_str().unwrap_or("").trim();
    let uri = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
    Crs::from_uri(uri).ok_or_else(|| {
        let known: Vec<String> = Crs::ALL.iter().map(|crs| format!("<{}>", crs.uri())).collect();
        Problem::of(Kind::InvalidParameter, "Content-Crs", format!("expected one of {}", known.join(", ")))
    })
}
