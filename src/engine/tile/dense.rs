//! A tile of too many points to draw: exact counts for each cell of its grid.

use std::ops::Range;

use super::encode::{LayerEncoder, PropertyValue};
use super::points::PointsSource;
use crate::engine::columns::{Column, MOST_CODES, by_width, code};
use crate::engine::morton::{AXIS_BITS, Cell, keys_of_tile};
use crate::engine::select::{PartSelection, Selected};
use crate::engine::slice::rows_of_tile;
use crate::model::{EXTENT, TileCoord};

/// Cells along one side of a dense tile, as a power of two: 128, so a cell is 32 tile units, four pixels of a 512-pixel tile.
/// With 256 a full tile of a million points had three times the bytes, and too many dots to be told apart.
pub const CELL_BITS: u32 = 7;
/// Cells of a dense tile.
pub const CELLS: usize = 1 << (2 * CELL_BITS);

/// Column and row in a tile's grid of 128 × 128, from the north-west.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridCell {
    /// From the west of the tile.
    pub x: u32,
    /// From the north.
    pub y: u32,
}

impl GridCell {
    /// Its number in Morton order, as rows are sorted; beyond [`CELLS`] where it is not in the grid.
    fn number(self) -> usize {
        Cell { x: self.x, y: self.y }.key() as usize
    }

    /// Back from its number.
    fn of_number(number: usize) -> Self {
        let Cell { x, y } = Cell::from_key(number as u64);
        Self { x, y }
    }
}

/// The selected features of a tile, counted per grid cell.
pub struct Cells {
    coord: TileCoord,
    /// By the numbers of their cells.
    tallies: Vec<Tally>,
    /// All that were counted.
    pub features: u64,
}

#[derive(Clone, Default)]
struct Tally {
    count: u64,
    codes: [u64; MOST_CODES],
}

impl Cells {
    /// Counts the rows of the tile. Where every row is asked for, a cell is a subtraction: its cost grows with the cells drawn,
    /// not with the rows in them.
    pub fn new(selected: &Selected<'_>, category: Option<usize>, coord: TileCoord) -> Self {
        let mut cells = Self::none(coord);
        for (_, selection) in selected.iter() {
            let columns = selection.columns();
            let codes = category.and_then(|field| columns.fields.get(field));
            let rows = rows_of_tile(columns, coord);
            match codes {
                Some(Column::Code { codes, .. }) if !selection.is_everything() => {
                    by_width!(codes, codes => cells.scan(selection, rows, |row| code(codes, row)));
                }
                Some(column @ Column::Text { .. }) => cells.scan(selection, rows, |row| column.code(row)),
                _ if selection.is_everything() => cells.subtract(selection, codes, rows),
                _ => cells.scan(selection, rows, |_| None),
            }
        }
        cells.features = cells.tallies.iter().map(|tally| tally.count).sum();
        cells
    }

    /// Counts made elsewhere: of each cell and code how many.
    pub fn counted(coord: TileCoord, counts: impl IntoIterator<Item = (GridCell, Option<usize>, u64)>) -> Self {
        let mut cells = Self::none(coord);
        for (cell, code, count) in counts {
            let Some(tally) = cells.tallies.get_mut(cell.number()) else { continue };
            tally.count += count;
            if let Some(of_code) = code.and_then(|code| tally.codes.get_mut(code)) {
                *of_code += count;
            }
            cells.features += count;
        }
        cells
    }

    /// Nothing counted yet.
    fn none(coord: TileCoord) -> Self {
        Self { coord, tallies: vec![Tally::default(); CELLS], features: 0 }
    }

    /// Bits of a key below a cell's.
    fn shift(&self) -> u32 {
        2 * (AXIS_BITS - u32::from(self.coord.z()) - CELL_BITS)
    }

    fn first_cell(&self) -> u64 {
        keys_of_tile(self.coord).0 >> self.shift()
    }

    /// Cell by cell, by the sums of codes; then takes away what is gone.
    fn subtract(&mut self, selection: &PartSelection<'_>, codes: Option<&Column>, rows: Range<usize>) {
        let (shift, first) = (self.shift(), self.first_cell());
        let columns = selection.columns();
        let mut from = rows.start;
        while from < rows.end {
            let cell = columns.keys[from] >> shift;
            let next = cell.checked_add(1).and_then(|next| next.checked_mul(1 << shift));
            let to = next.map_or(rows.end, |next| columns.next_row_from(from, next)).min(rows.end);
            let tally = &mut self.tallies[(cell - first) as usize];
            tally.count += (to - from) as u64;
            if let Some(codes) = codes {
                columns.sums.add(codes, from..to, &mut tally.codes);
            }
            from = to;
        }
        for row in selection.part().gone.rows_in(rows) {
            let tally = &mut self.tallies[((columns.keys[row] >> shift) - first) as usize];
            tally.count -= 1;
            let code = codes.and_then(|codes| codes.code(row));
            if let Some(count) = code.and_then(|code| tally.codes.get_mut(code as usize)) {
                *count -= 1;
            }
        }
    }

    /// Row by row.
    fn scan(&mut self, selection: &PartSelection<'_>, rows: Range<usize>, code: impl Fn(usize) -> Option<u32>) {
        let (shift, first) = (self.shift(), self.first_cell());
        let columns = selection.columns();
        for row in selection.rows(rows) {
            let tally = &mut self.tallies[((columns.keys[row] >> shift) - first) as usize];
            tally.count += 1;
            if let Some(count) = code(row).and_then(|code| tally.codes.get_mut(code as usize)) {
                *count += 1;
            }
        }
    }

    /// One point for each occupied cell, at its centre, with `count` and a `count_<code>` for each of the main field's first
    /// eight codes that occurs in it and that the view sees. The counts add up to the features of the tile.
    pub fn write(&self, source: &PointsSource<'_>) -> LayerEncoder {
        let mut encoder = LayerEncoder::new();
        let count_key = encoder.key("count");
        let category = source.layer.category_field().filter(|field| source.view.sees_field(field));
        let codes = category.map_or(&[][..], |field| &field.codes);
        let code_keys: Vec<u32> =
            codes.iter().take(MOST_CODES).map(|code| encoder.key(&format!("count_{}", code.code))).collect();
        for (cell, tally) in self.tallies.iter().enumerate().filter(|(_, tally)| tally.count > 0) {
            let mut feature = encoder.feature(None);
            feature.property(count_key, PropertyValue::Unsigned(tally.count));
            for (key, count) in code_keys.iter().zip(tally.codes).filter(|(_, count)| *count > 0) {
                feature.property(*key, PropertyValue::Unsigned(count));
            }
            let size = EXTENT >> CELL_BITS;
            let GridCell { x, y } = GridCell::of_number(cell);
            let centre = |axis: u32| (axis * size + size / 2) as i32;
            feature.point(centre(x), centre(y));
        }
        encoder
    }
}
