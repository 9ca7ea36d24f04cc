//! Areas and places of small polygons.

use geo::{Area, BoundingRect, InteriorPoint, LinesIter, Point, Polygon};

use crate::engine::locate::MetresPerDegree;

/// Square metres of a polygon in degrees WGS 84, in the plane of the ellipsoid at its middle latitude: within 0.1 % up to some
/// tens of kilometres.
pub(super) fn area_m2(polygon: &Polygon<f64>) -> f64 {
    let Some(bounds) = polygon.bounding_rect() else { return 0.0 };
    let scale = MetresPerDegree::at(bounds.center().y);
    polygon.unsigned_area() * scale.x * scale.y
}

/// Metres round a polygon in degrees WGS 84, holes included, in the same plane as [`area_m2`].
pub(super) fn perimeter_m(polygon: &Polygon<f64>) -> f64 {
    let Some(bounds) = polygon.bounding_rect() else { return 0.0 };
    let scale = MetresPerDegree::at(bounds.center().y);
    polygon.lines_iter().map(|line| (line.dx() * scale.x).hypot(line.dy() * scale.y)).sum()
}

/// Where a polygon is: a place inside it as `lon,lat`, to a tenth of a metre.
pub(super) fn place_in(polygon: &Polygon<f64>) -> String {
    let inside = polygon.interior_point().or_else(|| polygon.exterior().points().next());
    inside.map_or_else(String::new, place)
}

/// `lon,lat` to a tenth of a metre.
pub(super) fn place(at: Point<f64>) -> String {
    format!("{:.6},{:.6}", at.x(), at.y())
}

/// Square metres for people: to a tenth below a hectare, in whole metres below a square kilometre, then in km².
pub(super) fn area_text(area_m2: f64) -> String {
    if area_m2 < 10_000.0 {
        format!("{area_m2:.1} m²")
    } else if area_m2 < 1_000_000.0 {
        format!("{area_m2:.0} m²")
    } else {
        format!("{:.2} km²", area_m2 / 1_000_000.0)
    }
}

#[cfg(test)]
mod tests {
    use geo::{Coord, GeodesicArea, Rect};

    use super::*;

    #[test]
    fn areas_in_the_plane_are_those_on_the_ellipsoid() {
        for (south, size) in [(15.0, 0.01), (15.0, 0.3), (0.0, 0.3), (-45.0, 0.1), (70.0, 0.1)] {
            let corner = |lon: f64, lat: f64| Coord { x: 108.5 + lon, y: south + lat };
            let cell = Rect::new(corner(0.0, 0.0), corner(size, size)).to_polygon();
            let off = area_m2(&cell) / cell.geodesic_area_unsigned() - 1.0;
            assert!(off.abs() < 1e-3, "{south} {size}: {off}");
        }
    }

    #[test]
    fn areas_are_told_in_the_unit_that_reads_best() {
        let told = [0.06, 600.42, 123_456.7, 340_100_000.0].map(area_text);
        assert_eq!(told, ["0.1 m²", "600.4 m²", "123457 m²", "340.10 km²"]);
    }
}
