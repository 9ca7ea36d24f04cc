//! Reference systems, boxes, and geometries of filters that are given in another system than degrees WGS 84.

use geo::MapCoords as _;
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};

use super::super::params::Params;
use crate::engine::crs::{Crs, MOST_EAST_M};
use crate::model::filter::{Expr, ExprKind};
use crate::model::{Area, Bbox, Invalid, LonLat};

/// Pieces of a projected box's edge: between them it is taken as straight in degrees. A hundred kilometres in so many pieces
/// are less than a centimetre off.
const PIECES: u32 = 256;

/// The system that a parameter names; CRS84 where it is not given.
pub fn crs(params: &Params, name: &str) -> Result<Crs, Invalid> {
    let Some(text) = params.text(name) else { return Ok(Crs::Crs84) };
    Crs::from_uri(text).ok_or_else(|| {
        let known: Vec<&str> = Crs::ALL.iter().map(|crs| crs.uri()).collect();
        Invalid::new(name, format!("one of {}", known.join(", ")))
    })
}

/// `bbox` in `bbox-crs`: everywhere where it is not given.
pub fn area(params: &Params) -> Result<Area, Invalid> {
    let crs = crs(params, "bbox-crs")?;
    let Some(text) = params.text("bbox") else { return Ok(Area::Everywhere) };
    let malformed = |found: &str| {
        Invalid::new(
            "bbox",
            format!("four numbers (or six, with heights) divided by commas; {found}, found {text:.200?}"),
        )
    };
    let numbers = text.split(',').map(|part| part.trim().parse::<f64>().ok().filter(|number| number.is_finite()));
    let numbers: Option<Vec<f64>> = numbers.take(7).collect();
    let corners = match numbers.ok_or_else(|| malformed("each a finite number"))?.as_slice() {
        [a, b, c, d] | [a, b, _, c, d, _] => [*a, *b, *c, *d],
        _ => return Err(malformed("least corner first")),
    };
    area_of(crs, corners).map_err(|expected| Invalid::new("bbox", expected))
}

/// The box between two corners in a system's order.
fn area_of(crs: Crs, [a, b, c, d]: [f64; 4]) -> Result<Area, String> {
    let [west, south, east, north] = if crs.is_latitude_first() { [b, a, d, c] } else { [a, b, c, d] };
    if south > north {
        return Err(format!("a box whose south is not north of its north, found {south} and {north}"));
    }
    if crs.keeps_boxes() {
        let (least, most) = (corner(crs, [west, south])?, corner(crs, [east, north])?);
        return Ok(Area::Boxes(boxes(least, most)));
    }
    if west > east {
        return Err(format!("a box whose west is not east of its east, found {west} and {east}"));
    }
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    let polygon = outline(crs, &ring).ok_or_else(|| format!("a box inside the area of {}", crs.uri()))?;
    Ok(Area::Polygon(MultiPolygon::new(vec![polygon])))
}

/// A corner of a system that keeps boxes; easting or longitude first.
fn corner(crs: Crs, [x, y]: [f64; 2]) -> Result<LonLat, String> {
    let place = match crs {
        // A map that shows more than the world asks for more than the world.
        Crs::WebMercator => crs.to_lon_lat([x.clamp(-MOST_EAST_M, MOST_EAST_M), y]),
        _ => LonLat::new("", x, y).ok(),
    };
    place.ok_or_else(|| format!("corners inside the area of {}, found {x}, {y}", crs.uri()))
}

/// One box, or two where it crosses the antimeridian.
fn boxes(least: LonLat, most: LonLat) -> Vec<Bbox> {
    let between = |west: f64, east: f64| Bbox { west, south: least.lat, east, north: most.lat };
    if least.lon <= most.lon {
        return vec![between(least.lon, most.lon)];
    }
    vec![between(least.lon, 180.0), between(-180.0, most.lon)]
}

/// A closed ring of corners, easting or longitude first, as a polygon in degrees.
fn outline(crs: Crs, corners: &[[f64; 2]]) -> Option<Polygon<f64>> {
    let mut ring = Vec::new();
    for edge in corners.windows(2) {
        let [from, to] = edge else { continue };
        for piece in 0..PIECES {
            let share = f64::from(piece) / f64::from(PIECES);
            let at = [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
            let at = if crs.is_latitude_first() { [at[1], at[0]] } else { at };
            let place = crs.to_lon_lat(at)?;
            ring.push(Coord { x: place.lon, y: place.lat });
        }
    }
    let first = ring.first().copied()?;
    ring.push(first);
    Some(Polygon::new(LineString(ring), Vec::new()))
}

/// The filter with its geometries in degrees WGS 84.
pub fn in_degrees(expr: &Expr, crs: Crs) -> Result<Expr, Invalid> {
    let outside =
        || Invalid::new("filter", format!("{}: coordinates inside the area of the filter-crs {}", expr.at, crs.uri()));
    let all = |parts: &[Expr]| parts.iter().map(|part| in_degrees(part, crs)).collect::<Result<Vec<_>, _>>();
    let kind = match &expr.kind {
        ExprKind::Geometry(geometry) => {
            let place = |at: Coord<f64>| {
                let place = crs.to_lon_lat([at.x, at.y]).ok_or_else(outside)?;
                Ok::<_, Invalid>(Coord { x: place.lon, y: place.lat })
            };
            ExprKind::Geometry(geometry.try_map_coords(place)?)
        }
        ExprKind::Bbox(corners) => match area_of(crs, *corners).map_err(|_| outside())? {
            Area::Boxes(boxes) => match (boxes.first(), boxes.last()) {
                (Some(first), Some(last)) => ExprKind::Bbox([first.west, first.south, last.east, last.north]),
                _ => return Err(outside()),
            },
            Area::Polygon(polygon) => ExprKind::Geometry(Geometry::MultiPolygon(polygon)),
            _ => return Err(outside()),
        },
        ExprKind::Interval(parts) => ExprKind::Interval(all(parts)?),
        ExprKind::Array(parts) => ExprKind::Array(all(parts)?),
        ExprKind::Apply(operator, parts) => ExprKind::Apply(*operator, all(parts)?),
        ExprKind::Function(name, parts) => ExprKind::Function(name.clone(), all(parts)?),
        plain => plain.clone(),
    };
    Ok(Expr { at: expr.at.clone(), kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Area, Invalid> {
        area(&Params::read(query, &["bbox", "bbox-crs"]).expect(query))
    }

    #[test]
    fn a_box_has_four_numbers_or_six_in_the_order_of_its_system() {
        let plain = read("bbox=108,15,109,16").expect("a box");
        assert_eq!(plain, Area::Boxes(vec![Bbox { west: 108.0, south: 15.0, east: 109.0, north: 16.0 }]));
        assert_eq!(read("bbox=108,15,-1,109,16,99").expect("a box"), plain);
        let turned = "bbox=15,108,16,109&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326";
        assert_eq!(read(turned).expect("a box"), plain);
        assert_eq!(read("").expect("no box"), Area::Everywhere);
    }

    #[test]
    fn a_box_whose_west_is_east_of_its_east_crosses_the_antimeridian() {
        let Area::Boxes(boxes) = read("bbox=170,-10,-170,10").expect("a box") else { panic!("no boxes") };
        let edges: Vec<_> = boxes.iter().map(|bbox| (bbox.west, bbox.east)).collect();
        assert_eq!(edges, [(170.0, 180.0), (-180.0, -170.0)]);
    }

    #[test]
    fn whatever_is_no_box_is_refused() {
        for text in [
            "",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,3,4,5,6,7",
            "a,b,c,d",
            "NaN,0,1,1",
            "0,0,1,inf",
            "0,10,1,5",
            "0,0,181,1",
            "0,-91,1,1",
        ] {
            assert_eq!(read(&format!("bbox={text}")).expect_err(text).parameter, "bbox", "{text}");
        }
        assert_eq!(read("bbox=1,2,3,4&bbox-crs=EPSG:4326").expect_err("no name").parameter, "bbox-crs");
        let tm3 = "&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/5898";
        assert!(read(&format!("bbox=600000,1600000,500000,1700000{tm3}")).is_err(), "west of its west");
        assert!(read(&format!("bbox=-1e30,1600000,1e30,1700000{tm3}")).is_err(), "beyond the projection");
    }
}
