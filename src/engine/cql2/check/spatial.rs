//! Relations of geometries. A feature is a point, so each comes down to where the point lies; two geometries that are both
//! written out give the same answer for every feature.

use std::panic::{AssertUnwindSafe, catch_unwind};

use geo::{CoordsIter, Relate};
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point, Polygon};

use super::{Checker, name};
use crate::engine::cql2::Fault;
use crate::model::LonLat;
use crate::model::filter::{Condition, Expr, ExprKind, PlaceTest, SpatialRelation};

/// A side of a spatial relation.
enum Side {
    Position,
    Written(Geometry<f64>),
}

impl Checker<'_> {
    pub(super) fn spatial(&self, relation: SpatialRelation, left: &Expr, right: &Expr) -> Result<Condition, Fault> {
        match (self.side(left)?, self.side(right)?) {
            (Side::Position, Side::Position) => Ok(Condition::Always(matches!(
                relation,
                SpatialRelation::Intersects
                    | SpatialRelation::Equals
                    | SpatialRelation::Within
                    | SpatialRelation::Contains
            ))),
            (Side::Position, Side::Written(geometry)) => Ok(position(relation, geometry)),
            (Side::Written(geometry), Side::Position) => {
                let turned = match relation {
                    SpatialRelation::Within => SpatialRelation::Contains,
                    SpatialRelation::Contains => SpatialRelation::Within,
                    symmetric => symmetric,
                };
                Ok(position(turned, geometry))
            }
            (Side::Written(one), Side::Written(other)) => {
                written(relation, &one, &other).map(Condition::Always).ok_or_else(|| {
                    Fault::new(&left.at, "these two geometries cannot be compared: is one of them invalid?")
                })
            }
        }
    }

    fn side(&self, expr: &Expr) -> Result<Side, Fault> {
        let geometry = match &expr.kind {
            ExprKind::Geometry(geometry) => geometry.clone(),
            ExprKind::Bbox(numbers) => area(*numbers).ok_or_else(|| {
                Fault::new(&expr.at, "a box is west, south, east, north, and its south is not above its north")
            })?,
            _ if self.is_position(expr) => return Ok(Side::Position),
            _ => {
                // An unknown name is told as such.
                self.scalar(expr)?;
                return Err(Fault::new(&expr.at, format!("expected geom or a geometry, found {}", name(expr))));
            }
        };
        for at in geometry.coords_iter() {
            LonLat::new("", at.x, at.y)
                .map_err(|invalid| Fault::new(&expr.at, format!("expected {}", invalid.expected)))?;
        }
        if has_short_line(&geometry) {
            return Err(Fault::new(&expr.at, "a line has at least two different positions"));
        }
        Ok(Side::Written(geometry))
    }
}

fn has_short_line(geometry: &Geometry<f64>) -> bool {
    let short = |line: &LineString<f64>| line.0.iter().all(|at| Some(at) == line.0.first());
    match geometry {
        Geometry::LineString(line) => short(line),
        Geometry::MultiLineString(lines) => lines.iter().any(short),
        Geometry::GeometryCollection(members) => members.iter().any(has_short_line),
        _ => false,
    }
}

/// A box as what it is: a rectangle, two where it crosses the antimeridian (its west is east of its east), or, without
/// width or height, a line or a point. None where its south is above its north.
fn area([west, south, east, north]: [f64; 4]) -> Option<Geometry<f64>> {
    if south > north {
        return None;
    }
    let at = |x: f64, y: f64| Coord { x, y };
    let rectangle = |west: f64, east: f64| {
        let ring = vec![at(west, south), at(east, south), at(east, north), at(west, north), at(west, south)];
        Polygon::new(LineString(ring), Vec::new())
    };
    Some(if west > east {
        Geometry::MultiPolygon(MultiPolygon(vec![rectangle(west, 180.0), rectangle(-180.0, east)]))
    } else if west == east && south == north {
        Geometry::Point(Point(at(west, south)))
    } else if west == east || south == north {
        Geometry::LineString(LineString(vec![at(west, south), at(east, north)]))
    } else {
        Geometry::Polygon(rectangle(west, east))
    })
}

/// How the feature's position lies to a geometry.
fn position(relation: SpatialRelation, geometry: Geometry<f64>) -> Condition {
    match relation {
        SpatialRelation::Intersects => tested(PlaceTest::Meets, geometry),
        SpatialRelation::Disjoint => tested(PlaceTest::Meets, geometry).negated(),
        SpatialRelation::Within => tested(PlaceTest::Inside, geometry),
        SpatialRelation::Touches => tested(PlaceTest::Boundary, geometry),
        // A point holds, and is equal to, nothing but itself.
        SpatialRelation::Equals | SpatialRelation::Contains => match only_point(&geometry) {
            Some(point) => Condition::Position(PlaceTest::Meets, Geometry::Point(point)),
            None => Condition::Always(false),
        },
        // Both need a part of the point within and a part without.
        SpatialRelation::Crosses | SpatialRelation::Overlaps => Condition::Always(false),
    }
}

fn tested(test: PlaceTest, geometry: Geometry<f64>) -> Condition {
    let Geometry::GeometryCollection(members) = geometry else { return Condition::Position(test, geometry) };
    let any = |test: PlaceTest| {
        Condition::Or(members.iter().map(|member| Condition::Position(test, member.clone())).collect())
    };
    match test {
        PlaceTest::Boundary => Condition::And(vec![any(PlaceTest::Boundary), any(PlaceTest::Inside).negated()]),
        test => any(test),
    }
}

/// The one place that a geometry is, if it is only that.
fn only_point(geometry: &Geometry<f64>) -> Option<Point<f64>> {
    let points_only = |geometry: &Geometry<f64>| matches!(geometry, Geometry::Point(_) | Geometry::MultiPoint(_));
    let is_points = match geometry {
        Geometry::GeometryCollection(members) => members.iter().all(points_only),
        other => points_only(other),
    };
    let mut places = geometry.coords_iter();
    let first = places.next().filter(|_| is_points)?;
    places.all(|other| other == first).then_some(Point(first))
}

/// The relation of two geometries; none where they are too far from valid to have one.
fn written(relation: SpatialRelation, one: &Geometry<f64>, other: &Geometry<f64>) -> Option<bool> {
    // The library's arithmetic panics on some invalid polygons.
    let matrix = catch_unwind(AssertUnwindSafe(|| one.relate(other))).ok()?;
    Some(match relation {
        SpatialRelation::Intersects => matrix.is_intersects(),
        SpatialRelation::Equals => matrix.is_equal_topo(),
        SpatialRelation::Disjoint => matrix.is_disjoint(),
        SpatialRelation::Touches => matrix.is_touches(),
        SpatialRelation::Within => matrix.is_within(),
        SpatialRelation::Overlaps => matrix.is_overlaps(),
        SpatialRelation::Crosses => matrix.is_crosses(),
        SpatialRelation::Contains => matrix.is_contains(),
    })
}
