//! A page of features as GeoJSON or CSV, written straight from the page: no tree of JSON in between, and each name once.

use serde::ser::Error as _;
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
use crate::export::{FeatureTexts, Members, relation_name};
use crate::model::{AsOf, FeaturePage, Field, FoundFeature, Layer, Relation, Value, Versions, View};

/// About what a feature takes, bytes.
const FEATURE_BYTES: usize = 512;

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

    /// A feature as GeoJSON.
    pub fn feature(&self, found: &FoundFeature) -> Vec<u8> {
        let mut out = Vec::new();
        self.add(&FeatureTexts::new(self.fields()), &mut out, (found, |_| {}));
        out
    }

    /// A list of features as GeoJSON.
    pub fn list(&self, found: &[FoundFeature]) -> Vec<u8> {
        self.list_of(found.iter().map(|found| (found, |_: &mut Members<'_>| {})))
    }

    /// The same of features that have more among their properties than others.
    pub fn list_of<'f>(
        &self,
        found: impl Iterator<Item = (&'f FoundFeature, impl FnOnce(&mut Members<'_>))>,
    ) -> Vec<u8> {
        let (texts, mut out) =
            (FeatureTexts::new(self.fields()), Vec::with_capacity(found.size_hint().0 * FEATURE_BYTES + 2));
        out.push(b'[');
        for (place, found) in found.enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.add(&texts, &mut out, found);
        }
        out.push(b']');
        out
    }

    fn add(
        &self,
        texts: &FeatureTexts,
        out: &mut Vec<u8>,
        (found, besides): (&FoundFeature, impl FnOnce(&mut Members<'_>)),
    ) {
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
            besides(members);
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
        Ok(with_member(to_json(&head)?, "features", &self.writer.list(&self.page.features)))
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

/// An object with one member more, at its end.
pub fn with_member(mut object: Vec<u8>, name: &str, value: &[u8]) -> Vec<u8> {
    object.pop();
    object.extend_from_slice(format!(",\"{name}\":").as_bytes());
    object.extend_from_slice(value);
    object.push(b'}');
    object
}

/// A list of features within a larger answer.
pub struct Features<'a> {
    /// How they are written.
    pub writer: FeatureWriter<'a>,
    /// In this order.
    pub found: &'a [FoundFeature],
}

impl Serialize for Features<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let list = String::from_utf8(self.writer.list(self.found)).map_err(S::Error::custom)?;
        RawValue::from_string(list).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// The address of the next page: this one's with another cursor.
pub fn next_url(asked: &Asked, params: &super::super::params::Params, cursor: &str) -> String {
    let kept = params.without("cursor");
    let query = super::super::tilejson::query_of(&kept);
    let joint = if query.is_empty() { '?' } else { '&' };
    asked.url(&format!("{}{query}{joint}cursor={cursor}", asked.path()))
}
