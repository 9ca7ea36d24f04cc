//! Places as sortable keys: the rows of a tile, and of each cell of a grid in it, follow one another in their order (Morton 1966).

use crate::model::{TileCoord, World};

/// Bits of a key that one axis has.
pub const AXIS_BITS: u32 = 32;

/// A place as 32 bits of world x and y: 9.3 mm a step at the equator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// From the west.
    pub x: u32,
    /// From the north.
    pub y: u32,
}

impl Cell {
    /// The cell that holds the place; the world's far edges belong to its last cells.
    pub fn from_world(world: World) -> Self {
        // `as` saturates: 1.0 becomes the last cell.
        let axis = |value: f64| (value * 4_294_967_296.0) as u32;
        Self { x: axis(world.x), y: axis(world.y) }
    }

    /// The key of the cell: bits of y and x in turn, y's above x's, so that cells of a tile follow one another.
    pub fn key(self) -> u64 {
        spread(self.x) | (spread(self.y) << 1)
    }

    /// Back from a key.
    pub fn from_key(key: u64) -> Self {
        Self { x: gather(key), y: gather(key >> 1) }
    }
}

/// First and last key inside a tile, its buffer left out.
pub fn keys_of_tile(coord: TileCoord) -> (u64, u64) {
    let rest = AXIS_BITS - u32::from(coord.z());
    // At zoom 0 the shift would be by all 32 bits, which is not defined for a u32.
    let first = if coord.z() == 0 { 0 } else { Cell { x: coord.x() << rest, y: coord.y() << rest }.key() };
    let span = if coord.z() == 0 { u64::MAX } else { (1_u64 << (2 * rest)) - 1 };
    (first, first + span)
}

/// A box of cells, held against keys as they are: numbers whose bits are spread alike are in the order of what was spread.
#[derive(Debug, Clone, Copy)]
pub struct KeyBox {
    min: u64,
    max: u64,
}

impl KeyBox {
    /// The cells between two corners, both included.
    pub fn new(min: Cell, max: Cell) -> Self {
        Self { min: min.key(), max: max.key() }
    }

    /// Whether the key's cell is in it.
    pub fn contains(self, key: u64) -> bool {
        let Self { min, max } = self;
        let within = |axis: u64| (min & axis..=max & axis).contains(&(key & axis));
        within(X_BITS) & within(Y_BITS)
    }

    /// Whether it has no cell of the square from `first` to `last`.
    pub fn is_apart(self, first: u64, last: u64) -> bool {
        let apart = |axis: u64| last & axis < self.min & axis || first & axis > self.max & axis;
        apart(X_BITS) || apart(Y_BITS)
    }
}

/// The bits of a key that x has.
const X_BITS: u64 = 0x5555_5555_5555_5555;
/// The bits of a key that y has.
const Y_BITS: u64 = X_BITS << 1;

/// Puts a zero before each bit.
fn spread(value: u32) -> u64 {
    let mut bits = u64::from(value);
    bits = (bits | (bits << 16)) & 0x0000_ffff_0000_ffff;
    bits = (bits | (bits << 8)) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | (bits << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | (bits << 2)) & 0x3333_3333_3333_3333;
    (bits | (bits << 1)) & X_BITS
}

/// Takes every other bit: [`spread`] undone.
fn gather(key: u64) -> u32 {
    let mut bits = key & X_BITS;
    bits = (bits | (bits >> 1)) & 0x3333_3333_3333_3333;
    bits = (bits | (bits >> 2)) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | (bits >> 4)) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | (bits >> 8)) & 0x0000_ffff_0000_ffff;
    (bits | (bits >> 16)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_and_back_is_the_same_cell(x: u32, y: u32) {
            prop_assert_eq!(Cell::from_key(Cell { x, y }.key()), Cell { x, y });
        }

        #[test]
        fn a_box_holds_the_keys_of_its_cells_and_no_others(a: (u32, u32), b: (u32, u32), c: (u32, u32), near: bool) {
            let (min, max) = ((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)));
            // Corners are where a comparison goes wrong.
            let beside = |axis: u32, by: u32| axis.wrapping_add(by % 3).wrapping_sub(1);
            let (x, y) = if near { (beside(max.0, c.0), beside(min.1, c.1)) } else { c };
            let area = KeyBox::new(Cell { x: min.0, y: min.1 }, Cell { x: max.0, y: max.1 });
            let inside = (min.0..=max.0).contains(&x) && (min.1..=max.1).contains(&y);
            let key = Cell { x, y }.key();
            prop_assert_eq!(area.contains(key), inside);
            prop_assert_eq!(area.is_apart(key, key), !inside);
        }

        #[test]
        fn a_cell_lies_in_the_key_range_of_each_tile_that_holds_it(x: u32, y: u32, z in 0_u8..=22) {
            let shift = u32::from(32 - z);
            let tile = |axis: u32| if z == 0 { 0 } else { axis >> shift };
            let (first, last) = keys_of_tile(TileCoord::new(z, tile(x), tile(y)).unwrap());
            let key = Cell { x, y }.key();
            prop_assert!((first..=last).contains(&key));
        }
    }

    #[test]
    fn the_tiles_of_a_zoom_follow_one_another_without_a_hole() {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for x in 0..8 {
            for y in 0..8 {
                ranges.push(keys_of_tile(TileCoord::new(3, x, y).unwrap()));
            }
        }
        ranges.sort_unstable();
        assert_eq!(ranges[0].0, 0);
        assert_eq!(ranges[63].1, u64::MAX);
        assert!(ranges.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0));
    }

    #[test]
    fn the_far_edges_of_the_world_are_in_its_last_cells() {
        assert_eq!(Cell::from_world(World { x: 1.0, y: 1.0 }), Cell { x: u32::MAX, y: u32::MAX });
    }
}
