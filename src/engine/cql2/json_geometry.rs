//! Geometry literals in CQL2 JSON: `GeoJSON`, and `bbox`.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use serde_json::{Map, Value};

use super::{Fault, wkt};
use crate::model::filter::Place;

fn fault(path: &str, what: impl Into<String>) -> Fault {
    Fault { at: Place::Pointer(path.into()), what: what.into() }
}

/// A `GeoJSON` geometry; a collection's members are no collections.
pub(super) fn geometry(path: &str, object: &Map<String, Value>) -> Result<Geometry<f64>, Fault> {
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind == "GeometryCollection" {
        let path = format!("{path}/geometries");
        let member = |path: &str, member: &Value| match member {
            Value::Object(member) if member.get("type") != object.get("type") => geometry(path, member),
            _ => Err(fault(path, "a member of a collection is a point, line or polygon, or several of one kind")),
        };
        let members = parts(&path, object.get("geometries").unwrap_or(&Value::Null), member)?;
        return Ok(Geometry::GeometryCollection(GeometryCollection(members)));
    }
    let path = format!("{path}/coordinates");
    let given = object.get("coordinates").unwrap_or(&Value::Null);
    Ok(match kind {
        "Point" => Geometry::Point(Point(position(&path, given)?)),
        "LineString" => Geometry::LineString(line(&path, given)?),
        "Polygon" => Geometry::Polygon(polygon(&path, given)?),
        "MultiPoint" => {
            let point = |path: &str, given: &Value| position(path, given).map(Point);
            Geometry::MultiPoint(MultiPoint(parts(&path, given, point)?))
        }
        "MultiLineString" => Geometry::MultiLineString(MultiLineString(parts(&path, given, line)?)),
        "MultiPolygon" => Geometry::MultiPolygon(MultiPolygon(parts(&path, given, polygon)?)),
        _ => return Err(fault(&path, format!("{kind:.40} is no geometry of GeoJSON"))),
    })
}

/// A box of 4 numbers, or of 6 with heights.
pub(super) fn bbox(path: &str, given: &Value) -> Result<[f64; 4], Fault> {
    let numbers = parts(path, given, number)?;
    wkt::bbox(&numbers).ok_or_else(|| fault(path, "a box is 4 numbers, or 6 with heights"))
}

fn parts<T>(path: &str, given: &Value, part: impl Fn(&str, &Value) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    match given {
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().map(|(index, item)| part(&format!("{path}/{index}"), item)).collect()
        }
        _ => Err(fault(path, "expected an array with something in it")),
    }
}

fn number(path: &str, given: &Value) -> Result<f64, Fault> {
    given.as_f64().filter(|number| number.is_finite()).ok_or_else(|| fault(path, "expected a number"))
}

fn position(path: &str, given: &Value) -> Result<Coord<f64>, Fault> {
    match parts(path, given, number)?.as_slice() {
        &[x, y] | &[x, y, _] => Ok(Coord { x, y }),
        _ => Err(fault(path, "a position is 2 numbers, or 3 with its height")),
    }
}

fn line(path: &str, given: &Value) -> Result<LineString<f64>, Fault> {
    parts(path, given, position).map(LineString)
}

fn polygon(path: &str, given: &Value) -> Result<Polygon<f64>, Fault> {
    wkt::polygon(parts(path, given, line)?).map_err(|what| fault(path, what))
}
