//! `/query/join`: two layers by distance.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;
use xxhash_rust::xxh3::xxh3_64;

use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::params::{Bom, Format, Params};
use super::super::problem::Problem;
use super::super::reply::{CSV, GEOJSON, Reply, as_of_text, shown_classification, to_json};
use super::super::{Service, Shared};
use super::cursor;
use super::features::{FeatureWriter, next_url, with_member};
use super::millimetres;
use super::shape::{Shape, asked_shape};
use super::table::Table;
use super::within::unit_pick;
use crate::atlas::UnitMap;
use crate::engine::crs::Crs;
use crate::export::{Members, relation_name};
use crate::model::{
    After, Area, AsOf, Bbox, Invalid, JoinPage, JoinRequest, JoinSide, JoinedFeature, LayerId, Level, NearestOne, Value,
};

const DEFAULT_LIMIT: usize = 100;
const MOST_NEAR: usize = 1_000_000_000;

const PARAMETERS: [&str; 16] = [
    "layer",
    "filter",
    "filter-lang",
    "datetime",
    "with",
    "with_filter",
    "with_datetime",
    "radius_m",
    "nearest",
    "at_least",
    "as_of",
    "limit",
    "cursor",
    MIN_VERSION,
    "f",
    "bom",
];

/// `GET /query/join`: everywhere, or in a `unit` or a `bbox`.
pub async fn join(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&[&PARAMETERS[..], &["unit", "level", "bbox"]].concat())?;
    let level = params.text("level").map(|text| Level::parse("level", text)).transpose()?;
    let area = match (params.text("unit"), params.text("bbox")) {
        (Some(unit), None) => Area::Unit(unit_pick(unit, level)?),
        (Some(_), Some(_)) => return Err(Invalid::new("bbox", "either unit or bbox").into()),
        (None, _) if level.is_some() => return Err(Invalid::new("level", "level beside unit only").into()),
        (None, Some(bbox)) => Area::Boxes(vec![read_bbox(bbox)?]),
        (None, None) => Area::Everywhere,
    };
    answer(&shared, asked, (params, area, None)).await
}

/// `POST /query/join`: in the polygon of the body.
pub async fn join_polygon(
    State(shared): State<Shared>,
    asked: Asked,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let params = asked.params(&PARAMETERS)?;
    match asked_shape(&shared, &headers, body).await? {
        Shape::Polygon(polygon) => answer(&shared, asked, (params, Area::Polygon(polygon), Some("POST"))).await,
        Shape::Line(_) => Err(Invalid::new("type", "a Polygon or MultiPolygon").into()),
    }
}

fn read_bbox(text: &str) -> Result<Bbox, Invalid> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some([west, south, east, north])
            if -180.0 <= *west
                && west <= east
                && *east <= 180.0
                && -90.0 <= *south
                && south <= north
                && *north <= 90.0 =>
        {
            Ok(Bbox { west: *west, south: *south, east: *east, north: *north })
        }
        _ => Err(Invalid::new("bbox", format!("west,south,east,north in degrees, found {text:?}"))),
    }
}

fn request(service: &Service, params: &Params, area: Area) -> Result<JoinRequest, Invalid> {
    let zone = service.atlas.clock().zone;
    let radius_m = params.radius_m(service.settings.radius_m)?;
    Ok(JoinRequest {
        left: JoinSide { layer: params.layer()?, datetime: params.datetime(&zone)?, filter: params.filter()? },
        area,
        right: JoinSide {
            layer: LayerId::parse("with", params.required("with")?)?,
            datetime: params.interval("with_datetime", &zone)?,
            filter: params.filter_named("with_filter")?,
        },
        radius_m: radius_m.ok_or_else(|| Invalid::new("radius_m", "the distance in metres; it is missing"))?,
        as_of: params.as_of(&zone)?,
        at_least: params.whole("at_least", 0..=MOST_NEAR, 0)? as u64,
        nearest: if params.flag("nearest")? { NearestOne::Told } else { NearestOne::Untold },
        page: (None, params.whole("limit", 1..=service.settings.page, DEFAULT_LIMIT)?),
    })
}

async fn answer(
    service: &Arc<Service>,
    asked: Asked,
    (params, area, method): (Params, Area, Option<&'static str>),
) -> Result<Response, Problem> {
    let view = service.settings.view;
    let mut request = request(service, &params, area)?;
    let (form, as_of) = ((params.format()?, params.bom()?), request.as_of);
    let same_question = JoinRequest { page: (None, 0), ..request.clone() };
    let question = xxh3_64(format!("{same_question:?}").as_bytes());
    request.page.0 =
        params.text("cursor").map(|text| cursor::read(text, question, &[])).transpose()?.map(|after| after.id);
    let (left, right) = (request.left.layer.clone(), request.right.layer.clone());
    service.reach(&params, &[left.as_str(), right.as_str()]).await?;
    let with = service.atlas.layer(view, &right).map_err(|error| Problem::of_layer("with", error))?;
    let layer = service.atlas.layer(view, &left)?.layer;
    let classification = shown_classification(&layer, view).max(shown_classification(&with.layer, view));
    let write = move |page: JoinPage, units: &UnitMap| {
        let writer = JoinWriter {
            writer: FeatureWriter { layer: &layer, view, units, crs: Crs::Crs84 },
            page: &page,
            as_of,
            own: asked.own_url(),
            next: page.next.map(|after| next_url(&asked, &params, &cursor::write(&After::id(after), question))),
            method,
        };
        let reply = match form {
            (Format::Json, _) => Reply::new(GEOJSON, writer.geojson()?, classification),
            (Format::Csv, bom) => {
                Reply::new(CSV, writer.csv(bom)?, classification).paged(page.matched, writer.next.as_deref())
            }
        };
        Ok(reply.versions(&page.versions).dated(as_of).to(&asked))
    };
    service.atlas.join(view, request, write).await?
}

struct JoinWriter<'a> {
    writer: FeatureWriter<'a>,
    page: &'a JoinPage,
    as_of: AsOf,
    own: String,
    next: Option<String>,
    method: Option<&'static str>,
}

impl JoinWriter<'_> {
    fn csv(&self, bom: Bom) -> Result<Vec<u8>, Problem> {
        let mut head = vec!["id", "lon", "lat"];
        head.extend(self.writer.fields().map(|(_, field)| field.name.as_str()));
        head.extend(["unit", "unit_relation", "count", "nearest_id", "nearest_m"]);
        let mut csv = Table::new(&head);
        for joined in &self.page.features {
            let feature = &joined.found.feature;
            csv.number(feature.id).number(feature.at.lon).number(feature.at.lat);
            for (index, _) in self.writer.fields() {
                csv.value(feature.values.get(index).unwrap_or(&Value::Null));
            }
            let (code, relation) = self.writer.unit(&joined.found);
            csv.text(code.unwrap_or("")).text(relation_name(relation)).number(joined.near);
            match joined.nearest {
                Some((id, metres)) => csv.number(id).metres(Some(metres)).end_row(),
                None => csv.text("").text("").end_row(),
            }
        }
        csv.finish(bom)
    }

    fn geojson(&self) -> Result<Vec<u8>, Problem> {
        let link = |rel: &str, href: &str| {
            let mut link = json!({ "rel": rel, "href": href, "type": GEOJSON });
            if let (Some(method), Some(link)) = (self.method, link.as_object_mut()) {
                link.insert("method".to_owned(), method.into());
            }
            link
        };
        let mut links = vec![link("self", &self.own)];
        links.extend(self.next.as_deref().map(|next| link("next", next)));
        let head = json!({
            "type": "FeatureCollection",
            "numberMatched": self.page.matched,
            "numberReturned": self.page.features.len(),
            "total": {
                "features": self.page.looked_at, "with_near": self.page.with_near, "pairs": self.page.pairs,
            },
            "as_of": as_of_text(self.as_of),
            "version": self.page.versions,
            "links": links,
        });
        // What is near a feature is among its properties.
        let near = |joined: &JoinedFeature| {
            let (near, nearest) = (joined.near, joined.nearest);
            move |members: &mut Members<'_>| {
                members.whole("count", near);
                if let Some((id, metres)) = nearest {
                    members.whole("nearest_id", id);
                    members.number("nearest_m", millimetres(metres));
                }
            }
        };
        let features = self.writer.list_of(self.page.features.iter().map(|joined| (&joined.found, near(joined))));
        Ok(with_member(to_json(&head)?, "features", &features))
    }
}
