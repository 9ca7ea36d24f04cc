//! Makes lines that were rounded to the grid of one zoom meet in common vertices only. Where two lines cross, both get the
//! grid's vertex nearest to the crossing; where one passes through a vertex, it gets that vertex. That bends lines a little,
//! so it is done over until nothing crosses. A line is a shared arc: neighbours gain the same vertices.

use crate::model::{BUFFER, DayInterval, EXTENT};

/// A vertex on the grid of one zoom: whole tile units from the world's north-west corner. Up to zoom 18 below 2³¹, so that
/// cross products of differences fit 64 bits.
pub(super) type GridVertex = (i64, i64);

/// Rounds of cutting in which a line gets only vertices it passes exactly. Real units need no more than three.
const EXACT_ROUNDS: usize = 8;
/// Rounds after those in which it gets all vertices it passes by less than half a tile unit: iterated snap rounding (Halperin
/// and Packer, 2002), which always comes to an end, but flattens small units that need not be.
const SQUARE_ROUNDS: usize = 8;
/// Pairs of segments compared in a round at most, for each segment. Real units have about ten; lines knotted so much that
/// they have more are left as rounding alone leaves them.
const PAIRS_PER_SEGMENT: usize = 512;
/// Vertices inserted at most, for each segment there was, beside a few thousand. Real units need one for some hundred.
const CUTS_PER_SEGMENT: usize = 4;

/// The days on which some unit draws a line. Lines that are never drawn together may cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: i32,
    to: i32,
}

impl Span {
    /// No day.
    pub(super) const NEVER: Self = Self { from: i32::MAX, to: i32::MIN };

    /// The span that holds both this and an interval.
    pub(super) fn join(self, valid: DayInterval) -> Self {
        let from = valid.from.map_or(i32::MIN, |day| day.0);
        Self { from: self.from.min(from), to: self.to.max(valid.to.map_or(i32::MAX, |day| day.0)) }
    }

    fn meets(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// Which vertices a segment passes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those on it.
    Exact,
    /// Those through the inside of whose square, of one tile unit, it goes.
    Square,
}

/// A straight piece of a line.
#[derive(Clone, Copy)]
struct Segment {
    a: GridVertex,
    b: GridVertex,
    span: Span,
    /// Whether its line was changed since segments were last compared.
    fresh: bool,
}

/// A vertex that a segment is to get. In order: segment by segment, along each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cut {
    segment: usize,
    along: i64,
    at: GridVertex,
}

impl Cut {
    fn new(segment: usize, of: &Segment, at: GridVertex) -> Self {
        let along = (at.0 - of.a.0) * (of.b.0 - of.a.0) + (at.1 - of.a.1) * (of.b.1 - of.a.1);
        Self { segment, along, at }
    }
}

/// Gives lines the vertices they need so as to meet one another, and themselves, in common vertices only; tells how many.
/// `spans` are the lines' days. Ends of lines stay. O(n log n) for n segments that cross seldom; where lines cross everywhere
/// some crossings may be left.
pub(super) fn snap(lines: &mut [Vec<GridVertex>], spans: &[Span]) -> usize {
    let most = 4_096 + CUTS_PER_SEGMENT * lines.iter().map(Vec::len).sum::<usize>();
    let mut inserted = 0;
    let mut fresh = vec![true; lines.len()];
    for round in 0..EXACT_ROUNDS + SQUARE_ROUNDS {
        let reach = if round < EXACT_ROUNDS { Reach::Exact } else { Reach::Square };
        let segments = segments(lines, spans, &fresh);
        let Some(cuts) = meetings(&segments, reach, most.saturating_sub(inserted)) else { break };
        if cuts.is_empty() {
            break;
        }
        inserted += cuts.len();
        fresh = insert(lines, &cuts);
    }
    inserted
}

/// Cuts lines where they pass the sides of any tile's box (buffer included), so that clipping finds a vertex there and makes
/// none. Nothing is cut where that would more than double the vertices: there tiles are small, and so is a tile unit.
pub(super) fn cut_at_boxes(lines: &mut [Vec<GridVertex>]) {
    let (mut cuts, mut segments) = (Vec::new(), 0);
    let most: usize = lines.iter().map(Vec::len).sum();
    for pair in lines.iter().flat_map(|line| line.windows(2)) {
        let [a, b] = *pair else { continue };
        let segment = Segment { a, b, span: Span::NEVER, fresh: false };
        for x in box_sides(a.0, b.0) {
            cuts.push(Cut::new(segments, &segment, (x, across((a.0, a.1), (b.0, b.1), x))));
        }
        for y in box_sides(a.1, b.1) {
            cuts.push(Cut::new(segments, &segment, (across((a.1, a.0), (b.1, b.0), y), y)));
        }
        segments += 1;
        if cuts.len() > most {
            return;
        }
    }
    cuts.sort_unstable();
    insert(lines, &cuts);
}

/// The places strictly between two where a side of some tile's box is, in one axis; not more than there are in 4096 tiles.
fn box_sides(from: i64, to: i64) -> impl Iterator<Item = i64> {
    const MOST_TILES: usize = 4096;
    let (extent, buffer) = (i64::from(EXTENT), i64::from(BUFFER));
    let (from, to) = (from.min(to), from.max(to));
    let tiles = (from.div_euclid(extent)..=to.div_euclid(extent) + 1).take(MOST_TILES);
    tiles
        .flat_map(move |tile| [tile * extent - buffer, tile * extent + buffer])
        .filter(move |side| (from + 1..to).contains(side))
}

/// The second coordinate of a segment where its first is `first`, to the nearest whole; halves go up.
fn across(a: (i64, i64), b: (i64, i64), first: i64) -> i64 {
    a.1 + divide(i128::from(b.1 - a.1) * i128::from(first - a.0), i128::from(b.0 - a.0))
}

/// A quotient to the nearest whole; halves go up.
fn divide(numerator: i128, denominator: i128) -> i64 {
    let (numerator, denominator) = if denominator < 0 { (-numerator, -denominator) } else { (numerator, denominator) };
    (2 * numerator + denominator).div_euclid(2 * denominator) as i64
}

fn segments(lines: &[Vec<GridVertex>], spans: &[Span], fresh: &[bool]) -> Vec<Segment> {
    let of_line = |((line, span), fresh): ((&Vec<GridVertex>, &Span), &bool)| {
        let (span, fresh) = (*span, *fresh);
        let ends = line.iter().copied().zip(line.iter().copied().skip(1)).collect::<Vec<_>>();
        ends.into_iter().map(move |(a, b)| Segment { a, b, span, fresh })
    };
    lines.iter().zip(spans).zip(fresh).flat_map(of_line).collect()
}

/// Where segments of which one is fresh meet, sorted. `None` when there are too many pairs to look at, or
/// more than `most` cuts to make.
fn meetings(segments: &[Segment], reach: Reach, most: usize) -> Option<Vec<Cut>> {
    let cells = filled_cells(segments);
    let groups = || cells.chunk_by(|one, other| one.0 == other.0);
    if groups().map(|group| group.len() * group.len()).sum::<usize>() > PAIRS_PER_SEGMENT * segments.len() {
        return None;
    }
    let mut cuts = Vec::new();
    for group in groups() {
        if cuts.len() > most {
            return None;
        }
        for (index, (_, one)) in group.iter().enumerate() {
            for (_, other) in group.get(index + 1..).unwrap_or_default() {
                let (one, other) = (*one as usize, *other as usize);
                if let (Some(s), Some(t)) = (segments.get(one), segments.get(other)) {
                    meet((one, s), (other, t), reach, &mut cuts);
                }
            }
        }
    }
    cuts.sort_unstable();
    cuts.dedup();
    Some(cuts)
}

/// The cells of a coarse grid that hold a fresh segment, each with the numbers of all segments that pass within a tile unit
/// of it; sorted by cell. Cells are about two segments wide.
fn filled_cells(segments: &[Segment]) -> Vec<(u64, u32)> {
    let longer = |segment: &Segment| (segment.a.0 - segment.b.0).abs().max((segment.a.1 - segment.b.1).abs());
    let mean = segments.iter().map(longer).sum::<i64>() / (segments.len().max(1) as i64);
    let bits = (2 * mean.max(2)).ilog2();
    let numbered = || segments.iter().zip(0_u32..);
    let mut cells: Vec<(u64, u32)> = Vec::with_capacity(2 * segments.len());
    for (segment, number) in numbered().filter(|(segment, _)| segment.fresh) {
        passed_cells(segment, bits, |cell| cells.push((cell, number)));
    }
    if segments.iter().any(|segment| !segment.fresh) {
        let mut looked_at: Vec<u64> = cells.iter().map(|(cell, _)| *cell).collect();
        looked_at.sort_unstable();
        looked_at.dedup();
        for (segment, number) in numbered().filter(|(segment, _)| !segment.fresh) {
            passed_cells(segment, bits, |cell| {
                if looked_at.binary_search(&cell).is_ok() {
                    cells.push((cell, number));
                }
            });
        }
    }
    cells.sort_unstable();
    cells
}

/// Row by row the cells, of 2^`bits` tile units a side, within a tile unit of a segment.
fn passed_cells(segment: &Segment, bits: u32, mut pass: impl FnMut(u64)) {
    let (top, bottom) = if segment.a.1 <= segment.b.1 { (segment.a, segment.b) } else { (segment.b, segment.a) };
    let (dx, dy) = (bottom.0 - top.0, bottom.1 - top.1);
    let x_at = |y: i64| if dy == 0 { top.0 } else { top.0 + dx * (y.clamp(top.1, bottom.1) - top.1) / dy };
    for row in (top.1 - 1) >> bits..=(bottom.1 + 1) >> bits {
        let (from, to) =
            if dy == 0 { (top.0, bottom.0) } else { (x_at((row << bits) - 1), x_at(((row + 1) << bits) + 1)) };
        for column in (from.min(to) - 2) >> bits..=(from.max(to) + 2) >> bits {
            pass(((row as u64) << 32) | u64::from(column as u32));
        }
    }
}

/// Finds the vertices that two segments must get: an end of one that the other passes, and their crossing.
fn meet(one: (usize, &Segment), other: (usize, &Segment), reach: Reach, cuts: &mut Vec<Cut>) {
    let ((_, s), (_, t)) = (one, other);
    let apart = |a: (i64, i64), b: (i64, i64)| a.0.max(a.1) < b.0.min(b.1) || b.0.max(b.1) < a.0.min(a.1);
    if !(s.fresh || t.fresh)
        || apart((s.a.0, s.b.0), (t.a.0, t.b.0))
        || apart((s.a.1, s.b.1), (t.a.1, t.b.1))
        || !s.span.meets(t.span)
    {
        return;
    }
    for ((number, segment), by) in [(one, t), (other, s)] {
        let ends = [by.a, by.b].into_iter().filter(|end| passes(segment, *end, reach));
        cuts.extend(ends.map(|end| Cut::new(number, segment, end)));
    }
    if let Some(at) = crossing(s, t) {
        let without = [one, other].into_iter().filter(|(_, segment)| segment.a != at && segment.b != at);
        cuts.extend(without.map(|(number, segment)| Cut::new(number, segment, at)));
    }
}

/// Twice the area of a triangle: positive when `c` is on the right hand (y down) of the way from `a` to `b`.
fn hand(a: GridVertex, b: GridVertex, c: GridVertex) -> i64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// Whether a segment passes a vertex that is no end of it. Touching the corner of the vertex's square is not enough: it would
/// flatten the least triangles there are.
fn passes(segment: &Segment, at: GridVertex, reach: Reach) -> bool {
    let (a, b) = (segment.a, segment.b);
    let between = |value: i64, a: i64, b: i64| (a.min(b)..=a.max(b)).contains(&value);
    if at == a || at == b || !between(at.0, a.0, b.0) || !between(at.1, a.1, b.1) {
        return false;
    }
    match reach {
        Reach::Exact => hand(a, b, at) == 0,
        Reach::Square => 2 * hand(a, b, at).abs() < (a.0 - b.0).abs() + (a.1 - b.1).abs(),
    }
}

/// The grid's vertex nearest to where two segments cross, each strictly between its ends. `None` when they do not.
fn crossing(s: &Segment, t: &Segment) -> Option<GridVertex> {
    let (from, to) = (hand(t.a, t.b, s.a), hand(t.a, t.b, s.b));
    let opposite = |one: i64, other: i64| one.signum() * other.signum() < 0;
    if !opposite(from, to) || !opposite(hand(s.a, s.b, t.a), hand(s.a, s.b, t.b)) {
        return None;
    }
    let (part, whole) = (i128::from(from), i128::from(from) - i128::from(to));
    let along = |a: i64, b: i64| a + divide(i128::from(b - a) * part, whole);
    Some((along(s.a.0, s.b.0), along(s.a.1, s.b.1)))
}

/// Puts sorted cuts into the lines' segments, counted over all lines. For each line, whether it was changed.
fn insert(lines: &mut [Vec<GridVertex>], cuts: &[Cut]) -> Vec<bool> {
    let mut cuts = cuts.iter().peekable();
    let mut start = 0;
    let mut insert = |line: &mut Vec<GridVertex>| {
        let end = start + line.len().saturating_sub(1);
        let numbers = std::mem::replace(&mut start, end)..end;
        if cuts.peek().is_none_or(|cut| cut.segment >= end) {
            return false;
        }
        let mut cut_line = Vec::with_capacity(line.len() + 8);
        for (at, number) in line.iter().zip(numbers) {
            cut_line.push(*at);
            while let Some(cut) = cuts.next_if(|cut| cut.segment == number) {
                cut_line.push(cut.at);
            }
        }
        cut_line.extend(line.last());
        cut_line.dedup();
        *line = cut_line;
        true
    };
    lines.iter_mut().map(&mut insert).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn always() -> Span {
        Span::NEVER.join(DayInterval::ALWAYS)
    }

    #[test]
    fn crossing_lines_both_get_the_vertex_nearest_to_their_crossing() {
        let mut lines = [vec![(0, 0), (10, 10)], vec![(0, 9), (10, 0)]];
        assert_eq!(snap(&mut lines, &[always(); 2]), 2);
        assert_eq!(lines, [vec![(0, 0), (5, 5), (10, 10)], vec![(0, 9), (5, 5), (10, 0)]]);
    }

    #[test]
    fn a_line_gets_the_vertex_it_passes_through_and_none_beside_it() {
        let mut lines = [vec![(0, 0), (10, 0)], vec![(5, 9), (4, 0), (9, 9)], vec![(2, 9), (1, 1), (1, 9)]];
        assert_eq!(snap(&mut lines, &[always(); 3]), 1);
        assert_eq!(lines[0], [(0, 0), (4, 0), (10, 0)]);
    }

    #[test]
    fn a_square_is_passed_through_its_inside_but_not_at_its_corner() {
        let segment = |b| Segment { a: (0, 0), b, span: always(), fresh: true };
        for (b, at, passed) in
            [((10, 1), (4, 0), true), ((10, 1), (6, 1), true), ((10, 1), (1, 1), false), ((1, 1), (1, 0), false)]
        {
            assert_eq!(passes(&segment(b), at, Reach::Square), passed, "{b:?} by {at:?}");
            assert!(!passes(&segment(b), at, Reach::Exact));
        }
    }

    #[test]
    fn lines_that_are_never_drawn_together_may_cross() {
        use crate::model::Day;
        let before = Span::NEVER.join(DayInterval { from: None, to: Some(Day(5)) });
        let after = Span::NEVER.join(DayInterval { from: Some(Day(5)), to: None });
        let mut lines = [vec![(0, 0), (10, 10)], vec![(0, 9), (10, 0)]];
        assert_eq!(snap(&mut lines, &[before, after]), 0);
    }

    #[test]
    fn lines_are_cut_where_they_pass_the_sides_of_a_box() {
        let mut lines = [vec![(0, 0), (4096, 4), (4100, 4)], vec![(0, 0), (0, 10)]];
        cut_at_boxes(&mut lines);
        assert_eq!(lines[0], [(0, 0), (64, 0), (4032, 4), (4096, 4), (4100, 4)]);
        assert_eq!(lines[1].len(), 2);
        let mut world = [vec![(0, 0), (1 << 30, 1 << 30)]];
        cut_at_boxes(&mut world);
        assert_eq!(world[0].len(), 2, "more sides than are worth it");
    }

    proptest! {
        #[test]
        fn snapped_lines_meet_in_their_vertices_only(
            mut lines in prop::collection::vec(prop::collection::vec((0..60_i64, 0..60_i64), 0..9), 0..6),
        ) {
            lines.iter_mut().for_each(Vec::dedup);
            let ends: Vec<_> = lines.iter().map(|line| (line.first().copied(), line.last().copied())).collect();
            let spans = vec![always(); lines.len()];
            snap(&mut lines, &spans);
            prop_assert!(ends.iter().zip(&lines).all(|(ends, line)| *ends == (line.first().copied(), line.last().copied())));
            let segments = segments(&lines, &spans, &vec![true; lines.len()]);
            for s in &segments {
                for t in &segments {
                    prop_assert!(crossing(s, t).is_none());
                    prop_assert!(!passes(s, t.a, Reach::Exact) && !passes(s, t.b, Reach::Exact));
                }
            }
        }
    }
}
