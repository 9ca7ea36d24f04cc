//! The nouns of the map. No IO, no async, no clock, no randomness: who needs "today" is told it.

mod answer;
mod around;
mod catalogue;
mod compare;
mod coord;
mod count;
mod feature;
mod field;
pub mod filter;
mod finding;
mod finding_kind;
mod invalid;
mod join;
mod layer;
mod quality;
mod request;
mod search;
mod sort;
mod tile;
mod time;
mod time_part;
mod unit;
mod view;

pub use answer::{Conversion, FeaturePage, FoundFeature, LocatedUnit, Quality, Versions};
pub use around::{Around, AroundRequest, DutyOrder, DutyRole, DutyRoles, Role, RoleFeatures};
pub use catalogue::{Catalogue, Department, Place};
pub use compare::{Compare, Comparison};
pub use coord::{Bbox, LonLat};
pub use count::{
    By, ComparedRow, ComparedTable, CountKey, CountRequest, CountRow, CountTable, FirstDay, Function, LinePick,
    Measure, PickedKey,
};
pub use feature::{Feature, UnitLink, Value};
pub use field::{Code, Field, FieldType};
pub use finding::Finding;
pub use finding_kind::FindingKind;
pub use invalid::Invalid;
pub use join::{JoinPage, JoinRequest, JoinSide, JoinedFeature, NearestOne};
pub use layer::{GeometryKind, Layer, LayerId, Published, Residency, ZoomRange};
pub use quality::{Aspect, AspectPick, Freshness, LEFT_OUT, LayerQuality, OF_FEATURES, QualityRequest};
pub use request::{
    Area, ConvertRequest, Dense, LocateRequest, NearestRequest, TileLayer, TileRequest, UnitPick, WithinRequest,
};
pub use search::{FeatureHit, Fit, Hit, NameSource, Named, SearchPage, SearchRequest, UnitHit};
pub use sort::{After, Direction, MOST_SORT_KEYS, SORTED_CHARACTERS, SortBy, SortKey, sorted_part};
pub use tile::{BUFFER, EXTENT, MAX_ZOOM, TileCoord, World};
pub use time::{AsOf, Clock, Day, DayInterval, Instant, TimeInterval};
pub use time_part::TimePart;
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
