use std::ops::Range;

use super::TileLayerBytes;
use super::dense::cells;
use super::encode::LayerEncoder;
use super::properties::Properties;
use crate::engine::as_of::Holdings;
use crate::engine::columns::Columns;
use crate::engine::morton::{AXIS_BITS, Cell};
use crate::engine::select::Selection;
use crate::engine::slice::{CellBox, rows_of_box, rows_of_tile};
use crate::engine::unit_map::UnitMap;
use crate::model::{Dense, EXTENT, Layer, TileCoord, View, World};

/// A point layer and who asks for it.
#[derive(Clone, Copy)]
pub struct PointsSource<'a> {
    /// What the layer is.
    pub layer: &'a Layer,
    /// Its features.
    pub columns: &'a Columns,
    /// The units of all dates.
    pub units: &'a UnitMap,
    /// Whose tile it is.
    pub view: View,
    /// The commune of each feature under the request's date.
    pub communes: Holdings<'a>,
}

/// The tile of a point layer: each point, or counts per grid cell where there are more than the layer's `max_features`.
///
/// A point is drawn in the tile unit that holds it (rounded down), so a tile's own points are those at 0 to 4095, and the
/// tiles of a zoom divide the layer's points among them. Points of the buffer are drawn besides; cells have no buffer.
pub fn points_layer(
    source: &PointsSource<'_>,
    coord: TileCoord,
    dense: Dense,
    selection: &Selection<'_>,
) -> TileLayerBytes {
    if !(source.layer.zoom.min..=source.layer.zoom.max).contains(&coord.z()) {
        return TileLayerBytes::default();
    }
    let own = rows_of_tile(source.columns, coord);
    let features = count(own.clone(), selection);
    let name = source.layer.id.as_str();
    if dense == Dense::Cells && features > u64::from(source.layer.max_features) {
        let bytes = cells(source, coord, own, selection).finish(name);
        return TileLayerBytes { bytes, features, cells: true };
    }
    let bytes = every_point(source, coord, selection).finish(name);
    TileLayerBytes { bytes, features, cells: false }
}

fn count(rows: Range<usize>, selection: &Selection<'_>) -> u64 {
    if selection.is_everything() { rows.len() as u64 } else { rows.filter(|row| selection.takes(*row)).count() as u64 }
}

fn every_point(source: &PointsSource<'_>, coord: TileCoord, selection: &Selection<'_>) -> LayerEncoder {
    let ranges = rows_of_box(source.columns, CellBox::of_buffered_tile(coord));
    let rows = ranges.iter().map(ExactSizeIterator::len).sum();
    let mut encoder = LayerEncoder::new();
    if rows == 0 {
        return encoder;
    }
    let mut properties = Properties::new(&mut encoder, source, rows);
    for row in ranges.into_iter().flatten().filter(|row| selection.takes(*row)) {
        properties.write(&mut encoder, row);
        let (x, y) = tile_units(source.columns, row, coord);
        encoder.point(Some(source.columns.ids[row]), x, y);
    }
    encoder
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
