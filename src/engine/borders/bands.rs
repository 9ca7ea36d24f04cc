//! Zoom bands: the vertices of every arc that a zoom needs, laid out to be walked, with boxes to walk past.

use rayon::prelude::*;

use crate::model::{EXTENT, World};

use super::arcs::StepPart;
use super::simplify::importances;
use super::snap::{GridVertex, Span, cut_at_boxes, snap};
use super::unfold::unfold;

/// What simplification may move a line by, in tile units: a quarter of a CSS pixel on a 512-pixel tile, half a device pixel on
/// the sharpest common screens. Nobody can see it, and it drops most of the vertices up to zoom 10.
const TOLERANCE_TILE_UNITS: f64 = 2.0;
/// A band that keeps more than this share of all vertices is not worth its memory: from there on all are drawn.
const FULL_SHARE: f64 = 0.8;
/// No band of its own beyond this zoom: a tile unit is 15 cm, less than any border is known to.
const LAST_BAND_ZOOM: u8 = 16;
/// Edges in a chunk: a chunk beside the tile costs one comparison of boxes.
const CHUNK: usize = 32;

/// A box in world coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WorldBox {
    pub(super) min: World,
    pub(super) max: World,
}

impl WorldBox {
    /// The box of nothing.
    pub(super) const EMPTY: Self = Self {
        min: World { x: f64::INFINITY, y: f64::INFINITY },
        max: World { x: f64::NEG_INFINITY, y: f64::NEG_INFINITY },
    };

    /// The box of some places.
    pub(super) fn of(places: impl IntoIterator<Item = World>) -> Self {
        places.into_iter().fold(Self::EMPTY, |bounds, at| bounds.join(&Self { min: at, max: at }))
    }

    /// The box of both.
    pub(super) fn join(self, other: &Self) -> Self {
        Self {
            min: World { x: self.min.x.min(other.min.x), y: self.min.y.min(other.min.y) },
            max: World { x: self.max.x.max(other.max.x), y: self.max.y.max(other.max.y) },
        }
    }
}

/// The vertices of all arcs that one range of zooms draws.
pub(super) struct Band {
    places: Vec<World>,
    chunks: Vec<WorldBox>,
    /// For each arc its first place and its first chunk; one more at the end.
    starts: Vec<(u32, u32)>,
    boxes: Vec<WorldBox>,
}

/// One arc in a band.
#[derive(Clone, Copy)]
pub(super) struct BandArc<'a> {
    pub(super) bounds: WorldBox,
    pub(super) places: &'a [World],
    chunks: &'a [WorldBox],
}

impl<'a> BandArc<'a> {
    /// Stretches of at most [`CHUNK`] edges with their boxes; each begins with the vertex that the one before ends with.
    pub(super) fn chunks(self) -> impl DoubleEndedIterator<Item = (&'a WorldBox, &'a [World])> {
        self.chunks.iter().enumerate().map(move |(index, bounds)| {
            let from = index * CHUNK;
            let to = (from + CHUNK + 1).min(self.places.len());
            (bounds, self.places.get(from..to).unwrap_or_default())
        })
    }
}

impl Band {
    fn new(arcs: &[Vec<World>]) -> Self {
        let mut band = Self { places: Vec::new(), chunks: Vec::new(), starts: Vec::new(), boxes: Vec::new() };
        for places in arcs {
            band.starts.push((band.places.len() as u32, band.chunks.len() as u32));
            band.places.extend(places);
            let mut from = 0;
            while from + 1 < places.len() {
                let to = (from + CHUNK + 1).min(places.len());
                band.chunks.push(WorldBox::of(places.get(from..to).unwrap_or_default().iter().copied()));
                from += CHUNK;
            }
            band.boxes.push(WorldBox::of(places.iter().copied()));
        }
        band.starts.push((band.places.len() as u32, band.chunks.len() as u32));
        band
    }

    /// An arc's vertices in this band.
    pub(super) fn arc(&self, arc: u32) -> Option<BandArc<'_>> {
        let index = arc as usize;
        let (from, to) = (self.starts.get(index)?, self.starts.get(index + 1)?);
        Some(BandArc {
            bounds: *self.boxes.get(index)?,
            places: self.places.get(from.0 as usize..to.0 as usize)?,
            chunks: self.chunks.get(from.1 as usize..to.1 as usize)?,
        })
    }
}

/// A band for each zoom from 0, the last one with all vertices and for all zooms from there on.
pub(super) struct Bands(Vec<Band>);

impl Bands {
    /// Simplifies every arc once and lays out its bands. `spans` are the days on which some unit draws each arc, `units` the
    /// polygons by arcs. Simplified bands are snapped to their zoom's grid, and so are those with all vertices for as long as
    /// that changes anything.
    pub(super) fn new(arcs: &[Vec<World>], spans: &[Span], units: &[Vec<StepPart>]) -> Self {
        let importances: Vec<Vec<f64>> = arcs.par_iter().map(|arc| importances(arc)).collect();
        let all: usize = arcs.iter().map(Vec::len).sum();
        let worth_it = |zoom: &u8| {
            let tolerance = TOLERANCE_TILE_UNITS / side(*zoom);
            let kept = importances.iter().flatten().filter(|importance| **importance > tolerance).count();
            kept as f64 <= all as f64 * FULL_SHARE
        };
        let simplified = (0..=LAST_BAND_ZOOM).take_while(worth_it).count() as u8;
        let band = |zoom: u8| {
            let tolerance = TOLERANCE_TILE_UNITS / side(zoom);
            let kept = |(arc, importances): (&Vec<World>, &Vec<f64>)| {
                let kept = arc.iter().zip(importances).filter(|(_, importance)| **importance > tolerance);
                kept.map(|(at, _)| *at).collect()
            };
            let lines: Vec<Vec<World>> = arcs.iter().zip(&importances).map(kept).collect();
            Band::new(&snapped(&lines, zoom, (spans, units)).0)
        };
        let mut bands: Vec<Band> = (0..simplified).into_par_iter().map(band).collect();
        for zoom in simplified..=LAST_BAND_ZOOM {
            let (snapped, changed) = snapped(arcs, zoom, (spans, units));
            if changed == 0 {
                break;
            }
            bands.push(Band::new(&snapped));
        }
        bands.push(Band::new(arcs));
        Self(bands)
    }

    /// The band that a zoom draws.
    pub(super) fn at(&self, zoom: u8) -> Option<&Band> {
        self.0.get(usize::from(zoom)).or_else(|| self.0.last())
    }
}

/// Tile units along one side of the world.
fn side(zoom: u8) -> f64 {
    f64::from(EXTENT) * f64::from(1_u32 << zoom)
}

/// Lines on the grid of a zoom that meet in common vertices only, and how many changes that took beyond rounding and cutting
/// at tiles' boxes. Halves are rounded up, as tiles round; a line may come down to one place.
fn snapped(lines: &[Vec<World>], zoom: u8, (spans, units): (&[Span], &[Vec<StepPart>])) -> (Vec<Vec<World>>, usize) {
    let side = side(zoom);
    let round = |value: f64| (value * side + 0.5).floor() as i64;
    let on_grid = |line: &Vec<World>| {
        let mut line: Vec<GridVertex> = line.iter().map(|at| (round(at.x), round(at.y))).collect();
        line.dedup();
        line
    };
    let mut lines: Vec<Vec<GridVertex>> = lines.iter().map(on_grid).collect();
    cut_at_boxes(&mut lines);
    let changed = snap(&mut lines, spans) + unfold(&mut lines, units);
    // Exact: the side is a power of two.
    let place = |(x, y): &GridVertex| World { x: *x as f64 / side, y: *y as f64 / side };
    (lines.iter().map(|line| line.iter().map(place).collect()).collect(), changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_together_are_the_whole_arc() {
        for vertices in [2_usize, 32, 33, 34, 65, 100] {
            let arc: Vec<World> =
                (0..vertices).map(|n| World { x: n as f64 / 100.0, y: f64::from((n % 2) as u8) }).collect();
            let bands = Bands::new(std::slice::from_ref(&arc), &[Span::NEVER], &[]);
            let band = bands.at(22).expect("the full band");
            let found = band.arc(0).expect("the arc");
            assert_eq!(found.places, arc);
            let mut walked = vec![arc[0]];
            for (bounds, places) in found.chunks() {
                assert_eq!(walked.last(), places.first());
                assert_eq!(*bounds, WorldBox::of(places.iter().copied()));
                walked.extend(&places[1..]);
            }
            assert_eq!(walked, arc, "{vertices} vertices");
            assert!(band.arc(1).is_none());
        }
    }

    #[test]
    fn a_deeper_zoom_never_draws_fewer_vertices() {
        // So short that it passes few sides of tiles' boxes.
        let arc: Vec<World> = (0..1000)
            .map(|n| World { x: f64::from(n) / 1e7, y: (f64::from(n) * 1.7).sin() / (1e4 * f64::from(1 + n * n)) })
            .collect();
        let bands = Bands::new(&[arc], &[Span::NEVER], &[]);
        let counts: Vec<usize> = bands.0.iter().map(|band| band.places.len()).collect();
        assert!(counts.is_sorted() && counts[0] < 1000 && counts.last() == Some(&1000), "{counts:?}");
    }
}
