//! A layer's features as columns, sorted by Morton key, then id: the same order whichever store they came from.

mod build;
mod column;

pub use build::ColumnsBuilder;
pub use column::{Column, NO_CODE, Numbers, Texts};

use super::morton::Cell;
use crate::model::{Bbox, Day, Feature, Instant, LonLat, UnitLink, Value};

/// The features of one layer at one version. Row `r` of every column is the same feature.
#[derive(Debug)]
pub struct Columns {
    /// Morton keys, ascending.
    pub keys: Vec<u64>,
    /// Feature ids.
    pub ids: Vec<u64>,
    /// Degrees east, exactly as stored.
    pub lons: Vec<f64>,
    /// Degrees north, exactly as stored.
    pub lats: Vec<f64>,
    /// One for each field of the layer.
    pub fields: Vec<Column>,
    /// Index into `link_sets`: few points differ from their neighbours in their units.
    pub links: Vec<u32>,
    /// The distinct lists of units.
    pub link_sets: Vec<Box<[UnitLink]>>,
    /// Day of the layer's time field in the catalogue's zone, `NO_DAY` where it has none. Empty for layers without time.
    pub days: Vec<Day>,
    /// Where the features are.
    pub bbox: Bbox,
    /// First and last time.
    pub time_range: Option<(Instant, Instant)>,
    /// Changes with any value of any feature, whatever the order they were read in.
    pub fingerprint: u64,
}

/// Stands for a missing day: no unit's validity begins on it.
pub const NO_DAY: Day = Day(i32::MIN);

impl Columns {
    /// Number of features.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Where the row is.
    pub fn at(&self, row: usize) -> LonLat {
        LonLat { lon: self.lons[row], lat: self.lats[row] }
    }

    /// The row's cell.
    pub fn cell(&self, row: usize) -> Cell {
        Cell::from_key(self.keys[row])
    }

    /// The row's own day: [`NO_DAY`] where it has none.
    pub fn day(&self, row: usize) -> Day {
        self.days.get(row).copied().unwrap_or(NO_DAY)
    }

    /// The row's units.
    pub fn unit_links(&self, row: usize) -> &[UnitLink] {
        &self.link_sets[self.links[row] as usize]
    }

    /// The row as a feature with all its fields.
    pub fn feature(&self, row: usize) -> Feature {
        Feature {
            id: self.ids[row],
            at: self.at(row),
            values: self.fields.iter().map(|column| column.value(row)).collect(),
            units: self.unit_links(row).to_vec(),
        }
    }

    /// The value of one field.
    pub fn value(&self, row: usize, field: usize) -> Value {
        self.fields.get(field).map_or(Value::Null, |column| column.value(row))
    }
}
