//! A ring prepared for many points: its segments by horizontal slabs.

use geo_types::LineString;

use super::cover::{Place, Winding};
use crate::model::Bbox;

/// A ring and, for each of many horizontal slabs of equal height, the segments that enter it.
///
/// A point costs the segments of its slab: about twice as many as the horizontal line through it crosses.
#[derive(Debug)]
pub(super) struct Ring {
    vertices: Box<[[f64; 2]]>,
    /// Of each slab, where its segments begin in `segments`; one more at the end.
    starts: Box<[u32]>,
    /// A segment is named by the index of its first vertex.
    segments: Box<[u32]>,
    bottom: f64,
    top: f64,
    slabs_per_degree: f64,
}

impl Ring {
    /// None for a ring without segments.
    pub(super) fn new(line: &LineString<f64>) -> Option<Self> {
        let vertices: Box<[[f64; 2]]> = line.coords().map(|c| [c.x, c.y]).collect();
        if vertices.len() < 2 || u32::try_from(vertices.len()).is_err() {
            return None;
        }
        let bottom = vertices.iter().fold(f64::INFINITY, |least, v| least.min(v[1]));
        let top = vertices.iter().fold(f64::NEG_INFINITY, |most, v| most.max(v[1]));
        let climb: f64 = vertices.windows(2).filter_map(two).map(|(a, b)| (b[1] - a[1]).abs()).sum();
        // With n segments of which a horizontal line meets c on average, n / c slabs hold 2 n entries, 2 c a slab.
        let crossed = (climb / (top - bottom)).max(1.0);
        let slabs = (vertices.len() as f64 / crossed).ceil().max(1.0);
        let slabs_per_degree = slabs / (top - bottom);
        let flat = !slabs_per_degree.is_finite();
        let mut ring = Self {
            vertices,
            starts: vec![0; if flat { 1 } else { slabs as usize } + 1].into(),
            segments: Box::default(),
            bottom,
            top,
            slabs_per_degree: if flat { 0.0 } else { slabs_per_degree },
        };
        ring.fill();
        Some(ring)
    }

    /// Sorts the segments into the slabs: counts first, then places.
    fn fill(&mut self) {
        let spans: Vec<(usize, usize)> = self
            .vertices
            .windows(2)
            .filter_map(two)
            .map(|(a, b)| (self.slab(a[1].min(b[1])), self.slab(a[1].max(b[1]))))
            .collect();
        let mut starts = vec![0_u32; self.starts.len()];
        for count in spans.iter().flat_map(|&(first, last)| first..=last) {
            if let Some(start) = starts.get_mut(count + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut segments = vec![0_u32; sum as usize];
        for (index, &(first, last)) in spans.iter().enumerate() {
            for next in next.iter_mut().take(last + 1).skip(first) {
                if let Some(place) = segments.get_mut(*next as usize) {
                    *place = index as u32;
                }
                *next += 1;
            }
        }
        self.starts = starts.into();
        self.segments = segments.into();
    }

    /// The slab of a height within the ring's box. It never falls as `y` grows, so the slabs of a segment's ends enclose those
    /// of all heights between them.
    fn slab(&self, y: f64) -> usize {
        (((y - self.bottom) * self.slabs_per_degree) as usize).min(self.starts.len() - 2)
    }

    /// Segments that a point of this height is compared with, at most.
    pub(super) fn steps(&self, y: f64) -> usize {
        if !(self.bottom..=self.top).contains(&y) {
            return 1;
        }
        let slab = self.slab(y);
        let at = |slab: usize| self.starts.get(slab).copied().unwrap_or_default() as usize;
        1 + at(slab + 1).saturating_sub(at(slab))
    }

    /// All segments.
    pub(super) fn all(&self) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
        self.vertices.windows(2).filter_map(two)
    }

    /// The names of the segments that enter a slab.
    fn of_slab(&self, slab: usize) -> &[u32] {
        let at = |slab: usize| self.starts.get(slab).copied().unwrap_or_default() as usize;
        self.segments.get(at(slab)..at(slab + 1)).unwrap_or_default()
    }

    fn segment(&self, index: u32) -> Option<([f64; 2], [f64; 2])> {
        self.vertices.get(index as usize..index as usize + 2).and_then(two)
    }

    /// The segments of the slabs from `first` to `last`, each once.
    fn segments(&self, first: usize, last: usize) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
        (first..=last).flat_map(move |slab| {
            self.of_slab(slab).iter().filter_map(move |&index| {
                let (a, b) = self.segment(index)?;
                // A segment of several slabs is met in the first of them that is asked for.
                (slab == first || slab == self.slab(a[1].min(b[1]))).then_some((a, b))
            })
        })
    }

    /// The segments that come anywhere near the heights from `low` to `high`, each once.
    pub(super) fn between(&self, low: f64, high: f64) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
        let (first, last) =
            if high < self.bottom || low > self.top { (1, 0) } else { (self.slab(low), self.slab(high)) };
        self.segments(first, last)
    }

    /// Whether the box of any segment meets the box.
    pub(super) fn meets(&self, bbox: &Bbox) -> bool {
        self.between(bbox.south, bbox.north).any(|(a, b)| {
            a[1].min(b[1]) <= bbox.north
                && bbox.south <= a[1].max(b[1])
                && a[0].min(b[0]) <= bbox.east
                && bbox.west <= a[0].max(b[0])
        })
    }

    /// The first vertex.
    pub(super) fn first(&self) -> Option<[f64; 2]> {
        self.vertices.first().copied()
    }

    /// Where a point lies as to this ring, in degrees.
    pub(super) fn place(&self, p: [f64; 2]) -> Place {
        if !(self.bottom..=self.top).contains(&p[1]) {
            return Place::Outside;
        }
        let slab = self.slab(p[1]);
        let mut winding = Winding::default();
        for &index in self.of_slab(slab) {
            if let Some((a, b)) = self.segment(index) {
                winding.take(a, b, p);
            }
        }
        winding.place()
    }
}

/// The two ends of a segment.
fn two(pair: &[[f64; 2]]) -> Option<([f64; 2], [f64; 2])> {
    match pair {
        &[a, b] => Some((a, b)),
        _ => None,
    }
}
