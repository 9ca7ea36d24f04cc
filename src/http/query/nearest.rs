//! `GET /query/nearest`: the nearest features by geodesic distance.

use axum::extract::State;
use axum::response::Response;

use super::super::Shared;
use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::problem::Problem;
use super::features::{FeatureWriter, PageWriter};
use crate::engine::crs::Crs;
use crate::model::NearestRequest;

const DEFAULT_COUNT: usize = 10;

/// `numberMatched` is the number given: all features are some distance away.
pub async fn nearest(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&[
        "layer",
        "at",
        "count",
        "filter",
        "filter-lang",
        "datetime",
        "as_of",
        MIN_VERSION,
        "f",
        "bom",
    ])?;
    let (zone, view) = (shared.atlas.clock().zone, shared.settings.view);
    let request = NearestRequest {
        layer: params.layer()?,
        at: params.required_at()?,
        count: params.whole("count", 1..=shared.settings.nearest, DEFAULT_COUNT)?,
        datetime: params.datetime(&zone)?,
        filter: params.filter()?,
        as_of: params.as_of(&zone)?,
    };
    let (form, as_of) = ((params.format()?, params.bom()?), request.as_of);
    shared.reach(&params, &[request.layer.as_str()]).await?;
    let summary = shared.atlas.layer(view, &request.layer)?;
    let (page, units) = shared.atlas.nearest(view, request).await?;
    let writer = PageWriter {
        writer: FeatureWriter { layer: &summary.layer, view, units: &units, crs: Crs::Crs84 },
        page: &page,
        as_of,
        own: asked.own_url(),
        next: None,
        method: None,
    };
    Ok(writer.reply(form)?.to(&asked))
}
