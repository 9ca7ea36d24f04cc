//! `GET /ogc/collections/{layer}/items`: features, a page at a time.

use axum::Extension;
use axum::extract::State;
use axum::http::header::LINK;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use super::super::Shared;
use super::super::asked::{Asked, Segments};
use super::super::guard::Leave;
use super::super::problem::Problem;
use super::super::query::cursor;
use super::super::query::features::{FeatureWriter, next_url, with_member};
use super::super::reply::{GEOJSON, JSON, Reply, VARY_ON_FORM, shown_classification, to_json};
use super::form::ITEMS;
use super::html::{Page, anchor, both, text};
use super::items_asked::ItemsAsked;
use super::links::{link, link_header, own};
use super::{files, in_both, seen};
use crate::atlas::UnitMap;
use crate::engine::crs::Crs;
use crate::model::{FeaturePage, Field, FieldType, FoundFeature, Relation, Value as Property};

/// The system of an answer's coordinates.
pub const CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    r#type: &'static str,
    number_matched: u64,
    number_returned: usize,
    links: &'a [Value],
}

/// `GET /ogc/collections/{layer}/items`.
pub async fn items(
    State(shared): State<Shared>,
    Segments(id): Segments<String>,
    leave: Option<Extension<Leave>>,
    asked: Asked,
) -> Result<Response, Problem> {
    let view = shared.settings.view;
    let items = ItemsAsked::read(&shared, &asked, &seen(&shared, &id)?)?;
    shared.reach(&items.params, &[items.request.layer.as_str()]).await?;
    if let Some(format) = items.form.file() {
        let leave = leave.map(|Extension(leave)| leave).unwrap_or_default();
        return files::file(&shared, (&asked, &leave), items, format).await;
    }
    let ItemsAsked { params, form, crs, request, question } = items;
    // Asked for again: the wait may have been for it.
    let summary = seen(&shared, &id)?;
    let zone = shared.atlas.clock().zone;
    let write = move |page: FeaturePage, units: &UnitMap| {
        let layer = &summary.layer;
        let mut links = own(&asked, &params, &ITEMS, form);
        if let Some(after) = &page.next {
            let next = next_url(&asked, &params, &cursor::write(after, question));
            links.push(link("next", form.media, "Trang sau / Next page", next));
        }
        let collection = format!("/ogc/collections/{}", layer.id);
        links.push(link("collection", JSON, &in_both(&layer.title), asked.url(&collection)));
        links.push(link("root", JSON, "Trang đầu / Landing page", asked.url("/ogc")));
        let writer = FeatureWriter { layer, view, units, crs };
        let reply = if form.is_page() {
            page_of(&writer, &page, &links, &zone).reply(shown_classification(layer, view))
        } else {
            geojson(&writer, &page, &links)?
        };
        let queryables = asked.url(&format!("{collection}/queryables"));
        Ok(reply.versions(&page.versions).header(LINK, link_header(&links, &queryables)).to(&asked))
    };
    shared.atlas.within(view, request, write).await?
}

fn geojson(writer: &FeatureWriter<'_>, page: &FeaturePage, links: &[Value]) -> Result<Reply, Problem> {
    let body = to_json(&Head {
        r#type: "FeatureCollection",
        number_matched: page.matched,
        number_returned: page.features.len(),
        links,
    })?;
    let mut body = with_member(body, "features", &writer.list(&page.features));
    // Last, so that the same features have the same tag at any time.
    body.pop();
    let time = format!(",\"timeStamp\":\"{}\"}}", Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"));
    body.extend_from_slice(time.as_bytes());
    let reply = Reply::new(GEOJSON, body, shown_classification(writer.layer, writer.view));
    Ok(features_headers(reply.tagged_without_last(time.len()), writer))
}

/// The headers of every answer with features.
pub fn features_headers(reply: Reply, writer: &FeatureWriter<'_>) -> Reply {
    let crs = HeaderValue::try_from(format!("<{}>", writer.crs.uri()));
    // The names of the systems are ASCII.
    let crs = crs.unwrap_or_else(|_| HeaderValue::from_static(""));
    reply.header(CONTENT_CRS, crs).header(axum::http::header::VARY, HeaderValue::from_static(VARY_ON_FORM))
}

fn page_of(writer: &FeatureWriter<'_>, page: &FeaturePage, links: &[Value], zone: &TimeZone) -> Page {
    let layer = writer.layer;
    let collection = format!("/ogc/collections/{}", layer.id);
    let mut html = Page::new(&layer.title.vi, &layer.title.en)
        .under("/ogc?f=html", "OGC API")
        .under("/ogc/collections?f=html", "Các lớp dữ liệu / Collections")
        .under(format!("{collection}?f=html"), &layer.title.vi);
    let (returned, matched) = (page.features.len(), page.matched);
    html.add(&format!(
        "<p>{}</p>",
        both(&format!("{returned} trong {matched} đối tượng"), &format!("{returned} of {matched} features"))
    ));
    let next = links.iter().find(|link| link["rel"] == "next").and_then(|link| link["href"].as_str());
    let onwards = next.map(|href| format!("<p>{}</p>", anchor(href, &both("Trang sau", "Next page"))));
    html.add(onwards.as_deref().unwrap_or(""));
    let mut head = vec!["id".to_owned()];
    head.extend(writer.fields().map(|(_, field)| both(&field.title.vi, &field.title.en)));
    head.extend([both("Đơn vị hành chính", "Unit"), both("Toạ độ", "Coordinates")]);
    let row = |found: &FoundFeature| {
        let id = found.feature.id;
        let mut row = vec![anchor(&format!("{collection}/items/{id}?f=html"), &id.to_string())];
        row.extend(properties(writer, found, zone).into_iter().map(|(_, value)| value));
        row
    };
    let rows: Vec<Vec<String>> = page.features.iter().map(row).collect();
    html.table(&head, &rows).add(onwards.as_deref().unwrap_or("")).links(links);
    html
}

/// What people are told of a feature: names of the properties and their values, both as they stand in a page.
/// Times are those of the zone, degrees are rounded to a decimetre and metres to a centimetre.
pub fn properties(writer: &FeatureWriter<'_>, found: &FoundFeature, zone: &TimeZone) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = writer
        .fields()
        .map(|(index, field)| {
            let value = found.feature.values.get(index).unwrap_or(&Property::Null);
            (both(&field.title.vi, &field.title.en), property(field, value, zone))
        })
        .collect();
    let held = found.unit.and_then(|(id, relation)| Some((writer.units.unit(id)?, relation)));
    let unit = match held {
        Some((unit, Relation::Near)) => {
            both(&format!("gần {} ({})", unit.full_name, unit.code), &format!("near {}", unit.full_name))
        }
        Some((unit, _)) => text(&format!("{} ({})", unit.full_name, unit.code)),
        None => both("ngoài địa bàn", "outside"),
    };
    rows.push((both("Đơn vị hành chính", "Unit"), unit));
    let in_degrees = writer.crs == Crs::Crs84 || writer.crs.is_latitude_first();
    let decimals = if in_degrees { 6 } else { 2 };
    let place = writer.crs.from_lon_lat(found.feature.at).map(|[a, b]| format!("{a:.decimals$}, {b:.decimals$}"));
    rows.push((both("Toạ độ", "Coordinates"), place.unwrap_or_default()));
    rows
}

fn property(field: &Field, value: &Property, zone: &TimeZone) -> String {
    match value {
        Property::Null => String::new(),
        Property::Text(code) if field.kind == FieldType::Code => {
            let known = field.codes.iter().find(|known| known.code == *code);
            known.map_or_else(|| text(code), |known| both(&known.vi, &known.en))
        }
        Property::Text(raw) => text(raw),
        Property::Integer(number) => number.to_string(),
        Property::Real(number) => number.to_string(),
        Property::Boolean(truth) => truth.to_string(),
        Property::Date(day) => day.to_string(),
        Property::Timestamp(instant) => Timestamp::from_microsecond(instant.0).map_or_else(
            |_| instant.to_string(),
            |timestamp| timestamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        ),
    }
}
