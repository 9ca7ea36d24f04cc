//! One place inside each unit for its name: the place farthest from its borders, or nearly.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use geo_types::{LineString, Polygon};

use crate::model::{LonLat, Unit, World};

use super::arcs::signed_area;
use super::simplify::{distance_2, importances};

/// Vertices whose importance is below this share of the unit's size do not matter for where its name stands.
const TOLERANCE_SHARE: f64 = 1.0 / 500.0;
/// The place may be this share of the unit's size nearer to the border than the best one.
const PRECISION_SHARE: f64 = 1.0 / 100.0;
/// Cells looked at, at most: thin spirals have no good place, and this is only a label.
const MAX_CELLS: usize = 2_000;

/// One polygon's rings, exterior first, world coordinates, not repeating the first place.
pub(super) type WorldPart = Vec<Vec<World>>;

/// A place inside the largest part of a unit. `None` when it has no part.
pub(super) fn label_place(parts: &[WorldPart]) -> Option<World> {
    let size = |part: &WorldPart| part.first().map_or(0.0, |ring| signed_area(ring.iter().copied()).abs());
    let part = parts.iter().max_by(|one, other| size(one).total_cmp(&size(other)))?;
    let exterior = part.first()?;
    farthest_from_borders(part)
        .filter(|at| holds(part, *at))
        .or_else(|| widest_middle(part).filter(|at| holds(part, *at)))
        .or_else(|| exterior.first().copied())
}

/// The place for a unit's name in degrees: inside its largest part, far from its borders.
pub fn label_of(unit: &Unit) -> Option<LonLat> {
    let ring = |ring: &LineString<f64>| -> Vec<World> {
        let open = ring.0.iter().take(ring.0.len().saturating_sub(1));
        open.map(|at| World::from_lon_lat(LonLat { lon: at.x, lat: at.y })).collect()
    };
    let part = |part: &Polygon<f64>| std::iter::once(part.exterior()).chain(part.interiors()).map(ring).collect();
    label_place(&unit.geometry.iter().map(part).collect::<Vec<WorldPart>>()).map(World::to_lon_lat)
}

/// Whether the place is inside the rings, by the even-odd rule.
fn holds(part: &WorldPart, at: World) -> bool {
    edges(part).filter(|(a, b)| crosses(*a, *b, at.y) && at.x < crossing_x(*a, *b, at.y)).count() % 2 == 1
}

fn edges(part: &WorldPart) -> impl Iterator<Item = (World, World)> {
    part.iter().flat_map(|ring| ring.iter().copied().zip(ring.iter().copied().cycle().skip(1)))
}

fn crosses(a: World, b: World, y: f64) -> bool {
    (a.y > y) != (b.y > y)
}

fn crossing_x(a: World, b: World, y: f64) -> f64 {
    a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x)
}

/// A square in which the best place is looked for.
struct Cell {
    centre: World,
    half: f64,
    /// Distance from the borders; negative outside.
    inside_by: f64,
}

impl Cell {
    fn new(centre: World, half: f64, part: &WorldPart) -> Self {
        let nearest_2 = edges(part).map(|(a, b)| distance_2(centre, a, b)).fold(f64::INFINITY, f64::min);
        let sign = if holds(part, centre) { 1.0 } else { -1.0 };
        Self { centre, half, inside_by: sign * nearest_2.sqrt() }
    }

    /// No place in the cell is farther inside than this.
    fn bound(&self) -> f64 {
        self.inside_by + self.half * std::f64::consts::SQRT_2
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cell {}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound().total_cmp(&other.bound())
    }
}

/// The pole of inaccessibility, by quartering the most promising square until none can be better (Mapbox's "polylabel", 2016).
fn farthest_from_borders(part: &WorldPart) -> Option<World> {
    let exterior = part.first()?;
    let bounds = super::bands::WorldBox::of(exterior.iter().copied());
    let (width, height) = (bounds.max.x - bounds.min.x, bounds.max.y - bounds.min.y);
    let size = width.max(height);
    let half = width.min(height) / 2.0;
    if half <= 0.0 {
        return None;
    }
    let coarse = simplified(part, size * TOLERANCE_SHARE);
    let mut cells = BinaryHeap::new();
    let count = |length: f64| (length / (2.0 * half)).ceil().clamp(1.0, 64.0) as usize;
    for column in 0..count(width) {
        for row in 0..count(height) {
            let middle = |from: f64, index: usize| from + half * (2 * index + 1) as f64;
            let centre = World { x: middle(bounds.min.x, column), y: middle(bounds.min.y, row) };
            cells.push(Cell::new(centre, half, &coarse));
        }
    }
    let mut best = World { x: 0.0, y: 0.0 };
    let mut best_by = f64::NEG_INFINITY;
    for _ in 0..MAX_CELLS {
        let Some(cell) = cells.pop() else { break };
        if cell.inside_by > best_by {
            (best, best_by) = (cell.centre, cell.inside_by);
        }
        if cell.bound() - best_by <= size * PRECISION_SHARE {
            break;
        }
        let half = cell.half / 2.0;
        for (dx, dy) in [(-half, -half), (half, -half), (-half, half), (half, half)] {
            cells.push(Cell::new(World { x: cell.centre.x + dx, y: cell.centre.y + dy }, half, &coarse));
        }
    }
    (best_by > 0.0).then_some(best)
}

fn simplified(part: &WorldPart, tolerance_world: f64) -> WorldPart {
    let simplify = |ring: &Vec<World>| {
        let closed: Vec<World> = ring.iter().chain(ring.first()).copied().collect();
        let importances = importances(&closed);
        ring.iter()
            .zip(importances)
            .filter(|(_, importance)| *importance > tolerance_world)
            .map(|(at, _)| *at)
            .collect()
    };
    part.iter().map(simplify).collect()
}

/// The middle of the widest stretch inside on one of some lines across: found for any shape with an inside.
fn widest_middle(part: &WorldPart) -> Option<World> {
    let bounds = super::bands::WorldBox::of(part.first()?.iter().copied());
    let mut widest: Option<(f64, World)> = None;
    for share in [0.5, 0.25, 0.75, 0.1, 0.9, 0.013, 0.987] {
        let y = bounds.min.y + share * (bounds.max.y - bounds.min.y);
        let crossed = edges(part).filter(|(a, b)| crosses(*a, *b, y));
        let mut xs: Vec<f64> = crossed.map(|(a, b)| crossing_x(a, b, y)).collect();
        xs.sort_by(f64::total_cmp);
        for pair in xs.chunks_exact(2) {
            let [from, to] = pair else { continue };
            if widest.is_none_or(|(width, _)| to - from > width) {
                widest = Some((to - from, World { x: f64::midpoint(*from, *to), y }));
            }
        }
    }
    widest.map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(places: &[(f64, f64)]) -> Vec<World> {
        places.iter().map(|&(x, y)| World { x, y }).collect()
    }

    #[test]
    fn a_name_stands_in_the_middle_of_a_square_and_beside_its_hole() {
        let square = ring(&[(0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.0, 0.1)]);
        let at = label_place(&[vec![square.clone()]]).expect("a place");
        assert!((at.x - 0.05).abs() < 0.01 && (at.y - 0.05).abs() < 0.01, "{at:?}");
        let hole = ring(&[(0.04, 0.04), (0.06, 0.04), (0.06, 0.06), (0.04, 0.06)]);
        let part = vec![square, hole];
        assert!(holds(&part, label_place(std::slice::from_ref(&part)).expect("a place")));
    }

    #[test]
    fn a_name_stands_in_the_largest_part_and_inside_a_horseshoe() {
        let islet = vec![ring(&[(0.9, 0.9), (0.91, 0.9), (0.91, 0.91)])];
        let horseshoe = vec![ring(&[
            (0.0, 0.0),
            (0.5, 0.0),
            (0.5, 0.1),
            (0.1, 0.1),
            (0.1, 0.4),
            (0.5, 0.4),
            (0.5, 0.5),
            (0.0, 0.5),
        ])];
        assert!(holds(&horseshoe, label_place(&[islet, horseshoe.clone()]).expect("a place")));
    }

    #[test]
    fn a_unit_without_area_still_has_a_place() {
        assert_eq!(label_place(&[]), None);
        let line = vec![ring(&[(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)])];
        assert!(label_place(&[line]).is_some());
        let flat = vec![ring(&[(0.1, 0.1), (0.2, 0.1), (0.3, 0.1)])];
        assert!(label_place(&[flat]).is_some());
    }
}
