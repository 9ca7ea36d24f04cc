//! The recipe of the made-up points, `fixtures/points.toml`, whose head tells what its words mean.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole recipe.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    /// First day of the points that have a time.
    pub(super) from: String,
    /// First day after them.
    pub(super) to: String,
    /// Lists of words for patterns.
    pub(super) words: BTreeMap<String, Vec<String>>,
    pub(super) towns: Vec<Town>,
    pub(super) roads: Vec<Road>,
    pub(super) groups: Vec<Group>,
}

/// A town, at the centre of a commune of 2025.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Town {
    /// The commune's code.
    pub(super) unit: String,
    pub(super) weight: f64,
    /// Standard deviation of its houses' distance from the centre, in each direction.
    pub(super) spread_km: f64,
}

/// A main road.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Road {
    pub(super) name: String,
    pub(super) weight: f64,
    /// Longitude, latitude.
    pub(super) line: Vec<[f64; 2]>,
}

/// Where a point of a group may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Site {
    Town,
    Road,
    EachUnit,
    Coast,
    Inland,
    Anywhere,
    Near,
    Outside,
}

/// A number of points of one layer, drawn alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// The layer's id.
    pub(super) layer: String,
    pub(super) points: usize,
    /// Weights of the sites.
    pub(super) at: BTreeMap<Site, f64>,
    /// Only these roads.
    #[serde(default)]
    pub(super) roads: Vec<String>,
    /// Weights of January to December.
    pub(super) months: Option<[f64; 12]>,
    /// Weights of Monday to Sunday.
    pub(super) weekdays: Option<[f64; 7]>,
    /// Weights of the hours from 0 to 23.
    pub(super) hours: Option<[f64; 24]>,
    /// How often a field is left empty.
    #[serde(default)]
    pub(super) missing: BTreeMap<String, f64>,
    /// How each field is drawn.
    pub(super) fields: BTreeMap<String, Draw>,
}

/// How a value is drawn.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Draw {
    /// Codes, or whole numbers, by weight.
    Pick(BTreeMap<String, f64>),
    /// A number about the median, log-normal.
    Amount(Amount),
    /// A number evenly from a range, both ends included.
    Between([f64; 2]),
    /// True with this chance.
    Yes(f64),
    /// A day of a range, the last excluded.
    Days([String; 2]),
    /// One of the patterns.
    Text(Vec<String>),
    /// As another field says.
    By(By),
}

/// A log-normal number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Amount {
    pub(super) median: f64,
    /// Standard deviation of the logarithm.
    pub(super) spread: f64,
    /// Least value; 0 where not said.
    #[serde(default)]
    pub(super) least: f64,
    /// Greatest value.
    pub(super) most: f64,
    /// Values are multiples of it.
    #[serde(default = "one")]
    pub(super) step: f64,
}

fn one() -> f64 {
    1.0
}

/// Draws that depend on a code drawn before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct By {
    /// The code field.
    pub(super) field: String,
    /// A draw for each of its codes; none for the others.
    pub(super) cases: BTreeMap<String, Draw>,
}
