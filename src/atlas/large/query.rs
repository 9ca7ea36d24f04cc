use std::collections::HashMap;
use std::sync::Arc;

use super::{fields_read, parts_of, refused};
use crate::atlas::AtlasError;
use crate::atlas::load::large_layers;
use crate::atlas::query::Question;
use crate::engine::as_of::{Holding, holding};
use crate::engine::count::{CountSource, sort};
use crate::engine::select::Selected;
use crate::engine::within::{RowPage, page};
use crate::model::filter::{Comparison, Condition, Filter, Scalar};
use crate::model::{
    Area, AsOf, By, CountKey, CountRequest, CountRow, CountTable, Day, Feature, FeaturePage, FoundFeature,
    NearestRequest, TimeInterval, UnitId, UnitPick, Value, Versions, WithinRequest,
};
use crate::store::{Group, Grouping, Held, LargeArea, Picked, Store, Wanted};

impl Question {
    /// The features in an area, of a layer that is not loaded.
    pub async fn within_large(&self, store: &dyn Store, request: &WithinRequest) -> Result<FeaturePage, AtlasError> {
        let filter = self.checked(request.datetime, request.filter.as_ref())?;
        let area = match &request.area {
            Area::Radius { at, radius_m } => LargeArea::Radius(*at, *radius_m),
            Area::Polygon(polygon) => LargeArea::Polygon(polygon),
            Area::Unit(pick) => LargeArea::Held(self.held(pick, request.as_of)?),
            Area::Boxes(boxes) => LargeArea::Boxes(boxes),
            Area::Everywhere => LargeArea::Everywhere,
        };
        let wanted = self.wanted(filter.as_ref(), request.datetime, request.as_of);
        let large = large_layers(store, &self.snapshot.layer).map_err(refused)?;
        let found = large.within(&wanted, &area, (request.after, request.limit)).await.map_err(refused)?;
        let question = self.of_rows(found.version, found.found.features).await?;
        let parts = &question.snapshot.parts;
        let rows = page(parts, Selected::everything(parts).rows().collect(), (None, usize::MAX)).rows;
        let rows = RowPage { matched: found.found.matched, rows, next: found.found.next };
        Ok(question.found(rows, request))
    }

    /// One feature of a layer that is not loaded.
    pub async fn feature_large(
        &self,
        store: &dyn Store,
        (id, as_of): (u64, AsOf),
    ) -> Result<Option<(FoundFeature, Versions)>, AtlasError> {
        let Ok(number) = i64::try_from(id) else { return Ok(None) };
        let condition = Condition::Compare(Comparison::Equal, Scalar::Id, Scalar::Literal(Value::Integer(number)));
        let filter = Filter { condition, zone: self.clock.zone.clone() };
        let wanted = self.wanted(Some(&filter), None, as_of);
        let large = large_layers(store, &self.snapshot.layer).map_err(refused)?;
        let found = large.within(&wanted, &LargeArea::Everywhere, (None, 1)).await.map_err(refused)?;
        let question = self.of_rows(found.version, found.found.features).await?;
        let row = question.snapshot.parts.row_of(id);
        let mut found = question.features(row.map(|row| (row, None)).into_iter(), as_of);
        Ok(found.pop().map(|found| (found, question.versions())))
    }

    /// The nearest features of a layer that is not loaded.
    pub async fn nearest_large(&self, store: &dyn Store, request: &NearestRequest) -> Result<FeaturePage, AtlasError> {
        let filter = self.checked(request.datetime, request.filter.as_ref())?;
        let wanted = self.wanted(filter.as_ref(), request.datetime, request.as_of);
        let large = large_layers(store, &self.snapshot.layer).map_err(refused)?;
        let found = large.nearest(&wanted, request.at, request.count).await.map_err(refused)?;
        let question = self.of_rows(found.version, found.found).await?;
        Ok(question.nearest_of(&Selected::everything(&question.snapshot.parts), request))
    }

    /// A table of counts of a layer that is not loaded.
    pub async fn count_large(&self, store: &dyn Store, request: &CountRequest) -> Result<CountTable, AtlasError> {
        let filter = self.checked(request.datetime, request.filter.as_ref())?;
        let mut wanted = self.wanted(filter.as_ref(), request.datetime, request.as_of);
        wanted.fields.clear();
        let by_unit = request.by.iter().any(|by| matches!(by, By::Level(_)));
        let grouping = Grouping {
            units: by_unit.then(|| self.bounds(request.as_of)),
            category: request.by.contains(&By::Category),
            month: request.by.contains(&By::Month),
        };
        let large = large_layers(store, &self.snapshot.layer).map_err(refused)?;
        let found = large.count(&wanted, &grouping).await.map_err(refused)?;
        let mut total = 0;
        let mut counts: HashMap<Vec<CountKey>, u64> = HashMap::new();
        for group in &found.found {
            total += group.count;
            let keys = request.by.iter().map(|by| self.key(group, *by, request.as_of)).collect();
            *counts.entry(keys).or_insert(0) += group.count;
        }
        if request.by.is_empty() {
            counts.clear();
        }
        let source = CountSource { layer: &self.snapshot.layer, units: &self.state.units.map, zone: &self.clock.zone };
        let mut rows: Vec<CountRow> = counts.into_iter().map(|(keys, count)| CountRow { keys, count }).collect();
        sort(&source, &mut rows);
        let at = self.state.versions([&Arc::new(self.snapshot.at(found.version, self.snapshot.parts.clone()))]);
        Ok(CountTable { total, rows, versions: at })
    }

    fn key(&self, group: &Group, by: By, as_of: AsOf) -> CountKey {
        match by {
            By::Level(level) => {
                let day = self.day_of(group.span, as_of);
                match holding(&self.state.units.map, &group.links, level, day) {
                    Holding::Covered(id) => CountKey::Unit(id),
                    Holding::Near(_) => CountKey::Near,
                    Holding::Outside => CountKey::Outside,
                }
            }
            By::Category => group.code.clone().map_or(CountKey::Null, CountKey::Code),
            By::Month => group.month.map_or(CountKey::Null, |month| {
                let date = month.to_date();
                CountKey::Month(format!("{:04}-{:02}", date.year(), date.month()))
            }),
        }
    }

    /// Days between which units change, where each feature has its own day.
    fn bounds(&self, as_of: AsOf) -> Vec<Day> {
        match as_of {
            AsOf::Own => self.state.units.map.bounds().to_vec(),
            AsOf::Day(_) => Vec::new(),
        }
    }

    /// A day of the span between the bounds: the units of all its days are the same. None is today's.
    fn day_of(&self, span: Option<usize>, as_of: AsOf) -> Day {
        let bounds = self.state.units.map.bounds();
        match (as_of, span) {
            (AsOf::Day(day), _) => day,
            (AsOf::Own, None) => self.clock.today,
            (AsOf::Own, Some(0)) => bounds.first().map_or(self.clock.today, |first| Day(first.0.saturating_sub(1))),
            (AsOf::Own, Some(span)) => bounds.get(span - 1).copied().unwrap_or(self.clock.today),
        }
    }

    /// The rows behind one line of a count by unit.
    pub(super) fn held(&self, pick: &UnitPick, as_of: AsOf) -> Result<Held, AtlasError> {
        let level = self.level_of(pick)?;
        let units = &self.state.units.map;
        let valid = |day: Day| -> Vec<UnitId> { units.valid(level, day).map(|unit| unit.id).collect() };
        let bounds = self.bounds(as_of);
        let valid = (0..=bounds.len()).map(|span| valid(self.day_of(Some(span), as_of))).collect();
        let today = bounds.iter().take_while(|bound| **bound <= self.clock.today).count();
        let picked = match pick {
            UnitPick::Near(_) => Picked::Near,
            UnitPick::Outside(_) => Picked::Outside,
            UnitPick::Code(_, code) => {
                let same = units.all().iter().filter(|unit| unit.level == level && unit.code == *code);
                Picked::Covered(same.map(|unit| unit.id).collect())
            }
        };
        Ok(Held { bounds, today, valid, picked })
    }

    fn wanted<'a>(&'a self, filter: Option<&'a Filter>, datetime: Option<TimeInterval>, as_of: AsOf) -> Wanted<'a> {
        let layer = &*self.snapshot.layer;
        let fields = fields_read(layer, self.view, as_of, |_| true);
        Wanted { layer, fields, filter, datetime, zone: &self.clock.zone }
    }

    /// The same question about the rows that the database found.
    async fn of_rows(&self, version: u64, features: Vec<Feature>) -> Result<Self, AtlasError> {
        let parts = parts_of(&self.snapshot.layer, &self.clock.zone, features).await?;
        Ok(Self {
            state: Arc::clone(&self.state),
            snapshot: Arc::new(self.snapshot.of_rows(version, parts)),
            view: self.view,
            clock: self.clock.clone(),
            cancel: self.cancel.clone(),
        })
    }
}
