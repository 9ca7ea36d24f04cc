//! Counts beside those of an interval before, both of one state.

use std::collections::HashMap;
use std::sync::Arc;

use super::count::CountedBy;
use super::{Atlas, AtlasError, WithUnits};
use crate::engine::count::place;
use crate::model::{
    By, ComparedRow, ComparedTable, Comparison, CountKey, CountRequest, CountRow, CountTable, Value, View,
};

/// How often a layer in the database is asked again until both intervals are of one version.
const MOST_TRIES: usize = 3;

impl Atlas {
    /// A table of exact counts of an interval beside the one before, as the comparison has them.
    pub async fn compare(
        self: &Arc<Self>,
        view: View,
        (request, comparison): (CountRequest, Comparison),
    ) -> Result<WithUnits<ComparedTable>, AtlasError> {
        let request = CountRequest { datetime: Some(comparison.interval), ..request };
        let before = CountRequest { datetime: Some(comparison.before), ..request.clone() };
        let question = self.ask(view, &request.layer)?;
        let by = question.counted("by", &request.by)?;
        let mut tries = 0;
        let (now, before) = loop {
            let now = question.clone().count(self, request.clone()).await?;
            let earlier = question.clone().count(self, before.clone()).await?;
            tries += 1;
            if now.versions == earlier.versions || tries == MOST_TRIES {
                break (now, earlier);
            }
        };
        let total = ComparedRow { now: now.total.clone(), before: before.total.clone() };
        let versions = now.versions.clone();
        let mut rows = side_by_side(&request.by, &comparison, (now, before));
        let fields: Vec<Option<usize>> = by.into_iter().map(CountedBy::field).collect();
        rows.sort_by_cached_key(|row| place(&question.count_source(), &fields, &row.now.keys));
        Ok((ComparedTable { comparison, total, rows, versions }, Arc::clone(&question.state.units.map)))
    }
}

fn side_by_side(by: &[By], comparison: &Comparison, (now, before): (CountTable, CountTable)) -> Vec<ComparedRow> {
    let nulls = |row: &CountRow| vec![Value::Null; row.measured.len()];
    let mut rows: Vec<ComparedRow> = Vec::with_capacity(now.rows.len());
    let mut places: HashMap<Vec<CountKey>, usize> = HashMap::new();
    for row in now.rows {
        places.insert(row.keys.clone(), rows.len());
        let before = CountRow { keys: keys_before(by, comparison, &row.keys), count: 0, measured: nulls(&row) };
        rows.push(ComparedRow { now: row, before });
    }
    for row in before.rows {
        let keys = keys_now(by, comparison, &row.keys);
        let known = places.get(&keys).and_then(|place| rows.get_mut(*place));
        if let Some(known) = known.filter(|known| known.before.count == 0) {
            known.before = row;
        } else {
            let now = CountRow { keys, count: 0, measured: nulls(&row) };
            rows.push(ComparedRow { now, before: row });
        }
    }
    rows
}

/// The row's keys in the interval: a period that has no counterpart keeps its own name.
fn keys_now(by: &[By], comparison: &Comparison, keys: &[CountKey]) -> Vec<CountKey> {
    let key = |(by, key): (&By, &CountKey)| match (by, key) {
        (By::Time(part), CountKey::Time(value)) => {
            CountKey::Time(comparison.counterpart(*part, *value).unwrap_or(*value))
        }
        _ => key.clone(),
    };
    by.iter().zip(keys).map(key).collect()
}

/// The keys that a row of the interval had before, for the list behind its 0.
fn keys_before(by: &[By], comparison: &Comparison, keys: &[CountKey]) -> Vec<CountKey> {
    let key = |(by, key): (&By, &CountKey)| match (by, key) {
        (By::Time(part), CountKey::Time(value)) => {
            CountKey::Time(comparison.before_of(*part, *value).unwrap_or(*value))
        }
        _ => key.clone(),
    };
    by.iter().zip(keys).map(key).collect()
}
