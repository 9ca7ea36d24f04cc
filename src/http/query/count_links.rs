//! The list behind every number of a table of counts, as an address.

use super::super::asked::Asked;
use super::super::params::Params;
use super::super::tilejson::query_of;
use super::row::escaped;
use crate::atlas::UnitMap;
use crate::model::{By, CountKey};

/// Parameters that a list takes over from its count.
const SHARED: [&str; 5] = ["layer", "filter", "filter-lang", "datetime", "as_of"];

/// Addresses of the features of one interval, up to the row's keys.
pub struct CountLinks<'a> {
    start: String,
    by: &'a [By],
    units: &'a UnitMap,
}

impl<'a> CountLinks<'a> {
    /// For the rows of the count that was asked for, or for those of another `datetime`.
    pub fn new(asked: &Asked, params: &Params, datetime: Option<&str>, (by, units): (&'a [By], &'a UnitMap)) -> Self {
        let mut shared = params.only(&SHARED);
        if let Some(datetime) = datetime {
            shared = shared.with("datetime", datetime);
        }
        Self { start: asked.url(&format!("/query/within{}&row=", query_of(&shared))), by, units }
    }

    /// Of a row with these keys; without keys of all features.
    pub fn href(&self, keys: &[CountKey]) -> String {
        let by = if keys.is_empty() { &[] } else { self.by };
        format!("{}{}", self.start, escaped(by, keys, self.units))
    }
}
