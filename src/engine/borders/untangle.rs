//! Makes valid polygons of rounded rings that touch themselves and one another: rounding pinches straits and necks, and clipping
//! joins what lies apart by edges along the tile's box. Tiles may only hold polygons that are valid (MVT 2.1, 4.3.4.4).

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use super::clip::{MAX, MIN};
use super::quantize::{TileVertex, clean, doubled_area};
use super::vertices::Map;

/// A tile polygon: its exterior (positive area), then its holes (negative).
pub(super) type TilePart = Vec<Vec<TileVertex>>;

/// Makes tile polygons of all rounded rings of a unit, exteriors (positive area) and holes (negative) in any order, that meet
/// in common vertices only. The polygons hold what the rings wind around at least once; none of their rings passes a vertex
/// twice, and no two share an edge. What rounding turned over is left out by that.
pub(super) fn untangle(rings: Vec<Vec<TileVertex>>) -> Vec<TilePart> {
    let mut pieces: Vec<_> = with_box_vertices(rings).into_iter().flat_map(pieces).collect();
    if touch_twice(&pieces) {
        pieces = walks_around_insides(&pieces).into_iter().flat_map(self::pieces).collect();
    }
    assemble(pieces)
}

/// The ring cut into rings without a vertex twice; those without area are dropped.
fn pieces(ring: Vec<TileVertex>) -> Vec<Vec<TileVertex>> {
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

/// Whether more than one vertex belongs to several rings: only then may they share an edge, or together cut off a piece of the
/// inside.
fn touch_twice(rings: &[Vec<TileVertex>]) -> bool {
    let mut vertices: Vec<TileVertex> = rings.iter().flatten().copied().collect();
    vertices.sort_unstable();
    vertices.chunk_by(|one, other| one == other).filter(|same| same.len() > 1).count() > 1
}

/// The rings' edges walked anew: each walk goes around one connected piece of the inside, or around one hole in it that does
/// not touch what is around it. Edges walked there and back, straits that rounding closed, are left out.
fn walks_around_insides(rings: &[Vec<TileVertex>]) -> Vec<Vec<TileVertex>> {
    let mut edges: Vec<(TileVertex, TileVertex, i32)> =
        rings.iter().flat_map(|ring| edges(ring)).map(|(a, b)| if a < b { (a, b, 1) } else { (b, a, -1) }).collect();
    edges.sort_unstable();
    let mut onward: BTreeMap<TileVertex, Vec<TileVertex>> = BTreeMap::new();
    for walked in edges.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        let times = walked.iter().map(|edge| edge.2).sum::<i32>();
        let Some(&(a, b, _)) = walked.first() else { continue };
        let (from, to) = if times > 0 { (a, b) } else { (b, a) };
        onward.entry(from).or_default().extend((0..times.abs()).map(|_| to));
    }
    let mut walks = Vec::new();
    while let Some((start, mut at)) = onward.iter().find_map(|(from, to)| Some((*from, *to.first()?))) {
        take(&mut onward, start, at);
        let (mut walk, mut before) = (vec![start], start);
        while at != start {
            walk.push(at);
            // As many edges leave a vertex as come to it: there is always a way on.
            let Some(next) = onward.get(&at).and_then(|to| sharpest_right(before, at, to)) else { break };
            take(&mut onward, at, next);
            (before, at) = (at, next);
        }
        walks.push(walk);
    }
    walks
}

fn take(onward: &mut BTreeMap<TileVertex, Vec<TileVertex>>, from: TileVertex, to: TileVertex) {
    if let Some(ends) = onward.get_mut(&from) {
        if let Some(index) = ends.iter().position(|end| *end == to) {
            ends.swap_remove(index);
        }
        if ends.is_empty() {
            onward.remove(&from);
        }
    }
}

/// The way on that keeps to the same piece of the inside, which is on the right hand (y down): so walks never cross.
fn sharpest_right(before: TileVertex, at: TileVertex, ends: &[TileVertex]) -> Option<TileVertex> {
    let angle = |to: TileVertex| f64::from(to.1 - at.1).atan2(f64::from(to.0 - at.0));
    let turn = |to: &TileVertex| (angle(before) - angle(*to)).rem_euclid(TAU);
    ends.iter().copied().min_by(|one, other| turn(one).total_cmp(&turn(other)))
}

/// The pieces of a unit's rounded rings, whole or clipped, that it winds around backwards: what was turned over.
pub(super) fn turned_over(rings: impl Iterator<Item = Vec<TileVertex>>) -> Vec<Vec<TileVertex>> {
    let pieces: Vec<Piece> = rings.flat_map(pieces).map(Piece::new).collect();
    let backwards = |index: &usize| {
        let around = around(&pieces, *index);
        pieces.get(*index).is_some_and(|piece| piece.winding() < 0) && winding(&pieces, &around) <= 0
    };
    let turned: Vec<usize> = (0..pieces.len()).filter(backwards).collect();
    turned.into_iter().filter_map(|index| Some(pieces.get(index)?.vertices.clone())).collect()
}

/// The rings that hold one.
fn around(rings: &[Piece], index: usize) -> Vec<usize> {
    let Some(ring) = rings.get(index) else { return Vec::new() };
    let others = rings.iter().enumerate().filter(|(other, _)| *other != index);
    // Of two rings of the same edges the first one holds the other.
    let holds = |(other, around): &(usize, &Piece)| around.holds(ring).unwrap_or(*other < index);
    others.filter(holds).map(|(other, _)| other).collect()
}

/// How often some rings together wind around what all of them hold.
fn winding(rings: &[Piece], around: &[usize]) -> i64 {
    around.iter().filter_map(|ring| rings.get(*ring)).map(Piece::winding).sum()
}

/// Polygons of rings that do not cross: those that part what is wound around at least once from what is not.
fn assemble(rings: Vec<Vec<TileVertex>>) -> Vec<TilePart> {
    let rings: Vec<Piece> = rings.into_iter().map(Piece::new).collect();
    let (mut parts, mut holes, mut part_of) = (Vec::<TilePart>::new(), Vec::new(), Map::default());
    for (index, ring) in rings.iter().enumerate() {
        let around = around(&rings, index);
        let outside = winding(&rings, &around);
        let inside = outside + ring.winding();
        if inside > 0 && outside <= 0 {
            part_of.insert(index, parts.len());
            parts.push(vec![ring.vertices.clone()]);
        } else if outside > 0 && inside <= 0 {
            holes.push((ring, around));
        }
    }
    for (hole, around) in holes {
        let size = |ring: &&usize| rings.get(**ring).map_or(0, |ring| ring.doubled_area);
        let exterior = around.iter().filter(|ring| part_of.contains_key(*ring)).min_by_key(size);
        let part = exterior.and_then(|exterior| part_of.get(exterior)).and_then(|part| parts.get_mut(*part));
        if let Some(part) = part {
            part.push(hole.vertices.clone());
        }
    }
    parts
}

fn edges(ring: &[TileVertex]) -> impl Iterator<Item = (TileVertex, TileVertex)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// The rings with each edge along a side of the tile's box cut at all vertices on that edge: clipping goes along a side once
/// for each piece of the unit, there and back.
fn with_box_vertices(mut rings: Vec<Vec<TileVertex>>) -> Vec<Vec<TileVertex>> {
    let mut sides: [Vec<i32>; 4] = Default::default();
    for vertex in rings.iter().flatten() {
        for (side, along) in sides_of(*vertex) {
            if let Some(side) = sides.get_mut(side) {
                side.push(along);
            }
        }
    }
    // Three vertices on a side are the least that can make it go back.
    if sides.iter().all(|side| side.len() < 3) {
        return rings;
    }
    for side in &mut sides {
        side.sort_unstable();
        side.dedup();
    }
    for ring in &mut rings {
        *ring = with_vertices_of(&sides, ring);
    }
    rings
}

/// One ring with the vertices that lie on its edges along the box's sides.
fn with_vertices_of(sides: &[Vec<i32>; 4], ring: &[TileVertex]) -> Vec<TileVertex> {
    let mut cut = Vec::with_capacity(ring.len() + 8);
    for (a, b) in edges(ring) {
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

/// A ring without a vertex twice, with its box.
struct Piece {
    vertices: Vec<TileVertex>,
    doubled_area: i64,
    min: TileVertex,
    max: TileVertex,
}

impl Piece {
    fn new(vertices: Vec<TileVertex>) -> Self {
        let (mut min, mut max) = ((i32::MAX, i32::MAX), (i32::MIN, i32::MIN));
        for (x, y) in &vertices {
            (min, max) = ((min.0.min(*x), min.1.min(*y)), (max.0.max(*x), max.1.max(*y)));
        }
        Self { doubled_area: doubled_area(&vertices), vertices, min, max }
    }

    /// How often it winds around what it holds: 1 or −1.
    fn winding(&self) -> i64 {
        self.doubled_area.signum()
    }

    /// Whether it holds another that does not cross it: whether the middle of an edge that is not its own is inside. `None` for
    /// rings of the same edges.
    fn holds(&self, other: &Self) -> Option<bool> {
        let within = self.min.0 <= other.min.0
            && self.min.1 <= other.min.1
            && self.max.0 >= other.max.0
            && self.max.1 >= other.max.1;
        if within { edges(&other.vertices).find_map(|edge| self.holds_middle(edge)) } else { Some(false) }
    }

    /// Whether the middle of an edge is inside; `None` on the ring.
    fn holds_middle(&self, (a, b): (TileVertex, TileVertex)) -> Option<bool> {
        // In half tile units, so that the middle is a whole number.
        let (x, y) = (i64::from(a.0) + i64::from(b.0), i64::from(a.1) + i64::from(b.1));
        let mut inside = false;
        for (from, to) in edges(&self.vertices) {
            if (from, to) == (a, b) || (to, from) == (a, b) {
                return None;
            }
            let (ax, ay) = (2 * i64::from(from.0), 2 * i64::from(from.1));
            let (bx, by) = (2 * i64::from(to.0), 2 * i64::from(to.1));
            if (ay > y) != (by > y) {
                // On which hand of the edge (taken downwards) the place lies.
                let hand = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
                inside ^= if by > ay { hand > 0 } else { hand < 0 };
            }
        }
        Some(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_without_touching_stays_as_it_is() {
        let ring = vec![(0, 0), (9, 0), (9, 9), (0, 9)];
        assert_eq!(untangle(vec![ring.clone()]), [[ring]]);
    }

    #[test]
    fn a_neck_pinched_to_a_vertex_leaves_two_polygons() {
        let ring = vec![(0, 0), (9, 0), (5, 5), (9, 9), (0, 9), (5, 5)];
        let parts = untangle(vec![ring]);
        assert_eq!(parts, [[vec![(5, 5), (9, 9), (0, 9)]], [vec![(0, 0), (9, 0), (5, 5)]]]);
    }

    #[test]
    fn a_neck_pinched_to_a_line_leaves_two_polygons_and_no_line() {
        let ring = vec![(0, 0), (4, 0), (4, 2), (8, 2), (8, 0), (9, 0), (9, 4), (8, 4), (8, 2), (4, 2), (4, 4), (0, 4)];
        let parts = untangle(vec![ring]);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts.iter().flatten().map(|ring| doubled_area(ring)).sum::<i64>(), 2 * (16 + 4));
    }

    #[test]
    fn a_bay_closed_by_rounding_becomes_a_hole_of_its_polygon() {
        let ring = vec![(0, 0), (9, 0), (9, 9), (0, 9), (0, 5), (3, 6), (6, 5), (3, 4), (0, 5)];
        let parts = untangle(vec![ring, vec![(7, 7), (7, 8), (8, 8), (8, 7)]]);
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].len(), 3);
        assert!(parts[0].iter().skip(1).all(|hole| doubled_area(hole) < 0));
    }

    #[test]
    fn islands_and_holes_that_rounding_joined_share_no_edge() {
        let islands = vec![vec![(0, 0), (4, 0), (4, 4), (0, 4)], vec![(4, 0), (8, 0), (8, 4), (4, 4)]];
        assert_eq!(untangle(islands).iter().flatten().map(|ring| doubled_area(ring)).collect::<Vec<_>>(), [2 * 32]);
        let lagoon = vec![vec![(0, 0), (6, 0), (6, 6), (2, 6), (0, 6)], vec![(2, 2), (2, 6), (6, 6), (6, 2)]];
        assert_eq!(untangle(lagoon).iter().flatten().map(|ring| doubled_area(ring)).collect::<Vec<_>>(), [2 * 20]);
    }

    #[test]
    fn a_hole_that_cuts_its_polygon_in_two_leaves_two_polygons() {
        let cut = vec![vec![(0, 0), (4, 0), (8, 0), (8, 8), (4, 8), (0, 8)], vec![(4, 0), (2, 4), (4, 8), (6, 4)]];
        let parts = untangle(cut);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(parts.iter().flatten().map(|ring| doubled_area(ring)).collect::<Vec<_>>(), [2 * 24, 2 * 24]);
    }

    #[test]
    fn what_is_wound_around_twice_is_drawn_once() {
        let ring = vec![(0, 0), (9, 0), (9, 9), (0, 9)];
        let inner = vec![(2, 2), (4, 2), (4, 4)];
        assert_eq!(untangle(vec![inner, ring.clone(), ring.clone()]), [[ring]]);
        assert!(untangle(vec![vec![(0, 0), (0, 9), (9, 9)]]).is_empty(), "turned over");
    }

    #[test]
    fn edges_along_the_box_between_two_prongs_are_taken_away() {
        // A comb that reaches over the west side and comes back in twice.
        let (w, ring) = (-64, vec![(-64, 0), (10, 0), (10, 10), (-64, 10), (-64, 20), (10, 20), (10, 30), (-64, 30)]);
        let parts = untangle(vec![ring]);
        let sides = [vec![(w, 10), (w, 0), (10, 0), (10, 10)], vec![(w, 20), (10, 20), (10, 30), (w, 30)]];
        assert_eq!(parts.len(), 2, "{parts:?}");
        for part in &parts {
            let mut corners = part[0].clone();
            corners.sort_unstable();
            assert!(sides.iter().any(|side| side.len() == corners.len() && side.iter().all(|at| corners.contains(at))));
        }
    }
}
