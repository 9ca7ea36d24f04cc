//! Geometry literals in text: Well-Known Text with an optional `Z`, and `BBOX`.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};

use super::Fault;
use super::lexer::Token;
use super::parser::Parser;
use crate::model::filter::ExprKind;

impl Parser {
    /// The geometry that begins at the word `name`, where one does.
    pub(super) fn geometry_literal(&mut self, name: &str) -> Result<Option<ExprKind>, Fault> {
        let opens = |token: &Token| matches!(token, Token::Symbol("("));
        let is_z = matches!(self.ahead(1), Token::Name(z) if z.eq_ignore_ascii_case("Z")) && opens(self.ahead(2));
        let name = name.to_ascii_uppercase();
        let known = ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON"];
        let is_one = known.contains(&name.as_str()) || name == "GEOMETRYCOLLECTION";
        if name == "BBOX" && opens(self.ahead(1)) {
            self.step();
            return self.bbox().map(Some);
        }
        if !is_one || !(is_z || opens(self.ahead(1))) {
            return Ok(None);
        }
        self.step();
        if is_z {
            self.step();
        }
        self.geometry(&name).map(|geometry| Some(ExprKind::Geometry(geometry)))
    }

    /// After the geometry's name.
    fn geometry(&mut self, name: &str) -> Result<Geometry<f64>, Fault> {
        Ok(match name {
            "POINT" => Geometry::Point(self.point()?),
            "LINESTRING" => Geometry::LineString(self.line()?),
            "POLYGON" => Geometry::Polygon(self.polygon()?),
            "MULTIPOINT" => Geometry::MultiPoint(MultiPoint(self.parts(Self::point_of_many)?)),
            "MULTILINESTRING" => Geometry::MultiLineString(MultiLineString(self.parts(Self::line)?)),
            "MULTIPOLYGON" => Geometry::MultiPolygon(MultiPolygon(self.parts(Self::polygon)?)),
            _ => Geometry::GeometryCollection(GeometryCollection(self.parts(Self::member)?)),
        })
    }

    fn parts<T>(&mut self, part: impl Fn(&mut Self) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        self.needs("(")?;
        self.list(part)
    }

    /// A collection's members are no collections (BNF `geometryLiteral`), so this does not nest.
    fn member(&mut self) -> Result<Geometry<f64>, Fault> {
        let at = self.at();
        let Token::Name(name) = self.peek().clone() else { return Err(self.expected("a geometry such as POINT(…)")) };
        if !name.eq_ignore_ascii_case("GEOMETRYCOLLECTION")
            && let Some(ExprKind::Geometry(geometry)) = self.geometry_literal(&name)?
        {
            return Ok(geometry);
        }
        Err(Fault::new(&at, "a member of a collection is a point, line or polygon, or several of one kind"))
    }

    fn point(&mut self) -> Result<Point<f64>, Fault> {
        self.needs("(")?;
        let position = self.position()?;
        self.needs(")")?;
        Ok(Point(position))
    }

    /// `(1 2)`, or `1 2` as older Well-Known Text has it.
    fn point_of_many(&mut self) -> Result<Point<f64>, Fault> {
        if matches!(self.peek(), Token::Symbol("(")) { self.point() } else { self.position().map(Point) }
    }

    fn line(&mut self) -> Result<LineString<f64>, Fault> {
        self.parts(Self::position).map(LineString)
    }

    fn polygon(&mut self) -> Result<Polygon<f64>, Fault> {
        let at = self.at();
        let rings = self.parts(Self::line)?;
        polygon(rings).map_err(|what| Fault::new(&at, what))
    }

    fn position(&mut self) -> Result<Coord<f64>, Fault> {
        let position = Coord { x: self.coordinate()?, y: self.coordinate()? };
        if matches!(self.peek(), Token::Number(_) | Token::Symbol("-" | "+")) {
            self.coordinate()?;
        }
        Ok(position)
    }

    fn coordinate(&mut self) -> Result<f64, Fault> {
        let sign = if self.takes("-") { -1.0 } else { 1.0 };
        if sign > 0.0 {
            self.takes("+");
        }
        let number = match self.peek() {
            Token::Number(digits) => digits.parse::<f64>().ok().filter(|number| number.is_finite()),
            _ => None,
        };
        let number = number.ok_or_else(|| self.expected("a number"))?;
        self.step();
        Ok(sign * number)
    }

    fn bbox(&mut self) -> Result<ExprKind, Fault> {
        let at = self.at();
        let numbers = self.parts(Self::coordinate)?;
        bbox(&numbers).map(ExprKind::Bbox).ok_or_else(|| Fault::new(&at, "BBOX takes 4 numbers, or 6 with heights"))
    }
}

/// A box from 4 numbers, or from 6 with heights.
pub(super) fn bbox(numbers: &[f64]) -> Option<[f64; 4]> {
    match *numbers {
        [west, south, east, north] | [west, south, _, east, north, _] => Some([west, south, east, north]),
        _ => None,
    }
}

/// A polygon from its rings, the outer one first; they must be closed here, since `Polygon` would close them in silence.
pub(super) fn polygon(rings: Vec<LineString<f64>>) -> Result<Polygon<f64>, &'static str> {
    if rings.iter().any(|ring| ring.0.len() < 4 || ring.0.first() != ring.0.last()) {
        return Err("a ring has at least four positions, of which the last is the first again");
    }
    let mut rings = rings.into_iter();
    let outer = rings.next().ok_or("a polygon has an outer ring")?;
    Ok(Polygon::new(outer, rings.collect()))
}
