//! Unit polygons as tiles, with borders that stay shared: neighbours, levels and dates draw the very same line at every zoom.
//!
//! Once, when units are loaded: `vertices` numbers the vertices, `weld` closes hairlines, `arcs` cuts rings into shared
//! arcs, `bands` simplifies each arc (`simplify`) and rounds it for each zoom so that none crosses another (`snap`) and
//! no strip turns over (`unfold`), `labels` finds a place for the name.
//! For each tile: `clip` cuts rings to the tile's box, `quantize` rounds what was not, `untangle` makes valid polygons of
//! rings that touch, and they are written as tiles have them (`tile::commands`).

mod arcs;
mod bands;
mod clip;
mod labels;
mod quantize;
mod simplify;
mod snap;
#[cfg(test)]
mod tests;
mod unfold;
mod untangle;
mod vertices;
mod weld;

use std::collections::HashMap;

use crate::engine::tile::Commands;
use crate::model::{BUFFER, Bbox, Day, DayInterval, EXTENT, Level, LonLat, TileCoord, Unit, UnitId, World};

use arcs::{Arcs, StepPart, StepRing};
use bands::{Bands, WorldBox};
use clip::{Clipper, Frame, TilePlace};
pub use labels::label_of;
use labels::{WorldPart, label_place};
use quantize::quantize;
use snap::Span;
use untangle::untangle;
use vertices::{IdPart, IdRing, Vertices};
use weld::{NumberedUnit, weld};

/// A unit's polygon in one tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitShape {
    /// The unit.
    pub unit: UnitId,
    /// Geometry commands of a polygon feature (Mapbox Vector Tile 2.1, section 4.3): exteriors wound with positive area, holes
    /// negative, each ring with at least three vertices and some area, tile units from −[`BUFFER`] to [`EXTENT`] + [`BUFFER`].
    pub commands: Vec<u32>,
}

/// The place of a unit's name in one tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitLabel {
    /// The unit.
    pub unit: UnitId,
    /// Tile units from the west side, below [`EXTENT`].
    pub x: u32,
    /// Tile units from the north side, below [`EXTENT`].
    pub y: u32,
}

/// The borders of all units of all levels and dates, ready to be drawn into tiles. Immutable.
pub struct BorderMap {
    units: Vec<MappedUnit>,
    by_id: HashMap<UnitId, usize>,
    bands: Bands,
}

/// A ring by its arcs, with the box of all its vertices.
struct MappedRing {
    steps: StepRing,
    bounds: WorldBox,
}

struct MappedUnit {
    id: UnitId,
    level: Level,
    valid: DayInterval,
    bounds: WorldBox,
    /// The rings of all its polygons: exteriors of positive area, holes of negative.
    rings: Vec<MappedRing>,
    label: Option<World>,
}

impl BorderMap {
    /// Prepares all units of all levels and dates together. Invalid rings are drawn as well as they can be: what they wind
    /// around at least once, or with their crossings where those are very many. Rings without three distinct vertices or with
    /// a coordinate that is not a number are left out. O(vertices), some seconds for a million.
    pub fn new(units: &[Unit]) -> Self {
        let mut vertices = Vertices::default();
        let mut numbered: Vec<NumberedUnit> = units
            .iter()
            .map(|unit| NumberedUnit { level: unit.level, valid: unit.valid, parts: vertices.number(&unit.geometry) })
            .collect();
        weld(&mut numbered, &vertices);
        let parts: Vec<Vec<IdPart>> = numbered.into_iter().map(|unit| unit.parts).collect();
        let (arcs, shapes) = Arcs::cut(&parts, &vertices);
        let places: Vec<Vec<World>> = arcs.iter().map(|arc| vertices.places_of(arc)).collect();
        let bands = Bands::new(&places, &spans(units, &shapes, places.len()), &shapes);
        let units = units.iter().zip(shapes).zip(&parts);
        let units: Vec<MappedUnit> =
            units.map(|((unit, shape), parts)| MappedUnit::new(unit, shape, parts, &vertices)).collect();
        let by_id = units.iter().enumerate().map(|(index, unit)| (unit.id, index)).collect();
        Self { units, by_id, bands }
    }

    /// The polygons of a level's units valid on a day, in a tile with its buffer, in the units' order. Small parts and holes may
    /// vanish at small zooms; a unit that would vanish altogether is a square of one tile unit at the place of its label.
    pub fn tile(&self, coord: TileCoord, level: Level, day: Day) -> Vec<UnitShape> {
        let frame = Frame::new(coord);
        let Some(band) = self.bands.at(coord.z()) else { return Vec::new() };
        let mut clipper = Clipper::default();
        let mut shapes = Vec::new();
        for unit in self.valid(level, day).filter(|unit| frame.beyond(&unit.bounds) == 0) {
            let mut rings = Vec::new();
            for ring in unit.rings.iter().filter(|ring| frame.beyond(&ring.bounds) == 0) {
                rings.extend(quantize(clipper.clip(&ring.steps, band, &frame)));
            }
            let mut commands = Commands::default();
            for ring in untangle(rings).iter().flatten() {
                commands.ring(ring);
            }
            let mut commands = commands.finish();
            if commands.is_empty() {
                commands = unit.smallest(&frame);
            }
            if !commands.is_empty() {
                shapes.push(UnitShape { unit: unit.id, commands });
            }
        }
        shapes
    }

    /// The names' places of a level's units valid on a day that lie in the tile itself, in the units' order: over all tiles of a
    /// zoom each unit with a geometry has exactly one.
    pub fn labels(&self, coord: TileCoord, level: Level, day: Day) -> Vec<UnitLabel> {
        let frame = Frame::new(coord);
        let label = |unit: &MappedUnit| {
            let (x, y) = cell(frame.place(unit.label?), coord);
            let inside = 0..EXTENT as i32;
            (inside.contains(&x) && inside.contains(&y)).then_some(UnitLabel {
                unit: unit.id,
                x: x as u32,
                y: y as u32,
            })
        };
        self.valid(level, day).filter_map(label).collect()
    }

    /// The place of a unit's name, inside it; none without a geometry.
    pub fn label(&self, unit: UnitId) -> Option<LonLat> {
        self.units.get(*self.by_id.get(&unit)?)?.label.map(World::to_lon_lat)
    }

    /// The box of a unit, degrees, as far as Web Mercator reaches; none without a geometry.
    pub fn bbox(&self, unit: UnitId) -> Option<Bbox> {
        let bounds = self.units.get(*self.by_id.get(&unit)?)?.bounds;
        let (north_west, south_east) = (bounds.min.to_lon_lat(), bounds.max.to_lon_lat());
        let bbox = Bbox { west: north_west.lon, south: south_east.lat, east: south_east.lon, north: north_west.lat };
        (bounds.min.x <= bounds.max.x).then_some(bbox)
    }

    fn valid(&self, level: Level, day: Day) -> impl Iterator<Item = &MappedUnit> {
        self.units.iter().filter(move |unit| unit.level == level && unit.valid.contains(day))
    }
}

impl MappedUnit {
    fn new(unit: &Unit, shape: Vec<StepPart>, parts: &[IdPart], vertices: &Vertices) -> Self {
        let places = |ring: &IdRing| vertices.places_of(ring);
        let label =
            label_place(&parts.iter().map(|part| part.iter().map(places).collect()).collect::<Vec<WorldPart>>());
        let mapped = |(steps, ids): (StepRing, &IdRing)| MappedRing { steps, bounds: WorldBox::of(places(ids)) };
        let rings: Vec<MappedRing> =
            shape.into_iter().zip(parts).flat_map(|(part, ids)| part.into_iter().zip(ids)).map(mapped).collect();
        let bounds = rings.iter().fold(WorldBox::EMPTY, |bounds, ring| bounds.join(&ring.bounds));
        Self { id: unit.id, level: unit.level, valid: unit.valid, bounds, rings, label }
    }

    /// A square of one tile unit where the label is; nothing when that is beyond the tile's box.
    fn smallest(&self, frame: &Frame) -> Vec<u32> {
        let mut commands = Commands::default();
        if let Some(TilePlace { x, y }) = self.label.map(|label| frame.place(label)) {
            let (x, y) = (x.floor() as i32, y.floor() as i32);
            let inside = -(BUFFER as i32)..(EXTENT + BUFFER) as i32;
            if inside.contains(&x) && inside.contains(&y) {
                commands.ring(&[(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]);
            }
        }
        commands.finish()
    }
}

/// For each arc the days on which some unit draws it.
fn spans(units: &[Unit], shapes: &[Vec<StepPart>], arcs: usize) -> Vec<Span> {
    let mut spans = vec![Span::NEVER; arcs];
    for (unit, shape) in units.iter().zip(shapes) {
        for step in shape.iter().flatten().flatten() {
            if let Some(span) = spans.get_mut(step.arc as usize) {
                *span = span.join(unit.valid);
            }
        }
    }
    spans
}

/// The tile-unit cell that holds a place. The world's south and east edges belong to its last cells.
fn cell(at: TilePlace, coord: TileCoord) -> (i32, i32) {
    let last = (1_u32 << coord.z()) - 1;
    let cell = |value: f64, tile: u32| {
        let cell = value.floor() as i32;
        if tile == last { cell.min(EXTENT as i32 - 1) } else { cell }
    };
    (cell(at.x, coord.x()), cell(at.y, coord.y()))
}
