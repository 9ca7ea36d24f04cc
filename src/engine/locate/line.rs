//! Lines prepared for many points.

use geo::Intersects;
use geo_types::{Coord, Line, LineString};

use super::cover::Place;
use super::ring::Ring;
use crate::model::{Bbox, LonLat};

/// Lines, one or several, with their segments sorted by height.
#[derive(Debug)]
pub struct PreparedLines {
    lines: Vec<Ring>,
    /// Ends that an odd number of the lines have: the boundary by the mod-2 rule of the Simple Features standard.
    ends: Vec<Coord<f64>>,
    bbox: Bbox,
}

impl PreparedLines {
    /// Prepares lines in degrees.
    pub fn new(lines: &[LineString<f64>]) -> Self {
        let mut ends: Vec<Coord<f64>> = Vec::new();
        let mut bbox = Bbox::EMPTY;
        for line in lines {
            for end in line.0.first().into_iter().chain(line.0.last()) {
                match ends.iter().position(|known| known == end) {
                    Some(known) => drop(ends.swap_remove(known)),
                    None => ends.push(*end),
                }
            }
            line.coords().for_each(|at| bbox.extend(LonLat { lon: at.x, lat: at.y }));
        }
        Self { lines: lines.iter().filter_map(Ring::new).collect(), ends, bbox }
    }

    /// Where the place lies: on the border is at an end of an odd number of lines, inside is anywhere else on one. A place is
    /// on a segment when it is so exactly, as GEOS has it.
    pub fn place(&self, at: LonLat) -> Place {
        let at = Coord { x: at.lon, y: at.lat };
        let mut segments = self.lines.iter().flat_map(|line| line.between(at.y, at.y));
        if !segments.any(|(a, b)| Line::new(a, b).intersects(&at)) {
            Place::Outside
        } else if self.ends.contains(&at) {
            Place::Border
        } else {
            Place::Inside
        }
    }

    /// The box of all lines.
    pub fn bbox(&self) -> Bbox {
        self.bbox
    }
}
