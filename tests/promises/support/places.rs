//! Places chosen to be hard for a join of points with units.

use bandoso::engine::locate::MetresPerDegree;
use bandoso::model::{LonLat, Unit};
use geo_types::Line;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// `count` places from a seed: anywhere over the units and around them, on vertices and the doubles next to them, on borders
/// between vertices (where a double is hardly ever exactly on the line), on borders along a parallel or meridian (where it is), a
/// hair beside borders (slivers and overlaps), and at sea around 200 m from the shore.
pub fn hard_places(units: &[Unit], count: usize, seed: u64) -> Vec<LonLat> {
    let mut random = StdRng::seed_from_u64(seed);
    let edges: Vec<Line<f64>> = units.iter().flat_map(|unit| edges(unit).collect::<Vec<_>>()).collect();
    let straight: Vec<&Line<f64>> = edges.iter().filter(|edge| (edge.dx() == 0.0) != (edge.dy() == 0.0)).collect();
    assert!(straight.len() > 100, "real borders have some parallels and meridians");
    (0..count)
        .map(|index| {
            let edge = edges[random.random_range(0..edges.len())];
            let along = random.random_range(0.0..1.0);
            let on = LonLat { lon: edge.start.x + along * edge.dx(), lat: edge.start.y + along * edge.dy() };
            match index % 8 {
                0 | 1 => LonLat { lon: random.random_range(107.0..109.6), lat: random.random_range(13.6..15.8) },
                2 => LonLat { lon: edge.start.x, lat: edge.start.y },
                3 => LonLat { lon: step(&mut random, edge.start.x), lat: step(&mut random, edge.start.y) },
                4 => on,
                5 => {
                    let edge = straight[random.random_range(0..straight.len())];
                    LonLat { lon: edge.start.x + along * edge.dx(), lat: edge.start.y + along * edge.dy() }
                }
                6 => {
                    let hair = 10_f64.powf(random.random_range(-14.0..-4.0));
                    LonLat { lon: on.lon + hair * random.random_range(-1.0..1.0), lat: on.lat + hair }
                }
                _ => beside(&mut random, edge, on),
            }
        })
        .collect()
}

fn edges(unit: &Unit) -> impl Iterator<Item = Line<f64>> + '_ {
    let rings = unit.geometry.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
    rings.flat_map(geo_types::LineString::lines)
}

fn step(random: &mut StdRng, value: f64) -> f64 {
    match random.random_range(0..3) {
        0 => value.next_down(),
        1 => value,
        _ => value.next_up(),
    }
}

/// A place square off an edge: half of them within a nanometre of 200 m, the others up to 400 m.
fn beside(random: &mut StdRng, edge: Line<f64>, on: LonLat) -> LonLat {
    let metres = MetresPerDegree::at(on.lat);
    let (dx, dy) = (edge.dx() * metres.x, edge.dy() * metres.y);
    let length = dx.hypot(dy).max(1e-9);
    let side = if random.random_bool(0.5) { 1.0 } else { -1.0 };
    let off = if random.random_bool(0.5) {
        200.0 + random.random_range(-1e-9..1e-9)
    } else {
        random.random_range(0.0..400.0)
    };
    LonLat { lon: on.lon - side * off * dy / length / metres.x, lat: on.lat + side * off * dx / length / metres.y }
}
