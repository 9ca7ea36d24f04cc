//! Distances on the ellipsoid, and cheaper bounds for them: most comparisons need no geodesic.

use geo::{Distance, Geodesic, Point};

use crate::model::{Bbox, LonLat};

/// WGS 84: half the equator's diameter in metres, flattening, and the square of the eccentricity.
const EQUATOR_M: f64 = 6_378_137.0;
const FLATTENING: f64 = 1.0 / 298.257_223_563;
const ECCENTRICITY2: f64 = FLATTENING * (2.0 - FLATTENING);
/// Shortest metre of latitude and longitude on the ellipsoid, in metres a degree: a box made with it is never too small.
const LEAST_M_PER_DEGREE: f64 = 110_500.0;
/// How far Thomas's formula can be from the distance, as a share, where multiplied by the square of the cosine of half the angle: of some
/// hundred thousand pairs of places of all kinds it was up to 4.9e-9.
const FAR_ERROR: f64 = 1e-8;
/// The least of these cosines for which the formula serves: some 177 degrees. Nearer the other side of the world it does not.
const LEAST_COSINE: f64 = 0.02;
/// The same for the plane: a share for the square of the distance in metres, up to 4.4e-15 where it serves.
const PLANE_ERROR: f64 = 8e-15;
/// Largest distance for which the plane serves, metres, and the latitude up to which: its error grows with the square of the tangent.
const PLANE_RADIUS_M: f64 = 20_000.0;
const PLANE_LAT: f64 = 60.0;
/// Rounding, metres: two names of one place are not always 0 apart.
const NOISE_M: f64 = 1e-5;

/// Geodesic metres between two places on WGS 84 (Karney 2013, to nanometres).
pub fn distance_m(a: LonLat, b: LonLat) -> f64 {
    Geodesic.distance(Point::new(a.lon, a.lat), Point::new(b.lon, b.lat))
}

/// Whether the places are within `radius_m` of each other, edge included: exact, but cheap away from the edge.
pub fn is_within(a: LonLat, b: LonLat, radius_m: f64) -> bool {
    Around::new(a).is_within(b, radius_m)
}

/// How far places are from one place, about: a plane near it, farther away a sphere with the corrections of first and second order
/// for the ellipsoid (Thomas 1970), tell to a hundred-millionth on the same half of the world.
#[derive(Debug, Clone, Copy)]
pub struct Around {
    at: LonLat,
    /// None where no plane serves.
    plane: Option<Plane>,
    reduced: Reduced,
}

impl Around {
    /// Around the place.
    pub fn new(at: LonLat) -> Self {
        Self { at, plane: (at.lat.abs() <= PLANE_LAT).then(|| Plane::new(at)), reduced: Reduced::new(at.lat) }
    }

    /// Metres that the place is away at least and at most; both are the distance on the other side of the world.
    pub fn bounds_m(&self, place: LonLat) -> (f64, f64) {
        match self.plane.map(|plane| plane.square_m2(place)) {
            Some(square_m2) if square_m2 < PLANE_RADIUS_M * PLANE_RADIUS_M => {
                bounds(square_m2.sqrt(), PLANE_ERROR * square_m2)
            }
            _ => self.far_bounds_m(place),
        }
    }

    fn is_within(&self, place: LonLat, radius_m: f64) -> bool {
        let (least_m, most_m) = self.far_bounds_m(place);
        most_m <= radius_m || (least_m <= radius_m && distance_m(self.at, place) <= radius_m)
    }

    /// Without the plane.
    fn far_bounds_m(&self, place: LonLat) -> (f64, f64) {
        let (from, to) = (self.reduced, Reduced::new(place.lat));
        // The sine of half the difference of two latitudes, squared: a quarter of the square of their chord.
        let (sine, cosine) = (to.sine - from.sine, to.cosine - from.cosine);
        let half_lon = ((place.lon - self.at.lon) * 0.5).to_radians().sin();
        // The same of the angle between the places.
        let square = 0.25 * (sine * sine + cosine * cosine) + from.cosine * to.cosine * half_lon * half_lon;
        let rest = 1.0 - square;
        if rest < LEAST_COSINE * LEAST_COSINE {
            let exact_m = distance_m(self.at, place);
            return (exact_m, exact_m);
        }
        if square == 0.0 {
            return bounds(0.0, 0.0);
        }
        let (angle, sine_of_angle) = (2.0 * square.sqrt().asin(), 2.0 * (square * rest).sqrt());
        let mean = from.sine + to.sine;
        let (u, v) = (0.5 * mean * mean / rest, 0.5 * sine * sine / square);
        // The names are Thomas's.
        let (x, y, t) = (u + v, u - v, angle / sine_of_angle);
        let (d, e) = (4.0 * t * t, 2.0 * (1.0 - 2.0 * square));
        let (a, b) = (d * e, 2.0 * d);
        let c = t - 0.5 * (a - e);
        let first = 0.25 * FLATTENING * (t * x - y);
        let second = FLATTENING * FLATTENING / 64.0 * (x * (a + c * x) - y * (b + e * y) + d * x * y);
        bounds(EQUATOR_M * sine_of_angle * (t - first + second), FAR_ERROR / rest)
    }
}

/// The bounds of a distance that is known but for a share.
fn bounds(about_m: f64, share: f64) -> (f64, f64) {
    (about_m * (1.0 - share) - NOISE_M, about_m * (1.0 + share) + NOISE_M)
}

/// Sine and cosine of a reduced latitude: of the place on the sphere round the ellipsoid that is above the same place of the axis.
#[derive(Debug, Clone, Copy)]
struct Reduced {
    sine: f64,
    cosine: f64,
}

impl Reduced {
    fn new(lat: f64) -> Self {
        let (sine, cosine) = lat.to_radians().sin_cos();
        let sine = sine * (1.0 - FLATTENING);
        let scale = 1.0 / (sine * sine + cosine * cosine).sqrt();
        Self { sine: sine * scale, cosine: cosine * scale }
    }
}

/// The plane that touches the ellipsoid, with the scales of the latitude midway to each place.
#[derive(Debug, Clone, Copy)]
struct Plane {
    at: LonLat,
    /// Metres per degree east and north.
    scale: [f64; 2],
    /// What they grow by towards each degree of a place's latitude: half of it is on the way.
    growth: [f64; 2],
}

impl Plane {
    fn new(at: LonLat) -> Self {
        let (sine, cosine) = at.lat.to_radians().sin_cos();
        let w = 1.0 - ECCENTRICITY2 * sine * sine;
        let (across_m, along_m) = (EQUATOR_M / w.sqrt(), EQUATOR_M * (1.0 - ECCENTRICITY2) / (w * w.sqrt()));
        let half_degree = 0.5_f64.to_radians();
        Self {
            at,
            scale: [(across_m * cosine).to_radians(), along_m.to_radians()],
            growth: [
                -(along_m * sine).to_radians() * half_degree,
                (3.0 * ECCENTRICITY2 * along_m * sine * cosine / w).to_radians() * half_degree,
            ],
        }
    }

    /// The square of the distance.
    fn square_m2(&self, place: LonLat) -> f64 {
        let (lon, lat) = ((place.lon - self.at.lon).abs(), place.lat - self.at.lat);
        // The other way round the world where that is shorter.
        let east = lon.min(360.0 - lon) * (self.scale[0] + self.growth[0] * lat);
        let north = lat * (self.scale[1] + self.growth[1] * lat);
        east * east + north * north
    }
}

/// A circle of geodesic metres around a place, edge included.
///
/// Asked of very many places: near the centre the plane decides all but those on the edge.
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
        let around = Around::new(at);
        let plane = around.plane.filter(|_| radius_m <= PLANE_RADIUS_M);
        let (inside_m, outside_m) = bounds(radius_m, PLANE_ERROR * radius_m * radius_m);
        let (inside_m2, outside_m2) = (inside_m.max(0.0) * inside_m, outside_m * outside_m);
        Self { around: Around { plane, ..around }, radius_m, inside_m2, outside_m2 }
    }

    /// Whether the place is in it.
    pub fn contains(&self, place: LonLat) -> bool {
        match self.around.plane.map(|plane| plane.square_m2(place)) {
            Some(square_m2) if square_m2 < self.inside_m2 => true,
            Some(square_m2) if square_m2 > self.outside_m2 => false,
            _ => self.around.is_within(place, self.radius_m),
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

    /// Of a distance: on its one side and the other, as often hardly beside it.
    fn share() -> impl Strategy<Value = f64> {
        prop_oneof![0.98..1.02, -1e-7..1e-7_f64, -1e-9..1e-9_f64].prop_map(|by| if by < 0.5 { 1.0 + by } else { by })
    }

    proptest! {
        #[test]
        fn the_short_cut_never_changes_the_answer(a in place(), b in place(), share in share()) {
            let exact = distance_m(a, b);
            let radius_m = exact * share;
            prop_assert_eq!(is_within(a, b, radius_m), exact <= radius_m);
        }

        #[test]
        fn a_circle_on_the_plane_is_the_ellipsoids(
            at in place(), east in -0.3..0.3_f64, north in -0.1..0.1_f64, share in share(),
        ) {
            let lon = at.lon + east;
            let lon = if lon > 180.0 { lon - 360.0 } else if lon < -180.0 { lon + 360.0 } else { lon };
            let place = LonLat { lon, lat: (at.lat + north).clamp(-90.0, 90.0) };
            let exact = distance_m(at, place);
            prop_assert_eq!(Circle::new(at, exact * share).contains(place), exact <= exact * share, "{} m", exact);
            let (least, most) = Around::new(at).bounds_m(place);
            prop_assert!(least <= exact && exact <= most, "{} m in {}..={}", exact, least, most);
            prop_assert!(most - least <= exact * 1e-5 + 0.003);
        }

        #[test]
        fn far_away_the_bounds_hold_the_distance_and_are_close(a in place(), b in place(), near in 0.0..1.0_f64) {
            // As often near the place, its parallel or its other side as anywhere.
            let b = match (near * 8.0) as u32 {
                0 => LonLat { lon: a.lon, lat: b.lat },
                1 => LonLat { lon: b.lon, lat: (a.lat + b.lat / 100.0).clamp(-90.0, 90.0) },
                2 => LonLat { lon: a.lon * 0.9 + b.lon * 0.1, lat: a.lat * 0.9 + b.lat * 0.1 },
                3 => LonLat { lon: if a.lon > 0.0 { a.lon - 180.0 } else { a.lon + 180.0 }, lat: -a.lat * 0.9 + b.lat * 0.1 },
                _ => b,
            };
            let exact = distance_m(a, b);
            let (least, most) = Around::new(a).bounds_m(b);
            prop_assert!(least <= exact && exact <= most, "{} m in {}..={}", exact, least, most);
            prop_assert!(most - least <= exact * 2.01 * FAR_ERROR / LEAST_COSINE.powi(2) + 0.003);
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
