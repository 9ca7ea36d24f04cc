//! A layer's features at one version: sorted columns of one large base and few small deltas, each with the rows that are
//! gone from it.
//!
//! Nothing in it is ever changed: a change makes new parts, which share what stayed (`apply`), and now and then the deltas
//! are put into the base (`merge`), while readers keep the parts they have.

mod apply;
mod gone;
mod merge;
mod ranges;

use std::sync::{Arc, OnceLock};

use super::columns::{Columns, LinkSets};
use crate::model::{Bbox, Feature, Instant, LonLat, UnitLink};

pub use gone::Gone;
pub use merge::Merged;
use ranges::Ranges;

/// Sorted columns and the rows of them that are gone.
#[derive(Debug, Clone)]
pub struct Part {
    /// The rows.
    pub columns: Arc<Columns>,
    /// Those that were changed or removed since.
    pub gone: Gone,
    /// Of the rows that are there; not known since one at its edge went, until somebody asks.
    ranges: OnceLock<Ranges>,
}

impl Part {
    fn new(columns: Columns) -> Self {
        let ranges = Ranges { bbox: columns.bbox, time: columns.time_range };
        Self { columns: Arc::new(columns), gone: Gone::default(), ranges: ranges.into() }
    }

    /// Number of rows that are there.
    pub fn len(&self) -> usize {
        self.columns.len() - self.gone.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A row of a part. Ordered as the parts are, not as the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Row {
    /// Index of its part.
    pub part: u32,
    /// Index in the part's columns.
    pub row: u32,
}

/// A layer's features at one version. Each id is in at most one row that is there.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The base first, then deltas, older ones first.
    list: Vec<Part>,
    links: Arc<LinkSets>,
    fingerprint: u64,
}

impl Parts {
    /// All features as one base.
    pub fn new((columns, links): (Columns, Arc<LinkSets>)) -> Self {
        let fingerprint = columns.fingerprint;
        Self { list: vec![Part::new(columns)], links, fingerprint }
    }

    /// The parts.
    pub fn iter(&self) -> impl Iterator<Item = &Part> {
        self.list.iter()
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.list.iter().map(Part::len).sum()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The distinct lists of units.
    pub fn links(&self) -> &LinkSets {
        &self.links
    }

    /// Changes with any value of any feature; the same for the same features, however they are divided into parts.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The box of all features.
    pub fn bbox(&self) -> Bbox {
        let mut bbox = Bbox::EMPTY;
        self.list.iter().for_each(|part| bbox.join(&part.ranges().bbox));
        bbox
    }

    /// The first and the last time of all features.
    pub fn time_range(&self) -> Option<(Instant, Instant)> {
        let ranges = self.list.iter().filter_map(|part| part.ranges().time);
        ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// A box that holds all features, and those that are gone: known without a look.
    pub fn bbox_span(&self) -> Bbox {
        let mut bbox = Bbox::EMPTY;
        self.list.iter().for_each(|part| bbox.join(&part.columns.bbox));
        bbox
    }

    /// No row's time is before the first or after the last of these, of those that are gone neither.
    pub fn time_span(&self) -> Option<(Instant, Instant)> {
        let ranges = self.list.iter().filter_map(|part| part.columns.time_range);
        ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The columns of a row's part.
    pub fn columns(&self, row: Row) -> &Columns {
        &self.list[row.part as usize].columns
    }

    /// Where the row is.
    pub fn at(&self, row: Row) -> LonLat {
        self.columns(row).at(row.row as usize)
    }

    /// The row's id.
    pub fn id(&self, row: Row) -> u64 {
        self.columns(row).id(row.row as usize)
    }

    /// The row's units.
    pub fn unit_links(&self, row: Row) -> &[UnitLink] {
        self.links.links(self.columns(row).links.get(row.row as usize) as u32)
    }

    /// The row as a feature with all its fields.
    pub fn feature(&self, row: Row) -> Feature {
        self.columns(row).feature(&self.links, row.row as usize)
    }

    /// The row of the feature with the id.
    pub fn row_of(&self, id: u64) -> Option<Row> {
        // The newest part has the present row.
        self.list.iter().enumerate().rev().find_map(|(index, part)| {
            let row = part.columns.row_of(id).filter(|row| !part.gone.contains(*row))?;
            Some(Row { part: index as u32, row: row as u32 })
        })
    }
}
