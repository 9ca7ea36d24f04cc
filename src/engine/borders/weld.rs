//! Closes the hairlines of published coverages: where one unit's border has a vertex that its neighbour's straight edge passes
//! by, the neighbour gets it too. The real file has 24 such slivers, up to some 12 m wide; simplified apart, each would open
//! to several pixels at small zooms.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::model::{Day, DayInterval, Level, World};

use super::simplify::distance_2;
use super::vertices::{IdPart, IdRing, Map, Vertices};

/// How far from an edge a neighbour's vertex may be to be drawn into it: 12 m at the equator, less towards the poles; two and
/// a half pixels at zoom 14. Stored geometries are not touched.
const WELD_WORLD: f64 = 3e-7;

/// A unit's rings by vertex numbers, with what decides which other units are its neighbours.
pub(super) struct NumberedUnit {
    pub(super) level: Level,
    pub(super) valid: DayInterval,
    pub(super) parts: Vec<IdPart>,
}

/// An undirected edge, the lesser vertex first.
type Edge = (u32, u32);

/// Gives edges that no neighbour shares the vertices that neighbours of the same level and date have on them, in every unit
/// of every level and date that has the edge. O(vertices) for each date on which units of a level begin.
pub(super) fn weld(units: &mut [NumberedUnit], vertices: &Vertices) {
    let mut splits: Map<Edge, Vec<u32>> = Map::default();
    for level in Level::ALL {
        let of_level = || units.iter().filter(move |unit| unit.level == level);
        let mut days: Vec<Day> = of_level().map(|unit| unit.valid.from.unwrap_or(Day(i32::MIN))).collect();
        days.sort_unstable();
        days.dedup();
        for day in days {
            let sheet: Vec<&NumberedUnit> = of_level().filter(|unit| unit.valid.contains(day)).collect();
            find_splits(&sheet, vertices, &mut splits);
        }
    }
    for ring in units.iter_mut().flat_map(|unit| &mut unit.parts).flatten() {
        *ring = with_splits(ring, &splits, vertices);
    }
}

/// Looks for vertices on foreign edges among the units of one level on one day.
fn find_splits(sheet: &[&NumberedUnit], vertices: &Vertices, splits: &mut Map<Edge, Vec<u32>>) {
    let lonely = lonely_edges(sheet);
    let loose: HashSet<u32, FixedState> = lonely.iter().flat_map(|&(a, b, _)| [a, b]).collect();
    let mut owners: Map<u32, Vec<usize>> = Map::default();
    for (unit, id) in rings(sheet).flat_map(|(unit, ring)| ring.iter().map(move |&id| (unit, id))) {
        if loose.contains(&id) {
            owners.entry(id).or_default().push(unit);
        }
    }
    let boxes = lonely.iter().map(|&(a, b, unit)| {
        let (from, to) = (vertices.place(a), vertices.place(b));
        GeomWithData::new(Rectangle::from_corners([from.x, from.y], [to.x, to.y]), (a, b, unit))
    });
    let tree = RTree::bulk_load(boxes.collect());
    for (&id, owners) in &owners {
        let at = vertices.place(id);
        let around = AABB::from_corners([at.x - WELD_WORLD, at.y - WELD_WORLD], [at.x + WELD_WORLD, at.y + WELD_WORLD]);
        // The nearest edge of each unit that does not have the vertex.
        let mut nearest: Map<usize, (f64, Edge)> = Map::default();
        for found in tree.locate_in_envelope_intersecting(around) {
            let (a, b, unit) = found.data;
            let (from, to) = (vertices.place(a), vertices.place(b));
            let apart_2 = distance_2(at, from, to);
            if apart_2 <= WELD_WORLD * WELD_WORLD && is_beside(at, from, to) && !owners.contains(&unit) {
                let best = nearest.entry(unit).or_insert((f64::INFINITY, (0, 0)));
                let candidate = (apart_2, (a.min(b), a.max(b)));
                if candidate < *best {
                    *best = candidate;
                }
            }
        }
        for (_, edge) in nearest.into_values() {
            splits.entry(edge).or_default().push(id);
        }
    }
}

/// Whether the place nearest to `at` on the edge's line lies between its ends: beyond an end it would only fold the edge.
fn is_beside(at: World, a: World, b: World) -> bool {
    let along = |from: World, to: World| (at.x - from.x) * (to.x - from.x) + (at.y - from.y) * (to.y - from.y);
    along(a, b) > 0.0 && along(b, a) > 0.0
}

/// The edges, each with its unit's index in the sheet, that no other unit of the sheet has.
fn lonely_edges(sheet: &[&NumberedUnit]) -> Vec<(u32, u32, usize)> {
    // Interiors may lie on either hand as published, so a partner is another unit on the edge, whichever way it walks.
    let mut uses: Map<Edge, (u32, usize)> = Map::default();
    for (unit, ring) in rings(sheet) {
        for (a, b) in edges(ring) {
            uses.entry((a.min(b), a.max(b))).or_insert((0, unit)).0 += 1;
        }
    }
    let mut lonely: Vec<_> =
        uses.into_iter().filter(|(_, (count, _))| *count == 1).map(|((a, b), (_, unit))| (a, b, unit)).collect();
    lonely.sort_unstable();
    lonely
}

fn rings<'a>(sheet: &'a [&NumberedUnit]) -> impl Iterator<Item = (usize, &'a IdRing)> {
    sheet.iter().enumerate().flat_map(|(unit, numbered)| numbered.parts.iter().flatten().map(move |ring| (unit, ring)))
}

fn edges(ring: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// The ring with the vertices found on its edges, in their order along each edge.
fn with_splits(ring: &[u32], splits: &Map<Edge, Vec<u32>>, vertices: &Vertices) -> IdRing {
    let mut welded = IdRing::with_capacity(ring.len());
    for (a, b) in edges(ring) {
        welded.push(a);
        let Some(inserted) = splits.get(&(a.min(b), a.max(b))) else { continue };
        let (from, to) = (vertices.place(a), vertices.place(b));
        let along = |id: u32| {
            let at = vertices.place(id);
            (at.x - from.x) * (to.x - from.x) + (at.y - from.y) * (to.y - from.y)
        };
        let mut inserted: Vec<(f64, u32)> = inserted.iter().map(|&id| (along(id), id)).collect();
        inserted.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        inserted.dedup();
        welded.extend(inserted.into_iter().map(|(_, id)| id));
    }
    welded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(ring: &[u32]) -> NumberedUnit {
        NumberedUnit { level: Level::Commune, valid: DayInterval::ALWAYS, parts: vec![vec![ring.to_vec()]] }
    }

    /// 0 and 1 are the ends of a border, 2 lies beside its middle by `apart`, 3 west and 4 east of it.
    fn border(apart: f64) -> Vertices {
        let places = [(0.5, 0.5), (0.5, 0.6), (0.5 + apart, 0.55), (0.4, 0.55), (0.6, 0.55)];
        Vertices::at(places.map(|(x, y)| World { x, y }).to_vec())
    }

    #[test]
    fn a_neighbours_vertex_is_drawn_into_the_edge_it_lies_on() {
        let mut units = [unit(&[0, 1, 3]), unit(&[1, 2, 0, 4])];
        weld(&mut units, &border(WELD_WORLD / 2.0));
        assert_eq!(units[0].parts[0][0], [0, 2, 1, 3]);
        assert_eq!(units[1].parts[0][0], [1, 2, 0, 4]);
    }

    #[test]
    fn a_vertex_farther_off_or_of_another_time_stays_out() {
        let mut far = [unit(&[0, 1, 3]), unit(&[1, 2, 0, 4])];
        weld(&mut far, &border(WELD_WORLD * 2.0));
        assert_eq!(far[0].parts[0][0], [0, 1, 3]);

        let mut other_time = [unit(&[0, 1, 3]), unit(&[1, 2, 0, 4])];
        other_time[0].valid.to = Some(Day(10));
        other_time[1].valid.from = Some(Day(10));
        weld(&mut other_time, &border(WELD_WORLD / 2.0));
        assert_eq!(other_time[0].parts[0][0], [0, 1, 3]);
    }

    #[test]
    fn a_unit_of_another_level_with_the_same_edge_gets_the_vertex_too() {
        let mut units = [unit(&[0, 1, 3]), unit(&[1, 2, 0, 4]), unit(&[3, 0, 1])];
        units[2].level = Level::District;
        weld(&mut units, &border(WELD_WORLD / 2.0));
        assert_eq!(units[2].parts[0][0], [3, 0, 2, 1]);
    }
}
