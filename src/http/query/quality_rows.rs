//! `GET /query/quality/rows`: the rows behind a number of `/query/quality`, by pages.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::params::{Format, Params};
use super::super::problem::Problem;
use super::super::reply::{CSV, GEOJSON, Reply, shown_classification, to_json};
use super::super::{Service, Shared};
use super::cursor;
use super::features::next_url;
use super::table::Table;
use super::within::{DEFAULT_LIMIT, Question, answer};
use crate::export::value_json;
use crate::model::{After, Area, Aspect, AspectPick, FindingKind, Invalid, Layer, Versions, View};
use crate::store::{LeftOut, LeftOutPage, LeftOutRow};

const PARAMETERS: [&str; 12] =
    ["layer", "of", "today", "filter", "filter-lang", "datetime", "as_of", "limit", "cursor", MIN_VERSION, "f", "bom"];

/// Features as `/query/within` gives them; rows that are no features without a geometry, each with what is wrong with it.
pub async fn quality_rows(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&PARAMETERS)?;
    let clock = shared.atlas.clock();
    let aspect = Aspect::parse("of", params.required("of")?)?;
    let today = params.day("today", &clock.zone)?.unwrap_or(clock.today);
    if let Some(kinds) = aspect.left_out() {
        return left_out(&shared, &asked, (params, kinds)).await;
    }
    let area = Area::Aspect(AspectPick { aspect, today });
    let fingerprint = xxh3_64(format!("{area:?}").as_bytes());
    answer(&shared, asked, Question { params, area, fingerprint, method: None }).await
}

/// A page of rows that are no features.
struct Page<'a> {
    layer: &'a Layer,
    view: View,
    found: &'a LeftOut,
    matched: u64,
    next: Option<String>,
}

async fn left_out(
    service: &Arc<Service>,
    asked: &Asked,
    (params, kinds): (Params, &[FindingKind]),
) -> Result<Response, Problem> {
    if let Some(name) = ["filter", "datetime"].into_iter().find(|name| params.text(name).is_some()) {
        return Err(Invalid::new(name, "none beside a number of rows that the map leaves out").into());
    }
    let (view, layer) = (service.settings.view, params.layer()?);
    // Such a row is in no unit, whatever the date; but a date it must be.
    params.as_of(&service.atlas.clock().zone)?;
    let (format, bom) = (params.format()?, params.bom()?);
    let limit = params.whole("limit", 1..=service.settings.page, DEFAULT_LIMIT)?;
    let question = xxh3_64(format!("{layer} {kinds:?} left out").as_bytes());
    // These rows may lack ids: pages go on by how many came before.
    let skip =
        params.text("cursor").map(|text| cursor::read(text, question, &[])).transpose()?.map_or(0, |after| after.id);
    service.reach(&params, &[layer.as_str()]).await?;
    let page = LeftOutPage { kinds: kinds.to_vec(), skip, limit };
    let (layer, found) = service.atlas.left_out(view, &layer, &page).await?;
    let counts = found.counts.iter().filter(|(kind, _)| kinds.contains(kind));
    let matched = counts.map(|(_, count)| count).sum();
    let end = skip.saturating_add(found.rows.len() as u64);
    let next = (end < matched && !found.rows.is_empty())
        .then(|| next_url(asked, &params, &cursor::write(&After::id(end), question)));
    let page = Page { layer: &layer, view, found: &found, matched, next };
    let classification = shown_classification(&layer, view);
    let versions = Versions::from([(layer.id.to_string(), found.version)]);
    let reply = match format {
        Format::Json => Reply::new(GEOJSON, to_json(&page.json(asked, &versions))?, classification),
        Format::Csv => {
            let csv = page.table().finish(bom)?;
            Reply::new(CSV, csv, classification).paged(page.matched, page.next.as_deref())
        }
    };
    Ok(reply.versions(&versions).to(asked))
}

impl Page<'_> {
    fn json(&self, asked: &Asked, versions: &Versions) -> Value {
        let link = |rel: &str, href: &str| json!({ "rel": rel, "href": href, "type": GEOJSON });
        let mut links = vec![link("self", &asked.own_url())];
        links.extend(self.next.as_deref().map(|next| link("next", next)));
        let features: Vec<Value> = self.found.rows.iter().map(|row| self.feature(row)).collect();
        json!({
            "type": "FeatureCollection", "numberMatched": self.matched, "numberReturned": features.len(),
            "version": versions, "links": links, "features": features,
        })
    }

    fn feature(&self, row: &LeftOutRow) -> Value {
        let fields = self.layer.fields.iter().zip(&row.values).filter(|(field, _)| self.view.sees_field(field));
        let mut properties: Map<String, Value> =
            fields.map(|(field, value)| (field.name.clone(), value_json(value))).collect();
        properties.insert("finding".to_owned(), row.kind.name().into());
        let mut feature = json!({ "type": "Feature", "geometry": null, "properties": properties });
        if let Some(id) = row.id {
            feature["id"] = id.into();
        }
        feature
    }

    fn table(&self) -> Table {
        let seen = || self.layer.fields.iter().enumerate().filter(|(_, field)| self.view.sees_field(field));
        let mut head = vec!["id"];
        head.extend(seen().map(|(_, field)| field.name.as_str()));
        head.push("finding");
        let mut table = Table::new(&head);
        for row in &self.found.rows {
            table.text(&row.id.map_or_else(String::new, |id| id.to_string()));
            for (index, _) in seen() {
                table.value(row.values.get(index).unwrap_or(&crate::model::Value::Null));
            }
            table.text(row.kind.name()).end_row();
        }
        table
    }
}
