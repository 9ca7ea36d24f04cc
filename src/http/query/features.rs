//! A page of features as GeoJSON or CSV, written straight from the page: no tree of JSON in between.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::super::asked::Asked;
use super::super::params::{Bom, Format};
use super::super::problem::Problem;
use super::super::reply::{CSV, GEOJSON, Reply, as_of_text, shown_classification, to_json};
use super::millimetres;
use super::table::Table;
use crate::atlas::UnitMap;
use crate::engine::crs::Crs;
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
}

impl PageWriter<'_> {
    /// The answer in a format.
    pub fn reply(&self, (format, bom): (Format, Bom)) -> Result<Reply, Problem> {
        let classification = shown_classification(self.writer.layer, self.writer.view);
        let reply = match format {
            Format::Json => Reply::new(GEOJSON, to_json(self)?, classification),
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

/// The relation's name on the wire.
pub fn relation_name(relation: Relation) -> &'static str {
    match relation {
        Relation::Covered => "covered",
        Relation::Near => "near",
        Relation::Outside => "outside",
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

impl Serialize for PageWriter<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let link = |rel, href| Link { rel, href, r#type: GEOJSON, method: self.method };
        let mut links = vec![link("self", self.own.as_str())];
        links.extend(self.next.as_deref().map(|next| link("next", next)));
        let versions: &Versions = &self.page.versions;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "FeatureCollection")?;
        map.serialize_entry("numberMatched", &self.page.matched)?;
        map.serialize_entry("numberReturned", &self.page.features.len())?;
        map.serialize_entry("version", versions)?;
        map.serialize_entry("as_of", &as_of_text(self.as_of))?;
        map.serialize_entry("links", &links)?;
        map.serialize_entry("features", &Features { writer: self.writer, found: &self.page.features })?;
        map.end()
    }
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
        let mut list = serializer.serialize_seq(Some(self.found.len()))?;
        for found in self.found {
            list.serialize_element(&OneFeature { writer: self.writer, found })?;
        }
        list.end()
    }
}

/// One feature of the list.
pub struct OneFeature<'a> {
    /// How it is written.
    pub writer: FeatureWriter<'a>,
    /// The feature.
    pub found: &'a FoundFeature,
}

impl Serialize for OneFeature<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Point {
            r#type: &'static str,
            coordinates: [f64; 2],
        }
        let feature = &self.found.feature;
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("type", "Feature")?;
        map.serialize_entry("id", &feature.id)?;
        // A projection has no number for some places far from it: no geometry then, which GeoJSON allows.
        let point = self.writer.crs.from_lon_lat(feature.at);
        map.serialize_entry("geometry", &point.map(|coordinates| Point { r#type: "Point", coordinates }))?;
        map.serialize_entry("properties", &Properties(self))?;
        map.end()
    }
}

struct Properties<'a>(&'a OneFeature<'a>);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let OneFeature { writer, found } = self.0;
        let mut map = serializer.serialize_map(None)?;
        for (index, field) in writer.fields() {
            match found.feature.values.get(index).unwrap_or(&Value::Null) {
                Value::Null => map.serialize_entry(&field.name, &None::<u8>)?,
                Value::Text(text) => map.serialize_entry(&field.name, text)?,
                Value::Integer(number) => map.serialize_entry(&field.name, number)?,
                Value::Real(number) => map.serialize_entry(&field.name, number)?,
                Value::Boolean(truth) => map.serialize_entry(&field.name, truth)?,
                Value::Date(day) => map.serialize_entry(&field.name, &day.to_string())?,
                Value::Timestamp(instant) => map.serialize_entry(&field.name, &instant.to_string())?,
            }
        }
        let (code, relation) = writer.unit(found);
        if let Some(code) = code {
            map.serialize_entry("unit", code)?;
        }
        map.serialize_entry("unit_relation", &relation)?;
        if let Some(metres) = found.distance_m {
            map.serialize_entry("distance_m", &millimetres(metres))?;
        }
        map.end()
    }
}

/// The address of the next page: this one's with another cursor.
pub fn next_url(asked: &Asked, params: &super::super::params::Params, cursor: &str) -> String {
    let kept = params.without("cursor");
    let query = super::super::tilejson::query_of(&kept);
    let joint = if query.is_empty() { '?' } else { '&' };
    asked.url(&format!("{}{query}{joint}cursor={cursor}", asked.path()))
}
