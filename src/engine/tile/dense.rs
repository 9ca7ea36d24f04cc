use std::ops::Range;

use super::encode::{LayerEncoder, PropertyValue};
use super::points::PointsSource;
use crate::engine::columns::{Column, Columns};
use crate::engine::morton::{AXIS_BITS, Cell};
use crate::engine::select::Selection;
use crate::model::{EXTENT, TileCoord};

/// Cells along one side of a dense tile, as a power of two: 128, so a cell is 32 tile units, four pixels of a 512-pixel tile.
/// With 256 a full tile of a million points had three times the bytes, and too many dots to be told apart.
const CELL_BITS: u32 = 7;
/// Codes of the main field that get a count of their own.
const MOST_CODES: usize = 8;

/// One point for each occupied grid cell, at its centre, with `count` and a `count_<code>` for each of the main field's
/// first eight codes that occurs in it. The counts add up to the features of the tile.
pub fn cells(
    source: &PointsSource<'_>,
    coord: TileCoord,
    rows: Range<usize>,
    selection: &Selection<'_>,
) -> LayerEncoder {
    let mut encoder = LayerEncoder::new();
    let writer = CellWriter::new(&mut encoder, source, coord);
    let shift = 2 * (AXIS_BITS - u32::from(coord.z()) - CELL_BITS);
    let mut tally = Tally::default();
    for row in rows.filter(|row| selection.takes(*row)) {
        let cell = source.columns.keys[row] >> shift;
        if tally.cell != Some(cell) {
            writer.write(&mut encoder, &tally);
            tally = Tally { cell: Some(cell), ..Tally::default() };
        }
        tally.count += 1;
        if let Some(counted) = writer.code_of(row).and_then(|code| tally.codes.get_mut(code)) {
            *counted += 1;
        }
    }
    writer.write(&mut encoder, &tally);
    encoder
}

/// Counts of the cell at hand.
#[derive(Default)]
struct Tally {
    cell: Option<u64>,
    count: u64,
    codes: [u64; MOST_CODES],
}

struct CellWriter<'a> {
    count_key: u32,
    code_keys: Vec<u32>,
    categories: Option<&'a Column>,
    /// First cell of the tile, at the cells' zoom.
    origin: Cell,
}

impl<'a> CellWriter<'a> {
    fn new(encoder: &mut LayerEncoder, source: &PointsSource<'a>, coord: TileCoord) -> Self {
        let count_key = encoder.key("count");
        let category = source.layer.category_field().filter(|field| source.view.sees_field(field));
        let codes = category.map_or(&[][..], |field| &field.codes);
        let code_keys =
            codes.iter().take(MOST_CODES).map(|code| encoder.key(&format!("count_{}", code.code))).collect();
        let columns: &Columns = source.columns;
        let categories = category.and(source.layer.category).and_then(|field| columns.fields.get(field));
        let origin = Cell { x: coord.x() << CELL_BITS, y: coord.y() << CELL_BITS };
        Self { count_key, code_keys, categories, origin }
    }

    fn code_of(&self, row: usize) -> Option<usize> {
        self.categories?.code(row).map(|code| code as usize)
    }

    fn write(&self, encoder: &mut LayerEncoder, tally: &Tally) {
        let Some(cell) = tally.cell else { return };
        let count = encoder.value(PropertyValue::Unsigned(tally.count));
        encoder.tag(self.count_key, count);
        for (key, count) in self.code_keys.iter().zip(tally.codes).filter(|(_, count)| *count > 0) {
            let value = encoder.value(PropertyValue::Unsigned(count));
            encoder.tag(*key, value);
        }
        let size = EXTENT >> CELL_BITS;
        let Cell { x, y } = Cell::from_key(cell);
        let centre = |axis: u32, origin: u32| (axis.wrapping_sub(origin) * size + size / 2) as i32;
        encoder.point(None, centre(x, self.origin.x), centre(y, self.origin.y));
    }
}
