//! Takes rounded rings apart where they touch themselves: rounding pinches straits and necks, and clipping joins what lies apart
//! by edges along the tile's box. Tiles may only hold rings that pass no vertex twice (MVT 2.1, 4.3.4.4).

use super::clip::{MAX, MIN};
use super::quantize::{TileVertex, clean, doubled_area};
use super::vertices::Map;

/// A tile polygon: its exterior (positive area), then its holes (negative).
pub(super) type TilePart = Vec<Vec<TileVertex>>;

/// Makes tile polygons of a polygon's rounded rings, exterior first. None of the rings passes a vertex twice. Pieces that
/// rounding turned over, and holes outside all exteriors, are left out.
pub(super) fn untangle(exterior: Vec<TileVertex>, holes: Vec<Vec<TileVertex>>) -> Vec<TilePart> {
    let (mut parts, mut inside) = (Vec::new(), Vec::new());
    for piece in pieces(exterior) {
        if doubled_area(&piece) > 0 {
            parts.push(vec![piece]);
        } else {
            inside.push(piece);
        }
    }
    inside.extend(holes.into_iter().flat_map(pieces).filter(|piece| doubled_area(piece) < 0));
    for hole in inside {
        let around = parts.iter_mut().find(|part| part.first().is_some_and(|exterior| holds(exterior, &hole)));
        if let Some(part) = around {
            part.push(hole);
        }
    }
    parts
}

/// The ring cut into rings without a vertex twice; those without area are dropped.
fn pieces(ring: Vec<TileVertex>) -> Vec<Vec<TileVertex>> {
    let ring = with_box_vertices(ring);
    let mut walked: Vec<TileVertex> = Vec::with_capacity(ring.len());
    let mut at: Map<TileVertex, usize> = Map::default();
    let mut pieces = Vec::new();
    for vertex in ring {
        if let Some(&start) = at.get(&vertex) {
            let piece = walked.split_off(start);
            for passed in &piece {
                at.remove(passed);
            }
            pieces.push(piece);
        }
        at.insert(vertex, walked.len());
        walked.push(vertex);
    }
    pieces.push(walked);
    let tidy = pieces.into_iter().map(|piece| clean(piece.into_iter()));
    tidy.filter(|piece| piece.len() >= 3 && doubled_area(piece) != 0).collect()
}

/// The ring with each edge along a side of the tile's box cut at the ring's other vertices on that edge: clipping goes along a
/// side once for each piece of the unit, there and back.
fn with_box_vertices(ring: Vec<TileVertex>) -> Vec<TileVertex> {
    let mut sides: [Vec<i32>; 4] = Default::default();
    for vertex in &ring {
        for (side, along) in sides_of(*vertex) {
            if let Some(side) = sides.get_mut(side) {
                side.push(along);
            }
        }
    }
    // Three vertices on a side are the least that can make it go back.
    if sides.iter().all(|side| side.len() < 3) {
        return ring;
    }
    for side in &mut sides {
        side.sort_unstable();
        side.dedup();
    }
    let mut cut = Vec::with_capacity(ring.len() + 8);
    for (&a, &b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        cut.push(a);
        let shared = sides_of(a).find(|(side, _)| sides_of(b).any(|(other, _)| other == *side));
        let Some((side, _)) = shared else { continue };
        let between = sides.get(side).map_or(&[][..], Vec::as_slice).iter().copied();
        let place = |along: i32| if side < 2 { (a.0, along) } else { (along, a.1) };
        let (from, to) = if side < 2 { (a.1, b.1) } else { (a.0, b.0) };
        if from < to {
            cut.extend(between.filter(|along| (from + 1..to).contains(along)).map(place));
        } else {
            cut.extend(between.rev().filter(|along| (to + 1..from).contains(along)).map(place));
        }
    }
    cut
}

/// The sides of the tile's box (west, east, north, south as 0 to 3) that a vertex is on, with its place along each.
fn sides_of((x, y): TileVertex) -> impl Iterator<Item = (usize, i32)> {
    let (min, max) = (MIN as i32, MAX as i32);
    let on = [(x == min, y), (x == max, y), (y == min, x), (y == max, x)];
    on.into_iter().enumerate().filter(|(_, (is_on, _))| *is_on).map(|(side, (_, along))| (side, along))
}

/// Whether a ring holds another that does not cross it: whether the middle of the other's first edge is inside.
fn holds(ring: &[TileVertex], other: &[TileVertex]) -> bool {
    let [a, b, ..] = other else { return false };
    // In half tile units, so that the middle is a whole number.
    let (x, y) = (i64::from(a.0 + b.0), i64::from(a.1 + b.1));
    let mut inside = false;
    for (from, to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let (ax, ay) = (2 * i64::from(from.0), 2 * i64::from(from.1));
        let (bx, by) = (2 * i64::from(to.0), 2 * i64::from(to.1));
        if (ay > y) != (by > y) {
            // On which hand of the edge (taken downwards) the place lies.
            let hand = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
            inside ^= if by > ay { hand > 0 } else { hand < 0 };
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_without_touching_stays_as_it_is() {
        let ring = vec![(0, 0), (9, 0), (9, 9), (0, 9)];
        assert_eq!(untangle(ring.clone(), vec![]), [[ring]]);
    }

    #[test]
    fn a_neck_pinched_to_a_vertex_leaves_two_polygons() {
        let ring = vec![(0, 0), (9, 0), (5, 5), (9, 9), (0, 9), (5, 5)];
        let parts = untangle(ring, vec![]);
        assert_eq!(parts, [[vec![(5, 5), (9, 9), (0, 9)]], [vec![(0, 0), (9, 0), (5, 5)]]]);
    }

    #[test]
    fn a_neck_pinched_to_a_line_leaves_two_polygons_and_no_line() {
        let ring = vec![(0, 0), (4, 0), (4, 2), (8, 2), (8, 0), (9, 0), (9, 4), (8, 4), (8, 2), (4, 2), (4, 4), (0, 4)];
        let parts = untangle(ring, vec![]);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts.iter().flatten().map(|ring| doubled_area(ring)).sum::<i64>(), 2 * (16 + 4));
    }

    #[test]
    fn a_bay_closed_by_rounding_becomes_a_hole_of_its_polygon() {
        let ring = vec![(0, 0), (9, 0), (9, 9), (0, 9), (0, 5), (3, 6), (6, 5), (3, 4), (0, 5)];
        let parts = untangle(ring, vec![vec![(7, 7), (7, 8), (8, 8), (8, 7)]]);
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].len(), 3);
        assert!(parts[0].iter().skip(1).all(|hole| doubled_area(hole) < 0));
    }

    #[test]
    fn edges_along_the_box_between_two_prongs_are_taken_away() {
        // A comb that reaches over the west side and comes back in twice.
        let (w, ring) = (-64, vec![(-64, 0), (10, 0), (10, 10), (-64, 10), (-64, 20), (10, 20), (10, 30), (-64, 30)]);
        let parts = untangle(ring, vec![]);
        let sides = [vec![(w, 10), (w, 0), (10, 0), (10, 10)], vec![(w, 20), (10, 20), (10, 30), (w, 30)]];
        assert_eq!(parts.len(), 2, "{parts:?}");
        for part in &parts {
            let mut corners = part[0].clone();
            corners.sort_unstable();
            assert!(sides.iter().any(|side| side.len() == corners.len() && side.iter().all(|at| corners.contains(at))));
        }
    }
}
