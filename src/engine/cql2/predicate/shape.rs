//! Where rows lie as to a geometry.

use geo_types::{Geometry, MultiPolygon};

use super::each;
use crate::engine::columns::{Columns, block_of, mask};
use crate::engine::locate::{Place, PreparedArea, PreparedLines};
use crate::model::filter::PlaceTest;
use crate::model::{Bbox, LonLat};

/// A test of rows' places.
pub(super) struct Places<'a> {
    lons: &'a [f64],
    lats: &'a [f64],
    test: PlaceTest,
    shape: Shape,
    bbox: Bbox,
}

/// A geometry prepared for many places.
enum Shape {
    /// In order of x, then y.
    Points(Vec<[f64; 2]>),
    Lines(PreparedLines),
    Area(PreparedArea),
}

impl<'a> Places<'a> {
    pub(super) fn new(test: PlaceTest, geometry: &Geometry<f64>, columns: &'a Columns) -> Self {
        let shape = Shape::new(geometry);
        let bbox = shape.bbox();
        Self { lons: &columns.lons, lats: &columns.lats, test, shape, bbox }
    }

    pub(super) fn word(&self, block: usize, wanted: u64) -> u64 {
        let (lons, lats, bbox) = (block_of(self.lons, block), block_of(self.lats, block), self.bbox);
        let mut near = wanted & mask(lons, |lon| bbox.west <= lon && lon <= bbox.east);
        if near != 0 {
            near &= mask(lats, |lat| bbox.south <= lat && lat <= bbox.north);
        }
        each(near, |row| {
            let at = lons.get(row).zip(lats.get(row)).map(|(lon, lat)| LonLat { lon: *lon, lat: *lat });
            let place = at.map_or(Place::Outside, |at| self.shape.place(at));
            match self.test {
                PlaceTest::Meets => place != Place::Outside,
                PlaceTest::Inside => place == Place::Inside,
                PlaceTest::Boundary => place == Place::Border,
            }
        })
    }
}

impl Shape {
    fn new(geometry: &Geometry<f64>) -> Self {
        let mut points: Vec<[f64; 2]> = Vec::new();
        let area = |polygons: &MultiPolygon<f64>| Self::Area(PreparedArea::new(polygons));
        match geometry {
            Geometry::Polygon(polygon) => return area(&MultiPolygon(vec![polygon.clone()])),
            Geometry::MultiPolygon(polygons) => return area(polygons),
            Geometry::LineString(line) => return Self::Lines(PreparedLines::new(std::slice::from_ref(line))),
            Geometry::MultiLineString(lines) => return Self::Lines(PreparedLines::new(&lines.0)),
            Geometry::Point(point) => points.push(key(point.x(), point.y())),
            Geometry::MultiPoint(many) => points.extend(many.iter().map(|point| key(point.x(), point.y()))),
            // Checked filters hold nothing else.
            _ => {}
        }
        points.sort_unstable_by(order);
        Self::Points(points)
    }

    fn bbox(&self) -> Bbox {
        match self {
            Self::Points(points) => {
                let mut bbox = Bbox::EMPTY;
                for &[lon, lat] in points {
                    bbox.extend(LonLat { lon, lat });
                }
                bbox
            }
            Self::Lines(lines) => lines.bbox(),
            Self::Area(area) => area.bbox(),
        }
    }

    fn place(&self, at: LonLat) -> Place {
        match self {
            Self::Points(points) => {
                let wanted = key(at.lon, at.lat);
                let found = points.binary_search_by(|point| order(point, &wanted));
                if found.is_ok() { Place::Inside } else { Place::Outside }
            }
            Self::Lines(lines) => lines.place(at),
            Self::Area(area) => area.place(at),
        }
    }
}

/// Both zeros as one.
fn key(x: f64, y: f64) -> [f64; 2] {
    [x + 0.0, y + 0.0]
}

fn order(one: &[f64; 2], other: &[f64; 2]) -> std::cmp::Ordering {
    one[0].total_cmp(&other[0]).then(one[1].total_cmp(&other[1]))
}
