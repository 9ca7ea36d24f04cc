//! What lies within a distance of a line.
//!
//! Between two vertices a line follows the great circle, latitudes taken as they are: the edges of `PostGIS`'s `geography`. The
//! distance to it is the least geodesic one on WGS 84. `PostGIS` takes the foot of the perpendicular on the sphere instead, and so
//! gives up to 1e-5 of the distance more.

use std::ops::Range;

use geo_types::MultiLineString;

use super::geodesic::{boxes_around, distance_m};
use crate::model::{Bbox, LonLat};

/// How far the sphere's distance can be from the ellipsoid's, as a share: 0.56 % at most, by WGS 84's flattening.
const SPHERE_ERROR: f64 = 0.006;
/// Rounding of short distances on the sphere, metres: two names of one place are not always 0 apart there.
const NOISE_M: f64 = 0.001;
/// Of the sphere whose distances are within [`SPHERE_ERROR`] of the ellipsoid's, metres (IUGG).
const RADIUS_M: f64 = 6_371_008.8;
/// Long edges are looked along in pieces, and short ones together: shortest piece in metres, and most edges at once.
const PIECE_M: f64 = 1_000.0;
const MOST_TOGETHER: usize = 64;

type Vector = [f64; 3];

/// A line with what is near it.
#[derive(Debug, Clone)]
pub struct Corridor {
    radius_m: f64,
    edges: Vec<Edge>,
    runs: Vec<Run>,
    /// The runs from south to north.
    northward: Vec<u32>,
    /// The longest run, radians.
    longest: f64,
}

/// From one vertex to the next.
#[derive(Debug, Clone, Copy)]
struct Edge {
    start: LonLat,
    end: LonLat,
    from: Vector,
    /// At a right angle to `from` in the great circle, towards the end.
    along: Vector,
    /// From start to end, radians.
    angle: f64,
}

/// Edges that are looked for together: all that is within the corridor of them is in the circle.
#[derive(Debug, Clone)]
struct Run {
    edges: Range<usize>,
    /// A place of the line.
    centre: LonLat,
    point: Vector,
    /// How far from there the run goes, radians.
    length: f64,
    reach_m: f64,
}

impl Corridor {
    /// Around lines whose edges are far shorter than half the world.
    pub fn new(lines: &MultiLineString<f64>, radius_m: f64) -> Self {
        let (edges, runs, northward) = (Vec::new(), Vec::new(), Vec::new());
        let mut corridor = Self { radius_m, edges, runs, northward, longest: 0.0 };
        for line in &lines.0 {
            let first = corridor.edges.len();
            corridor.edges.extend(line.lines().map(|edge| {
                let place = |coord: geo_types::Coord<f64>| LonLat { lon: coord.x, lat: coord.y };
                Edge::new(place(edge.start), place(edge.end))
            }));
            corridor.add_runs(first);
        }
        let Self { runs, northward, longest, .. } = &mut corridor;
        *longest = runs.iter().map(|run| run.length).fold(0.0, f64::max);
        northward.extend(0..runs.len() as u32);
        northward.sort_by(|a, b| runs[*a as usize].point[2].total_cmp(&runs[*b as usize].point[2]));
        corridor
    }

    fn add_runs(&mut self, first: usize) {
        let mut start = first;
        while let Some(edge) = self.edges.get(start).copied() {
            let (mut end, mut length_m) = (start + 1, edge.angle * RADIUS_M);
            if length_m > self.radius_m / 2.0 {
                self.add_pieces(start, length_m);
                start = end;
                continue;
            }
            while let Some(next) = self.edges.get(end) {
                let longer_m = length_m + next.angle * RADIUS_M;
                if longer_m > self.radius_m / 2.0 || end - start == MOST_TOGETHER {
                    break;
                }
                (end, length_m) = (end + 1, longer_m);
            }
            self.runs.push(self.run(start..end, edge.start, length_m));
            start = end;
        }
    }

    fn add_pieces(&mut self, index: usize, length_m: f64) {
        let Some(edge) = self.edges.get(index) else { return };
        let pieces = (length_m / PIECE_M.max(2.0 * self.radius_m)).ceil().max(1.0);
        let centre = |piece: usize| edge.at((piece as f64 + 0.5) / pieces * edge.angle);
        let run = |piece| self.run(index..index + 1, centre(piece), length_m / pieces / 2.0);
        let runs: Vec<Run> = (0..pieces as usize).map(run).collect();
        self.runs.extend(runs);
    }

    fn run(&self, edges: Range<usize>, centre: LonLat, length_m: f64) -> Run {
        let reach_m = reach_m(self.radius_m, length_m);
        Run { edges, centre, point: vector(centre), length: length_m / RADIUS_M, reach_m }
    }

    /// Stretches of the line: the boxes that hold what is near each, and the stretch.
    pub fn stretches(&self) -> impl Iterator<Item = (Vec<Bbox>, usize)> {
        self.runs.iter().enumerate().map(|(index, run)| (boxes_around(run.centre, run.reach_m), index))
    }

    /// How many edges a stretch has.
    pub fn edges_of(&self, stretch: usize) -> usize {
        self.runs.get(stretch).map_or(0, |run| run.edges.len())
    }

    /// Whether the place is within the distance of a stretch of the line, edge included.
    pub fn contains(&self, stretch: usize, place: LonLat) -> bool {
        let edges = self.runs.get(stretch).and_then(|run| self.edges.get(run.edges.clone())).unwrap_or_default();
        let point = vector(place);
        edges.iter().any(|edge| edge.is_within((place, point), self.radius_m))
    }

    /// Whether the place is within the distance of the line.
    pub fn holds(&self, place: LonLat) -> bool {
        let point = vector(place);
        self.edges_near(point).any(|edge| edge.is_within((place, point), self.radius_m))
    }

    /// Geodesic metres from the place to the line; infinite for a line without edges.
    pub fn distance_m(&self, place: LonLat) -> f64 {
        let point = vector(place);
        let near: Vec<(&Edge, f64)> = self.edges_near(point).map(|edge| (edge, edge.sphere_m(point))).collect();
        let least_m = near.iter().map(|(_, sphere_m)| *sphere_m).fold(f64::INFINITY, f64::min);
        let near = near.into_iter().filter(|(_, sphere_m)| *sphere_m <= as_near(least_m, NOISE_M));
        near.map(|(edge, _)| edge.distance_m((place, point))).fold(f64::INFINITY, f64::min)
    }

    /// The edges one of which is the nearest: those of the runs that may come as near as the nearest centre is.
    ///
    /// Straight through the sphere no two places are farther apart than along it, and none nearer than their heights above the
    /// equator's plane are: so the walk north and south from the place ends soon.
    fn edges_near(&self, point: Vector) -> impl Iterator<Item = &Edge> {
        let runs = |order: &u32| self.runs.get(*order as usize);
        let south = self.northward.partition_point(|order| runs(order).is_some_and(|run| run.point[2] < point[2]));
        let (south, north) = self.northward.split_at(south);
        let mut least = f64::INFINITY;
        let mut near = Vec::new();
        let mut look_at = |run: &Run| {
            if (run.point[2] - point[2]).abs() - self.longest > as_near(least, NOISE_M / RADIUS_M) {
                return false;
            }
            let across = [0, 1, 2].map(|axis| run.point[axis] - point[axis]);
            let distance = dot(across, across).sqrt();
            least = least.min(distance);
            near.push((distance - run.length, run.edges.clone()));
            true
        };
        let _ = north.iter().filter_map(runs).all(&mut look_at);
        let _ = south.iter().rev().filter_map(runs).all(&mut look_at);
        let near = near.into_iter().filter(move |(nearest, _)| *nearest <= as_near(least, NOISE_M / RADIUS_M));
        near.flat_map(|(_, edges)| self.edges.get(edges).unwrap_or_default())
    }

    /// Few boxes that hold what is near the line.
    pub fn boxes(&self, most: usize) -> Vec<Bbox> {
        let mut boxes: Vec<Bbox> = self.stretches().flat_map(|(boxes, _)| boxes).collect();
        let together = boxes.len().div_ceil(most.max(1)).max(1);
        if together > 1 {
            let join = |boxes: &[Bbox]| {
                let mut all = Bbox::EMPTY;
                for bbox in boxes {
                    all.join(bbox);
                }
                all
            };
            boxes = boxes.chunks(together).map(join).collect();
        }
        boxes
    }
}

/// How far from its centre a stretch reaches: distances on sphere and ellipsoid differ by less than a hundredth.
fn reach_m(radius_m: f64, length_m: f64) -> f64 {
    radius_m + length_m * 1.01 + 0.01
}

/// What on the sphere may be the nearest on the ellipsoid, where the nearest on the sphere is that far.
fn as_near(least: f64, noise: f64) -> f64 {
    least * (1.0 + 3.0 * SPHERE_ERROR) + 2.0 * noise
}

impl Edge {
    fn new(start: LonLat, end: LonLat) -> Self {
        let (from, to) = (vector(start), vector(end));
        let across = cross(from, to);
        let sine = dot(across, across).sqrt();
        let normal = if sine > 0.0 { across.map(|axis| axis / sine) } else { [0.0; 3] };
        Self { start, end, from, along: cross(normal, from), angle: sine.atan2(dot(from, to)) }
    }

    /// The place at an angle from the start.
    fn at(&self, angle: f64) -> LonLat {
        if angle <= 0.0 {
            return self.start;
        }
        if angle >= self.angle {
            return self.end;
        }
        let (sine, cosine) = angle.sin_cos();
        let axis = |index: usize| self.from[index] * cosine + self.along[index] * sine;
        let [x, y, z] = [axis(0), axis(1), axis(2)];
        LonLat { lon: y.atan2(x).to_degrees(), lat: z.atan2(x.hypot(y)).to_degrees() }
    }

    /// The angle from the start to the nearest place of the edge on the sphere.
    fn nearest(&self, point: Vector) -> f64 {
        // Behind the edge's far side both ends may be the nearer one.
        let angle = dot(point, self.along).atan2(dot(point, self.from));
        if (0.0..=self.angle).contains(&angle) {
            return angle;
        }
        let over = if angle < 0.0 { angle + std::f64::consts::TAU } else { angle };
        if over - self.angle < std::f64::consts::TAU - over { self.angle } else { 0.0 }
    }

    fn sphere_m(&self, point: Vector) -> f64 {
        let (sine, cosine) = self.nearest(point).sin_cos();
        let foot = [0, 1, 2].map(|axis| self.from[axis] * cosine + self.along[axis] * sine);
        let across = cross(point, foot);
        dot(across, across).sqrt().atan2(dot(point, foot)) * RADIUS_M
    }

    fn is_within(&self, (place, point): (LonLat, Vector), radius_m: f64) -> bool {
        let sphere_m = self.sphere_m(point);
        if sphere_m > radius_m * (1.0 + SPHERE_ERROR) + NOISE_M {
            return false;
        }
        sphere_m < radius_m * (1.0 - SPHERE_ERROR) - NOISE_M || self.distance_m((place, point)) <= radius_m
    }

    /// The least geodesic distance. Its square is all but a parabola along the edge: twice the vertex of one through three places.
    fn distance_m(&self, (place, point): (LonLat, Vector)) -> f64 {
        let square = |angle: f64| distance_m(place, self.at(angle)).powi(2);
        let mut best = self.nearest(point);
        let mut least = square(best);
        let mut step = (least.sqrt() / RADIUS_M * 0.01).max(1e-8);
        for _ in 0..2 {
            let middle = best.clamp(step.min(self.angle / 2.0), (self.angle - step).max(self.angle / 2.0));
            let reach = step.min(self.angle / 2.0);
            let (before, here, after) = (square(middle - reach), square(middle), square(middle + reach));
            let bend = before - 2.0 * here + after;
            if bend <= 0.0 {
                break;
            }
            let vertex = (middle + reach * (before - after) / (2.0 * bend)).clamp(0.0, self.angle);
            let found = square(vertex);
            if found < least {
                (best, least) = (vertex, found);
            }
            step *= 0.1;
        }
        least.sqrt()
    }
}

fn vector(place: LonLat) -> Vector {
    let (lon_sine, lon_cosine) = place.lon.to_radians().sin_cos();
    let (lat_sine, lat_cosine) = place.lat.to_radians().sin_cos();
    [lat_cosine * lon_cosine, lat_cosine * lon_sine, lat_sine]
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::LineString;
    use proptest::prelude::*;

    fn corridor(line: &[(f64, f64)], radius_m: f64) -> Corridor {
        Corridor::new(&MultiLineString(vec![LineString::from(line.to_vec())]), radius_m)
    }

    /// The least distance to very many places of the line, refined where it was least.
    fn brute_m(corridor: &Corridor, place: LonLat) -> f64 {
        let mut least = f64::INFINITY;
        for edge in &corridor.edges {
            let (mut from, mut to) = (0.0, edge.angle);
            for _ in 0..12 {
                let at = |step: usize| from + (to - from) * step as f64 / 20.0;
                let metres = |step: usize| distance_m(place, edge.at(at(step)));
                let best = (0..=20).min_by(|a, b| metres(*a).total_cmp(&metres(*b))).unwrap_or(0);
                least = least.min(metres(best));
                (from, to) = (at(best.saturating_sub(1)), at((best + 1).min(20)));
            }
        }
        least
    }

    proptest! {
        #[test]
        fn the_distance_is_the_least_one_to_any_place_of_the_line(
            line in proptest::collection::vec((107.0..110.0_f64, 13.0..16.0_f64), 2..6),
            place in (107.0..110.0_f64, 13.0..16.0_f64), share in 0.98..1.02_f64,
        ) {
            let place = LonLat { lon: place.0, lat: place.1 };
            let line_of = |radius_m| corridor(&line, radius_m);
            let (brute, found) = (brute_m(&line_of(1.0), place), line_of(1.0).distance_m(place));
            prop_assert!((brute - found).abs() < 1e-4, "{} {}", brute, found);
            let around = line_of(found * share);
            prop_assert!((around.distance_m(place) - found).abs() < 1e-6);
            prop_assert_eq!(around.holds(place), found <= found * share);
            let stretches = around.stretches().any(|(boxes, stretch)| {
                boxes.iter().any(|bbox| bbox.contains(place)) && around.contains(stretch, place)
            });
            prop_assert_eq!(stretches, around.holds(place));
            let few = around.boxes(3);
            prop_assert!(few.len() <= 3 && (!stretches || few.iter().any(|bbox| bbox.contains(place))));
        }
    }

    proptest! {
        #[test]
        fn of_many_edges_the_nearest_is_found_without_measuring_all(
            turns in proptest::collection::vec((-0.003..0.003_f64, -0.003..0.003_f64), 100..400),
            place in (107.9..108.1_f64, 14.9..15.1_f64), radius_m in 1.0..5_000.0_f64,
        ) {
            let place = LonLat { lon: place.0, lat: place.1 };
            let mut at = (108.0, 15.0);
            let line: Vec<(f64, f64)> = turns.into_iter().map(|(lon, lat)| {
                at = (at.0 + lon, at.1 + lat);
                at
            }).collect();
            let corridor = corridor(&line, radius_m);
            let point = vector(place);
            let all = corridor.edges.iter().map(|edge| edge.distance_m((place, point))).fold(f64::INFINITY, f64::min);
            prop_assert!((corridor.distance_m(place) - all).abs() < 1e-6);
            prop_assert_eq!(corridor.holds(place), all <= radius_m);
        }
    }

    #[test]
    fn of_a_long_line_only_edges_near_the_place_are_measured() {
        let at = |step: u32| (107.0 + f64::from(step % 200) * 0.01, 13.0 + f64::from(step / 200) * 0.02);
        let line: Vec<(f64, f64)> = (0..20_000).map(at).collect();
        let corridor = corridor(&line, 500.0);
        let place = LonLat { lon: 108.003, lat: 14.003 };
        let near = corridor.edges_near(vector(place)).count();
        assert!((1..100).contains(&near), "{near} of {}", corridor.edges.len());
    }

    #[test]
    fn a_line_may_cross_the_antimeridian_come_near_a_pole_and_stand_still() {
        let across = corridor(&[(179.9, 0.0), (-179.9, 0.0)], 1_000.0);
        assert!(across.holds(LonLat { lon: 180.0, lat: 0.009 }) && across.holds(LonLat { lon: -179.99, lat: 0.0 }));
        assert!(!across.holds(LonLat { lon: 0.0, lat: 0.0 }));
        let polar = corridor(&[(0.0, 89.9), (180.0, 89.9)], 100.0);
        assert!(polar.holds(LonLat { lon: 77.0, lat: 90.0 }));
        let place = LonLat { lon: 108.0, lat: 15.0 };
        let still = corridor(&[(108.0, 15.0), (108.0, 15.0)], 10.0);
        assert!(still.holds(place) && still.distance_m(place) == 0.0);
        assert!(!still.holds(LonLat { lon: 108.001, lat: 15.0 }));
    }
}
