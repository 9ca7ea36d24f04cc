//! Tiles and boxes as ranges of rows: the sorted keys are a quadtree, and no other index is kept.

use std::ops::Range;

use super::columns::Columns;
use super::morton::{AXIS_BITS, Cell, KeyBox, keys_of_tile};
use crate::model::{BUFFER, EXTENT, TileCoord};

/// Up to this many rows a cell is no longer divided: to test one after the other costs less than to find its quarters.
const LEAF_ROWS: usize = 256;
/// Room for the ranges of a tile and its buffer, of which most tiles have fewer.
const RANGES: usize = 96;

/// A box of cells, edges included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellBox {
    /// North-west.
    pub min: Cell,
    /// South-east.
    pub max: Cell,
}

impl CellBox {
    /// Whether the cell is in it: for tests, to judge [`KeyBox`] by.
    #[cfg(test)]
    pub fn contains(&self, cell: Cell) -> bool {
        (self.min.x..=self.max.x).contains(&cell.x) && (self.min.y..=self.max.y).contains(&cell.y)
    }

    /// The cells of a tile with its buffer, cut at the edges of the world.
    pub fn of_buffered_tile(coord: TileCoord) -> Self {
        let size = 1_u64 << (AXIS_BITS - u32::from(coord.z()));
        let margin = (size * u64::from(BUFFER)).div_ceil(u64::from(EXTENT));
        let low = |tile: u32| (u64::from(tile) * size).saturating_sub(margin) as u32;
        let high = |tile: u32| (u64::from(tile + 1) * size + margin - 1).min(u64::from(u32::MAX)) as u32;
        Self {
            min: Cell { x: low(coord.x()), y: low(coord.y()) },
            max: Cell { x: high(coord.x()), y: high(coord.y()) },
        }
    }
}

/// The rows inside a tile, its buffer left out: two searches.
pub fn rows_of_tile(columns: &Columns, coord: TileCoord) -> Range<usize> {
    let (first, last) = keys_of_tile(coord);
    columns.rows_between(first, last)
}

/// The rows inside a tile with its buffer, as ascending ranges, each row once.
///
/// What lies around a tile seldom shares a cell of the quadtree with it below the whole layer: each of the nine tiles is found by
/// its own key, which is cheaper than to descend to all of them.
pub fn rows_of_buffered_tile(columns: &Columns, coord: TileCoord) -> Vec<Range<usize>> {
    let CellBox { min, max } = CellBox::of_buffered_tile(coord);
    let area = KeyBox::new(min, max);
    let mut found = Vec::with_capacity(RANGES);
    let mut before = None;
    for tile in tiles_around(coord) {
        let (first, last) = keys_of_tile(tile);
        let rows = match before {
            Some(end) => columns.next_rows_between(end, first, last),
            None => columns.rows_between(first, last),
        };
        before = Some(rows.end);
        descend(&columns.keys, area, Node { key: first, bits: AXIS_BITS - u32::from(tile.z()), rows }, &mut found);
    }
    found
}

/// A tile and those beside it, in the order of their keys.
fn tiles_around(coord: TileCoord) -> Vec<TileCoord> {
    let beside = |axis: u32| axis.saturating_sub(1)..=axis.saturating_add(1);
    let tiles = beside(coord.y()).flat_map(|y| beside(coord.x()).map(move |x| (x, y)));
    let mut tiles: Vec<_> = tiles.filter_map(|(x, y)| TileCoord::new(coord.z(), x, y).ok()).collect();
    tiles.sort_unstable_by_key(|tile| keys_of_tile(*tile).0);
    tiles
}

/// All rows in a box of cells, as ascending ranges, each row once.
///
/// Descends the quadtree that the sorted keys are; cost grows with the box's edge and the rows along it, not with the layer.
pub fn rows_of_box(columns: &Columns, area: CellBox) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let limits = KeyBox::new(area.min, area.max);
    for node in nodes_over(columns, area) {
        descend(&columns.keys, limits, node, &mut found);
    }
    found
}

/// The rows of the cells that a box touches, cells no smaller than the box: four at most, ascending.
pub fn rows_over_box(columns: &Columns, area: CellBox) -> impl Iterator<Item = Range<usize>> {
    nodes_over(columns, area).map(|node| node.rows)
}

/// The cells that are no smaller than the box and touch it, each found by its own key.
fn nodes_over(columns: &Columns, CellBox { min, max }: CellBox) -> impl Iterator<Item = Node> {
    let mut keys: Vec<u64> = Vec::new();
    let mut bits = 0;
    if min.x <= max.x && min.y <= max.y {
        bits = u32::BITS - (max.x - min.x).max(max.y - min.y).leading_zeros();
        let cells_of = |from: u32, to: u32| u64::from(from) >> bits..=u64::from(to) >> bits;
        let first_key = |x: u64, y: u64| Cell { x: (x << bits) as u32, y: (y << bits) as u32 }.key();
        keys.extend(cells_of(min.y, max.y).flat_map(|y| cells_of(min.x, max.x).map(move |x| first_key(x, y))));
        keys.sort_unstable();
    }
    keys.into_iter().map(move |key| Node { key, bits, rows: columns.rows_between(key, key | below(bits)) })
}

/// A cell of the quadtree: its first key, the bits an axis below it, and its rows.
struct Node {
    key: u64,
    bits: u32,
    rows: Range<usize>,
}

/// Adds the rows of a cell, which the area touches, that are in it.
fn descend(keys: &[u64], area: KeyBox, node: Node, found: &mut Vec<Range<usize>>) {
    let last = node.key | below(node.bits);
    if node.rows.is_empty() {
        return;
    }
    if area.contains(node.key) && area.contains(last) {
        add(found, node.rows);
        return;
    }
    if node.rows.len() <= LEAF_ROWS || node.bits == 0 {
        for row in node.rows {
            if area.contains(keys[row]) {
                add(found, row..row + 1);
            }
        }
        return;
    }
    let bits = node.bits - 1;
    let Range { start: mut from, end } = node.rows;
    let mut begins = true;
    for quarter in 0..4_u64 {
        let key = node.key | (quarter << (2 * bits));
        let last = key | below(bits);
        // Along an edge two quarters of four are apart: nobody looks where those begin and end.
        if area.is_apart(key, last) {
            begins = false;
            continue;
        }
        if !begins {
            from += keys[from..end].partition_point(|row_key| *row_key < key);
        }
        let to = if quarter == 3 { end } else { from + keys[from..end].partition_point(|row_key| *row_key <= last) };
        descend(keys, area, Node { key, bits, rows: from..to }, found);
        (from, begins) = (to, true);
    }
}

/// All bits of a key below a cell with so many bits an axis.
fn below(bits: u32) -> u64 {
    (1_u64 << bits << bits).wrapping_sub(1)
}

/// Adds a range, joined to the one before where they touch.
fn add(found: &mut Vec<Range<usize>>, rows: Range<usize>) {
    match found.last_mut() {
        Some(before) if before.end == rows.start => before.end = rows.end,
        _ => found.push(rows),
    }
}
