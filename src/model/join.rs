use super::filter::AskedFilter;
use super::{Area, AsOf, FoundFeature, LayerId, TimeInterval, Versions};

/// Two layers by distance: for each feature of the first how many of the second are near it.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinRequest {
    /// The features that are listed.
    pub left: JoinSide,
    /// Where these are: in a unit, a polygon, some boxes, or anywhere.
    pub area: Area,
    /// The features that are counted near them.
    pub right: JoinSide,
    /// Geodesic metres, edge included.
    pub radius_m: f64,
    /// Under which date's units.
    pub as_of: AsOf,
    /// Features with at least so many near them.
    pub at_least: u64,
    /// Whether the nearest one is told.
    pub nearest: NearestOne,
    /// Features with a greater id only, and most features in the page.
    pub page: (Option<u64>, usize),
}

/// Features of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinSide {
    /// Which layer.
    pub layer: LayerId,
    /// When.
    pub datetime: Option<TimeInterval>,
    /// Features for which it is true.
    pub filter: Option<AskedFilter>,
}

/// Whether a join tells of each feature the nearest one of the other layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NearestOne {
    /// Its id and distance.
    Told,
    /// Counts alone.
    Untold,
}

/// A feature of a join.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinedFeature {
    /// The feature.
    pub found: FoundFeature,
    /// How many of the other layer are near it.
    pub near: u64,
    /// The nearest of them: its id, and geodesic metres.
    pub nearest: Option<(u64, f64)>,
}

/// A page of a join, with what is true of all pages.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinPage {
    /// How many features were looked at.
    pub looked_at: u64,
    /// How many of them have at least one near.
    pub with_near: u64,
    /// Pairs within the distance.
    pub pairs: u64,
    /// How many features have as many near as was asked for.
    pub matched: u64,
    /// This page's, in the order of their ids.
    pub features: Vec<JoinedFeature>,
    /// Cursor of the next page, where there is one.
    pub next: Option<u64>,
    /// What it was read from.
    pub versions: Versions,
}
