use std::sync::Arc;

use super::{fields_read, parts_of, refused};
use crate::atlas::AtlasError;
use crate::atlas::aspect::{Asks, units_of};
use crate::atlas::behind::LineKey;
use crate::atlas::count::CountedBy;
use crate::atlas::load::large_layers;
use crate::atlas::query::Question;
use crate::engine::corridor::Corridor;
use crate::engine::page::{RowPage, page};
use crate::engine::select::Selected;
use crate::engine::sort::sorted_page;
use crate::model::filter::{Comparison, Condition, Filter, Scalar};
use crate::model::{
    Area, AsOf, CountKey, Day, Feature, FeaturePage, FoundFeature, Level, LinePick, NearestRequest, TimeInterval,
    UnitId, UnitPick, Value, Versions, WithinRequest,
};
use crate::store::{Held, LargeArea, LargeCorridor, LargeKey, LargePage, Picked, RowKey, Store, Wanted};

impl Question {
    /// The features in an area, of a layer that is not loaded.
    pub async fn within_large(&self, store: &dyn Store, request: &WithinRequest) -> Result<FeaturePage, AtlasError> {
        let ((matched, next), question) = self.fetch_within(store, request).await?;
        let parts = &question.snapshot.parts;
        let (rows, keys) = (Selected::everything(parts).rows().collect(), self.sort_keys(request)?);
        let sorted = if keys.is_empty() {
            page(parts, rows, (None, usize::MAX))
        } else {
            sorted_page(parts, rows, &keys, (None, usize::MAX))
        };
        question.found(RowPage { matched, rows: sorted.rows, next }, request)
    }

    /// The features in an area as if the layer had no others, and how many there are on all pages.
    pub async fn rows_within_large(
        &self,
        store: &dyn Store,
        request: &WithinRequest,
    ) -> Result<(u64, Self), AtlasError> {
        let ((matched, _), question) = self.fetch_within(store, request).await?;
        Ok((matched, question))
    }

    async fn fetch_within(
        &self,
        store: &dyn Store,
        request: &WithinRequest,
    ) -> Result<((u64, Option<u64>), Self), AtlasError> {
        let filter = self.checked(request.datetime, request.filter.as_ref())?;
        let (corridor, test);
        let area = match &request.area {
            Area::Radius { at, radius_m } => LargeArea::Radius(*at, *radius_m),
            Area::Polygon(polygon) => LargeArea::Polygon(polygon),
            Area::Unit(pick) => LargeArea::Held(self.held(pick, request.as_of)?),
            Area::Corridor { lines, radius_m } => {
                corridor = Corridor::new(lines, *radius_m);
                LargeArea::Corridor(LargeCorridor { lines, radius_m: *radius_m, corridor: &corridor })
            }
            Area::Line(picks) => LargeArea::Line(self.large_line(picks, request.as_of)?),
            Area::Aspect(pick) => match self.asks_large(store, *pick).await? {
                Asks::Everything => LargeArea::Everywhere,
                Asks::Held(level, keys) => LargeArea::Held(self.held_at(level, request.as_of, picked_of(&keys))),
                Asks::Values(filter) => {
                    test = filter;
                    LargeArea::Meets(&test)
                }
            },
            Area::Boxes(boxes) => LargeArea::Boxes(boxes),
            Area::Everywhere => LargeArea::Everywhere,
        };
        let wanted = self.wanted(filter.as_ref(), request.datetime, request.as_of);
        let large = large_layers(store, &self.snapshot.layer).map_err(refused)?;
        let sort = self.sort_keys(request)?;
        let page = LargePage { sort: &sort, after: request.after.as_ref(), limit: request.limit };
        let found = large.within(&wanted, &area, page).await.map_err(refused)?;
        let question = self.of_rows(found.version, found.found.features).await?;
        Ok(((found.found.matched, found.found.next), question))
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
        let page = LargePage { sort: &[], after: None, limit: 1 };
        let found = large.within(&wanted, &LargeArea::Everywhere, page).await.map_err(refused)?;
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

    /// The rows behind one line of a count by unit.
    pub(super) fn held(&self, pick: &UnitPick, as_of: AsOf) -> Result<Held, AtlasError> {
        let level = self.level_of(pick)?;
        let picked = match pick {
            UnitPick::Near(_) => Picked::Near,
            UnitPick::Outside(_) => Picked::Outside,
            UnitPick::Code(_, code) => {
                let units = self.state.units.map.all().iter();
                let same = units.filter(|unit| unit.level == level && unit.code == *code);
                Picked::Covered(same.map(|unit| unit.id).collect())
            }
        };
        Ok(self.held_at(level, as_of, picked))
    }

    fn held_at(&self, level: Level, as_of: AsOf, picked: Picked) -> Held {
        let units = &self.state.units.map;
        let valid = |day: Day| -> Vec<UnitId> { units.valid(level, day).map(|unit| unit.id).collect() };
        let bounds = self.bounds(as_of);
        let valid = (0..=bounds.len()).map(|span| valid(self.day_of(Some(span), as_of))).collect();
        let today = bounds.iter().take_while(|bound| **bound <= self.clock.today).count();
        Held { bounds, today, valid, picked }
    }

    /// The keys of a line of a table of counts.
    fn large_line(&self, picks: &[LinePick], as_of: AsOf) -> Result<Vec<LargeKey>, AtlasError> {
        let key = |(counted, keys): LineKey| match counted {
            CountedBy::Level(level) => LargeKey::Held(self.held_at(level, as_of, picked_of(&keys))),
            CountedBy::Field(field) => {
                LargeKey::Own(RowKey::Field(field), keys.into_iter().next().unwrap_or(CountKey::Null))
            }
            CountedBy::Time(part) => {
                LargeKey::Own(RowKey::Time(part), keys.into_iter().next().unwrap_or(CountKey::Null))
            }
        };
        Ok(self.line(picks)?.into_iter().map(key).collect())
    }

    pub(super) fn wanted<'a>(
        &'a self,
        filter: Option<&'a Filter>,
        datetime: Option<TimeInterval>,
        as_of: AsOf,
    ) -> Wanted<'a> {
        let layer = &*self.snapshot.layer;
        let fields = fields_read(layer, self.view, as_of, |_| true);
        Wanted { layer, fields, filter, datetime, zone: &self.clock.zone }
    }

    /// The same question about the rows that the database found.
    pub async fn of_rows(&self, version: u64, features: Vec<Feature>) -> Result<Self, AtlasError> {
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

/// The answers of the join that keys are: units, or what stands for none.
fn picked_of(keys: &[CountKey]) -> Picked {
    match keys.first() {
        Some(CountKey::Near) => Picked::Near,
        Some(CountKey::Outside) => Picked::Outside,
        _ => Picked::Covered(units_of(keys)),
    }
}
