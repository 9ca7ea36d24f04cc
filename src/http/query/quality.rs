//! `GET /query/quality`: for the owners of layers. When they were last brought up to date, how many of their rows have what they
//! should, and what is wrong with the others; the rows behind each number are at `/query/quality/rows`.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::params::{Bom, Format, Params};
use super::super::problem::Problem;
use super::super::reply::{CSV, JSON, Reply, as_of_text, shown_classification, to_json};
use super::super::tilejson::query_of;
use super::super::{Service, Shared};
use super::table::Table;
use crate::atlas::{AtlasError, LayerSummary};
use crate::model::{
    Aspect, Classification, Day, Freshness, Instant, Invalid, LEFT_OUT, LayerId, LayerQuality, OF_FEATURES,
    QualityRequest, Versions,
};

const PARAMETERS: [&str; 8] = ["layer", "filter", "filter-lang", "datetime", "as_of", MIN_VERSION, "f", "bom"];
/// Parameters that a list takes over from its number.
const SHARED: [&str; 4] = ["filter", "filter-lang", "datetime", "as_of"];

/// One layer's answer.
struct Told {
    summary: LayerSummary,
    quality: LayerQuality,
    freshness: Freshness,
    stale: Option<bool>,
}

/// What all layers' answers share.
struct Writer<'a> {
    asked: &'a Asked,
    params: &'a Params,
    today: Day,
}

/// Of one layer, of several, or of all that the caller sees.
pub async fn quality(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&PARAMETERS)?;
    let (clock, view) = (shared.atlas.clock(), shared.settings.view);
    let layers = layers(&params, &shared)?;
    let (datetime, filter, as_of) = (params.datetime(&clock.zone)?, params.filter()?, params.as_of(&clock.zone)?);
    let (format, bom) = (params.format()?, params.bom()?);
    let ids: Vec<&str> = layers.iter().map(LayerId::as_str).collect();
    shared.reach(&params, &ids).await?;
    let freshness = shared.atlas.freshness().await?;
    let now = Instant(jiff::Timestamp::now().as_microsecond());
    let (mut told, mut versions) = (Vec::with_capacity(layers.len()), Versions::new());
    for layer in layers {
        let written = freshness.get(layer.as_str()).copied().unwrap_or_default();
        let request = QualityRequest { layer, datetime, filter: filter.clone(), as_of, today: clock.today };
        let reading = async {
            let summary = shared.atlas.layer(view, &request.layer)?;
            Ok((summary, shared.atlas.quality(view, request).await?))
        };
        let (summary, quality) = match reading.await {
            // One that cannot be read now keeps nobody from the others, unless it is asked for.
            Err(AtlasError::Unreadable { .. }) if params.text("layer").is_none() => continue,
            told => told?,
        };
        let stale = written.is_stale(summary.layer.update_days, (summary.features, now));
        versions.extend(quality.versions.clone());
        told.push(Told { summary, quality, freshness: written, stale });
    }
    let classification = told.iter().map(|told| shown_classification(&told.summary.layer, view)).max();
    let classification = classification.unwrap_or(Classification::Public);
    let writer = Writer { asked: &asked, params: &params.only(&SHARED), today: clock.today };
    let reply = match format {
        Format::Json => {
            let layers: Vec<Value> = told.iter().map(|told| writer.layer(told)).collect();
            let today = clock.today.to_string();
            let answer = json!({ "layers": layers, "today": today, "as_of": as_of_text(as_of), "version": versions });
            Reply::new(JSON, to_json(&answer)?, classification)
        }
        Format::Csv => Reply::new(CSV, writer.csv(&told, bom)?, classification),
    };
    Ok(reply.versions(&versions).dated(as_of).to(&asked))
}

/// The layers asked for, each once.
fn layers(params: &Params, service: &Service) -> Result<Vec<LayerId>, Problem> {
    let Some(text) = params.text("layer") else {
        let seen = service.atlas.layers(service.settings.view);
        return Ok(seen.into_iter().map(|summary| summary.layer.id.clone()).collect());
    };
    let mut layers = Vec::new();
    for id in text.split(',') {
        let id = LayerId::parse("layer", id)?;
        if layers.contains(&id) {
            return Err(Invalid::new("layer", format!("each layer once, found {id} twice")).into());
        }
        layers.push(id);
    }
    Ok(layers)
}

impl Writer<'_> {
    fn layer(&self, told: &Told) -> Value {
        let Told { summary, quality, freshness, stale } = told;
        let layer = &*summary.layer;
        let share = |aspects: &[(&str, Aspect)], field: Option<&str>| -> Value {
            let numbers: Option<Map<String, Value>> =
                aspects.iter().map(|(name, aspect)| Some(((*name).to_owned(), self.number(told, *aspect)?))).collect();
            let Some(mut numbers) = numbers else { return Value::Null };
            numbers.extend(field.map(|field| ("field".to_owned(), field.into())));
            numbers.into()
        };
        let name =
            |index: Option<usize>| index.and_then(|index| layer.fields.get(index)).map(|field| field.name.as_str());
        let category = [
            ("known", Aspect::CategoryKnown),
            ("unknown", Aspect::CategoryUnknown),
            ("missing", Aspect::CategoryMissing),
        ];
        json!({
            "layer": layer.id.as_str(),
            "title": layer.title,
            "version": quality.versions.get(layer.id.as_str()),
            "update_days": layer.update_days,
            "last_updated": freshness.updated.map(|at| at.to_string()),
            "last_confirmed": freshness.confirmed.map(|at| at.to_string()),
            "stale": stale,
            "rows": quality.rows(),
            "position": {
                "with": self.number(told, Aspect::WithPosition),
                "without": self.number(told, Aspect::WithoutPosition),
            },
            "unit": share(&[("covered", Aspect::UnitCovered), ("near", Aspect::UnitNear), ("outside", Aspect::UnitOutside)], None),
            "category": share(&category, name(layer.category)),
            "time": share(&[("past", Aspect::TimePast), ("future", Aspect::TimeFuture), ("missing", Aspect::TimeMissing)], name(layer.time)),
            "findings": self.findings(told),
        })
    }

    fn findings(&self, told: &Told) -> Vec<Value> {
        let finding = |kind| {
            let mut number = self.number(told, Aspect::Finding(kind))?;
            let ([vi, en], [advice_vi, advice_en]) = (kind.title(), kind.advice());
            number["kind"] = kind.name().into();
            number["title"] = json!({ "vi": vi, "en": en });
            number["advice"] = json!({ "vi": advice_vi, "en": advice_en });
            Some(number)
        };
        LEFT_OUT.into_iter().chain(OF_FEATURES).filter_map(finding).collect()
    }

    /// A count, its share, and the address of its rows; none where it is not told of the layer.
    fn number(&self, told: &Told, aspect: Aspect) -> Option<Value> {
        let count = told.quality.count(aspect)?;
        Some(json!({ "count": count, "share": share(told, aspect, count), "href": self.href(told, aspect) }))
    }

    fn href(&self, told: &Told, aspect: Aspect) -> String {
        let layer = told.summary.layer.id.as_str();
        let params = self.params.with("layer", layer).with("of", aspect.name()).with("today", &self.today.to_string());
        self.asked.url(&format!("/query/quality/rows{}", query_of(&params)))
    }

    /// A line for each number of each layer.
    fn csv(&self, told: &[Told], bom: Bom) -> Result<Vec<u8>, Problem> {
        let mut table = Table::new(&[
            "layer",
            "title_vi",
            "title_en",
            "update_days",
            "last_updated",
            "last_confirmed",
            "stale",
            "rows",
            "of",
            "count",
            "share",
            "href",
        ]);
        let text = |at: Option<Instant>| at.map_or_else(String::new, |at| at.to_string());
        for one in told {
            for aspect in Aspect::all() {
                let Some(count) = one.quality.count(aspect) else { continue };
                let layer = &one.summary.layer;
                table.text(layer.id.as_str()).text(&layer.title.vi).text(&layer.title.en);
                table.text(&layer.update_days.map_or_else(String::new, |days| days.to_string()));
                table.text(&text(one.freshness.updated)).text(&text(one.freshness.confirmed));
                table.text(one.stale.map_or("", |stale| if stale { "true" } else { "false" }));
                table.number(one.quality.rows()).text(aspect.name()).number(count);
                match share(one, aspect, count) {
                    Some(share) => table.number(share),
                    None => table.text(""),
                };
                table.text(&self.href(one, aspect)).end_row();
            }
        }
        table.finish(bom)
    }
}

/// The part of the rows that a number is, to six decimals; none where there are no rows. Of what only features have, it is the
/// part of the features.
fn share(told: &Told, aspect: Aspect, count: u64) -> Option<f64> {
    let of_rows = aspect == Aspect::WithPosition || aspect.left_out().is_some();
    let all = if of_rows { told.quality.rows() } else { told.quality.features };
    (all > 0).then(|| (count as f64 / all as f64 * 1e6).round() / 1e6)
}
