//! `/query/within`: the features in a radius, a unit or a polygon, by pages.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::{Service, Shared};
use super::cursor;
use super::features::{FeatureWriter, PageWriter, next_url};
use super::row::read_row;
use super::shape::{Shape, asked_shape};
use crate::atlas::UnitMap;
use crate::engine::crs::Crs;
use crate::model::{Area, FeaturePage, Invalid, Level, UnitPick, WithinRequest};

/// Features of a page, where nobody says how many.
pub const DEFAULT_LIMIT: usize = 100;

/// Parameters besides those of the area.
const PAGE: [&str; 10] =
    ["layer", "filter", "filter-lang", "datetime", "as_of", "limit", "cursor", MIN_VERSION, "f", "bom"];

/// `GET /query/within`: `at` with `radius_m`, or `unit`, or `row`.
pub async fn within(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&[&PAGE[..], &["at", "radius_m", "unit", "level", "row"]].concat())?;
    let area = match params.text("row") {
        Some(row) => line_area(&params, row)?,
        None => area(&params, &shared)?,
    };
    let question = xxh3_64(format!("{area:?}").as_bytes());
    answer(&shared, asked, Question { params, area, fingerprint: question, method: None }).await
}

/// `POST /query/within`: the polygon in the body, or the line with `radius_m`.
pub async fn within_shape(
    State(shared): State<Shared>,
    asked: Asked,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let params = asked.params(&[&PAGE[..], &["radius_m"]].concat())?;
    let told = body.as_ref().map(|body| xxh3_64(body)).ok();
    let shape = asked_shape(&shared, &headers, body).await?;
    let area = match (shape, params.radius_m(shared.settings.radius_m)?) {
        (Shape::Polygon(polygon), None) => Area::Polygon(polygon),
        (Shape::Line(lines), Some(radius_m)) => Area::Corridor { lines, radius_m },
        (Shape::Polygon(_), Some(_)) => {
            return Err(Invalid::new("radius_m", "radius_m beside a line only, not beside a polygon").into());
        }
        (Shape::Line(_), None) => {
            return Err(Invalid::new("radius_m", "the distance from the line in metres; it is missing").into());
        }
    };
    let question = xxh3_64(format!("{:?} {told:?}", params.text("radius_m")).as_bytes());
    answer(&shared, asked, Question { params, area, fingerprint: question, method: Some("POST") }).await
}

/// A page of the features in an area.
pub struct Question {
    /// Layer, filter, dates, page and form.
    pub params: Params,
    /// Where.
    pub area: Area,
    /// Of the area: a cursor belongs to one area.
    pub fingerprint: u64,
    /// `POST` where the next page is asked for with the same body.
    pub method: Option<&'static str>,
}

/// Answers with the page.
pub async fn answer(service: &Arc<Service>, asked: Asked, question: Question) -> Result<Response, Problem> {
    let Question { params, area, fingerprint, method } = question;
    let (zone, view) = (service.atlas.clock().zone, service.settings.view);
    let layer = params.layer()?;
    let (datetime, as_of, format) = (params.datetime(&zone)?, params.as_of(&zone)?, (params.format()?, params.bom()?));
    let filter = params.filter()?;
    let limit = params.whole("limit", 1..=service.settings.page, DEFAULT_LIMIT)?;
    let question = xxh3_64(format!("{layer} {datetime:?} {filter:?} {as_of:?} {fingerprint}").as_bytes());
    let after = params.text("cursor").map(|text| cursor::read(text, question, &[])).transpose()?;
    service.reach(&params, &[layer.as_str()]).await?;
    let summary = service.atlas.layer(view, &layer)?;
    let sort = Vec::new();
    let request = WithinRequest { layer, area, datetime, filter, as_of, sort, after, limit };
    let write = move |page: FeaturePage, units: &UnitMap| {
        let writer = PageWriter {
            writer: FeatureWriter { layer: &summary.layer, view, units, crs: Crs::Crs84 },
            page: &page,
            as_of,
            own: asked.own_url(),
            next: page.next.as_ref().map(|after| next_url(&asked, &params, &cursor::write(after, question))),
            method,
        };
        Ok(writer.reply(format)?.to(&asked))
    };
    service.atlas.within(view, request, write).await?
}

/// The features behind a row of a table of counts, which no other area stands beside.
fn line_area(params: &Params, row: &str) -> Result<Area, Invalid> {
    if let Some(other) = ["at", "radius_m", "unit", "level"].into_iter().find(|name| params.text(name).is_some()) {
        return Err(Invalid::new(other, "either row, or at and radius_m, or unit"));
    }
    read_row("row", row).map(Area::Line)
}

fn area(params: &Params, service: &Service) -> Result<Area, Invalid> {
    let (at, radius_m) = (params.at()?, params.radius_m(service.settings.radius_m)?);
    let level = params.text("level").map(|text| Level::parse("level", text)).transpose()?;
    match (at, radius_m, params.text("unit")) {
        (Some(at), Some(radius_m), None) if level.is_none() => Ok(Area::Radius { at, radius_m }),
        (None, None, Some(unit)) => unit_pick(unit, level).map(Area::Unit),
        (Some(_), None, None) => Err(Invalid::new("radius_m", "the radius in metres beside at; it is missing")),
        (None, Some(_), None) => Err(Invalid::new("at", "the centre lon,lat beside radius_m; it is missing")),
        (None, None, None) => Err(Invalid::new(
            "at",
            "at and radius_m, or unit, or row, or a POST with a polygon or line; none of them is given",
        )),
        (_, _, Some(_)) => Err(Invalid::new("unit", "either unit, or at and radius_m")),
        (Some(_), Some(_), None) => Err(Invalid::new("level", "level beside unit only")),
    }
}

/// A unit's code, or the rows near and outside units.
pub fn unit_pick(unit: &str, level: Option<Level>) -> Result<UnitPick, Invalid> {
    match unit {
        "near" => Ok(UnitPick::Near(level.unwrap_or(Level::Commune))),
        "outside" => Ok(UnitPick::Outside(level.unwrap_or(Level::Commune))),
        code => unit_code("unit", code).map(|code| UnitPick::Code(level, code)),
    }
}

/// A unit's code: short text of letters, digits, `-` and `_`.
pub fn unit_code(parameter: &str, text: &str) -> Result<String, Invalid> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !text.is_empty() && text.len() <= 32 && text.bytes().all(word) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(parameter, format!("a unit's code, such as 21025, found {text:?}")))
}
