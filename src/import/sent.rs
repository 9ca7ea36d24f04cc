//! One feature as a program sends it to be stored: read more strictly than a file's, and a fault refuses it whole.

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::fault::Fault;
use super::geometry::{on_earth, raw_point};
use super::raw_feature::read_feature;
use super::record::{Cell, RawGeometry};
use super::{ids, sent_value};
use crate::engine::crs::Crs;
use crate::model::{Layer, LonLat, Value, View};
use crate::store::ImportId;

pub use super::ids::{MAX_ID, MAX_ID_BYTES};

/// Largest feature that is sent, in bytes.
pub const MAX_SENT_BYTES: usize = 4 << 20;
/// Properties that answers have and nobody can set.
pub const READ_ONLY: [&str; 3] = ["unit", "unit_relation", "distance_m"];

/// For whom and for what a feature is read.
pub struct SentTo<'a> {
    /// The layer that it is to be a feature of.
    pub layer: &'a Layer,
    /// Fields that the sender does not see are unknown to it.
    pub view: View,
    /// Zone of times that are written without one.
    pub zone: &'a TimeZone,
    /// Of its coordinates.
    pub crs: Crs,
}

/// A whole feature.
#[derive(Debug, Clone, PartialEq)]
pub struct SentFeature {
    /// The id that it brings.
    pub id: ImportId,
    /// Where it is, degrees.
    pub at: LonLat,
    /// One for each of the layer's fields; none for those that the sender does not see.
    pub values: Vec<Option<Value>>,
}

/// What of a feature is to become otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct SentPatch {
    /// Its new place, degrees.
    pub at: Option<LonLat>,
    /// One for each of the layer's fields; none for those that stay.
    pub values: Vec<Option<Value>>,
}

/// Why what was sent is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentFault {
    /// It is no JSON, or no feature.
    Malformed(String),
    /// A member or property is not what it can be.
    Misfit {
        /// Its name.
        member: String,
        /// What was expected and what was found.
        detail: String,
    },
}

fn is_id(json: &Json, id: u64) -> bool {
    json.as_u64() == Some(id) || json.as_str() == Some(id.to_string().as_str())
}

fn misfit(member: &str, detail: impl Into<String>) -> SentFault {
    SentFault::Misfit { member: member.to_owned(), detail: detail.into() }
}

fn of_fault(member: &str) -> impl Fn(Fault) -> SentFault {
    move |fault| misfit(member, fault.message)
}

impl SentTo<'_> {
    /// Reads a GeoJSON feature. Fields that it has no property for are empty.
    pub fn whole(&self, body: &[u8]) -> Result<SentFeature, SentFault> {
        let raw = read_feature(body, 1).map_err(SentFault::Malformed)?;
        self.check_crs(body)?;
        let id = ids::from_cell(Cell::of_json(&raw.id)).map_err(of_fault("id"))?;
        let at = self.point(&raw.geometry)?;
        let values = self.values(&raw.properties.unwrap_or_default(), Some(&Value::Null))?;
        Ok(SentFeature { id, at, values })
    }

    /// Reads a JSON merge patch (RFC 7396) of the GeoJSON feature with this id.
    pub fn patch(&self, body: &[u8], id: u64) -> Result<SentPatch, SentFault> {
        let malformed = |_| SentFault::Malformed("expected a JSON merge patch of a GeoJSON feature".to_owned());
        let patch: Map<String, Json> = serde_json::from_slice(body).map_err(malformed)?;
        self.check_crs(body)?;
        if patch.get("id").is_some_and(|new| !is_id(new, id)) {
            return Err(misfit("id", "expected the feature's own id, or none: an id does not change"));
        }
        if patch.get("type").is_some_and(|kind| kind != "Feature") {
            return Err(misfit("type", "expected \"Feature\""));
        }
        let at = patch.get("geometry").map(|geometry| self.patched_point(geometry)).transpose()?.flatten();
        let values = match patch.get("properties") {
            None => self.values(&Map::new(), None)?,
            Some(Json::Object(properties)) => self.values(properties, None)?,
            Some(Json::Null) => self.values(&Map::new(), Some(&Value::Null))?,
            Some(_) => return Err(misfit("properties", "expected an object")),
        };
        Ok(SentPatch { at, values })
    }

    /// A patch of a point may leave its type out.
    fn patched_point(&self, geometry: &Json) -> Result<Option<LonLat>, SentFault> {
        match geometry {
            Json::Object(parts) => {
                if parts.get("type").is_some_and(|kind| kind == "Point") && !parts.contains_key("coordinates") {
                    return Ok(None);
                }
                let mut whole = parts.clone();
                whole.entry("type").or_insert_with(|| "Point".into());
                self.point(&Json::Object(whole)).map(Some)
            }
            other => self.point(other).map(Some),
        }
    }

    /// The point in degrees.
    fn point(&self, geometry: &Json) -> Result<LonLat, SentFault> {
        let (x, y) = match raw_point(geometry) {
            RawGeometry::Point { x, y } => (x, y),
            RawGeometry::Unfit(fault) => return Err(of_fault("geometry")(fault)),
            RawGeometry::None => return Err(misfit("geometry", "expected a Point, found none")),
        };
        let at = if self.crs == Crs::Crs84 { Some(LonLat { lon: x, lat: y }) } else { self.crs.to_lon_lat([x, y]) };
        let at = at.ok_or_else(|| {
            misfit("geometry", format!("expected coordinates inside the area of the Content-Crs {}", self.crs.uri()))
        })?;
        on_earth(at.lon, at.lat).map_err(of_fault("geometry"))
    }

    /// One value for each field; `absent` for those that no property names and the sender sees.
    fn values(&self, properties: &Map<String, Json>, absent: Option<&Value>) -> Result<Vec<Option<Value>>, SentFault> {
        let seen = |name: &str| self.layer.field(name).filter(|(_, field)| self.view.sees_field(field));
        for name in properties.keys() {
            if seen(name).is_none() && !READ_ONLY.contains(&name.as_str()) {
                let known = self.layer.fields.iter().filter(|field| self.view.sees_field(field));
                let known: Vec<&str> = known.map(|field| field.name.as_str()).collect();
                let detail = format!("expected a property of {}: {}", self.layer.id, known.join(", "));
                return Err(misfit(&format!("{name:.64}"), detail));
            }
        }
        let value = |field: &crate::model::Field| {
            if !self.view.sees_field(field) {
                return Ok(None);
            }
            let Some(json) = properties.get(&field.name) else { return Ok(absent.cloned()) };
            sent_value::read(field, json, self.zone).map(Some).map_err(of_fault(&field.name))
        };
        self.layer.fields.iter().map(value).collect()
    }

    /// A member of older or other standards that names a reference system must not be overlooked.
    fn check_crs(&self, body: &[u8]) -> Result<(), SentFault> {
        let members: Map<String, Json> = serde_json::from_slice(body).unwrap_or_default();
        for member in ["crs", "coordRefSys"] {
            let named = members.get(member).filter(|named| !named.is_null()).map(Json::to_string);
            let agrees =
                |named: &String| named.contains(self.crs.uri()) || self.crs == Crs::Crs84 && named.contains("CRS84");
            if named.is_some_and(|named| !agrees(&named)) {
                let detail = format!(
                    "expected {}, or the header Content-Crs with the system of the coordinates",
                    self.crs.uri()
                );
                return Err(misfit(member, detail));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tests::layer;
    use crate::model::Classification;

    fn read<T>(read: impl Fn(&SentTo<'_>) -> Result<T, SentFault>, crs: Crs) -> Result<T, SentFault> {
        let (layer, zone) = (layer(), TimeZone::UTC);
        read(&SentTo { layer: &layer, view: View::EVERYTHING, zone: &zone, crs })
    }

    fn whole(body: &str) -> Result<SentFeature, SentFault> {
        read(|to| to.whole(body.as_bytes()), Crs::Crs84)
    }

    fn patch(body: &str) -> Result<SentPatch, SentFault> {
        read(|to| to.patch(body.as_bytes(), 7), Crs::Crs84)
    }

    #[test]
    fn a_fault_names_the_member_it_is_in() {
        let of = |member: &str| format!("{{\"type\":\"Feature\",{member}}}");
        let point = "\"geometry\":{\"type\":\"Point\",\"coordinates\":[108.8,15.1]}";
        for (body, member) in [
            (of("\"geometry\":null"), "geometry"),
            (of("\"geometry\":{\"type\":\"Point\",\"coordinates\":[15.1,108.8]}"), "geometry"),
            // PostgreSQL ends a statement that computes with them.
            (of("\"geometry\":{\"type\":\"Point\",\"coordinates\":[2.2250738585e-313,5e-324]}"), "geometry"),
            (of(&format!("{point},\"properties\":{{\"category\":\"nothing\"}}")), "category"),
            (of(&format!("{point},\"properties\":{{\"colour\":1}}")), "colour"),
            (of(&format!("{point},\"id\":-1")), "id"),
            (of(&format!("{point},\"crs\":{{\"properties\":{{\"name\":\"EPSG:5898\"}}}}")), "crs"),
        ] {
            assert!(matches!(whole(&body), Err(SentFault::Misfit { member: found, .. }) if found == member), "{body}");
        }
        for body in ["", "7", "{}", "{\"type\":\"FeatureCollection\",\"features\":[]}"] {
            assert!(matches!(whole(body), Err(SentFault::Malformed(_))), "{body}");
        }
        let read_only = of(&format!("{point},\"properties\":{{\"unit\":\"21001\",\"unit_relation\":\"near\"}}"));
        assert!(whole(&read_only).expect("what an answer has may be sent back").values.iter().all(Option::is_some));
    }

    #[test]
    fn a_patch_says_what_becomes_otherwise_and_leaves_the_rest() {
        let empty = patch("{}").expect("a patch");
        assert!(empty.at.is_none() && empty.values.iter().all(Option::is_none));
        let unset = patch("{\"properties\":{\"category\":null}}").expect("a patch");
        assert_eq!(unset.values[0], Some(Value::Null));
        assert!(unset.values[1..].iter().all(Option::is_none));
        let moved = patch("{\"geometry\":{\"coordinates\":[1,2]},\"id\":7}").expect("a patch");
        assert_eq!(moved.at, Some(LonLat { lon: 1.0, lat: 2.0 }));
        assert_eq!(patch("{\"geometry\":{\"type\":\"Point\"}}").expect("a patch").at, None);
        for (body, member) in
            [("{\"id\":8}", "id"), ("{\"geometry\":null}", "geometry"), ("{\"properties\":1}", "properties")]
        {
            assert!(matches!(patch(body), Err(SentFault::Misfit { member: found, .. }) if found == member), "{body}");
        }
    }

    #[test]
    fn coordinates_are_read_in_the_system_that_the_sender_names() {
        let body = "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[15.1,108.8]}}";
        let sent = read(|to| to.whole(body.as_bytes()), Crs::Wgs84).expect("latitude first");
        assert_eq!(sent.at, LonLat { lon: 108.8, lat: 15.1 });
        let body =
            "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[585791.0051,1672370.1013]}}";
        let sent = read(|to| to.whole(body.as_bytes()), Crs::parse("EPSG:5898").expect("known")).expect("metres");
        assert!((sent.at.lon - 108.8).abs() < 1e-7 && (sent.at.lat - 15.12).abs() < 1e-7, "{:?}", sent.at);
        assert!(read(|to| to.whole(body.as_bytes()), Crs::Crs84).is_err(), "585,791 degrees");
    }

    #[test]
    fn a_field_that_the_sender_does_not_see_is_no_property() {
        let (mut layer, zone) = (layer(), TimeZone::UTC);
        layer.fields[0].classification = Some(Classification::Internal);
        let to = SentTo { layer: &layer, view: View::PUBLIC, zone: &zone, crs: Crs::Crs84 };
        let point = "\"geometry\":{\"type\":\"Point\",\"coordinates\":[108.8,15.1]}";
        let sent = to.whole(format!("{{\"type\":\"Feature\",{point}}}").as_bytes()).expect("a feature");
        assert_eq!(sent.values[0], None);
        let name = &layer.fields[0].name;
        assert!(
            to.whole(format!("{{\"type\":\"Feature\",{point},\"properties\":{{\"{name}\":null}}}}").as_bytes())
                .is_err()
        );
    }
}
