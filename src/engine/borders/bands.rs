//! Zoom bands: the vertices of every arc that a zoom needs, laid out to be walked, with boxes to walk past.

use crate::model::{EXTENT, World};

use super::simplify::importances;

/// What simplification may move a line by, in tile units: a quarter of a CSS pixel on a 512-pixel tile, half a device pixel on
/// the sharpest common screens. Nobody can see it, and it drops most of the vertices up to zoom 10.
const TOLERANCE_TILE_UNITS: f64 = 2.0;
/// A band that keeps more than this share of all vertices is not worth its memory: from there on all are drawn.
const FULL_SHARE: f64 = 0.8;
/// No band beyond this zoom: its tolerance is some centimetres, less than any border is known to.
const LAST_BAND_ZOOM: u8 = 18;
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
    fn new(arcs: &[Vec<World>], importances: &[Vec<f64>], tolerance_world: f64) -> Self {
        let mut band = Self { places: Vec::new(), chunks: Vec::new(), starts: Vec::new(), boxes: Vec::new() };
        for (arc, importances) in arcs.iter().zip(importances) {
            let start = band.places.len();
            band.starts.push((start as u32, band.chunks.len() as u32));
            let kept = arc.iter().zip(importances).filter(|(_, importance)| **importance > tolerance_world);
            band.places.extend(kept.map(|(at, _)| *at));
            let places = band.places.get(start..).unwrap_or_default();
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
    /// Simplifies every arc once and lays out its bands.
    pub(super) fn new(arcs: &[Vec<World>]) -> Self {
        let importances: Vec<Vec<f64>> = arcs.iter().map(|arc| importances(arc)).collect();
        let all: usize = arcs.iter().map(Vec::len).sum();
        let mut bands = Vec::new();
        for zoom in 0..=LAST_BAND_ZOOM {
            let tolerance = TOLERANCE_TILE_UNITS / (f64::from(EXTENT) * f64::from(1_u32 << zoom));
            let kept = importances.iter().flatten().filter(|importance| **importance > tolerance).count();
            if kept as f64 > all as f64 * FULL_SHARE {
                break;
            }
            bands.push(Band::new(arcs, &importances, tolerance));
        }
        // Below any tolerance: not even vertices on a straight line are left out.
        bands.push(Band::new(arcs, &importances, -1.0));
        Self(bands)
    }

    /// The band that a zoom draws.
    pub(super) fn at(&self, zoom: u8) -> Option<&Band> {
        self.0.get(usize::from(zoom)).or_else(|| self.0.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_together_are_the_whole_arc() {
        for vertices in [2_usize, 32, 33, 34, 65, 100] {
            let arc: Vec<World> =
                (0..vertices).map(|n| World { x: n as f64 / 100.0, y: f64::from((n % 2) as u8) }).collect();
            let bands = Bands::new(std::slice::from_ref(&arc));
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
        let arc: Vec<World> = (0..1000)
            .map(|n| World { x: f64::from(n) / 1000.0, y: (f64::from(n) * 1.7).sin() / f64::from(1 + n * n) })
            .collect();
        let bands = Bands::new(&[arc]);
        let counts: Vec<usize> = bands.0.iter().map(|band| band.places.len()).collect();
        assert!(counts.is_sorted() && counts[0] < 1000 && counts.last() == Some(&1000), "{counts:?}");
    }
}
