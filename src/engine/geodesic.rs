use geo::{Distance, Geodesic, Haversine, Point};

use crate::model::{Bbox, LonLat};

/// Shortest metre of latitude and longitude on the ellipsoid, in metres a degree: a box made with it is never too small.
const LEAST_M_PER_DEGREE: f64 = 110_500.0;
/// How far the sphere's distance can be from the ellipsoid's, as a share: 0.56 % at most, by WGS 84's flattening.
const SPHERE_ERROR: f64 = 0.006;

/// Geodesic metres between two places on WGS 84 (Karney 2013, to nanometres).
pub fn distance_m(a: LonLat, b: LonLat) -> f64 {
    Geodesic.distance(Point::new(a.lon, a.lat), Point::new(b.lon, b.lat))
}

/// Whether the places are within `radius_m` of each other, edge included: exact, but cheap away from the edge, where the
/// distance on the sphere already decides.
pub fn is_within(a: LonLat, b: LonLat, radius_m: f64) -> bool {
    let sphere_m = Haversine.distance(Point::new(a.lon, a.lat), Point::new(b.lon, b.lat));
    if sphere_m > radius_m * (1.0 + SPHERE_ERROR) {
        return false;
    }
    sphere_m < radius_m * (1.0 - SPHERE_ERROR) || distance_m(a, b) <= radius_m
}

/// Boxes that hold every place within `radius_m`: two where the circle crosses the antimeridian, all longitudes at the poles.
pub fn boxes_around(at: LonLat, radius_m: f64) -> Vec<Bbox> {
    let high = radius_m / LEAST_M_PER_DEGREE;
    let (south, north) = ((at.lat - high).max(-90.0), (at.lat + high).min(90.0));
    // A circle reaches farthest east at a latitude nearer the pole than its centre: the box's widest parallel bounds it.
    let cos = south.abs().max(north.abs()).to_radians().cos();
    let wide = if cos > 0.0 { high / cos } else { 360.0 };
    if wide >= 180.0 || south <= -90.0 || north >= 90.0 {
        return vec![Bbox { west: -180.0, south, east: 180.0, north }];
    }
    let (west, east) = (at.lon - wide, at.lon + wide);
    let part = |west: f64, east: f64| Bbox { west, south, east, north };
    if west < -180.0 {
        vec![part(-180.0, east), part(west + 360.0, 180.0)]
    } else if east > 180.0 {
        vec![part(west, 180.0), part(-180.0, east - 360.0)]
    } else {
        vec![part(west, east)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place() -> impl Strategy<Value = LonLat> {
        (-180.0..=180.0, -90.0..=90.0).prop_map(|(lon, lat)| LonLat { lon, lat })
    }

    proptest! {
        #[test]
        fn the_short_cut_never_changes_the_answer(a in place(), b in place(), share in 0.98..1.02) {
            let exact = distance_m(a, b);
            let radius_m = exact * share;
            prop_assert_eq!(is_within(a, b, radius_m), exact <= radius_m);
        }

        #[test]
        fn the_boxes_hold_every_place_of_the_circle(at in place(), b in place(), more in 1.0..1.5) {
            let radius_m = distance_m(at, b) * more;
            prop_assert!(boxes_around(at, radius_m).iter().any(|area| area.contains(b)), "{at:?} {b:?} {radius_m}");
        }
    }

    #[test]
    fn metres_are_the_ellipsoids() {
        let metres = distance_m(LonLat { lon: 108.0, lat: 15.0 }, LonLat { lon: 109.0, lat: 15.0 });
        assert!((metres - 107_550.2).abs() < 1.0, "{metres}");
    }
}
