//! Every vertex of every unit gets one number: the same place is the same number, whichever unit, level or date names it.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use geo_types::{LineString, MultiPolygon};

use crate::model::{LonLat, World};

/// Vertices nearer to each other than this are one: about a centimetre, in world units. Files written by different programs
/// differ by less in the last digits of the same vertex; at the deepest zoom it is five tile units, far less than a line's width.
const SNAP_WORLD: f64 = 3e-10;

/// A hash map with a fixed seed: arcs come out in the same order in every run.
pub(super) type Map<K, V> = HashMap<K, V, FixedState>;

/// A closed ring as vertex numbers, the first not repeated at the end.
pub(super) type IdRing = Vec<u32>;

/// The rings of one polygon, exterior first.
pub(super) type IdPart = Vec<IdRing>;

/// The places of all vertices, world coordinates, by their numbers.
#[derive(Default)]
pub(super) struct Vertices {
    /// World coordinates by vertex number.
    pub(super) places: Vec<World>,
    exact: Map<(u64, u64), u32>,
    /// The first vertex of each cell of [`SNAP_WORLD`] a side: a cell never holds two.
    cells: Map<(i64, i64), u32>,
}

impl Vertices {
    /// Vertices at known places, numbered from 0.
    #[cfg(test)]
    pub(super) fn at(places: Vec<World>) -> Self {
        Self { places, ..Self::default() }
    }

    /// Numbers the vertices of a unit, degrees WGS 84. Rings with a coordinate that is not a number are left out, as are
    /// rings of fewer than three distinct vertices; a polygon without its exterior is left out with its holes.
    pub(super) fn number(&mut self, geometry: &MultiPolygon<f64>) -> Vec<IdPart> {
        let mut parts = Vec::new();
        for polygon in geometry {
            let Some(exterior) = self.ring(polygon.exterior()) else { continue };
            let mut part = vec![exterior];
            part.extend(polygon.interiors().iter().filter_map(|ring| self.ring(ring)));
            parts.push(part);
        }
        parts
    }

    fn ring(&mut self, ring: &LineString<f64>) -> Option<IdRing> {
        if !ring.0.iter().all(|at| at.x.is_finite() && at.y.is_finite()) {
            return None;
        }
        let mut ids: IdRing = ring.0.iter().map(|at| self.id(project(at.x, at.y))).collect();
        ids.dedup();
        while ids.len() > 1 && ids.first() == ids.last() {
            ids.pop();
        }
        let [first, second, rest @ ..] = ids.as_slice() else { return None };
        rest.iter().any(|id| id != first && id != second).then_some(ids)
    }

    fn id(&mut self, at: World) -> u32 {
        let key = (at.x.to_bits(), at.y.to_bits());
        if let Some(&known) = self.exact.get(&key) {
            return known;
        }
        let cell = ((at.x / SNAP_WORLD) as i64, (at.y / SNAP_WORLD) as i64);
        let id = self.near(at, cell).unwrap_or_else(|| {
            let new = self.places.len() as u32;
            self.places.push(at);
            self.cells.insert(cell, new);
            new
        });
        self.exact.insert(key, id);
        id
    }

    /// A vertex within [`SNAP_WORLD`]: it lies in the same cell or one beside it.
    fn near(&self, at: World, cell: (i64, i64)) -> Option<u32> {
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cell.0 + dx, cell.1 + dy)));
        let beside = || {
            around.filter_map(|cell| self.cells.get(&cell)).copied().find(|&id| {
                let known = self.place(id);
                (known.x - at.x).hypot(known.y - at.y) <= SNAP_WORLD
            })
        };
        self.cells.get(&cell).copied().or_else(beside)
    }

    /// Where vertices are, world coordinates.
    pub(super) fn places_of(&self, ids: &[u32]) -> Vec<World> {
        ids.iter().map(|&id| self.place(id)).collect()
    }

    /// Where a vertex is, world coordinates.
    pub(super) fn place(&self, id: u32) -> World {
        self.places.get(id as usize).copied().unwrap_or(World { x: 0.0, y: 0.0 })
    }
}

/// Degrees to world, moved onto the edge of the world where beyond it. Adding 0 makes −0 and 0 one place.
fn project(lon: f64, lat: f64) -> World {
    let at = World::from_lon_lat(LonLat { lon, lat: lat.clamp(-90.0, 90.0) });
    World { x: at.x.clamp(0.0, 1.0) + 0.0, y: at.y + 0.0 }
}

#[cfg(test)]
mod tests {
    use geo_types::{Polygon, coord};

    use super::*;

    fn numbered(vertices: &mut Vertices, ring: &[(f64, f64)]) -> Vec<IdPart> {
        let ring = LineString::from(ring.to_vec());
        vertices.number(&MultiPolygon(vec![Polygon::new(ring, vec![])]))
    }

    #[test]
    fn a_vertex_a_millimetre_away_is_the_same_vertex() {
        let mut vertices = Vertices::default();
        let one = numbered(&mut vertices, &[(108.0, 15.0), (109.0, 15.0), (109.0, 16.0)]);
        let two = numbered(&mut vertices, &[(108.000_000_01, 15.0), (109.0, 15.000_000_01), (109.0, 16.0)]);
        assert_eq!(one, two);
        let other = numbered(&mut vertices, &[(108.000_001, 15.0), (109.0, 15.0), (109.0, 16.0)]);
        assert_ne!(one, other, "a tenth of a metre is another place");
    }

    #[test]
    fn rings_that_are_no_rings_are_left_out() {
        let mut vertices = Vertices::default();
        for ring in [
            &[][..],
            &[(1.0, 1.0)],
            &[(1.0, 1.0), (2.0, 2.0), (1.0, 1.0)],
            &[(1.0, 1.0), (2.0, 2.0), (1.0, 1.0), (2.0, 2.0)],
            &[(f64::NAN, 1.0), (2.0, 2.0), (1.0, 3.0)],
            &[(f64::INFINITY, 1.0), (2.0, 2.0), (1.0, 3.0)],
        ] {
            assert!(numbered(&mut vertices, ring).is_empty(), "{ring:?}");
        }
        assert!(vertices.number(&MultiPolygon(vec![])).is_empty());
    }

    #[test]
    fn the_poles_and_the_antimeridian_are_the_edge_of_the_world() {
        for (lon, lat) in [(-180.0, 90.0), (180.0, -90.0), (181.0, 95.0), (-0.0, 0.0)] {
            let at = project(lon, lat);
            assert!((0.0..=1.0).contains(&at.x) && (0.0..=1.0).contains(&at.y), "{:?}", coord! { x: lon, y: lat });
        }
    }
}
