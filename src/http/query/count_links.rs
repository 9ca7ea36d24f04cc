//! The list behind every number of a table of counts, as an address.

use super::super::asked::Asked;
use super::super::params::Params;
use super::super::tilejson::query_of;

/// Parameters that a list takes over from its count.
const SHARED: [&str; 5] = ["layer", "filter", "filter-lang", "datetime", "as_of"];

/// Addresses of the lists behind the numbers, up to the row's keys.
#[derive(Debug, Clone)]
pub struct CountLinks {
    /// Of the interval asked for.
    pub now: String,
    /// Of the one before.
    pub before: Option<String>,
}

impl CountLinks {
    /// For the rows of the count that was asked for, and for those of another `datetime`.
    pub fn new(asked: &Asked, params: &Params, before: Option<&str>) -> Self {
        let shared = params.only(&SHARED);
        let start = |params: &Params| asked.url(&format!("/query/within{}&row=", query_of(params)));
        Self { now: start(&shared), before: before.map(|datetime| start(&shared.with("datetime", datetime))) }
    }
}
