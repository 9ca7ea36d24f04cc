//! One tile, from columns to bytes: slice → select → quantize → encode.

mod commands;
mod dense;
mod encode;
mod points;
mod properties;
mod short_point;
mod units;

pub(super) use commands::Commands;
pub use dense::{CELL_BITS, CELLS, Cells, GridCell};
pub use encode::{FeatureEncoder, LayerEncoder, PropertyValue};
pub(super) use encode::{GeomType, tag};
pub use points::{PointsSource, cells_layer, points_layer};
pub use units::{UnitsSource, labels_layer, units_layer};

/// One layer of a tile, encoded.
#[derive(Debug, Default)]
pub struct TileLayerBytes {
    /// A `Tile.Layer` with its tag and length, to be put one after the other; empty when there is no feature to draw.
    pub bytes: Vec<u8>,
    /// Exact number of features in the tile without its buffer, before any aggregation.
    pub features: u64,
    /// Whether counts per grid cell stand for the features.
    pub cells: bool,
}
