//! `GET /ogc/collections` and `GET /ogc/collections/{layer}`.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::Shared;
use super::super::asked::{Asked, Segments};
use super::super::problem::Problem;
use super::super::reply::{GEOJSON, JSON, shown_classification};
use super::form::{HTML, PLAIN, SCHEMA, choose};
use super::html::{Page, anchor, both, cell, json_reply, text};
use super::links::{link, own};
use super::{in_both, seen};
use crate::atlas::LayerSummary;
use crate::engine::crs::Crs;
use crate::model::{Classification, View};

/// `GET /ogc/collections`.
pub async fn collections(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let form = choose(&asked, &params, &PLAIN)?;
    let view = shared.settings.view;
    let summaries = shared.atlas.layers(view);
    let classification = summaries.iter().map(|summary| shown_classification(&summary.layer, view)).max();
    let classification = classification.unwrap_or(Classification::Public);
    let mut links = own(&asked, &params, &PLAIN, form);
    links.push(link("root", JSON, "Trang đầu / Landing page", asked.url("/ogc")));
    if form.is_page() {
        let mut page = Page::new("Các lớp dữ liệu", "Collections").under("/ogc", "OGC API");
        let rows: Vec<Vec<String>> = summaries
            .iter()
            .map(|summary| {
                let (layer, path) = (&summary.layer, path_of(summary));
                vec![
                    anchor(&format!("{path}?f=html"), &both(&layer.title.vi, &layer.title.en)),
                    text(layer.id.as_str()),
                    anchor(&format!("{path}/items?f=html"), &summary.features.to_string()),
                ]
            })
            .collect();
        let head = [both("Lớp", "Layer"), "id".to_owned(), both("Số đối tượng", "Features")];
        page.table(&head, &rows).links(&links);
        return Ok(page.reply(classification).to(&asked));
    }
    let collections: Vec<Value> = summaries
        .iter()
        .map(|summary| {
            let own = link("self", JSON, "Lớp này / This collection", asked.url(&path_of(summary)));
            document(summary, view, &own_links(&asked, summary, vec![own]))
        })
        .collect();
    let crs: Vec<&str> = Crs::ALL.iter().map(|crs| crs.uri()).collect();
    let all = json!({ "links": links, "crs": crs, "collections": collections });
    Ok(json_reply(JSON, &all, classification)?.to(&asked))
}

/// `GET /ogc/collections/{layer}`.
pub async fn collection(
    State(shared): State<Shared>,
    Segments(id): Segments<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let summary = seen(&shared, &id)?;
    let form = choose(&asked, &params, &PLAIN)?;
    let view = shared.settings.view;
    let classification = shown_classification(&summary.layer, view);
    let links = own_links(&asked, &summary, own(&asked, &params, &PLAIN, form));
    let document = document(&summary, view, &links);
    if !form.is_page() {
        return Ok(json_reply(JSON, &document, classification)?.to(&asked));
    }
    let title = &summary.layer.title;
    let mut page = Page::new(&title.vi, &title.en)
        .under("/ogc?f=html", "OGC API")
        .under("/ogc/collections?f=html", "Các lớp dữ liệu / Collections");
    let rows: Vec<Vec<String>> = document
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "links")
        .map(|(name, value)| vec![text(name), cell(value)])
        .collect();
    page.table(&[], &rows).links(&links);
    Ok(page.reply(classification).to(&asked))
}

fn path_of(summary: &LayerSummary) -> String {
    format!("/ogc/collections/{}", summary.layer.id)
}

/// Ids are URL-safe by their type.
fn own_links(asked: &Asked, summary: &LayerSummary, mut links: Vec<Value>) -> Vec<Value> {
    let url = |rest: &str| asked.url(&format!("{}{rest}", path_of(summary)));
    links.extend([
        link("items", GEOJSON, "Các đối tượng / Features", url("/items?f=json")),
        link("items", HTML, "Các đối tượng / Features", url("/items?f=html")),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/queryables",
            SCHEMA,
            "Thuộc tính lọc được / Queryables",
            url("/queryables"),
        ),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/sortables",
            SCHEMA,
            "Thuộc tính sắp xếp được / Sortables",
            url("/sortables"),
        ),
        link("http://www.opengis.net/def/rel/ogc/1.0/schema", SCHEMA, "Lược đồ / Schema", url("/schema")),
        link("describedby", SCHEMA, "Lược đồ / Schema", url("/schema")),
        link("http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", JSON, "Bộ ô bản đồ / Tilesets", url("/tiles")),
        link("root", JSON, "Trang đầu / Landing page", asked.url("/ogc")),
    ]);
    links
}

/// The collection without what this view does not see.
fn document(summary: &LayerSummary, view: View, links: &[Value]) -> Value {
    let layer = &summary.layer;
    let mut extent = json!({});
    if !summary.bbox().is_empty() {
        let bbox = summary.bbox();
        extent["spatial"] =
            json!({ "bbox": [[bbox.west, bbox.south, bbox.east, bbox.north]], "crs": Crs::Crs84.uri() });
    }
    let time = layer.time_field().filter(|field| view.sees_field(field)).and(summary.time());
    let interval = time.map_or([None, None], |(first, last)| [Some(first.to_string()), Some(last.to_string())]);
    extent["temporal"] =
        json!({ "interval": [interval], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian" });
    json!({
        "id": layer.id.as_str(),
        "title": in_both(&layer.title),
        "description": format!("{} · {} đối tượng / features", layer.id.department(), summary.features),
        "extent": extent,
        "itemType": "feature",
        "crs": Crs::ALL.map(Crs::uri),
        "storageCrs": Crs::Crs84.uri(),
        "links": links,
    })
}
