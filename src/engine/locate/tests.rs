//! The join's rule on made-up units and on the real ones.

use geo::Intersects;
use geo_types::{Coord, LineString, MultiPolygon, Point, Polygon};
use proptest::prelude::*;

use super::{MetresPerDegree, PreparedArea, UnitIndex, polygon_covers};
use crate::engine::real_units::real_units;
use crate::model::{Day, DayInterval, Level, LonLat, Unit, UnitId, UnitLink};

/// A rectangle of degrees.
fn rectangle((west, south, east, north): (f64, f64, f64, f64)) -> LineString<f64> {
    LineString::from(vec![(west, south), (east, south), (east, north), (west, north), (west, south)])
}

fn unit(id: i32, level: Level, code: &str, days: (Option<i32>, Option<i32>), geometry: MultiPolygon<f64>) -> Unit {
    Unit {
        id: UnitId(id),
        level,
        code: code.to_owned(),
        name: code.to_owned(),
        full_name: code.to_owned(),
        kind: "xã".to_owned(),
        parent: None,
        valid: DayInterval { from: days.0.map(Day), to: days.1.map(Day) },
        schematic: false,
        geometry,
    }
}

fn square(id: i32, level: Level, code: &str, days: (Option<i32>, Option<i32>), west: f64) -> Unit {
    let geometry = MultiPolygon(vec![Polygon::new(rectangle((west, 15.0, west + 1.0, 16.0)), vec![])]);
    unit(id, level, code, days, geometry)
}

fn stored(index: &UnitIndex, lon: f64, lat: f64) -> Vec<i32> {
    index.links(LonLat { lon, lat }).into_iter().map(UnitLink::to_stored).collect()
}

fn covers(polygons: &MultiPolygon<f64>, lon: f64, lat: f64) -> bool {
    let at = LonLat { lon, lat };
    let prepared = PreparedArea::new(polygons).covers(at);
    assert_eq!(prepared, polygon_covers(polygons, at), "prepared and plain differ at {lon},{lat}");
    prepared
}

#[test]
fn a_hole_is_outside_and_its_border_inside() {
    let polygons =
        MultiPolygon(vec![Polygon::new(rectangle((0.0, 0.0, 9.0, 9.0)), vec![rectangle((3.0, 3.0, 6.0, 6.0))])]);
    assert!(covers(&polygons, 1.0, 4.0));
    assert!(covers(&polygons, 3.0, 4.0));
    assert!(covers(&polygons, 6.0, 6.0));
    assert!(!covers(&polygons, 4.0, 4.0));
}

#[test]
fn an_island_in_a_hole_and_a_touching_part_are_inside() {
    let polygons = MultiPolygon(vec![
        Polygon::new(rectangle((0.0, 0.0, 9.0, 9.0)), vec![rectangle((3.0, 3.0, 6.0, 6.0))]),
        Polygon::new(rectangle((4.0, 4.0, 5.0, 5.0)), vec![]),
        Polygon::new(rectangle((9.0, 0.0, 12.0, 9.0)), vec![]),
    ]);
    assert!(covers(&polygons, 4.5, 4.5));
    assert!(!covers(&polygons, 3.5, 4.5));
    assert!(covers(&polygons, 9.0, 5.0));
    assert!(covers(&polygons, 11.0, 5.0));
}

#[test]
fn nothing_is_in_polygons_without_vertices() {
    let empty = Polygon::new(LineString(vec![]), vec![]);
    assert!(!covers(&MultiPolygon(vec![]), 0.0, 0.0));
    assert!(!covers(&MultiPolygon(vec![empty.clone()]), 0.0, 0.0));
    assert!(covers(&MultiPolygon(vec![empty, Polygon::new(rectangle((0.0, 0.0, 1.0, 1.0)), vec![])]), 0.0, 0.0));
}

#[test]
fn a_flat_ring_covers_its_own_line_only() {
    let flat = MultiPolygon(vec![Polygon::new(LineString::from(vec![(0.0, 1.0), (4.0, 1.0), (0.0, 1.0)]), vec![])]);
    assert!(covers(&flat, 2.0, 1.0));
    assert!(!covers(&flat, 5.0, 1.0));
    assert!(!covers(&flat, 2.0, 1.1));
}

#[test]
fn on_a_shared_border_the_lowest_code_comes_first_and_all_dates_are_kept() {
    let index = UnitIndex::new(&[
        square(1, Level::Commune, "B", (Some(20), None), 108.0),
        square(2, Level::Commune, "A", (Some(20), None), 109.0),
        square(3, Level::Commune, "B", (None, Some(20)), 108.0),
        square(4, Level::Province, "Z", (None, None), 108.0),
    ]);
    assert_eq!(stored(&index, 109.0, 15.5), [4, 2, 3, 1]);
    assert_eq!(stored(&index, 108.0, 15.0), [4, 3, 1]);
}

#[test]
fn near_units_are_kept_only_for_days_without_cover() {
    let metres = MetresPerDegree::at(15.5);
    let units = [
        square(1, Level::Commune, "A", (None, Some(20)), 108.0),
        square(2, Level::Commune, "B", (Some(20), None), 108.0),
        // A gap of 100 m to the east of the first two, and a unit that is gone before the 20th.
        square(3, Level::Commune, "C", (Some(10), Some(20)), 109.0 + 100.0 / metres.x),
        square(4, Level::District, "D", (None, Some(20)), 108.0),
    ];
    let index = UnitIndex::new(&units);
    // In the gap, 30 m from C: C is nearer on the days it has.
    assert_eq!(stored(&index, 109.0 + 70.0 / metres.x, 15.5), [-4, -3, -1, -2]);
    // Inside A and B there is no day without cover, though C is within 200 m.
    assert_eq!(stored(&index, 109.0 - 1e-9, 15.5), [4, 1, 2]);
    // Inside C: B is valid on days on which C is not, A and C share the tenth to the twentieth, A alone has those before.
    assert_eq!(stored(&index, 109.0 + 150.0 / metres.x, 15.5), [3, -4, -1, -2]);
    // Farther than 200 m from A, B and D, within 200 m of C's far side.
    assert_eq!(stored(&index, 110.0 + 299.0 / metres.x, 15.5), [-3]);
    assert_eq!(stored(&index, 110.0 + 301.0 / metres.x, 15.5), Vec::<i32>::new());
}

#[test]
fn a_unit_that_covers_on_other_days_only_is_no_cover() {
    let index = UnitIndex::new(&[
        square(1, Level::Commune, "A", (Some(10), Some(20)), 108.0),
        square(2, Level::Commune, "B", (Some(20), None), 109.0),
    ]);
    // Inside A, 50 m from B: on the days of B it is near B.
    assert_eq!(stored(&index, 109.0 - 50.0 / MetresPerDegree::at(15.5).x, 15.5), [1, -2]);
}

#[test]
fn a_hole_farther_than_the_reach_is_not_near() {
    let ring = |half: f64| rectangle((108.0 - half, 15.0 - half, 108.0 + half, 15.0 + half));
    let holed = MultiPolygon(vec![Polygon::new(ring(0.5), vec![ring(0.01)])]);
    let index = UnitIndex::new(&[unit(1, Level::Commune, "A", (None, None), holed)]);
    assert_eq!(stored(&index, 108.0, 15.0), Vec::<i32>::new());
    let metres = MetresPerDegree::at(15.0);
    let found = index.distance_m(UnitId(1), LonLat { lon: 108.0, lat: 15.0 }).unwrap();
    assert!((found - 0.01 * metres.x).abs() < 1e-6, "{found}");
    assert_eq!(stored(&index, 108.0 + 0.01 - 150.0 / metres.x, 15.0), [-1]);
    assert_eq!(index.distance_m(UnitId(1), LonLat { lon: 108.3, lat: 15.0 }), Some(0.0));
    assert_eq!(index.distance_m(UnitId(2), LonLat { lon: 108.3, lat: 15.0 }), None);
}

#[test]
fn every_vertex_of_a_real_commune_is_its_own() {
    let Some(units) = real_units("quang_ngai_communes_2025.geojson") else { return };
    let index = UnitIndex::new(&units);
    let mut shared = 0;
    for unit in &units {
        let area = PreparedArea::new(&unit.geometry);
        for vertex in unit.geometry.iter().flat_map(|polygon| polygon.exterior().coords()).step_by(20) {
            let at = LonLat { lon: vertex.x, lat: vertex.y };
            assert!(area.covers(at) && polygon_covers(&unit.geometry, at), "{} {at:?}", unit.name);
            let links = index.links(at);
            assert!(links.contains(&UnitLink::Covered(unit.id)), "{} {at:?} {links:?}", unit.name);
            shared += u32::from(links.len() > 1);
        }
    }
    assert!(shared > 5000, "neighbours share their vertices: {shared}");
}

/// Rings on a coarse grid: shared vertices, horizontal and repeated segments, and crossings are common.
fn grid_ring() -> impl Strategy<Value = LineString<f64>> {
    prop::collection::vec((0_i32..12, 0_i32..12), 3..24).prop_map(|corners| {
        let mut ring: Vec<Coord<f64>> =
            corners.iter().map(|&(x, y)| Coord { x: f64::from(x), y: f64::from(y) }).collect();
        ring.push(ring[0]);
        LineString(ring)
    })
}

fn star(radii: &[f64], centre: (f64, f64)) -> MultiPolygon<f64> {
    let step = std::f64::consts::TAU / radii.len() as f64;
    let corner = |(i, r): (usize, &f64)| {
        let (sin, cos) = (i as f64 * step).sin_cos();
        Coord { x: centre.0 + r * cos, y: centre.1 + r * sin }
    };
    MultiPolygon(vec![Polygon::new(LineString(radii.iter().enumerate().map(corner).collect()), vec![])])
}

proptest! {
    #[test]
    fn prepared_and_plain_agree_on_any_rings(
        rings in prop::collection::vec((grid_ring(), prop::collection::vec(grid_ring(), 0..3)), 0..4),
        points in prop::collection::vec((-2_i32..28, -2_i32..28), 40),
    ) {
        let polygons = MultiPolygon(rings.into_iter().map(|(outer, holes)| Polygon::new(outer, holes)).collect());
        for (x, y) in points {
            covers(&polygons, f64::from(x) / 2.0, f64::from(y) / 2.0);
        }
    }

    #[test]
    fn covering_agrees_with_robust_predicates_away_from_the_border(
        radii in prop::collection::vec(0.01_f64..0.5, 5..80),
        points in prop::collection::vec((107.4_f64..108.6, 14.4_f64..15.6), 50),
    ) {
        let polygons = star(&radii, (108.0, 15.0));
        for (lon, lat) in points {
            prop_assert_eq!(covers(&polygons, lon, lat), polygons.intersects(&Point::new(lon, lat)), "{},{}", lon, lat);
        }
    }

    #[test]
    fn every_vertex_of_a_ring_is_covered(radii in prop::collection::vec(0.01_f64..0.5, 5..80)) {
        let polygons = star(&radii, (108.0, 15.0));
        let vertices: Vec<_> = polygons.0[0].exterior().coords().copied().collect();
        for vertex in vertices {
            prop_assert!(covers(&polygons, vertex.x, vertex.y));
        }
    }

    #[test]
    fn what_is_known_of_a_cell_is_true_of_all_its_points(
        radii in prop::collection::vec(0.01_f64..0.5, 5..80),
        crowds in prop::collection::vec((107.4_f64..108.6, 14.4_f64..15.6), 10),
        beside in prop::collection::vec((-0.003_f64..0.003, -0.003_f64..0.003), 20),
    ) {
        let shapes = [star(&radii, (108.0, 15.0)), star(&radii, (108.2, 15.1))];
        let units = [(1, "A"), (2, "B")].map(|(id, code)| unit(id, Level::Commune, code, (None, None), shapes[id as usize - 1].clone()));
        let index = UnitIndex::new(&units);
        let vertices = shapes[0].0[0].exterior().coords().map(|c| (c.x, c.y)).take(10);
        for (lon, lat) in crowds.iter().copied().chain(vertices) {
            for (dx, dy) in &beside {
                let at = LonLat { lon: lon + dx, lat: lat + dy };
                let expected: Vec<i32> =
                    (1..).zip(&shapes).filter(|(_, shape)| polygon_covers(shape, at)).map(|(id, _)| id).collect();
                let found: Vec<i32> = stored(&index, at.lon, at.lat).into_iter().filter(|id| *id > 0).collect();
                prop_assert_eq!(found, expected, "{:?}", at);
            }
        }
    }

    #[test]
    fn near_is_what_a_look_at_every_segment_says(
        radii in prop::collection::vec(0.001_f64..0.01, 5..60),
        points in prop::collection::vec((107.988_f64..108.012, 14.988_f64..15.012), 50),
    ) {
        let polygons = star(&radii, (108.0, 15.0));
        let index = UnitIndex::new(&[unit(1, Level::Commune, "A", (None, None), polygons.clone())]);
        for (lon, lat) in points {
            let at = LonLat { lon, lat };
            let metres = MetresPerDegree::at(lat);
            let scaled = |c: Coord<f64>| Coord { x: c.x * metres.x, y: c.y * metres.y };
            let least = polygons.0[0].exterior().lines().map(|line| {
                let line = geo_types::Line::new(scaled(line.start), scaled(line.end));
                geo::Distance::distance(&geo::Euclidean, &Point(scaled(Coord { x: lon, y: lat })), &line)
            }).fold(f64::INFINITY, f64::min);
            let covered = polygon_covers(&polygons, at);
            let expected = if covered { vec![1] } else if least <= 200.0 { vec![-1] } else { vec![] };
            prop_assert_eq!(stored(&index, lon, lat), expected, "{} m", least);
            let distance_m = index.distance_m(UnitId(1), at).expect("it has polygons");
            let wanted_m = if covered { 0.0 } else { least };
            prop_assert!((distance_m - wanted_m).abs() < 1e-6);
        }
    }
}
