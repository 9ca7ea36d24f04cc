//! A shape in a request's body: GeoJSON (RFC 7946) read in bounded memory. Coordinates are never held as a tree of JSON:
//! reading stops at the first vertex too many.

use std::cell::Cell;
use std::fmt;

use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use bytes::Bytes;
use geo_types::{Coord, LineString, MultiLineString, MultiPolygon, Polygon};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::Service;
use super::super::problem::{Kind, Problem};
use crate::engine::geodesic::distance_m;
use crate::model::LonLat;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    r#type: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    coordinates: Option<&'a RawValue>,
    #[serde(borrow)]
    geometry: Option<&'a RawValue>,
}

/// A shape to ask with.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// What is inside.
    Polygon(MultiPolygon<f64>),
    /// What is near it.
    Line(MultiLineString<f64>),
}

/// The shape in a body that came whole and is not packed, as [`read_shape`] reads it within the service's bounds.
pub async fn asked_shape(
    shared: &Service,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Shape, Problem> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::of(Kind::UnsupportedBody, "Content-Encoding", "expected a body that is not compressed"));
    }
    let body = body?;
    let bounds = (shared.settings.vertices, shared.settings.line_m);
    shared.atlas.read(body.len(), move || read_shape(&body, bounds)).await?
}

/// Reads a `Polygon`, `MultiPolygon`, `LineString`, `MultiLineString`, or a `Feature` of one, with at most `vertices` positions; a line
/// is at most `line_m` metres long. Degrees WGS 84, longitude first.
///
/// Where rings cross themselves or each other, inside is what the crossing test says (even–odd).
fn read_shape(body: &[u8], (vertices, line_m): (usize, f64)) -> Result<Shape, Problem> {
    let mut object: Body = parse(body)?;
    if object.r#type.as_deref() == Some("Feature") {
        let geometry = object.geometry.ok_or_else(|| invalid("geometry", "a polygon or line in the Feature"))?;
        object = parse(geometry.get().as_bytes())?;
    }
    match object.r#type.as_deref() {
        Some("Polygon") => polygons(vec![coordinates(object.coordinates, vertices)?]),
        Some("MultiPolygon") => polygons(coordinates(object.coordinates, vertices)?),
        Some("LineString") => {
            let positions: Vec<Position> = coordinates(object.coordinates, vertices)?;
            lines(vec![positions.into_iter().map(|Position(coord)| coord).collect()], line_m)
        }
        Some("MultiLineString") => lines(coordinates(object.coordinates, vertices)?, line_m),
        found => {
            let detail = format!(
                "a GeoJSON Polygon, MultiPolygon, LineString, MultiLineString or a Feature of one, found {found:?}"
            );
            Err(invalid("type", &detail))
        }
    }
}

fn polygons(polygons: Vec<Vec<LineString<f64>>>) -> Result<Shape, Problem> {
    if polygons.is_empty() {
        return Err(invalid("coordinates", "at least one polygon"));
    }
    let polygons: Result<MultiPolygon<f64>, Problem> = polygons.into_iter().map(polygon).collect();
    polygons.map(Shape::Polygon)
}

fn lines(lines: Vec<LineString<f64>>, line_m: f64) -> Result<Shape, Problem> {
    if lines.is_empty() || lines.iter().any(|line| line.0.len() < 2) {
        return Err(invalid("coordinates", "at least one line, each of at least 2 positions"));
    }
    let place = |coord: Coord<f64>| LonLat { lon: coord.x, lat: coord.y };
    let edges = lines.iter().flat_map(LineString::lines);
    let length_m: f64 = edges.map(|edge| distance_m(place(edge.start), place(edge.end))).sum();
    if length_m > line_m {
        let detail = format!("a line of at most {line_m} m, found {} m; ask for parts of it", length_m.round());
        return Err(invalid("coordinates", &detail));
    }
    Ok(Shape::Line(MultiLineString(lines)))
}

fn invalid(member: &str, expected: &str) -> Problem {
    Problem::of(Kind::InvalidGeometry, member, format!("expected {expected}"))
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|fault| {
        let detail = format!(
            "expected a GeoJSON object in JSON; reading stopped at line {} column {}",
            fault.line(),
            fault.column()
        );
        Problem::of(Kind::MalformedBody, "body", detail)
    })
}

fn coordinates<T: Ring>(raw: Option<&RawValue>, vertices: usize) -> Result<Vec<T>, Problem> {
    let raw = raw.ok_or_else(|| invalid("coordinates", "coordinates"))?;
    let left = Cell::new(vertices);
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    ListOf::<T>::new(&left).deserialize(&mut reader).map_err(|fault| {
        if fault.to_string().starts_with(TOO_MANY) {
            return invalid("coordinates", &format!("at most {vertices} vertices; simplify the shape"));
        }
        let detail = format!("arrays of rings of positions [lon, lat]; {fault}");
        invalid("coordinates", &detail)
    })
}

fn polygon(rings: Vec<LineString<f64>>) -> Result<Polygon<f64>, Problem> {
    for (number, ring) in rings.iter().enumerate() {
        let closed = ring.0.first() == ring.0.last();
        if ring.0.len() < 4 || !closed {
            let detail =
                format!("rings of at least 4 positions whose last is the first again; ring {} is not", number + 1);
            return Err(invalid("coordinates", &detail));
        }
    }
    let mut rings = rings.into_iter();
    let exterior = rings.next().ok_or_else(|| invalid("coordinates", "at least one ring in each polygon"))?;
    Ok(Polygon::new(exterior, rings.collect()))
}

const TOO_MANY: &str = "too many vertices";

/// Something that is a list in coordinates, down to the ring.
trait Ring: Sized {
    fn read<'de, D: Deserializer<'de>>(reader: D, left: &Cell<usize>) -> Result<Self, D::Error>;
}

impl Ring for LineString<f64> {
    fn read<'de, D: Deserializer<'de>>(reader: D, left: &Cell<usize>) -> Result<Self, D::Error> {
        let positions = ListOf::<Position>::new(left).deserialize(reader)?;
        Ok(Self(positions.into_iter().map(|Position(coord)| coord).collect()))
    }
}

impl Ring for Vec<LineString<f64>> {
    fn read<'de, D: Deserializer<'de>>(reader: D, left: &Cell<usize>) -> Result<Self, D::Error> {
        ListOf::new(left).deserialize(reader)
    }
}

struct Position(Coord<f64>);

impl Ring for Position {
    fn read<'de, D: Deserializer<'de>>(reader: D, left: &Cell<usize>) -> Result<Self, D::Error> {
        spend(left)?;
        reader.deserialize_seq(PositionVisitor).map(Self)
    }
}

fn spend<E: serde::de::Error>(left: &Cell<usize>) -> Result<(), E> {
    left.set(left.get().checked_sub(1).ok_or_else(|| E::custom(TOO_MANY))?);
    Ok(())
}

struct PositionVisitor;

impl<'de> Visitor<'de> for PositionVisitor {
    type Value = Coord<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a position [lon, lat] in degrees, longitude from -180 to 180, latitude from -90 to 90")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (Some(x), Some(y)) = (list.next_element::<f64>()?, list.next_element::<f64>()?) else {
            return Err(A::Error::invalid_length(1, &self));
        };
        // An altitude, and whatever else, says nothing here (RFC 7946 §3.1.1).
        while list.next_element::<IgnoredAny>()?.is_some() {}
        if (-180.0..=180.0).contains(&x) && (-90.0..=90.0).contains(&y) {
            return Ok(Coord { x, y });
        }
        Err(A::Error::custom(format!("expected longitude from -180 to 180, latitude from -90 to 90, found {x}, {y}")))
    }
}

/// A list of which every element takes from one budget of positions. Empty lists take one too: a million of them is no less work.
struct ListOf<'b, T> {
    left: &'b Cell<usize>,
    element: std::marker::PhantomData<T>,
}

impl<'b, T> ListOf<'b, T> {
    fn new(left: &'b Cell<usize>) -> Self {
        Self { left, element: std::marker::PhantomData }
    }
}

impl<'de, T: Ring> DeserializeSeed<'de> for ListOf<'_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Vec<T>, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de, T: Ring> Visitor<'de> for ListOf<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element_seed(Element::<T> { left: self.left, element: self.element })? {
            all.push(one);
        }
        if all.is_empty() {
            spend(self.left)?;
        }
        Ok(all)
    }
}

struct Element<'b, T> {
    left: &'b Cell<usize>,
    element: std::marker::PhantomData<T>,
}

impl<'de, T: Ring> DeserializeSeed<'de> for Element<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<T, D::Error> {
        T::read(reader, self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_polygon(body: &[u8], vertices: usize) -> Result<Shape, Problem> {
        read_shape(body, (vertices, 1e6))
    }

    const SQUARE: &str = "[[0,0],[1,0],[1,1],[0,0]]";

    #[test]
    fn a_polygon_is_read_in_each_of_its_forms() {
        let polygon = format!("{{\"coordinates\":[{SQUARE}],\"type\":\"Polygon\"}}");
        let read = read_polygon(polygon.as_bytes(), 4).expect("a polygon");
        for form in [
            format!("{{\"type\":\"MultiPolygon\",\"coordinates\":[[{SQUARE}]]}}"),
            format!("{{\"type\":\"Feature\",\"properties\":null,\"geometry\":{polygon}}}"),
            polygon.replace("[0,0]", "[0,0,12.5]"),
            polygon.replace("Polygon\"", "Polygon\",\"bbox\":[0,0,1,1],\"crs\":null"),
        ] {
            assert_eq!(read_polygon(form.as_bytes(), 4).expect(&form), read, "{form}");
        }
    }

    #[test]
    fn a_body_that_cannot_be_asked_with_is_refused_by_the_member_at_fault() {
        let polygon = |coordinates: &str| format!("{{\"type\":\"Polygon\",\"coordinates\":{coordinates}}}");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for (body, kind, member) in [
            (String::new(), Kind::MalformedBody, "body"),
            ("{\"type\":".to_owned(), Kind::MalformedBody, "body"),
            ("[]".to_owned(), Kind::MalformedBody, "body"),
            ("{\"type\":\"Polygon\",\"type\":\"Polygon\"}".to_owned(), Kind::MalformedBody, "body"),
            ("\u{feff}{}".to_owned(), Kind::MalformedBody, "body"),
            ("{}".to_owned(), Kind::InvalidGeometry, "type"),
            ("{\"type\":\"Point\",\"coordinates\":[0,0]}".to_owned(), Kind::InvalidGeometry, "type"),
            ("{\"type\":\"Feature\",\"geometry\":null}".to_owned(), Kind::InvalidGeometry, "geometry"),
            ("{\"type\":\"Polygon\"}".to_owned(), Kind::InvalidGeometry, "coordinates"),
            ("{\"type\":\"MultiPolygon\",\"coordinates\":[]}".to_owned(), Kind::InvalidGeometry, "coordinates"),
            ("{\"type\":\"MultiPolygon\",\"coordinates\":[[]]}".to_owned(), Kind::InvalidGeometry, "coordinates"),
            (polygon("[]"), Kind::InvalidGeometry, "coordinates"),
            (polygon("[[]]"), Kind::InvalidGeometry, "coordinates"),
            (polygon("[[[0,0],[1,0],[0,0]]]"), Kind::InvalidGeometry, "coordinates"),
            (polygon("[[[0,0],[1,0],[1,1],[0,1]]]"), Kind::InvalidGeometry, "coordinates"),
            (polygon("[[[0,0],[181,0],[1,1],[0,0]]]"), Kind::InvalidGeometry, "coordinates"),
            (polygon("[[[0,0],[1,-91],[1,1],[0,0]]]"), Kind::InvalidGeometry, "coordinates"),
            (polygon("[[[0,0],[1],[1,1],[0,0]]]"), Kind::InvalidGeometry, "coordinates"),
            (polygon("[[[0,0],[\"1\",0],[1,1],[0,0]]]"), Kind::InvalidGeometry, "coordinates"),
            (polygon("[[[0,0],[NaN,0],[1,1],[0,0]]]"), Kind::MalformedBody, "body"),
            (polygon("[[[0,0],[1e999,0],[1,1],[0,0]]]"), Kind::InvalidGeometry, "coordinates"),
            ("{\"type\":\"LineString\",\"coordinates\":[[0,0]]}".to_owned(), Kind::InvalidGeometry, "coordinates"),
            ("{\"type\":\"LineString\",\"coordinates\":[]}".to_owned(), Kind::InvalidGeometry, "coordinates"),
            (
                "{\"type\":\"LineString\",\"coordinates\":[[0,0],[9,9]]}".to_owned(),
                Kind::InvalidGeometry,
                "coordinates",
            ),
            (
                "{\"type\":\"MultiLineString\",\"coordinates\":[[[0,0],[0,1]],[]]}".to_owned(),
                Kind::InvalidGeometry,
                "coordinates",
            ),
            (polygon(&deep), Kind::InvalidGeometry, "coordinates"),
        ] {
            let refused = read_polygon(body.as_bytes(), 100).expect_err(&body);
            let shown: String = body.chars().take(80).collect();
            assert_eq!((refused.kind(), refused.parameter()), (kind, Some(member)), "{shown}");
        }
    }

    #[test]
    fn reading_stops_at_the_first_vertex_too_many() {
        let million = format!("[[{}[0,0]]]", "[0,0],".repeat(1_000_000));
        for coordinates in [million.clone(), format!("[{million}]")] {
            let kind = if coordinates.starts_with("[[[[") { "MultiPolygon" } else { "Polygon" };
            let body = format!("{{\"type\":\"{kind}\",\"coordinates\":{coordinates}}}");
            let refused = read_polygon(body.as_bytes(), 1000).expect_err("too many");
            assert_eq!((refused.kind(), refused.parameter()), (Kind::InvalidGeometry, Some("coordinates")));
            let document = String::from_utf8(refused.document("1")).expect("text");
            assert!(document.contains("at most 1000 vertices"), "{document}");
        }
    }

    #[test]
    fn a_million_empty_rings_are_as_bounded_as_vertices() {
        let body = format!("{{\"type\":\"Polygon\",\"coordinates\":[{}[]]}}", "[],".repeat(1_000_000));
        let refused = read_polygon(body.as_bytes(), 1000).expect_err("no polygon");
        let document = String::from_utf8(refused.document("1")).expect("text");
        assert!(document.contains("at most 1000 vertices"), "{document}");
    }
}
