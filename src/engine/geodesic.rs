//! Distances on the ellipsoid, and cheaper bounds for them: most comparisons with a radius need no geodesic.

use geo::{Distance, Geodesic, Haversine, Point};

use super::locate::MetresPerDegree;
use crate::model::{Bbox, LonLat};

/// Shortest metre of latitude and longitude on the ellipsoid, in metres a degree: a box made with it is never too small.
const LEAST_M_PER_DEGREE: f64 = 110_500.0;
/// How far the sphere's distance can be from the ellipsoid's, as a share: 0.56 % at most, by WGS 84's flattening.
pub(super) const SPHERE_ERROR: f64 = 0.006;
/// Rounding of short distances on sphere and plane, metres: two names of one place are not always 0 apart there.
pub(super) const NOISE_M: f64 = 0.001;

/// Geodesic metres between two places on WGS 84 (Karney 2013, to nanometres).
pub fn distance_m(a: LonLat, b: LonLat) -> f64 {
    Geodesic.distance(Point::new(a.lon, a.lat), Point::new(b.lon, b.lat))
}

/// Whether the places are within `radius_m` of each other, edge included: exact, but cheap away from the edge, where the
/// distance on the sphere already decides.
pub fn is_within(a: LonLat, b: LonLat, radius_m: f64) -> bool {
    let sphere_m = Haversine.distance(Point::new(a.lon, a.lat), Point::new(b.lon, b.lat));
    if sphere_m > radius_m * (1.0 + SPHERE_ERROR) + NOISE_M {
        return false;
    }
    sphere_m < radius_m * (1.0 - SPHERE_ERROR) - NOISE_M || distance_m(a, b) <= radius_m
}

/// How far places are from one place, about: near it a plane with the ellipsoid's metres per degree tells within 0.6 %.
#[derive(Debug, Clone, Copy)]
pub struct Around {
    at: LonLat,
    /// None where no plane serves.
    plane: Option<MetresPerDegree>,
}

/// Largest distance for which the plane serves, metres, and the latitude up to which: a parallel shortens by 0.27 % over 10 km at
/// 60 degrees, half of [`SPHERE_ERROR`].
const PLANE_RADIUS_M: f64 = 10_000.0;
const PLANE_LAT: f64 = 60.0;

impl Around {
    /// Around the place.
    pub fn new(at: LonLat) -> Self {
        Self { at, plane: (at.lat.abs() <= PLANE_LAT).then(|| MetresPerDegree::at(at.lat)) }
    }

    /// Metres that the place is away at least and at most; both are the distance where no plane serves.
    pub fn bounds_m(&self, place: LonLat) -> (f64, f64) {
        match self.plane_m2(place).map(f64::sqrt) {
            Some(plane_m) if plane_m < PLANE_RADIUS_M * (1.0 - SPHERE_ERROR) => {
                ((plane_m - NOISE_M) / (1.0 + SPHERE_ERROR), (plane_m + NOISE_M) / (1.0 - SPHERE_ERROR))
            }
            _ => {
                let exact_m = distance_m(self.at, place);
                (exact_m, exact_m)
            }
        }
    }

    /// The square of the distance on the plane.
    fn plane_m2(&self, place: LonLat) -> Option<f64> {
        let MetresPerDegree { x: east_m, y: north_m } = self.plane?;
        let lon = (place.lon - self.at.lon).abs();
        // The other way round the world where that is shorter.
        let (east, north) = (lon.min(360.0 - lon) * east_m, (place.lat - self.at.lat) * north_m);
        Some(east * east + north * north)
    }
}

/// A circle of geodesic metres around a place, edge included.
///
/// Asked of very many places: near the centre the plane decides all but those by the edge.
#[derive(Debug, Clone, Copy)]
pub struct Circle {
    around: Around,
    radius_m: f64,
    /// The squares of the radii on the plane that are surely inside and outside.
    inside_m2: f64,
    outside_m2: f64,
}

impl Circle {
    /// Around the place.
    pub fn new(at: LonLat, radius_m: f64) -> Self {
        let around = if radius_m <= PLANE_RADIUS_M { Around::new(at) } else { Around { at, plane: None } };
        let inside_m = (radius_m * (1.0 - SPHERE_ERROR) - NOISE_M).max(0.0);
        let outside_m = radius_m * (1.0 + SPHERE_ERROR) + NOISE_M;
        Self { around, radius_m, inside_m2: inside_m * inside_m, outside_m2: outside_m * outside_m }
    }

    /// Whether the place is in it.
    pub fn contains(&self, place: LonLat) -> bool {
        match self.around.plane_m2(place) {
            Some(square_m2) if square_m2 < self.inside_m2 => true,
            Some(square_m2) if square_m2 > self.outside_m2 => false,
            _ => is_within(self.around.at, place, self.radius_m),
        }
    }
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
    if west <= -180.0 {
        vec![part(-180.0, east), part(west + 360.0, 180.0)]
    } else if east >= 180.0 {
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
        fn a_circle_on_the_plane_is_the_ellipsoids(
            at in place(), east in -0.3..0.3_f64, north in -0.1..0.1_f64, share in 0.98..1.02_f64,
        ) {
            let lon = at.lon + east;
            let lon = if lon > 180.0 { lon - 360.0 } else if lon < -180.0 { lon + 360.0 } else { lon };
            let place = LonLat { lon, lat: (at.lat + north).clamp(-90.0, 90.0) };
            let exact = distance_m(at, place);
            prop_assert_eq!(Circle::new(at, exact * share).contains(place), exact <= exact * share, "{} m", exact);
            let (least, most) = Around::new(at).bounds_m(place);
            prop_assert!(least <= exact && exact <= most, "{} m in {}..={}", exact, least, most);
            prop_assert!(most - least <= exact * 0.013 + 0.003);
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
