//! Closes what simplifying and rounding turned over: a strip so narrow that its two sides changed places would be drawn by
//! both neighbours at once. Its longest edge is led along its other edges, in all lines that have it, so nothing is between.

use rayon::prelude::*;

use super::arcs::{StepPart, StepRing, Way};
use super::quantize::TileVertex;
use super::snap::GridVertex;
use super::untangle::turned_over;
use super::vertices::Map;

/// Rounds at most: strips side by side may need one each.
const ROUNDS: usize = 8;

/// Closes strips of units that are turned over, given the lines that the units' arcs became: none may cross another. Tells how
/// many. Only edges that were there before are in the lines afterwards, so they still do not cross. O(vertices of all units).
pub(super) fn unfold(lines: &mut [Vec<GridVertex>], units: &[Vec<StepPart>]) -> usize {
    let mut closed = 0;
    for _ in 0..ROUNDS {
        let strips: Vec<Vec<TileVertex>> = units
            .par_iter()
            .flat_map_iter(|unit| turned_over(unit.iter().flatten().map(|ring| walk(ring, lines))))
            .collect();
        if strips.is_empty() {
            break;
        }
        closed += strips.len();
        let mut detours: Map<(GridVertex, GridVertex), Vec<GridVertex>> = Map::default();
        for strip in &strips {
            if let Some((from, to, between)) = detour(strip) {
                detours.entry((from, to)).or_insert(between);
            }
        }
        lines.par_iter_mut().for_each(|line| lead(line, &detours));
    }
    closed
}

/// A ring's vertices.
fn walk(ring: &StepRing, lines: &[Vec<GridVertex>]) -> Vec<TileVertex> {
    let mut walked = Vec::new();
    let whole = |at: &GridVertex| (at.0 as i32, at.1 as i32);
    for step in ring {
        let line = lines.get(step.arc as usize).map_or(&[][..], Vec::as_slice);
        match step.way {
            Way::Forward => walked.extend(line.iter().map(whole)),
            Way::Backward => walked.extend(line.iter().rev().map(whole)),
        }
    }
    walked
}

/// The longest edge of a ring, from its lesser end, and the ring's other vertices on the way round between its ends.
fn detour(ring: &[TileVertex]) -> Option<(GridVertex, GridVertex, Vec<GridVertex>)> {
    let mut ring: Vec<GridVertex> = ring.iter().map(|at| (i64::from(at.0), i64::from(at.1))).collect();
    let length_2 = |a: GridVertex, b: GridVertex| (a.0 - b.0).pow(2) + (a.1 - b.1).pow(2);
    let edges = ring.iter().zip(ring.iter().cycle().skip(1)).enumerate();
    let (start, _) = edges.max_by_key(|(_, (a, b))| (length_2(**a, **b), **a.min(b), **a.max(b)))?;
    // From the longest edge's end round to its start.
    let end = (start + 1) % ring.len();
    ring.rotate_left(end);
    if ring.first() > ring.last() {
        ring.reverse();
    }
    let [from, between @ .., to] = ring.as_slice() else { return None };
    Some((*from, *to, between.to_vec()))
}

/// Leads a line along the detours for its edges.
fn lead(line: &mut Vec<GridVertex>, detours: &Map<(GridVertex, GridVertex), Vec<GridVertex>>) {
    let found = |a: GridVertex, b: GridVertex| detours.get(&(a.min(b), a.max(b)));
    let edges = || line.iter().copied().zip(line.iter().copied().skip(1));
    if !edges().any(|(a, b)| found(a, b).is_some()) {
        return;
    }
    let mut led = Vec::with_capacity(line.len() + 8);
    led.extend(line.first());
    for (a, b) in edges() {
        let between = found(a, b).map_or(&[][..], Vec::as_slice).iter().copied();
        if a < b {
            led.extend(between);
        } else {
            led.extend(between.rev());
        }
        led.push(b);
    }
    *line = led;
}

#[cfg(test)]
mod tests {
    use super::super::arcs::Step;
    use super::*;

    #[test]
    fn a_strip_turned_over_is_closed_for_its_neighbours_too() {
        // West of line 0 and east of line 1 are neighbours; the strip between has line 1 on its west.
        let mut lines = [vec![(5, 0), (6, 5), (5, 9)], vec![(5, 0), (5, 9)], vec![(5, 9), (0, 9), (0, 0), (5, 0)]];
        let step = |arc, way| Step { arc, way };
        let west = vec![vec![vec![step(2, Way::Forward), step(0, Way::Forward)]]];
        let strip = vec![vec![vec![step(1, Way::Forward), step(0, Way::Backward)]]];
        assert_eq!(unfold(&mut lines, &[west.clone(), strip.clone()]), 1);
        assert_eq!(lines[1], lines[0]);
        // The right way round it stays.
        let mut lines = [vec![(5, 0), (6, 5), (5, 9)], vec![(5, 0), (9, 5), (5, 9)], lines[2].clone()];
        let before = lines.clone();
        assert_eq!(unfold(&mut lines, &[west, strip]), 0);
        assert_eq!(lines, before);
    }
}
