//! How much each vertex of an arc matters, computed once: keeping the vertices that matter more than a tolerance gives the
//! Douglas–Peucker simplification with that tolerance, for any tolerance.

use crate::model::World;

/// Arcs are cut into stretches of at most this many vertices whose ends always stay: the cost, quadratic in a stretch at
/// worst, stays linear in an arc, and one vertex in a thousand more is kept at the smallest zooms.
const STRETCH: usize = 1024;

/// For each vertex of an arc, the largest tolerance (world units, a distance) at which it is still needed: dropping all those
/// below a tolerance moves the line nowhere by more than that tolerance. Ends are infinite; a closed arc keeps two more
/// vertices, so that it never loses its area.
pub(super) fn importances(arc: &[World]) -> Vec<f64> {
    let mut importances = vec![0.0; arc.len()];
    let mut stretches = Vec::new();
    let last = arc.len().saturating_sub(1);
    let mut fixed: Vec<usize> = (0..last).step_by(STRETCH).chain([last]).collect();
    if arc.len() > 3 && arc.first() == arc.last() {
        fixed.extend(triangle(arc));
        fixed.sort_unstable();
        fixed.dedup();
    }
    for &index in &fixed {
        set(&mut importances, index, f64::INFINITY);
    }
    stretches.extend(
        fixed.windows(2).filter_map(|pair| <[usize; 2]>::try_from(pair).ok()).map(|[a, b]| (a, b, f64::INFINITY)),
    );
    while let Some((from, to, limit)) = stretches.pop() {
        let Some((at, distance)) = farthest(arc, from, to) else { continue };
        // Never more than the stretch it was found in: a vertex is kept only where that stretch's own end is.
        let importance = distance.min(limit);
        set(&mut importances, at, importance);
        stretches.push((from, at, importance));
        stretches.push((at, to, importance));
    }
    importances
}

fn set(importances: &mut [f64], index: usize, importance: f64) {
    if let Some(slot) = importances.get_mut(index) {
        *slot = importance;
    }
}

/// The vertex farthest from a closed arc's start, and the one farthest from the line between them.
fn triangle(arc: &[World]) -> Vec<usize> {
    let last = arc.len() - 1;
    let Some((far, _)) = farthest(arc, 0, last) else { return Vec::new() };
    let sides = [farthest(arc, 0, far), farthest(arc, far, last)];
    let third = sides.into_iter().flatten().max_by(|one, other| one.1.total_cmp(&other.1));
    [Some(far), third.map(|(index, _)| index)].into_iter().flatten().collect()
}

/// The vertex strictly between two that is farthest from the segment between them, with its distance.
fn farthest(arc: &[World], from: usize, to: usize) -> Option<(usize, f64)> {
    let (a, b) = (*arc.get(from)?, *arc.get(to)?);
    let between = arc.get(from + 1..to)?.iter().enumerate();
    let squared = between.map(|(index, at)| (from + 1 + index, distance_2(*at, a, b)));
    squared.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(index, distance_2)| (index, distance_2.sqrt()))
}

/// Squared distance of a place from a segment.
pub(super) fn distance_2(at: World, a: World, b: World) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length_2 = dx * dx + dy * dy;
    let along = if length_2 > 0.0 { ((at.x - a.x) * dx + (at.y - a.y) * dy) / length_2 } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    let (ex, ey) = (at.x - a.x - along * dx, at.y - a.y - along * dy);
    ex * ex + ey * ey
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(places: &[(f64, f64)]) -> Vec<World> {
        places.iter().map(|&(x, y)| World { x, y }).collect()
    }

    #[test]
    fn a_straight_line_needs_only_its_ends() {
        let found = importances(&line(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]));
        assert_eq!(found, [f64::INFINITY, 0.0, 0.0, f64::INFINITY]);
    }

    #[test]
    fn a_closed_arc_keeps_a_triangle_at_any_tolerance() {
        let found = importances(&line(&[(0.0, 0.0), (1.0, 0.1), (2.0, 0.0), (1.0, 2.0), (0.0, 0.0)]));
        assert_eq!(found.iter().filter(|importance| importance.is_infinite()).count(), 4);
        assert!(importances(&line(&[(0.0, 0.0), (0.0, 0.0)])).len() == 2 && importances(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn a_dropped_vertex_is_within_the_tolerance_of_what_stays(
            places in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 2..60), tolerance in 0.0..0.5_f64,
        ) {
            let arc = line(&places);
            let found = importances(&arc);
            let kept: Vec<usize> = (0..arc.len()).filter(|&index| found[index] > tolerance).collect();
            prop_assert_eq!((kept.first(), kept.last()), (Some(&0), Some(&(arc.len() - 1))));
            for pair in kept.windows(2) {
                for dropped in &arc[pair[0]..=pair[1]] {
                    prop_assert!(distance_2(*dropped, arc[pair[0]], arc[pair[1]]).sqrt() <= tolerance + 1e-12);
                }
            }
        }
    }
}
