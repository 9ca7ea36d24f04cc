//! The duty desk's one call: the units of a place and what there is round it, of one state.

use std::cmp::Reverse;
use std::sync::Arc;

use super::cost::nearest_micros;
use super::query::{Question, located};
use super::{Atlas, AtlasError, Cost, WithUnits};
use crate::engine::cql2::check;
use crate::engine::geodesic::{boxes_around, distance_m};
use crate::engine::nearest::nearest;
use crate::engine::parts::Row;
use crate::engine::select::Selected;
use crate::engine::within::{rows_in_radius, rows_to_look_at};
use crate::model::{
    Area, Around, AroundRequest, AsOf, DutyOrder, DutyRole, FoundFeature, Invalid, NearestRequest, RoleFeatures, Value,
    View, WithinRequest,
};

/// Most features of a layer in the database within reach.
const MOST_FETCHED: usize = 10_000;

impl Atlas {
    /// The units of a place, and the features of each role. A layer that the view does not see is left out, and so is one whose
    /// filter asks for a field that it does not see.
    pub async fn around(self: &Arc<Self>, view: View, request: AroundRequest) -> Result<WithUnits<Around>, AtlasError> {
        let state = self.state();
        let mut versions = state.versions([]);
        let mut roles = Vec::new();
        for role in &self.catalogue.duty.0 {
            let Ok(question) = self.ask_of(&state, view, &role.layer) else { continue };
            if !question.fits(role) {
                continue;
            }
            let layer = Arc::clone(&question.snapshot.layer);
            let (matched, features, read) = match self.role(question, (role, request)).await {
                Err(AtlasError::Unreadable { .. }) => continue,
                found => found?,
            };
            versions.extend(read);
            roles.push(RoleFeatures { role: role.clone(), layer, matched, features });
        }
        let around = Around { units: located(&state, (request.at, request.as_of)), roles, versions };
        Ok((around, Arc::clone(&state.units.map)))
    }

    async fn role(
        self: &Arc<Self>,
        question: Question,
        (role, request): (&DutyRole, AroundRequest),
    ) -> Result<(u64, Vec<FoundFeature>, crate::model::Versions), AtlasError> {
        let role = role.clone();
        let datetime = request.datetime.filter(|_| question.has_time());
        if question.snapshot.large.is_none() {
            let cost = question.cost_of_role(&role, request);
            let find = move |cancel: &_| {
                let question = question.until(cancel);
                let selected = question.selected(datetime, role.filter.as_ref())?;
                let (matched, features) = question.of_role(&selected, (&role, request));
                Ok::<_, AtlasError>((matched, features, question.versions()))
            };
            return self.tiles.work(cost, find).await?;
        }
        let (layer, as_of, filter) = (role.layer.clone(), AsOf::Day(request.as_of), role.filter.clone());
        let store = self.store.as_ref();
        let Some(radius_m) = role.reach_m else {
            let nearest = NearestRequest { layer, at: request.at, count: role.count, datetime, filter, as_of };
            let page = question.nearest_large(store, &nearest).await?;
            return Ok((page.matched, page.features, page.versions));
        };
        let area = Area::Radius { at: request.at, radius_m };
        let (sort, after, limit) = (Vec::new(), None, MOST_FETCHED);
        let within = WithinRequest { layer, area, datetime, filter, as_of, sort, after, limit };
        let (matched, question) = question.rows_within_large(store, &within).await?;
        if matched > MOST_FETCHED as u64 {
            let name = role.role.name();
            let expected = format!(
                "a place with at most {MOST_FETCHED} features of {} in reach, found {matched}: lessen reach_m of {name} in \
                 the catalogue, or give a datetime",
                role.layer
            );
            return Err(Invalid::new("at", expected).into());
        }
        let (matched, features) = question.of_role(&Selected::everything(&question.snapshot.parts), (&role, request));
        Ok((matched, features, question.versions()))
    }
}

impl Question {
    fn fits(&self, role: &DutyRole) -> bool {
        let fits = |asked| check("filter", asked, &self.snapshot.layer, self.view, &self.clock.zone).is_ok();
        role.filter.as_ref().is_none_or(fits) && (role.order == DutyOrder::Nearest || self.has_time())
    }

    fn has_time(&self) -> bool {
        self.snapshot.layer.time_field().is_some_and(|field| self.view.sees_field(field))
    }

    fn cost_of_role(&self, role: &DutyRole, request: AroundRequest) -> Cost {
        let micros = match role.reach_m {
            Some(reach_m) => rows_to_look_at(&self.snapshot.parts, &boxes_around(request.at, reach_m)) as u64 / 20,
            None if role.filter.is_some() => self.rows() / 300,
            None => 0,
        };
        Cost { micros: nearest_micros(role.count) + micros }
    }

    /// How many are within reach, and the first of them.
    fn of_role(
        &self,
        selected: &Selected<'_>,
        (role, AroundRequest { at, as_of, .. }): (&DutyRole, AroundRequest),
    ) -> (u64, Vec<FoundFeature>) {
        let parts = &self.snapshot.parts;
        let latest = |row: &Row| Reverse((self.time_of(*row), parts.id(*row)));
        let mut within = role.reach_m.map(|reach_m| rows_in_radius(selected, at, reach_m));
        let matched = within.as_ref().map(Vec::len);
        // Only what is given is measured.
        let found: Vec<(Row, f64)> = match (role.order, &mut within) {
            (DutyOrder::Latest, Some(rows)) => {
                rows.sort_by_cached_key(latest);
                rows.iter().take(role.count).map(|row| (*row, distance_m(at, parts.at(*row)))).collect()
            }
            (order, _) => {
                let mut found = nearest(selected, at, role.count);
                found.truncate(matched.unwrap_or(usize::MAX));
                if order == DutyOrder::Latest {
                    found.sort_by_cached_key(|(row, _)| latest(row));
                }
                found
            }
        };
        let matched = matched.unwrap_or(found.len()) as u64;
        let found = found.into_iter().map(|(row, metres)| (row, Some(metres)));
        (matched, self.features(found, AsOf::Day(as_of)))
    }

    /// The row's time, to be compared; rows without one are before all.
    fn time_of(&self, row: Row) -> Option<i64> {
        let columns = self.snapshot.parts.columns(row);
        match columns.value(row.row as usize, self.snapshot.layer.time?) {
            Value::Timestamp(instant) => Some(instant.0),
            Value::Date(day) => Some(i64::from(day.0)),
            _ => None,
        }
    }
}
