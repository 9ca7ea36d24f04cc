//! GeoJSON geometries (RFC 7946), coordinate by coordinate: longitude first, degrees WGS 84, a third number left out.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use serde_json::Value as Json;

use super::fault::Fault;
use super::record::RawGeometry;
use crate::model::{FindingKind, LonLat};

/// Polygons, and what is wrong with rings that are kept nevertheless.
pub(super) struct Polygons {
    pub geometry: MultiPolygon<f64>,
    pub unclosed_rings: usize,
}

/// The coordinates of a `Point`, or of a `MultiPoint` of one (as GIS programs like to write them), in whatever system.
pub(super) fn raw_point(geometry: &Json) -> RawGeometry {
    match point(geometry) {
        Ok(at) => RawGeometry::Point { x: at.x, y: at.y },
        Err(fault) if fault.kind == FindingKind::MissingPosition => RawGeometry::None,
        Err(fault) => RawGeometry::Unfit(fault),
    }
}

fn point(geometry: &Json) -> Result<Coord<f64>, Fault> {
    let (kind, coordinates) = parts(geometry)?;
    let position = match kind {
        "Point" => coordinates,
        "MultiPoint" => match array(coordinates)? {
            [one] => one,
            [] => return Err(missing()),
            many => return Err(wrong(&format!("a Point, found a MultiPoint of {}", many.len()))),
        },
        other => return Err(wrong(&format!("a Point, found {other:?}"))),
    };
    numbers_of(position)
}

/// The rings of a `Polygon` or `MultiPolygon`, as published: nothing is oriented, repaired or left out.
pub(super) fn polygons(geometry: &Json) -> Result<Polygons, Fault> {
    let (kind, coordinates) = parts(geometry)?;
    let mut found = Polygons { geometry: MultiPolygon(Vec::new()), unclosed_rings: 0 };
    match kind {
        "Polygon" => found.add(coordinates)?,
        "MultiPolygon" => array(coordinates)?.iter().try_for_each(|polygon| found.add(polygon))?,
        other => return Err(wrong(&format!("a Polygon or MultiPolygon, found {other:?}"))),
    }
    if found.geometry.0.is_empty() { Err(missing()) } else { Ok(found) }
}

impl Polygons {
    fn add(&mut self, rings: &Json) -> Result<(), Fault> {
        let mut read = Vec::new();
        for positions in array(rings)? {
            let ring: Vec<Coord<f64>> = array(positions)?.iter().map(position_of).collect::<Result<_, _>>()?;
            let closed = ring.first() == ring.last();
            self.unclosed_rings += usize::from(!closed);
            // Both stores refuse such a ring, so it cannot be kept as it is.
            if ring.len() + usize::from(!closed) < 4 {
                return Err(Fault::new(
                    FindingKind::InvalidRing,
                    format!("a ring needs at least four positions, the last equal to the first; found {}", ring.len()),
                ));
            }
            read.push(LineString(ring));
        }
        let mut rings = read.into_iter();
        if let Some(exterior) = rings.next() {
            self.geometry.0.push(Polygon::new(exterior, rings.collect()));
        }
        Ok(())
    }
}

fn parts(geometry: &Json) -> Result<(&str, &Json), Fault> {
    if geometry.is_null() {
        return Err(missing());
    }
    let kind = geometry.get("type").and_then(Json::as_str);
    let coordinates = geometry.get("coordinates").unwrap_or(&Json::Null);
    kind.map(|kind| (kind, coordinates)).ok_or_else(|| wrong("a geometry with a \"type\""))
}

fn array(value: &Json) -> Result<&[Json], Fault> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| wrong("coordinates as nested arrays of numbers"))
}

fn position_of(value: &Json) -> Result<Coord<f64>, Fault> {
    let at = numbers_of(value)?;
    on_earth(at.x, at.y).map(|_| at)
}

fn numbers_of(value: &Json) -> Result<Coord<f64>, Fault> {
    let numbers = array(value)?;
    if numbers.is_empty() {
        return Err(missing());
    }
    let (Some(x), Some(y)) = (numbers.first().and_then(Json::as_f64), numbers.get(1).and_then(Json::as_f64)) else {
        return Err(Fault::new(
            FindingKind::InvalidPosition,
            "expected a position [longitude, latitude] of two numbers",
        ));
    };
    Ok(Coord { x, y })
}

/// Degrees that are none and not zero: `PostgreSQL` refuses whatever is computed of them, their squares being below all doubles.
const LEAST_DEGREES: f64 = 1e-100;

/// A place on earth, or the finding that it is none.
pub(super) fn on_earth(lon: f64, lat: f64) -> Result<LonLat, Fault> {
    if let Some(number) = [lon, lat].into_iter().find(|number| *number != 0.0 && number.abs() < LEAST_DEGREES) {
        let message = format!("expected 0 or degrees of at least {LEAST_DEGREES:e}, found {number:e}");
        return Err(Fault::new(FindingKind::InvalidPosition, message));
    }
    LonLat::new("position", lon, lat).map_err(|invalid| {
        let exchanged = LonLat::new("position", lat, lon).is_ok();
        let advice = if exchanged { "; are longitude and latitude exchanged?" } else { "" };
        Fault::new(FindingKind::InvalidPosition, format!("expected {}{advice}", invalid.expected))
    })
}

fn missing() -> Fault {
    Fault::new(FindingKind::MissingPosition, "expected a geometry, found none")
}

fn wrong(expected: &str) -> Fault {
    Fault::new(FindingKind::WrongGeometry, format!("expected {expected}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_point_keeps_every_digit_of_its_position() {
        let json = serde_json::from_str(r#"{"type":"Point","coordinates":[108.79678100000001,15.094513000000002,7]}"#);
        let at = point(&json.unwrap()).unwrap();
        assert_eq!((at.x, at.y), (108.796_781_000_000_01, 15.094_513_000_000_002));
    }

    #[test]
    fn each_way_of_having_no_point_has_its_name() {
        for (geometry, kind) in [
            (Json::Null, FindingKind::MissingPosition),
            (json!({"type": "Point", "coordinates": []}), FindingKind::MissingPosition),
            (json!({"type": "MultiPoint", "coordinates": []}), FindingKind::MissingPosition),
            (json!({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}), FindingKind::WrongGeometry),
            (json!({"type": "Polygon", "coordinates": []}), FindingKind::WrongGeometry),
            (json!({"type": "Point"}), FindingKind::WrongGeometry),
            (json!(7), FindingKind::WrongGeometry),
            (json!({"type": "Point", "coordinates": ["108.8", "15.1"]}), FindingKind::InvalidPosition),
            (json!({"type": "Point", "coordinates": [108.8]}), FindingKind::InvalidPosition),
        ] {
            assert_eq!(point(&geometry).unwrap_err().kind, kind, "{geometry}");
        }
        assert!(point(&json!({"type": "MultiPoint", "coordinates": [[1, 2]]})).is_ok());
    }

    #[test]
    fn a_ring_that_crosses_itself_is_kept_as_published() {
        let bow = json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]});
        let kept = polygons(&bow).unwrap();
        assert_eq!(kept.geometry.0.first().unwrap().exterior().0.len(), 5);
        let open = json!({"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 1], [1, 0]]]]});
        assert_eq!(polygons(&open).unwrap().unclosed_rings, 1);
        let flat = json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]});
        assert_eq!(polygons(&flat).map(|_| ()).unwrap_err().kind, FindingKind::InvalidRing);
    }
}
