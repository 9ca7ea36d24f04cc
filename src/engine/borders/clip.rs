//! Cuts rings to a tile's box. First stretches wholly beside the box are walked past, then Sutherland–Hodgman, side by side.
//!
//! ```text
//!       code 1 |    0     | code 2        a stretch whose vertices share a bit of their codes lies beyond
//!      --------+----------+--------       one side of the box: only its ends matter
//!              |   tile   |
//! ```

use crate::model::{BUFFER, EXTENT, TileCoord, World};

use super::arcs::{Step, Way};
use super::bands::{Band, WorldBox};

/// A place in tile units, not yet rounded; (0, 0) is the tile's north-west corner.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct TilePlace {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Least and greatest coordinate that is drawn, tile units.
pub(super) const MIN: f64 = -(BUFFER as f64);
/// See [`MIN`].
pub(super) const MAX: f64 = (EXTENT + BUFFER) as f64;

/// From world coordinates to a tile's units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    scale: f64,
    west: f64,
    north: f64,
}

impl Frame {
    /// The frame of a tile.
    pub(super) fn new(coord: TileCoord) -> Self {
        let extent = f64::from(EXTENT);
        let (west, north) = (f64::from(coord.x()) * extent, f64::from(coord.y()) * extent);
        Self { scale: f64::from(1_u32 << coord.z()) * extent, west, north }
    }

    /// World to tile units. The scale is a power of two and the corner a whole number, so the only rounding is that of the
    /// difference: at zoom 22 a place is right to a millionth of a tile unit.
    pub(super) fn place(&self, at: World) -> TilePlace {
        TilePlace { x: at.x * self.scale - self.west, y: at.y * self.scale - self.north }
    }

    /// The sides of the tile's box, buffer included, that all of the world box lies beyond.
    pub(super) fn beyond(&self, bounds: &WorldBox) -> u8 {
        code(self.place(bounds.min)) & (EAST | SOUTH) | code(self.place(bounds.max)) & (WEST | NORTH)
    }
}

const WEST: u8 = 1;
const EAST: u8 = 2;
const NORTH: u8 = 4;
const SOUTH: u8 = 8;

/// The sides of the box that a place lies beyond; on a side is inside.
fn code(at: TilePlace) -> u8 {
    let mut code = 0;
    for (beyond, side) in [(at.x < MIN, WEST), (at.x > MAX, EAST), (at.y < MIN, NORTH), (at.y > MAX, SOUTH)] {
        if beyond {
            code |= side;
        }
    }
    code
}

/// Clips one ring after another, keeping its working memory.
#[derive(Default)]
pub(super) struct Clipper {
    ring: Vec<TilePlace>,
    spare: Vec<TilePlace>,
    /// The end of a stretch that lies beyond one side, not yet written.
    pending: Option<TilePlace>,
    /// The sides that all of the stretch lies beyond, with the vertex before it.
    beyond: u8,
}

impl Clipper {
    /// The part of a ring inside the tile's box (buffer included), closed without repeating its first place; empty when
    /// nothing is inside. Cut places are the same for the neighbour that walks the same border the other way.
    pub(super) fn clip(&mut self, ring: &[Step], band: &Band, frame: &Frame) -> &[TilePlace] {
        self.walk(ring, band, frame);
        let codes = self.ring.iter().fold(0, |codes, at| codes | code(*at));
        for side in [WEST, EAST, NORTH, SOUTH] {
            if codes & side != 0 {
                self.spare.clear();
                cut(&self.ring, side, &mut self.spare);
                std::mem::swap(&mut self.ring, &mut self.spare);
            }
        }
        &self.ring
    }

    /// Writes the ring's vertices in tile units; of each stretch beyond one side only the ends. The shortened stretch stays
    /// beyond that side, so inside the box nothing changes.
    fn walk(&mut self, ring: &[Step], band: &Band, frame: &Frame) {
        self.ring.clear();
        self.pending = None;
        self.beyond = 0;
        for step in ring {
            let Some(arc) = band.arc(step.arc) else { continue };
            let ends = (arc.places.first(), arc.places.last());
            let (Some(first), Some(last)) = (if step.way == Way::Forward { ends } else { (ends.1, ends.0) }) else {
                continue;
            };
            if self.ring.is_empty() {
                self.begin(frame.place(*first));
            }
            let beyond = frame.beyond(&arc.bounds);
            if beyond != 0 {
                self.pass(frame.place(*last), beyond);
            } else if step.way == Way::Forward {
                arc.chunks().for_each(|(bounds, places)| self.chunk(frame, bounds, places.iter()));
            } else {
                arc.chunks().rev().for_each(|(bounds, places)| self.chunk(frame, bounds, places.iter().rev()));
            }
        }
        self.end();
    }

    fn chunk<'a>(&mut self, frame: &Frame, bounds: &WorldBox, places: impl DoubleEndedIterator<Item = &'a World>) {
        let beyond = frame.beyond(bounds);
        let mut places = places.map(|at| frame.place(*at));
        if beyond == 0 {
            places.skip(1).for_each(|at| self.push(at));
        } else if let Some(last) = places.next_back() {
            self.pass(last, beyond);
        }
    }

    fn begin(&mut self, at: TilePlace) {
        self.ring.push(at);
        self.beyond = code(at);
    }

    /// The next vertex.
    fn push(&mut self, at: TilePlace) {
        let code = code(at);
        if self.beyond & code == 0 {
            self.flush();
        }
        if self.beyond & code == 0 {
            self.begin(at);
        } else {
            self.beyond &= code;
            self.pending = Some(at);
        }
    }

    /// On to a vertex by a stretch that lies beyond `beyond` (at least one side) with both its ends.
    fn pass(&mut self, at: TilePlace, beyond: u8) {
        if self.beyond & beyond == 0 {
            self.flush();
        }
        self.beyond &= beyond;
        self.pending = Some(at);
    }

    fn flush(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.begin(pending);
        }
    }

    fn end(&mut self) {
        self.flush();
        while self.ring.len() > 1 && self.ring.first() == self.ring.last() {
            self.ring.pop();
        }
    }
}

/// One side of Sutherland and Hodgman's polygon clipping ("Reentrant polygon clipping", 1974).
fn cut(ring: &[TilePlace], side: u8, kept: &mut Vec<TilePlace>) {
    let Some(mut before) = ring.last().copied() else { return };
    for &at in ring {
        let (was_outside, is_outside) = (code(before) & side != 0, code(at) & side != 0);
        if was_outside != is_outside {
            kept.push(crossing(before, at, side));
        }
        if !is_outside {
            kept.push(at);
        }
        before = at;
    }
}

/// Where an edge crosses a side, exactly on it. The ends are put in order first: both ways give the same place.
fn crossing(one: TilePlace, other: TilePlace, side: u8) -> TilePlace {
    let (a, b) = if one <= other { (one, other) } else { (other, one) };
    let bound = if side & (WEST | NORTH) != 0 { MIN } else { MAX };
    let between = |from: f64, to: f64, part: f64| (from + part * (to - from)).clamp(from.min(to), from.max(to));
    if side & (WEST | EAST) != 0 {
        TilePlace { x: bound, y: between(a.y, b.y, (bound - a.x) / (b.x - a.x)) }
    } else {
        TilePlace { x: between(a.x, b.x, (bound - a.y) / (b.y - a.y)), y: bound }
    }
}
