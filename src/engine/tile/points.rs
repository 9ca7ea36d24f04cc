//! The tile of a point layer: each point, or cells where there are too many.

use super::TileLayerBytes;
use super::dense::Cells;
use super::encode::LayerEncoder;
use super::properties::Properties;
use crate::engine::as_of::Answers;
use crate::engine::columns::{BLOCK, Columns};
use crate::engine::morton::{AXIS_BITS, Cell};
use crate::engine::parts::{Parts, Row};
use crate::engine::select::Selected;
use crate::engine::slice::{rows_of_buffered_tile, rows_of_tile};
use crate::engine::unit_map::UnitMap;
use crate::model::{Dense, EXTENT, Layer, TileCoord, View, World};

/// A point layer and who asks for it.
#[derive(Clone, Copy)]
pub struct PointsSource<'a> {
    /// What the layer is.
    pub layer: &'a Layer,
    /// The units of all dates.
    pub units: &'a UnitMap,
    /// Whose tile it is.
    pub view: View,
    /// The commune of each feature under the request's date.
    pub communes: &'a Answers,
    /// Names of the properties that are asked for, `id` and `unit` among them; all where not said.
    pub fields: Option<&'a [String]>,
}

/// The tile of a point layer: each point, or counts per grid cell where there are more than the layer's `max_features`.
///
/// A point is drawn in the tile unit that holds it (rounded down), so a tile's own points are those at 0 to 4095, and the
/// tiles of a zoom divide the layer's points among them. Points of the buffer are drawn besides, unless there would be more than
/// `max_features` with them, as beside a dense tile, whose cells have no buffer either.
/// Features are in the order of key and id, so that equal data gives equal bytes, however it is divided into parts.
pub fn points_layer(
    source: &PointsSource<'_>,
    coord: TileCoord,
    dense: Dense,
    selected: &Selected<'_>,
) -> TileLayerBytes {
    if !source.layer.zoom.contains(coord.z()) {
        return TileLayerBytes::default();
    }
    let name = source.layer.id.as_str();
    let own = selected.iter().map(|(_, selection)| (selection, rows_of_tile(selection.columns(), coord)));
    let own: Vec<_> = own.collect();
    let most = u64::from(source.layer.max_features);
    let features = if dense == Dense::Cells && own.iter().map(|(_, rows)| rows.len() as u64).sum::<u64>() > most {
        // Counting them is half the work of drawing them: it is not done twice.
        let cells = Cells::new(selected, source.layer.category, coord);
        if cells.features > most {
            return cells_layer(source, &cells);
        }
        cells.features
    } else {
        own.into_iter().map(|(selection, rows)| selection.count(rows)).sum()
    };
    let bytes = every_point(source, coord, dense, selected).finish(name);
    TileLayerBytes { bytes, features, cells: false }
}

/// The dense tile of a point layer.
pub fn cells_layer(source: &PointsSource<'_>, cells: &Cells) -> TileLayerBytes {
    let bytes = cells.write(source).finish(source.layer.id.as_str());
    TileLayerBytes { bytes, features: cells.features, cells: true }
}

/// Each selected row of the tile and its buffer.
fn every_point(source: &PointsSource<'_>, coord: TileCoord, dense: Dense, selected: &Selected<'_>) -> LayerEncoder {
    let ranges = selected.iter();
    let ranges = ranges.map(|(part, selection)| (part, selection, rows_of_buffered_tile(selection.columns(), coord)));
    let mut ranges: Vec<_> = ranges.collect();
    let rows = ranges.iter().flat_map(|(.., ranges)| ranges).map(ExactSizeIterator::len).sum();
    if rows == 0 {
        return LayerEncoder::new();
    }
    let most = u64::from(source.layer.max_features);
    if dense == Dense::Cells && rows as u64 > most {
        let drawn =
            ranges.iter().flat_map(|(_, selection, ranges)| ranges.iter().map(|range| selection.count(range.clone())));
        if drawn.sum::<u64>() > most {
            for (_, selection, ranges) in &mut ranges {
                *ranges = vec![rows_of_tile(selection.columns(), coord)];
            }
        }
    }
    let mut writer = PointWriter::new(source, coord, selected.parts(), rows);
    let drawn = ranges.into_iter().filter(|(.., ranges)| !ranges.is_empty());
    let drawn = drawn.map(|(part, selection, ranges)| {
        let rows = ranges.into_iter().flat_map(|range| selection.rows(range));
        rows.map(move |row| Row { part, row: row as u32 })
    });
    rows_in_order(selected.parts(), drawn, |row| writer.push(row));
    writer.finish()
}

/// Tells the rows of several parts in the order of key and id, in which the rows of each part are.
fn rows_in_order(parts: &Parts, mut of_parts: impl Iterator<Item: Iterator<Item = Row>>, tell: impl FnMut(Row)) {
    match (of_parts.next(), of_parts.next()) {
        (Some(only), None) => only.for_each(tell),
        (first, second) => {
            let rows = first.into_iter().chain(second).chain(of_parts).flatten();
            let mut rows: Vec<Row> = rows.collect();
            // Each part's rows are in order: a stable sort merges them.
            rows.sort_by_key(|row| (parts.columns(*row).keys[row.row as usize], parts.id(*row)));
            rows.into_iter().for_each(tell);
        }
    }
}

/// Writes points in the order in which they come, a block of rows at a time: their properties are found column by column.
struct PointWriter<'a> {
    encoder: LayerEncoder,
    properties: Properties<'a>,
    parts: &'a Parts,
    coord: TileCoord,
    block: Vec<Row>,
}

impl<'a> PointWriter<'a> {
    /// `rows` is about how many will come.
    fn new(source: &PointsSource<'a>, coord: TileCoord, parts: &'a Parts, rows: usize) -> Self {
        let mut encoder = LayerEncoder::new();
        encoder.reserve(rows);
        let properties = Properties::new(&mut encoder, source, parts, rows);
        Self { encoder, properties, parts, coord, block: Vec::with_capacity(BLOCK) }
    }

    fn push(&mut self, row: Row) {
        self.block.push(row);
        if self.block.len() == BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.properties.find(&mut self.encoder, self.parts, &self.block);
        for (index, row) in self.block.iter().enumerate() {
            let at = tile_units(self.parts.columns(*row), row.row as usize, self.coord);
            self.encoder.point_feature(self.parts.id(*row), self.properties.tags(index), at);
        }
        self.block.clear();
    }

    fn finish(mut self) -> LayerEncoder {
        self.flush();
        self.encoder
    }
}

/// The tile unit that holds the row's point; below 0 or from 4096 in the buffer.
fn tile_units(columns: &Columns, row: usize, coord: TileCoord) -> (i32, i32) {
    let unit_bits = EXTENT.trailing_zeros();
    let shift = i32::try_from(AXIS_BITS).unwrap_or(32) - i32::from(coord.z()) - unit_bits as i32;
    let origin = |tile: u32| i64::from(tile) << unit_bits;
    if shift >= 0 {
        let Cell { x, y } = columns.cell(row);
        let unit = |axis: u32, tile: u32| ((i64::from(axis) >> shift) - origin(tile)) as i32;
        return (unit(x, coord.x()), unit(y, coord.y()));
    }
    // Past zoom 20 a tile unit is finer than a key: the place itself decides, kept in the tile that its key says.
    let world = World::from_lon_lat(columns.at(row));
    let cell = columns.cell(row);
    let scale = f64::from(1_u32 << coord.z()) * f64::from(EXTENT);
    let unit = |axis: f64, key: u32, tile: u32| {
        let first = i64::from(key) << -shift;
        let last = first + (1 << -shift) - 1;
        (((axis * scale).floor() as i64).clamp(first, last) - origin(tile)) as i32
    };
    (unit(world.x, cell.x, coord.x()), unit(world.y, cell.y, coord.y()))
}
