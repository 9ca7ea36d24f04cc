use std::collections::HashMap;
use std::sync::Arc;

use super::refused;
use crate::atlas::AtlasError;
use crate::atlas::count::{CountedBy, Measuring, too_many_lines};
use crate::atlas::load::large_layers;
use crate::atlas::query::Question;
use crate::engine::as_of::{Holding, holding};
use crate::engine::count::{Line, MOST_LINES, Measured, add_to, sort};
use crate::model::{AsOf, CountKey, CountRequest, CountRow, CountTable, Day};
use crate::store::{Group, Grouping, RowKey, Store};

impl Question {
    /// A table of counts of a layer that is not loaded.
    pub async fn count_large(
        &self,
        store: &dyn Store,
        request: &CountRequest,
        (by, measuring): (&[CountedBy], &Measuring),
    ) -> Result<CountTable, AtlasError> {
        let filter = self.checked(request.datetime, request.filter.as_ref())?;
        let mut wanted = self.wanted(filter.as_ref(), request.datetime, request.as_of);
        wanted.fields.clear();
        let by_unit = by.iter().any(|by| matches!(by, CountedBy::Level(_)));
        let key = |by: &CountedBy| match by {
            CountedBy::Level(_) => None,
            CountedBy::Field(field) => Some(RowKey::Field(*field)),
            CountedBy::Time(part) => Some(RowKey::Time(*part)),
        };
        let grouping = Grouping {
            units: by_unit.then(|| self.bounds(request.as_of)),
            keys: by.iter().filter_map(key).collect(),
            measured: measuring.fields.clone(),
        };
        let large = large_layers(store, &self.snapshot.layer).map_err(refused)?;
        let found = large.count(&wanted, &grouping).await.map_err(refused)?;
        let mut total = Line::default();
        let mut counts: HashMap<Vec<CountKey>, (u64, Vec<Measured>)> = HashMap::new();
        for group in &found.found {
            add_to(&mut total, group.count, &group.measured);
            let keys = self.keys_of(group, by, request.as_of);
            match counts.get_mut(&keys) {
                Some(line) => add(line, group),
                None => drop(counts.insert(keys, (group.count, group.measured.clone()))),
            }
        }
        if by.is_empty() {
            counts.clear();
        }
        if counts.len() > MOST_LINES {
            return Err(too_many_lines());
        }
        let line = |(keys, (count, measured))| (CountRow { keys, count, measured: Vec::new() }, measured);
        let mut lines: Vec<Line> = counts.into_iter().map(line).collect();
        let fields: Vec<Option<usize>> = by.iter().map(|by| by.field()).collect();
        sort(&self.count_source(), &fields, &mut lines);
        let at = self.state.versions([&Arc::new(self.snapshot.at(found.version, self.snapshot.parts.clone()))]);
        Ok(measuring.table((total, lines), at))
    }

    fn keys_of(&self, group: &Group, by: &[CountedBy], as_of: AsOf) -> Vec<CountKey> {
        let mut own = group.keys.iter();
        let key = |by: &CountedBy| match by {
            CountedBy::Level(level) => {
                let day = self.day_of(group.span, as_of);
                match holding(&self.state.units.map, &group.links, *level, day) {
                    Holding::Covered(id) => CountKey::Unit(id),
                    Holding::Near(_) => CountKey::Near,
                    Holding::Outside => CountKey::Outside,
                }
            }
            CountedBy::Field(_) | CountedBy::Time(_) => own.next().cloned().unwrap_or(CountKey::Null),
        };
        by.iter().map(key).collect()
    }

    /// Days between which units change, where each feature has its own day.
    pub(super) fn bounds(&self, as_of: AsOf) -> Vec<Day> {
        match as_of {
            AsOf::Own => self.state.units.map.bounds().to_vec(),
            AsOf::Day(_) => Vec::new(),
        }
    }

    /// A day of the span between the bounds: the units of all its days are the same. None is today's.
    pub(super) fn day_of(&self, span: Option<usize>, as_of: AsOf) -> Day {
        let bounds = self.state.units.map.bounds();
        match (as_of, span) {
            (AsOf::Day(day), _) => day,
            (AsOf::Own, None) => self.clock.today,
            (AsOf::Own, Some(0)) => bounds.first().map_or(self.clock.today, |first| Day(first.0.saturating_sub(1))),
            (AsOf::Own, Some(span)) => bounds.get(span - 1).copied().unwrap_or(self.clock.today),
        }
    }
}

fn add((count, measured): &mut (u64, Vec<Measured>), group: &Group) {
    *count += group.count;
    measured.iter_mut().zip(&group.measured).for_each(|(all, one)| all.join(one));
}
