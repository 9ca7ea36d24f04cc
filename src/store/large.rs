use std::collections::HashMap;

use async_trait::async_trait;
use geo_types::{MultiLineString, MultiPolygon};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::StoreError;
use crate::engine::corridor::Corridor;
use crate::engine::count::Measured;
use crate::engine::names::AskedName;
use crate::model::filter::Filter;
use crate::model::{
    After, Bbox, CountKey, Day, Dense, Feature, Fit, Instant, Layer, LonLat, SortKey, TileCoord, TimeInterval,
    TimePart, UnitId, UnitLink,
};

/// What a question gave, and the layer's version that it was read from.
#[derive(Debug)]
pub struct Found<T> {
    /// The version.
    pub version: u64,
    /// What was asked for.
    pub found: T,
}

/// The rows of a layer that a question is about.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Which layer.
    pub layer: &'a Layer,
    /// Indices of the fields that are read, ascending: features have null for the others.
    pub fields: Vec<usize>,
    /// Features for which it is true.
    pub filter: Option<&'a Filter>,
    /// Features whose time is in it; a day is its first instant in the zone.
    pub datetime: Option<TimeInterval>,
    /// Where days and months begin.
    pub zone: &'a TimeZone,
}

/// What there is of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerTotals {
    /// How many features.
    pub features: u64,
    /// Where they are; empty when there is none.
    pub bbox: Bbox,
    /// First and last time.
    pub time: Option<(Instant, Instant)>,
}

/// What of a layer is drawn in a tile.
#[derive(Debug)]
pub enum TileRows {
    /// Every feature of the tile and of its buffer, and maybe some close by, in any order.
    Features(Vec<Feature>),
    /// More than the layer's `max_features` are in the tile: how many in each cell, each cell and code once.
    Cells(Vec<CellCount>),
}

/// How many features with one code are in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellCount {
    /// Column of the cell, from the west of the tile: 0 to 127.
    pub x: u32,
    /// Row of the cell, from the north: 0 to 127.
    pub y: u32,
    /// The code of the layer's category; none also where the layer has no category.
    pub code: Option<String>,
    /// How many.
    pub count: u64,
}

/// Where features are looked for.
#[derive(Debug, Clone)]
pub enum LargeArea<'a> {
    /// Within geodesic metres of a place, edge included.
    Radius(LonLat, f64),
    /// Inside a polygon, border included.
    Polygon(&'a MultiPolygon<f64>),
    /// In any of some boxes of degrees, edges included.
    Boxes(&'a [Bbox]),
    /// Anywhere.
    Everywhere,
    /// Where the join says so.
    Held(Held),
    /// Within the corridor of a line.
    Corridor(LargeCorridor<'a>),
    /// The rows behind a line of a table of counts: each of these is true of them.
    Line(Vec<LargeKey>),
    /// Where this is true of the values as they are read.
    Meets(&'a Filter),
}

/// A corridor, for the database and for whoever decides what is by its edge.
#[derive(Debug, Clone, Copy)]
pub struct LargeCorridor<'a> {
    /// The line.
    pub lines: &'a MultiLineString<f64>,
    /// Geodesic metres, edge included.
    pub radius_m: f64,
    /// The same, measured.
    pub corridor: &'a Corridor,
}

/// What is true of a row.
#[derive(Debug, Clone)]
pub enum LargeKey {
    /// Its answer of the join.
    Held(Held),
    /// A value of its own.
    Own(RowKey, CountKey),
}

/// Rows by their answer of the join for one level.
#[derive(Debug, Clone)]
pub struct Held {
    /// Days between which units change: each row's own day is in one of the spans. Empty where all rows have one day.
    pub bounds: Vec<Day>,
    /// The span of rows without a day.
    pub today: usize,
    /// For each span, the level's units that are valid in it.
    pub valid: Vec<Vec<UnitId>>,
    /// Which rows.
    pub picked: Picked,
}

/// An answer of the join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// One of these units covers the point.
    Covered(Vec<UnitId>),
    /// None covers it, one is near.
    Near,
    /// Neither.
    Outside,
}

/// Which of the features that are asked for are given.
#[derive(Debug, Clone, Copy)]
pub struct LargePage<'a> {
    /// By what they are sorted before their ids. Not within an edge: those of a circle or corridor are in the order of ids.
    pub sort: &'a [SortKey],
    /// Those behind it only.
    pub after: Option<&'a After>,
    /// So many at most.
    pub limit: usize,
}

/// A page of features in the order asked for.
#[derive(Debug)]
pub struct IdPage {
    /// How many there are on all pages.
    pub matched: u64,
    /// This page's, in any order.
    pub features: Vec<Feature>,
    /// The id of the feature after which the next page begins, where there is one.
    pub next: Option<u64>,
}

/// What is sent of an extract: first that it has begun, then its features.
#[derive(Debug)]
pub enum Extracted {
    /// The moment is fixed, and the features are counted.
    Begun {
        /// The layer's version.
        version: u64,
        /// How many features there are, whatever the limit.
        matched: u64,
        /// Where they end, where the limit leaves some out.
        next: Option<After>,
    },
    /// More of them, in the order asked for.
    Rows(Vec<Feature>),
}

/// What rows are counted by, and what is measured of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grouping {
    /// By their units, and by the span between these days in which their own day is.
    pub units: Option<Vec<Day>>,
    /// By values of their own.
    pub keys: Vec<RowKey>,
    /// Indices of the numeric fields that are measured.
    pub measured: Vec<usize>,
}

/// A value of a row that rows are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKey {
    /// Of a code or boolean field, by its index.
    Field(usize),
    /// Of the layer's time.
    Time(TimePart),
}

/// Rows that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Their units; empty where they are not counted by unit.
    pub links: Vec<UnitLink>,
    /// The number of bounds on or before their own day; none for rows without a day.
    pub span: Option<usize>,
    /// One value for each key: code, truth, time or null.
    pub keys: Vec<CountKey>,
    /// How many.
    pub count: u64,
    /// What was measured, one for each field.
    pub measured: Vec<Measured>,
}

/// How many of the wanted rows are of which kind, all of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Tallied {
    /// All of them.
    pub rows: u64,
    /// By their units.
    pub groups: Vec<Group>,
    /// One for each test: how many it takes.
    pub counts: Vec<u64>,
}

/// Features whose names fit, best first.
#[derive(Debug)]
pub struct NamedRows {
    /// With how well they fit.
    pub rows: Vec<(Feature, Fit)>,
    /// Whether all names were looked at: else those that only hold what is asked, within a word, may be missing.
    pub whole: bool,
}

impl NamedRows {
    /// The features in the order of the ids that were found, all names having been looked at.
    pub fn of(features: Vec<Feature>, found: &[(i64, Fit)]) -> Self {
        let mut features: HashMap<u64, Feature> = features.into_iter().map(|feature| (feature.id, feature)).collect();
        let row = |(id, fit): &(i64, Fit)| Some((features.remove(&id.unsigned_abs())?, *fit));
        Self { rows: found.iter().filter_map(row).collect(), whole: true }
    }
}

/// Answers about layers that are not loaded into memory.
///
/// Each answer is of one moment, and of the very rows that the columns in memory would give: positions, times and filters are
/// decided by the same arithmetic. What an answer means in units is left to the caller, who knows them.
///
/// Besides what any statement gives: [`StoreError::TooLong`] and [`StoreError::Busy`]. Whoever drops the future has the
/// statement cancelled.
#[async_trait]
pub trait LargeLayers: Send + Sync {
    /// How many features the layer has, where and when. Reads the whole layer, with the time of a long statement.
    async fn totals(&self, layer: &Layer, zone: &TimeZone) -> Result<Found<LayerTotals>, StoreError>;

    /// What is drawn in a tile.
    async fn tile(&self, wanted: &Wanted<'_>, coord: TileCoord, dense: Dense) -> Result<Found<TileRows>, StoreError>;

    /// A page of the features in an area, and how many there are.
    async fn within(
        &self,
        wanted: &Wanted<'_>,
        area: &LargeArea<'_>,
        page: LargePage<'_>,
    ) -> Result<Found<IdPage>, StoreError>;

    /// Features among which are the `count` nearest to a place, and few others.
    async fn nearest(&self, wanted: &Wanted<'_>, at: LonLat, count: usize) -> Result<Found<Vec<Feature>>, StoreError>;

    /// Sends the features of a page, however long it is, in its order: they are of one moment, and few are on their way at a time. It stops without error when the receiver goes away.
    async fn extract(
        &self,
        wanted: &Wanted<'_>,
        area: &LargeArea<'_>,
        page: LargePage<'_>,
        rows: &mpsc::Sender<Extracted>,
    ) -> Result<(), StoreError>;

    /// The `most` features whose text in a field fits best: by fit, then by distance from the place and id, or without a place by
    /// plain name, name and id.
    async fn named(
        &self,
        wanted: &Wanted<'_>,
        name: (usize, &AskedName),
        best: (Option<LonLat>, usize),
    ) -> Result<Found<NamedRows>, StoreError>;

    /// How many rows there are by their units, and how many of them are taken by each of some tests. These see values as they are
    /// read: a time or number that no field can have is empty.
    async fn tally(&self, wanted: &Wanted<'_>, by: (&Grouping, &[Filter])) -> Result<Found<Tallied>, StoreError>;

    /// The places at which very many of a layer's features lie, as [`crate::engine::crowds::crowds`] finds them.
    async fn crowds(&self, layer: &Layer) -> Result<Found<Vec<LonLat>>, StoreError>;

    /// How many rows of each kind there are.
    async fn count(&self, wanted: &Wanted<'_>, by: &Grouping) -> Result<Found<Vec<Group>>, StoreError>;
}
