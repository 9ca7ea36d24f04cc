//! Metres around a point.

use super::cover::{Place, Winding};
use super::ring::Ring;
use crate::model::LonLat;

/// A point that no unit covers belongs to the nearest one within this many metres.
pub const NEAR_M: f64 = 200.0;

/// Degrees to radians.
const RADIANS: f64 = 0.017_453_292_519_943_295;
/// WGS 84: equatorial radius, metres.
const EQUATORIAL_M: f64 = 6_378_137.0;
/// WGS 84: equatorial radius × (1 − e²), metres.
const MERIDIAN_M: f64 = 6_335_439.327_292_82;
/// WGS 84: e², eccentricity squared.
const E2: f64 = 0.006_694_379_990_141_317;

/// Scale of the plane around a point: coordinates in degrees times these are metres. True at the point itself, better than
/// 0.1 % within some kilometres of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetresPerDegree {
    /// Metres a degree of longitude.
    pub x: f64,
    /// Metres a degree of latitude.
    pub y: f64,
}

impl MetresPerDegree {
    /// The plane at a latitude: radii of curvature N cos φ and M of the WGS 84 ellipsoid, a degree long.
    ///
    /// To agree to the last bit, SQL computes the same steps in the same order; every number is a `double precision`
    /// (`'0.017453292519943295'::float8`, never a bare decimal literal, which is `numeric`):
    /// ```text
    /// s  = sin(lat * 0.017453292519943295)
    /// s2 = s * s
    /// w  = 1 - 0.006694379990141317 * s2
    /// r  = sqrt(w)
    /// x  = 6378137 / r * sqrt(1 - s2) * 0.017453292519943295
    /// y  = 6335439.32729282 / (w * r) * 0.017453292519943295
    /// distance in metres = ST_Distance(ST_Scale(unit, x, y), ST_Scale(point, x, y))
    /// ```
    pub fn at(lat: f64) -> Self {
        let s = (lat * RADIANS).sin();
        let s2 = s * s;
        let w = 1.0 - E2 * s2;
        let r = w.sqrt();
        Self { x: EQUATORIAL_M / r * (1.0 - s2).sqrt() * RADIANS, y: MERIDIAN_M / (w * r) * RADIANS }
    }

    fn scale(self, p: [f64; 2]) -> [f64; 2] {
        [p[0] * self.x, p[1] * self.y]
    }
}

/// Metres from a place to the nearest of the polygons (each a list of rings, the outer one first) in the plane of the place:
/// 0 inside. Exact up to `reach_m`; what is farther may come out too far, or as infinity. Infinite `reach_m` asks all segments.
///
/// Follows `PostGIS`'s `lw_dist2d_point_poly`: outside the outer ring the distance to it, in a hole the distance to the hole.
pub(super) fn distance_m<'a>(polygons: impl Iterator<Item = &'a [Ring]>, at: LonLat, reach_m: f64) -> f64 {
    let metres = MetresPerDegree::at(at.lat);
    let p = metres.scale([at.lon, at.lat]);
    // One metre more, lest rounding put a segment at just the reach out of sight.
    let reach = (reach_m + 1.0) / metres.y;
    let ring_to_p = |ring: &Ring| -> (Place, f64) {
        let mut winding = Winding::default();
        let mut least = ring.first().map_or(f64::INFINITY, |first| between_m(metres.scale(first), p));
        for (a, b) in ring.between(at.lat - reach, at.lat + reach) {
            let (a, b) = (metres.scale(a), metres.scale(b));
            winding.take(a, b, p);
            least = least.min(segment_m(a, b, p));
        }
        (winding.place(), least)
    };
    let polygon_to_p = |rings: &'a [Ring]| -> f64 {
        let mut holes = rings.iter();
        match holes.next().map(ring_to_p) {
            None => return f64::INFINITY,
            Some((Place::Outside, least)) => return least,
            Some(_) => {}
        }
        holes.map(ring_to_p).find(|(place, _)| *place != Place::Outside).map_or(0.0, |(_, least)| least)
    };
    polygons.map(polygon_to_p).fold(f64::INFINITY, f64::min)
}

/// Metres from a place to the nearest border of the rings in the plane of the place, inside as well as outside; infinity where
/// there are no rings.
pub(super) fn border_m(rings: &[Ring], at: LonLat) -> f64 {
    let metres = MetresPerDegree::at(at.lat);
    let p = metres.scale([at.lon, at.lat]);
    let segments = rings.iter().flat_map(|ring| ring.between(f64::NEG_INFINITY, f64::INFINITY));
    segments.map(|(a, b)| segment_m(metres.scale(a), metres.scale(b), p)).fold(f64::INFINITY, f64::min)
}

/// From `p` to the segment from `a` to `b`, in the steps of `PostGIS`'s `lw_dist2d_pt_seg`.
fn segment_m(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> f64 {
    if a == b {
        return between_m(a, p);
    }
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let along = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy);
    if along < 0.0 {
        return between_m(a, p);
    }
    if along >= 1.0 {
        return between_m(b, p);
    }
    if (a[1] - p[1]) * dx == (a[0] - p[0]) * dy {
        return 0.0;
    }
    between_m([a[0] + along * dx, a[1] + along * dy], p)
}

fn between_m(a: [f64; 2], p: [f64; 2]) -> f64 {
    let (dx, dy) = (a[0] - p[0], a[1] - p[1]);
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_has_the_length_of_the_tables() {
        // NGA's tables of the WGS 84 ellipsoid, metres to the centimetre.
        for (lat, x, y) in
            [(0.0, 111_319.49, 110_574.28), (15.0, 107_550.49, 110_648.68), (60.0, 55_800.41, 111_412.27)]
        {
            let found = MetresPerDegree::at(lat);
            assert!((found.x - x).abs() < 1.0 && (found.y - y).abs() < 1.0, "{lat}: {found:?}");
        }
        assert!(MetresPerDegree::at(90.0).x < 1e-2);
    }

    #[test]
    fn a_segment_is_as_far_as_its_nearest_point() {
        let (a, b) = ([0.0, 0.0], [10.0, 0.0]);
        for (p, metres) in
            [([5.0, 3.0], 3.0), ([-3.0, 4.0], 5.0), ([13.0, -4.0], 5.0), ([10.0, 2.0], 2.0), ([4.0, 0.0], 0.0)]
        {
            assert_eq!(segment_m(a, b, p), metres, "{p:?}");
            assert_eq!(segment_m(b, a, p), metres, "{p:?} reversed");
        }
        assert_eq!(segment_m(a, a, [3.0, 4.0]), 5.0);
    }
}
