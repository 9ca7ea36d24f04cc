//! Answers, before they take a wire format.

use std::collections::BTreeMap;

use super::{After, Feature, Level, Relation, UnitId};

/// The versions of what an answer was read from: layer ids, and `units`.
pub type Versions = BTreeMap<String, u64>;

/// A feature of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundFeature {
    /// The feature with all its layer's fields: leave out what the view does not see.
    pub feature: Feature,
    /// Its commune under the request's date.
    pub unit: Option<(UnitId, Relation)>,
    /// Geodesic metres from the place asked for.
    pub distance_m: Option<f64>,
    /// Its sender's key, of features that go into a file.
    pub key: Option<String>,
}

/// A page of features.
#[derive(Debug, Clone, PartialEq)]
pub struct FeaturePage {
    /// How many there are in all, on every page.
    pub matched: u64,
    /// This page's.
    pub features: Vec<FoundFeature>,
    /// Cursor of the next page, where there is one.
    pub next: Option<After>,
    /// What it was read from.
    pub versions: Versions,
}

/// The unit of one level that holds a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocatedUnit {
    /// Its rank.
    pub level: Level,
    /// How it holds the place.
    pub relation: Relation,
    /// The unit; none where outside.
    pub unit: Option<UnitId>,
    /// Metres to it: 0 where covered.
    pub distance_m: Option<f64>,
}

/// How sure a conversion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// All of it went to the units named, by the official table or by the place given.
    Exact,
    /// It was divided: the table cannot say which part a record belongs to.
    Partial,
    /// No table tells.
    Unknown,
}

/// What became of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The unit asked about.
    pub from: UnitId,
    /// The units it became (or came from), by code; true where wholly so.
    pub to: Vec<(UnitId, bool)>,
    /// How sure it is.
    pub quality: Quality,
}
