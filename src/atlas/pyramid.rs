//! Which tiles may hold anything: what an archive of tiles is made of.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::draw::drawn_day;
use super::snapshot::LayerSnapshot;
use super::{Atlas, AtlasError};
use crate::engine::slice::{CellBox, rows_of_box};
use crate::model::{BUFFER, Bbox, EXTENT, Invalid, LonLat, TileCoord, TileLayer, TileRequest, View};

/// Where something may be drawn.
enum Ground {
    /// Features in memory.
    Points(Arc<LayerSnapshot>),
    /// Boxes of degrees.
    Boxes(Vec<Bbox>),
}

impl Atlas {
    /// The tiles of some zooms in which one of the request's layers may have something, by zoom, `most` at most; the request's own
    /// place does not matter. A filter may leave some of them empty. Those outside the area are left out.
    pub fn pyramid(
        &self,
        view: View,
        request: &TileRequest,
        (zooms, area, most): (RangeInclusive<u8>, Option<&[Bbox]>, usize),
    ) -> Result<Vec<TileCoord>, AtlasError> {
        let grounds = self.grounds(view, request)?;
        let in_area = |coord: TileCoord| area.is_none_or(|boxes| boxes.iter().any(|bbox| meet(bbox, &coord.bbox())));
        let mut found = Vec::new();
        let mut level = vec![TileCoord::new(0, 0, 0)?];
        for z in 0..=*zooms.end() {
            level.retain(|coord| in_area(*coord) && grounds.iter().any(|(ground, _)| ground.may_hold(*coord)));
            if zooms.contains(&z) {
                let drawn = |coord: &TileCoord| {
                    grounds.iter().any(|(ground, zooms)| zooms.contains(&z) && ground.may_hold(*coord))
                };
                found.extend(level.iter().copied().filter(drawn));
            }
            if found.len() > most || level.len() > most {
                let expected = format!("zooms with at most {most} tiles: there are more up to zoom {z}");
                return Err(Invalid::new("zoom", expected).into());
            }
            if z < *zooms.end() {
                level = children(&level)?;
            }
        }
        Ok(found)
    }

    /// What the request's layers are drawn from, and at which zooms.
    fn grounds(&self, view: View, request: &TileRequest) -> Result<Vec<(Ground, RangeInclusive<u8>)>, AtlasError> {
        let state = self.state();
        let day = drawn_day(request.as_of, self.clock().today);
        let mut grounds = Vec::new();
        for layer in &request.layers {
            match layer {
                TileLayer::Points(id) => {
                    let snapshot = Arc::clone(state.layer(view, id)?);
                    let zoom = snapshot.layer.zoom;
                    let large = snapshot.large.as_ref().map(|large| large.totals().bbox);
                    let ground = large.map_or_else(|| Ground::Points(snapshot), |bbox| Ground::Boxes(vec![bbox]));
                    grounds.push((ground, zoom.min..=zoom.max));
                }
                TileLayer::Units(level) | TileLayer::Labels(level) => {
                    let boxes = state.units.map.valid(*level, day).map(|unit| {
                        let mut bbox = Bbox::EMPTY;
                        let corners = unit.geometry.iter().flat_map(|polygon| polygon.exterior().coords());
                        corners.for_each(|corner| bbox.extend(LonLat { lon: corner.x, lat: corner.y }));
                        bbox
                    });
                    grounds.push((Ground::Boxes(boxes.collect()), 0..=crate::model::MAX_ZOOM));
                }
            }
        }
        Ok(grounds)
    }
}

impl Ground {
    /// Whether something may be in the tile or its buffer. What is in no tile is in none of its children: their buffers are
    /// within its own.
    fn may_hold(&self, coord: TileCoord) -> bool {
        match self {
            Self::Points(snapshot) => {
                let area = CellBox::of_buffered_tile(coord);
                snapshot.parts.iter().any(|part| !rows_of_box(&part.columns, area).is_empty())
            }
            Self::Boxes(boxes) => {
                let tile = buffered(coord);
                boxes.iter().any(|bbox| meet(bbox, &tile))
            }
        }
    }
}

/// The tile's box with twice its buffer: borders are drawn up to a tile unit beside where they are.
fn buffered(coord: TileCoord) -> Bbox {
    let bbox = coord.bbox();
    let share = 2.0 * f64::from(BUFFER) / f64::from(EXTENT);
    let (dx, dy) = ((bbox.east - bbox.west) * share, (bbox.north - bbox.south) * share);
    // Places beyond the last latitude are drawn on the edge of the world.
    let (first, last) = (coord.y() == 0, u64::from(coord.y()) + 1 == 1 << coord.z());
    Bbox {
        west: bbox.west - dx,
        south: if last { -90.0 } else { bbox.south - dy },
        east: bbox.east + dx,
        north: if first { 90.0 } else { bbox.north + dy },
    }
}

fn meet(a: &Bbox, b: &Bbox) -> bool {
    a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north
}

fn children(level: &[TileCoord]) -> Result<Vec<TileCoord>, Invalid> {
    let mut children = Vec::with_capacity(level.len() * 4);
    for coord in level {
        for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            children.push(TileCoord::new(coord.z() + 1, coord.x() * 2 + x, coord.y() * 2 + y)?);
        }
    }
    Ok(children)
}
