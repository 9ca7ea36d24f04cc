//! How one segment of a ring lies to a point.

/// Where a point lies as to a ring, polygons or lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nowhere on it.
    Outside,
    /// On its boundary.
    Border,
    /// In its interior.
    Inside,
}

/// Sums up the segments of one ring around one point, in any order: the winding number, and whether the point is on a segment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Winding {
    turns: i32,
    border: bool,
}

impl Winding {
    /// Takes in the segment from `a` to `b` for the point `p`; all three are x, y in one plane.
    ///
    /// Plain double arithmetic in this order, as `PostGIS` has it: the point is on the segment when the rounded cross product
    /// is exactly zero and the point lies in the segment's box. A segment holds its lower end and not its upper one, so a
    /// vertex counts once. A segment of no length says nothing.
    pub(super) fn take(&mut self, a: [f64; 2], b: [f64; 2], p: [f64; 2]) {
        // A segment wholly above, below or left of the point changes nothing: to its right the cross product's sign is
        // certain even when rounded, since rounding keeps order.
        if p[1] < a[1].min(b[1]) || p[1] > a[1].max(b[1]) || p[0] > a[0].max(b[0]) || a == b {
            return;
        }
        let side = (b[0] - a[0]) * (p[1] - a[1]) - (p[0] - a[0]) * (b[1] - a[1]);
        if side == 0.0 && p[0] >= a[0].min(b[0]) {
            self.border = true;
        } else if a[1] <= p[1] && p[1] < b[1] && side > 0.0 {
            self.turns += 1;
        } else if b[1] <= p[1] && p[1] < a[1] && side < 0.0 {
            self.turns -= 1;
        }
    }

    /// The answer for the ring whose segments were taken in. Any turn, however wound, is inside: a ring that crosses itself
    /// has no holes of its own making.
    pub(super) fn place(self) -> Place {
        match self {
            Self { border: true, .. } => Place::Border,
            Self { turns: 0, .. } => Place::Outside,
            Self { .. } => Place::Inside,
        }
    }
}

/// Where a point lies as to polygons when each is asked where the point lies as to its rings (the outer one
/// first). The order of the questions is part of the rule: the border of any ring met on the way covers, and a point in a hole
/// may still lie in another polygon.
pub(super) fn place<'a, Polygon, Ring: 'a>(
    polygons: impl Iterator<Item = Polygon>,
    place: impl Fn(&'a Ring) -> Place,
) -> Place
where
    Polygon: IntoIterator<Item = &'a Ring>,
{
    'polygons: for polygon in polygons {
        let mut rings = polygon.into_iter();
        match rings.next().map(&place) {
            None | Some(Place::Outside) => continue,
            Some(Place::Border) => return Place::Border,
            Some(Place::Inside) => {}
        }
        for hole in rings {
            match place(hole) {
                Place::Outside => {}
                Place::Border => return Place::Border,
                Place::Inside => continue 'polygons,
            }
        }
        return Place::Inside;
    }
    Place::Outside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(ring: &[[f64; 2]], p: [f64; 2]) -> Place {
        let mut winding = Winding::default();
        for pair in ring.windows(2) {
            winding.take(pair[0], pair[1], p);
        }
        winding.place()
    }

    #[test]
    fn a_square_holds_its_inside_and_its_border_whichever_way_it_winds() {
        let mut square = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]];
        for _ in 0..2 {
            assert_eq!(place(&square, [1.0, 3.0]), Place::Inside);
            for border in [[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [2.0, 0.0], [2.0, 4.0], [0.0, 2.0], [4.0, 2.0]] {
                assert_eq!(place(&square, border), Place::Border, "{border:?}");
            }
            for outside in [[-1.0, 0.0], [5.0, 0.0], [5.0, 4.0], [-1.0, 4.0], [2.0, -1.0], [2.0, 5.0], [-1.0, 2.0]] {
                assert_eq!(place(&square, outside), Place::Outside, "{outside:?}");
            }
            square.reverse();
        }
    }

    #[test]
    fn a_ring_wound_twice_is_inside_all_the_same() {
        let once = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];
        let twice: Vec<_> = once.iter().chain(&once).copied().chain([once[0]]).collect();
        assert_eq!(place(&twice, [1.0, 1.0]), Place::Inside);
    }

    #[test]
    fn repeated_vertices_say_nothing() {
        let ring = [[0.0, 0.0], [0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [4.0, 2.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]];
        assert_eq!(place(&ring, [1.0, 2.0]), Place::Inside);
        assert_eq!(place(&ring, [4.0, 2.0]), Place::Border);
        assert_eq!(place(&ring, [5.0, 2.0]), Place::Outside);
    }

    #[test]
    fn a_point_is_on_a_slanting_border_when_the_rounded_cross_product_says_so() {
        let ring = [[0.0, 0.0], [0.3, 0.1], [0.0, 0.1], [0.0, 0.0]];
        // 0.15, 0.05 is not on the line between the doubles nearest to (0,0) and (0.3,0.1), but nobody can tell.
        assert_eq!(place(&ring, [0.15, 0.05]), Place::Border);
        assert_eq!(place(&ring, [0.15, 0.050_000_000_000_000_01]), Place::Inside);
    }
}
