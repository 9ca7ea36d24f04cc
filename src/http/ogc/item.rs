//! `GET /ogc/collections/{layer}/items/{id}`: one feature.

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::super::Shared;
use super::super::asked::{Asked, Segments};
use super::super::min_version::MIN_VERSION;
use super::super::problem::{Kind, Problem};
use super::super::query::features::{FeatureWriter, with_member};
use super::super::reply::{GEOJSON, JSON, Reply, shown_classification, to_json};
use super::form::{FEATURES, choose};
use super::html::Page;
use super::items::{features_headers, properties};
use super::links::{link, own, own_at};
use super::place::crs;
use super::{in_both, seen};
use crate::engine::stamp::{Stamp, Stamper};
use crate::model::{FoundFeature, Layer};

/// `GET /ogc/collections/{layer}/items/{id}`.
pub async fn item(
    State(shared): State<Shared>,
    Segments((layer, id)): Segments<(String, String)>,
    asked: Asked,
) -> Result<Response, Problem> {
    let params = asked.params(&["f", "crs", "as_of", MIN_VERSION])?;
    let view = shared.settings.view;
    let (crs, as_of) = (crs(&params, "crs")?, params.as_of(&shared.atlas.clock().zone)?);
    let form = choose(&asked, &params, &FEATURES)?;
    shared.reach(&params, &[seen(&shared, &layer)?.layer.id.as_str()]).await?;
    let summary = seen(&shared, &layer)?;
    let layer = &summary.layer;
    let found = match number(&id) {
        Some(number) => Some(shared.atlas.feature(view, &layer.id, (number, as_of)).await?),
        None => None,
    };
    let Some((Some((found, versions)), units)) = found else {
        return Err(unknown(layer, &id));
    };
    let mut links = own(&asked, &params, &FEATURES, form);
    let collection = format!("/ogc/collections/{}", layer.id);
    links.extend(upward(&asked, layer));
    let writer = FeatureWriter { layer, view, units: &units, crs };
    let reply = if form.is_page() {
        let mut page = Page::new(format!("{} {id}", layer.title.vi), format!("{} {id}", layer.title.en))
            .under("/ogc?f=html", "OGC API")
            .under("/ogc/collections?f=html", "Các lớp dữ liệu / Collections")
            .under(format!("{collection}?f=html"), &layer.title.vi)
            .under(format!("{collection}/items?f=html"), "Các đối tượng / Features");
        let rows: Vec<Vec<String>> = properties(&writer, &found, &shared.atlas.clock().zone)
            .into_iter()
            .map(|(name, value)| vec![name, value])
            .collect();
        page.table(&[], &rows).links(&links);
        page.reply(shown_classification(layer, view)).stamped(stamp(&writer, &found))
    } else {
        geojson(writer, &found, &links)?
    };
    Ok(reply.versions(&versions).to(&asked))
}

/// The number in an address. Another spelling of it is no feature's id: each has one address.
pub fn number(id: &str) -> Option<u64> {
    id.parse::<u64>().ok().filter(|number| number.to_string() == id)
}

/// That there is no such feature.
pub fn unknown(layer: &Layer, id: &str) -> Problem {
    let detail = format!("expected the id of a feature; none of {} has the id {id:.64?}", layer.id);
    Problem::of(Kind::NotFound, "featureId", detail)
}

/// The links of a feature at its address, asked for without parameters.
pub fn links(asked: &Asked, layer: &Layer, path: &str) -> Vec<Value> {
    let [first, ..] = FEATURES;
    let mut links = own_at(asked, path, &FEATURES, first);
    links.extend(upward(asked, layer));
    links
}

fn upward(asked: &Asked, layer: &Layer) -> [Value; 2] {
    let collection = format!("/ogc/collections/{}", layer.id);
    [
        link("collection", JSON, &in_both(&layer.title), asked.url(&collection)),
        link("root", JSON, "Trang đầu / Landing page", asked.url("/ogc")),
    ]
}

/// The feature as GeoJSON.
pub fn geojson(writer: FeatureWriter<'_>, found: &FoundFeature, links: &[Value]) -> Result<Reply, Problem> {
    let body = with_member(writer.feature(found), "links", &to_json(&links)?);
    let reply = Reply::new(GEOJSON, body, shown_classification(writer.layer, writer.view));
    Ok(features_headers(reply.stamped(stamp(&writer, found)), &writer))
}

/// What its editors hold it to, whatever form they read it in.
fn stamp(writer: &FeatureWriter<'_>, found: &FoundFeature) -> Stamp {
    Stamper::seen(writer.layer, writer.view).stamp(found.feature.at, &found.feature.values)
}
