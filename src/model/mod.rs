//! The nouns of the map. No IO, no async, no clock, no randomness: who needs "today" is told it.

mod answer;
mod catalogue;
mod coord;
mod feature;
mod field;
pub mod filter;
mod finding;
mod finding_kind;
mod invalid;
mod layer;
mod request;
mod tile;
mod time;
mod unit;
mod view;

pub use answer::{
    Conversion, CountKey, CountRow, CountTable, FeaturePage, FoundFeature, LocatedUnit, Quality, Versions,
};
pub use catalogue::{Catalogue, Department, DutyRoles, Place};
pub use coord::{Bbox, LonLat};
pub use feature::{Feature, UnitLink, Value};
pub use field::{Code, Field, FieldType};
pub use finding::Finding;
pub use finding_kind::FindingKind;
pub use invalid::Invalid;
pub use layer::{GeometryKind, Layer, LayerId, Published, Residency, ZoomRange};
pub use request::{
    Area, By, ConvertRequest, CountRequest, Dense, LocateRequest, NearestRequest, TileLayer, TileRequest, UnitPick,
    WithinRequest,
};
pub use tile::{BUFFER, EXTENT, MAX_ZOOM, TileCoord, World};
pub use time::{AsOf, Clock, Day, DayInterval, Instant, TimeInterval};
pub use unit::{Level, Relation, Unit, UnitChange, UnitId};
pub use view::{Classification, View};

use serde::{Deserialize, Serialize};

/// A text for people, in Vietnamese and English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}
