//! Polygons prepared for many points.

use geo_types::{LineString, MultiPolygon};

use super::cover::{self, Place, Winding};
use super::near;
use super::ring::Ring;
use crate::model::{Bbox, LonLat};

/// Polygons of one unit, or of a question, prepared so that a point costs a fraction of a microsecond.
#[derive(Debug)]
pub struct PreparedArea {
    /// Rings of all polygons, those of one together, its outer one first.
    rings: Vec<Ring>,
    /// Where each polygon's rings end.
    ends: Vec<usize>,
    bbox: Bbox,
    reach: Bbox,
}

impl PreparedArea {
    /// Prepares polygons in degrees, whatever their winding, order and faults. Rings without vertices are left out, with their
    /// holes where it is the outer one.
    pub fn new(polygons: &MultiPolygon<f64>) -> Self {
        let mut area = Self { rings: Vec::new(), ends: Vec::new(), bbox: exact_bbox(polygons), reach: Bbox::EMPTY };
        area.reach = reach(area.bbox);
        for polygon in polygons {
            if let Some(outer) = Ring::new(polygon.exterior()) {
                area.rings.push(outer);
                area.rings.extend(polygon.interiors().iter().filter_map(Ring::new));
                area.ends.push(area.rings.len());
            }
        }
        area
    }

    /// Whether the place is inside or on a border: [`polygon_covers`], many times faster.
    pub fn covers(&self, at: LonLat) -> bool {
        self.place(at) != Place::Outside
    }

    /// Where the place lies. Inside is where `PostGIS`'s `ST_Contains(multipolygon, point)` is true.
    pub fn place(&self, at: LonLat) -> Place {
        let p = [at.lon, at.lat];
        if self.reach.contains(at) {
            cover::place(self.polygons(), |ring: &Ring| ring.place(p))
        } else {
            Place::Outside
        }
    }

    /// Segments that the place is compared with, at most: what [`PreparedArea::covers`] costs, about 10 ns each.
    pub fn steps(&self, at: LonLat) -> usize {
        self.rings.iter().map(|ring| ring.steps(at.lat)).sum()
    }

    /// Whether any segment's box meets the box: where not, no border is in it.
    pub(super) fn has_border_in(&self, bbox: &Bbox) -> bool {
        self.rings.iter().any(|ring| ring.meets(bbox))
    }

    /// Metres from the place in the plane of the place, 0 inside, infinity where there are no polygons. Distances over
    /// `reach_m` may come out too far.
    pub(super) fn distance_m(&self, at: LonLat, reach_m: f64) -> f64 {
        near::distance_m(self.polygons(), at, reach_m)
    }

    /// Metres from the place to the nearest border in the plane of the place.
    pub(super) fn border_m(&self, at: LonLat) -> f64 {
        near::border_m(&self.rings, at)
    }

    /// All segments of all rings.
    pub(super) fn segments(&self) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
        self.rings.iter().flat_map(Ring::all)
    }

    /// The box of all rings, exactly.
    pub fn bbox(&self) -> Bbox {
        self.bbox
    }

    /// The box outside which nothing is covered: `PostGIS` keeps boxes in single precision, rounded outwards.
    pub(super) fn reach(&self) -> Bbox {
        self.reach
    }

    fn polygons(&self) -> impl Iterator<Item = &[Ring]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, &end)| self.rings.get(start..end))
    }
}

/// Whether polygons in degrees cover a place, border included, by the arithmetic of `PostGIS` 3.3's
/// `ST_Covers(multipolygon, point)`. Looks at every segment: for many places use [`PreparedArea`].
pub fn polygon_covers(polygons: &MultiPolygon<f64>, at: LonLat) -> bool {
    let p = [at.lon, at.lat];
    reach(exact_bbox(polygons)).contains(at)
        && cover::place(
            polygons.iter().map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors())),
            |ring: &LineString<f64>| place(ring, p),
        ) != Place::Outside
}

fn place(ring: &LineString<f64>, p: [f64; 2]) -> Place {
    let mut winding = Winding::default();
    for line in ring.lines() {
        winding.take([line.start.x, line.start.y], [line.end.x, line.end.y], p);
    }
    winding.place()
}

fn exact_bbox(polygons: &MultiPolygon<f64>) -> Bbox {
    let mut bbox = Bbox::EMPTY;
    for polygon in polygons {
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            ring.coords().for_each(|c| bbox.extend(LonLat { lon: c.x, lat: c.y }));
        }
    }
    bbox
}

/// The box in single precision, rounded outwards.
fn reach(bbox: Bbox) -> Bbox {
    let down = |value: f64| {
        let near = value as f32;
        f64::from(if f64::from(near) > value { near.next_down() } else { near })
    };
    Bbox { west: down(bbox.west), south: down(bbox.south), east: -down(-bbox.east), north: -down(-bbox.north) }
}
