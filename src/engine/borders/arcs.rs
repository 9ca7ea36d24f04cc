//! Cuts rings into arcs: the longest stretches of border that have the same two sides all along. What several units, levels
//! or dates share is one arc, so whatever is done to it is done for all of them.

use crate::model::World;

use super::vertices::{IdPart, IdRing, Map, Vertices};

/// Along an arc as it is kept, or against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    Backward,
}

/// One arc of a ring, walked in one of its two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) arc: u32,
    pub(super) way: Way,
}

/// A closed ring as arcs.
pub(super) type StepRing = Vec<Step>;

/// The rings of one polygon, exterior first.
pub(super) type StepPart = Vec<StepRing>;

/// The arcs found so far.
#[derive(Default)]
pub(super) struct Arcs {
    arcs: Vec<Vec<u32>>,
    known: Map<Vec<u32>, u32>,
}

impl Arcs {
    /// Cuts all units' polygons into shared arcs. First come the vertex numbers of each arc, both ends included (a closed arc
    /// repeats its first vertex at the end), then each unit's rings by their arcs. Exteriors come out with positive surveyor's
    /// area in world coordinates (y down), holes with negative, however they were wound. O(vertices).
    pub(super) fn cut(units: &[Vec<IdPart>], vertices: &Vertices) -> (Vec<Vec<u32>>, Vec<Vec<StepPart>>) {
        let nodes = nodes(units, vertices.places.len());
        let mut arcs = Self::default();
        let shapes =
            units.iter().map(|parts| parts.iter().map(|part| arcs.part(part, &nodes, vertices)).collect()).collect();
        (arcs.arcs, shapes)
    }

    fn part(&mut self, part: &IdPart, nodes: &[bool], vertices: &Vertices) -> StepPart {
        let wound = |(index, ring): (usize, &IdRing)| {
            let mut ring = ring.clone();
            if (signed_area(ring.iter().map(|&id| vertices.place(id))) < 0.0) == (index == 0) {
                ring.reverse();
            }
            self.ring(&ring, nodes)
        };
        part.iter().enumerate().map(wound).collect()
    }

    fn ring(&mut self, ring: &[u32], nodes: &[bool]) -> StepRing {
        let is_node = |id: &u32| nodes.get(*id as usize).copied().unwrap_or(false);
        // A ring without a node starts at its least vertex, so that every unit it belongs to cuts it at the same place.
        let start = ring
            .iter()
            .position(is_node)
            .unwrap_or_else(|| ring.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(index, _)| index));
        let (before, after) = ring.split_at(start);
        let closing = after.first().copied();
        let mut steps = Vec::new();
        let mut arc: Vec<u32> = Vec::new();
        for id in after.iter().chain(before).copied().chain(closing) {
            arc.push(id);
            if arc.len() > 1 && is_node(&id) {
                steps.push(self.step(std::mem::replace(&mut arc, vec![id])));
            }
        }
        if arc.len() > 1 {
            steps.push(self.step(arc));
        }
        steps
    }

    /// The arc through these vertices, new or known; kept in the way that comes first in lexicographic order.
    fn step(&mut self, mut ids: Vec<u32>) -> Step {
        let way = if ids.iter().le(ids.iter().rev()) { Way::Forward } else { Way::Backward };
        if way == Way::Backward {
            ids.reverse();
        }
        let next = self.arcs.len() as u32;
        let arc = *self.known.entry(ids).or_insert_with_key(|ids| {
            self.arcs.push(ids.clone());
            next
        });
        Step { arc, way }
    }
}

/// The vertices at which two rings (or two passes of one) do not have the same two neighbours: there arcs begin and end.
fn nodes(units: &[Vec<IdPart>], vertices: usize) -> Vec<bool> {
    let mut seen: Vec<Option<(u32, u32)>> = vec![None; vertices];
    let mut nodes = vec![false; vertices];
    for ring in units.iter().flatten().flatten() {
        let before = ring.iter().cycle().skip(ring.len().saturating_sub(1));
        let after = ring.iter().cycle().skip(1);
        for ((&id, &before), &after) in ring.iter().zip(before).zip(after) {
            let pair = (before.min(after), before.max(after));
            let (Some(seen), Some(node)) = (seen.get_mut(id as usize), nodes.get_mut(id as usize)) else { continue };
            *node |= *seen.get_or_insert(pair) != pair;
        }
    }
    nodes
}

/// Surveyor's area of a closed ring given without its repeated last place: positive when it looks clockwise with y down.
/// The unit is that of the places, squared. Measured from the first place, to keep digits where a ring is small.
pub(super) fn signed_area(ring: impl Iterator<Item = World>) -> f64 {
    let mut ring = ring.peekable();
    let Some(&origin) = ring.peek() else { return 0.0 };
    let mut doubled = 0.0;
    let mut last = World { x: 0.0, y: 0.0 };
    for at in ring {
        let at = World { x: at.x - origin.x, y: at.y - origin.y };
        doubled += last.x * at.y - at.x * last.y;
        last = at;
    }
    doubled / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Vertices {
        let places = (0..16).map(|n| World { x: f64::from(n % 4), y: f64::from(n / 4) }).collect();
        Vertices::at(places)
    }

    #[test]
    fn a_border_of_two_neighbours_is_one_arc_walked_both_ways() {
        // Two cells side by side on a grid four wide: 0 1 2 over 4 5 6.
        let west = vec![vec![vec![0, 1, 5, 4]]];
        let east = vec![vec![vec![1, 2, 6, 5]]];
        let (arcs, shapes) = Arcs::cut(&[west, east], &grid());
        assert_eq!(arcs.len(), 3, "{arcs:?}");
        let shared = arcs.iter().position(|arc| *arc == [1, 5]).expect("the shared arc") as u32;
        let ways: Vec<Way> = shapes
            .iter()
            .flatten()
            .flatten()
            .flatten()
            .filter(|step| step.arc == shared)
            .map(|step| step.way)
            .collect();
        assert_eq!(ways.len(), 2);
        assert_ne!(ways[0], ways[1]);
    }

    #[test]
    fn an_island_is_one_arc_whatever_its_start_and_winding() {
        let units = [vec![vec![vec![0, 1, 5, 4]]], vec![vec![vec![5, 4, 0, 1]]], vec![vec![vec![4, 5, 1, 0]]]];
        let (arcs, shapes) = Arcs::cut(&units, &grid());
        assert_eq!(arcs, [vec![0, 1, 5, 4, 0]]);
        assert_eq!(shapes[0], shapes[1]);
        assert_eq!(shapes[0], shapes[2], "exteriors are wound alike");
    }

    #[test]
    fn a_hole_is_wound_against_its_exterior() {
        let (arcs, shapes) = Arcs::cut(&[vec![vec![vec![0, 3, 15, 12], vec![5, 6, 10, 9]]]], &grid());
        let area = |step: Step| {
            let area = signed_area(arcs[step.arc as usize].iter().map(|&id| grid().place(id)));
            if step.way == Way::Forward { area } else { -area }
        };
        assert_eq!(shapes[0][0].iter().map(|ring| area(ring[0])).collect::<Vec<_>>(), [9.0, -1.0]);
    }

    #[test]
    fn a_ring_that_touches_itself_is_cut_there() {
        // A figure of eight through vertex 5.
        let (arcs, shapes) = Arcs::cut(&[vec![vec![vec![0, 1, 5, 10, 9, 5, 4]]]], &grid());
        assert_eq!(arcs.len(), 2);
        assert_eq!(shapes[0][0][0].len(), 2);
    }
}
