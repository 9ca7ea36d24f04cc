//! How far the rows of a cell of the quadtree are at least.

use std::f64::consts::{PI, SQRT_2};
use std::ops::Range;

use crate::engine::geodesic::Around;
use crate::engine::morton::{AXIS_BITS, Cell};
use crate::model::World;

/// The greatest radius of curvature of the ellipsoid, at the poles: no way over it is longer than on a sphere of this radius.
const GREATEST_RADIUS_M: f64 = 6_399_594.0;
/// From where the world's square ends to the pole: the rows beyond are in the cells at its edge.
const BEYOND_M: f64 = 553_000.0;
/// Places and cells round apart by far less, metres.
const NOISE_M: f64 = 0.001;
/// Cells along a side of the world.
const SIDE: f64 = 4_294_967_296.0;

/// The smallest cell of the quadtree that holds some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarters {
    key: u64,
    /// How many bits an axis are below it.
    bits: u32,
}

impl Quarters {
    /// Of some of the sorted keys, one at least: what the first and the last have in common.
    pub fn of_rows(keys: &[u64], rows: &Range<usize>) -> Self {
        let (first, last) = (keys[rows.start], keys[rows.end - 1]);
        let bits = (u64::BITS - (first ^ last).leading_zeros()).div_ceil(2);
        let key = if bits == AXIS_BITS { 0 } else { first >> (2 * bits) << (2 * bits) };
        Self { key, bits }
    }

    /// Whether all its rows have the same key.
    pub fn is_one_key(self) -> bool {
        self.bits == 0
    }

    /// The first keys of all its quarters but the first.
    pub fn inner_keys(self) -> [u64; 3] {
        let step = 2 * self.bits.saturating_sub(1);
        [1, 2, 3].map(|quarter| self.key | (quarter << step))
    }

    /// What a row in it is away at least, metres.
    ///
    /// Its middle is not farther than the row and the way from there. On the map, where all directions have one scale, no such way is
    /// longer than half the diagonal, and the scale is greatest where the cell is nearest to the equator.
    pub fn least_m(self, around: &Around) -> f64 {
        let Cell { x, y } = Cell::from_key(self.key);
        let side = (1_u64 << self.bits) as f64;
        let (west, north) = (f64::from(x), f64::from(y));
        let middle = World { x: (west + 0.5 * side) / SIDE, y: (north + 0.5 * side) / SIDE };
        let from_equator = (north - 0.5 * SIDE).max(0.5 * SIDE - (north + side)).max(0.0) / SIDE;
        let scale = 2.0 * PI * GREATEST_RADIUS_M / (2.0 * PI * from_equator).cosh();
        let beyond_m = if north == 0.0 || north + side == SIDE { BEYOND_M } else { 0.0 };
        let way_m = 0.5 * SQRT_2 * side / SIDE * scale + beyond_m + NOISE_M;
        (around.bounds_m(middle.to_lon_lat()).0 - way_m).max(0.0)
    }
}
