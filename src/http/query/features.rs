//! A page of features as GeoJSON or CSV, written straight from the page: no tree of JSON in between, and each name once.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::super::asked::Asked;
use super::super::params::{Bom, Format};
use super::super::problem::Problem;
use super::super::reply::{CSV, GEOJSON, Reply, as_of_text, shown_classification, to_json};
use super::millimetres;
use super::table::Table;
use crate::atlas::UnitMap;
use crate::engine::crs::Crs;
use crate::export::{FeatureTexts, relation_name};
use crate::model::{AsOf, FeaturePage, Field, FoundFeature, Layer, Relation, Value, Versions, View};

/// How a layer's features are written for a caller.
#[derive(Clone, Copy)]
pub struct FeatureWriter<'a> {
    /// Whose features.
    pub layer: &'a Layer,
    /// What the caller sees of them.
    pub view: View,
    /// To name their communes.
    pub units: &'a UnitMap,
    /// Of their coordinates.
    pub crs: Crs,
}

/// A page, and what is needed to write it for a caller.
pub struct PageWriter<'a> {
    /// How.
    pub writer: FeatureWriter<'a>,
    /// The features.
    pub page: &'a FeaturePage,
    /// Under which date's units.
    pub as_of: AsOf,
    /// Address of this page.
    pub own: String,
    /// Address of the next one.
    pub next: Option<String>,
    /// `POST` where the next page is asked for with the same body.
    pub method: Option<&'static str>,
}

impl<'a> FeatureWriter<'a> {
    /// The fields that the caller sees, with their places in the layer.
    pub fn fields(&self) -> impl Iterator<Item = (usize, &'a Field)> {
        let view = self.view;
        self.layer.fields.iter().enumerate().filter(move |(_, field)| view.sees_field(field))
    }

    /// The commune's code and how it holds the feature.
    pub fn unit(&self, found: &FoundFeature) -> (Option<&'a str>, Relation) {
        let held = found.unit.and_then(|(id, relation)| Some((self.units.unit(id)?.code.as_str(), relation)));
        held.map_or((None, Relation::Outside), |(code, relation)| (Some(code), relation))
    }

    fn add(&self, texts: &FeatureTexts, out: &mut Vec<u8>, found: &FoundFeature) {
        let feature = &found.feature;
        texts.add(out, (feature, self.crs.from_lon_lat(feature.at)), |members| {
            let (code, relation) = self.unit(found);
            if let Some(code) = code {
                members.text("unit", code);
            }
            members.text("unit_relation", relation_name(relation));
            if let Some(metres) = found.distance_m {
                members.number("distance_m", millimetres(metres));
            }
        });
    }
}

impl PageWriter<'_> {
    /// The answer in a format.
    pub fn reply(&self, (format, bom): (Format, Bom)) -> Result<Reply, Problem> {
        let classification = shown_classification(self.writer.layer, self.writer.view);
        let reply = match format {
            Format::Json => Reply::new(GEOJSON, self.geojson()?, classification),
            Format::Csv => {
                let reply = Reply::new(CSV, self.table().finish(bom)?, classification);
                reply.paged(self.page.matched, self.next.as_deref())
            }
        };
        Ok(reply.versions(&self.page.versions).dated(self.as_of))
    }

    fn table(&self) -> Table {
        let measured = self.page.features.iter().any(|found| found.distance_m.is_some());
        let mut head = vec!["id", "lon", "lat"];
        head.extend(self.writer.fields().map(|(_, field)| field.name.as_str()));
        head.extend(["unit", "unit_relation"]);
        head.extend(measured.then_some("distance_m"));
        let mut table = Table::new(&head);
        for found in &self.page.features {
            let feature = &found.feature;
            table.number(feature.id).number(feature.at.lon).number(feature.at.lat);
            for (index, _) in self.writer.fields() {
                table.value(feature.values.get(index).unwrap_or(&Value::Null));
            }
            let (code, relation) = self.writer.unit(found);
            table.text(code.unwrap_or("")).text(relation_name(relation));
            if measured {
                table.metres(found.distance_m);
            }
            table.end_row();
        }
        table
    }
}

#[derive(Serialize)]
struct Link<'a> {
    rel: &'static str,
    href: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
}

impl PageWriter<'_> {
    fn geojson(&self) -> Result<Vec<u8>, Problem> {
        let link = |rel, href| Link { rel, href, r#type: GEOJSON, method: self.method };
        let mut links = vec![link("self", self.own.as_str())];
        links.extend(self.next.as_deref().map(|next| link("next", next)));
        let head = Head {
            r#type: "FeatureCollection",
            number_matched: self.page.matched,
            number_returned: self.page.features.len(),
            version: &self.page.versions,
            as_of: as_of_text(self.as_of),
            links,
        };
        let mut body = to_json(&head)?;
        add_features(&mut body, &self.writer, &self.page.features);
        Ok(body)
    }
}

/// What a page says before its features.
#[derive(Serialize)]
struct Head<'a> {
    r#type: &'static str,
    #[serde(rename = "numberMatched")]
    number_matched: u64,
    #[serde(rename = "numberReturned")]
    number_returned: usize,
    version: &'a Versions,
    as_of: String,
    links: Vec<Link<'a>>,
}

/// Adds the member `features` to an object with other members.
pub fn add_features(object: &mut Vec<u8>, writer: &FeatureWriter<'_>, found: &[FoundFeature]) {
    object.pop();
    object.extend_from_slice(b",\"features\":");
    add_list(object, writer, found);
    object.push(b'}');
}

fn add_list(out: &mut Vec<u8>, writer: &FeatureWriter<'_>, found: &[FoundFeature]) {
    let texts = FeatureTexts::new(writer.fields());
    out.push(b'[');
    for (place, found) in found.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        writer.add(&texts, out, found);
    }
    out.push(b']');
}

/// The list of features.
pub struct Features<'a> {
    /// How they are written.
    pub writer: FeatureWriter<'a>,
    /// In this order.
    pub found: &'a [FoundFeature],
}

impl Serialize for Features<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = Vec::new();
        add_list(&mut list, &self.writer, self.found);
        raw(list)?.serialize(serializer)
    }
}

/// One feature of the list.
pub struct OneFeature<'a> {
    /// How it is written.
    pub writer: FeatureWriter<'a>,
    /// The feature.
    pub found: &'a FoundFeature,
}

impl OneFeature<'_> {
    /// As GeoJSON.
    pub fn geojson(&self) -> Vec<u8> {
        let mut feature = Vec::new();
        self.writer.add(&FeatureTexts::new(self.writer.fields()), &mut feature, self.found);
        feature
    }
}

impl Serialize for OneFeature<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        raw(self.geojson())?.serialize(serializer)
    }
}

fn raw<E: serde::ser::Error>(json: Vec<u8>) -> Result<Box<RawValue>, E> {
    RawValue::from_string(String::from_utf8(json).map_err(E::custom)?).map_err(E::custom)
}

/// The address of the next page: this one's with another cursor.
pub fn next_url(asked: &Asked, params: &super::super::params::Params, cursor: &str) -> String {
    let kept = params.without("cursor");
    let query = super::super::tilejson::query_of(&kept);
    let joint = if query.is_empty() { '?' } else { '&' };
    asked.url(&format!("{}{query}{joint}cursor={cursor}", asked.path()))
}
