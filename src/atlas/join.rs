//! Two layers by distance, both of one state.

use std::sync::Arc;

use super::query::Question;
use super::{Atlas, AtlasError, Cost};
use crate::engine::cancel::Cancel;
use crate::engine::geodesic::boxes_around;
use crate::engine::join::{Joined, Same, features_to_look_at, join, nearest_other};
use crate::engine::locate::PreparedArea;
use crate::engine::page::page;
use crate::engine::parts::Row;
use crate::engine::select::Selected;
use crate::engine::unit_map::UnitMap;
use crate::engine::within::{rows_in_boxes, rows_in_polygon};
use crate::model::{
    Area, AsOf, Bbox, Invalid, JoinPage, JoinRequest, JoinSide, JoinedFeature, NearestOne, Versions, View,
    WithinRequest,
};

/// Most features that a join looks at: some seconds of work.
const MOST_LOOKED_AT: u64 = 200_000_000;
/// Most features of a layer in the database that take part in a join.
const MOST_FETCHED: usize = 100_000;

impl Atlas {
    /// A page of a join, as `write` makes an answer of it and of the units that it names. Its cost is judged before the work begins:
    /// [`Invalid`] names `radius_m` where it would be too much.
    pub async fn join<T: Send + 'static>(
        self: &Arc<Self>,
        view: View,
        request: JoinRequest,
        write: impl FnOnce(JoinPage, &UnitMap) -> T + Send + 'static,
    ) -> Result<T, AtlasError> {
        let state = self.state();
        let left = self.ask_of(&state, view, &request.left.layer)?;
        let right = self.ask_of(&state, view, &request.right.layer)?;
        left.checked(request.left.datetime, request.left.filter.as_ref())?;
        right.checked(request.right.datetime, request.right.filter.as_ref()).map_err(of_right)?;
        let (mut request, left) = self.left_side(left, request).await?;
        let right = self.right_side(right, (&left, &mut request)).await.map_err(of_right)?;
        let cost = Cost { micros: 1_000 + left.rows() * 5 + right.rows() / 125 };
        let join_and_write = move |cancel: &Cancel| {
            let page = left.until(cancel).join(&right.until(cancel), &request)?;
            Ok(write(page, &state.units.map))
        };
        self.tiles.work(cost, join_and_write).await?
    }

    /// A layer in the database takes part with the features asked for, as if it had no others.
    async fn left_side(&self, left: Question, mut request: JoinRequest) -> Result<(JoinRequest, Question), AtlasError> {
        if left.snapshot.large.is_none() {
            return Ok((request, left));
        }
        let left = self.fetched(&left, (&request.left, &request.area, request.as_of)).await?;
        request.area = Area::Everywhere;
        request.left = without_conditions(request.left);
        Ok((request, left))
    }

    /// Of a layer in the database, features near any of the left ones.
    async fn right_side(
        &self,
        right: Question,
        (left, request): (&Question, &mut JoinRequest),
    ) -> Result<Question, AtlasError> {
        if right.snapshot.large.is_none() {
            return Ok(right);
        }
        let area = left.reach(request)?;
        let right = self.fetched(&right, (&request.right, &area, request.as_of)).await?;
        request.right = without_conditions(request.right.clone());
        Ok(right)
    }

    /// The same layer with the features asked for in memory.
    async fn fetched(
        &self,
        question: &Question,
        (side, area, as_of): (&JoinSide, &Area, AsOf),
    ) -> Result<Question, AtlasError> {
        if matches!(area, Area::Boxes(boxes) if boxes.is_empty()) {
            return question.of_rows(question.snapshot.version, Vec::new()).await;
        }
        let request = WithinRequest {
            layer: side.layer.clone(),
            area: area.clone(),
            datetime: side.datetime,
            filter: side.filter.clone(),
            as_of,
            sort: Vec::new(),
            after: None,
            limit: MOST_FETCHED,
        };
        let (matched, question) = question.rows_within_large(self.store.as_ref(), &request).await?;
        if matched > MOST_FETCHED as u64 {
            let expected = format!(
                "a filter, a datetime or an area that leaves at most {MOST_FETCHED} features of {}, found {matched}: it \
                 stays in the database",
                side.layer
            );
            return Err(Invalid::new("filter", expected).into());
        }
        Ok(question)
    }
}

fn without_conditions(side: JoinSide) -> JoinSide {
    JoinSide { datetime: None, filter: None, ..side }
}

/// A refusal of the right side, by its own parameters.
fn of_right(error: AtlasError) -> AtlasError {
    match error {
        AtlasError::Invalid(invalid) if matches!(invalid.parameter.as_str(), "filter" | "datetime") => {
            Invalid { parameter: format!("with_{}", invalid.parameter), ..invalid }.into()
        }
        other => other,
    }
}

impl Question {
    /// What is near any of the features asked for is in it.
    fn reach(&self, request: &JoinRequest) -> Result<Area, AtlasError> {
        let selected = self.selected(request.left.datetime, request.left.filter.as_ref())?;
        let mut bbox = Bbox::EMPTY;
        for row in self.rows_of(&selected, &request.area, request.as_of)? {
            for one in boxes_around(self.snapshot.parts.at(row), request.radius_m) {
                bbox.join(&one);
            }
        }
        Ok(Area::Boxes(if bbox.west > bbox.east { Vec::new() } else { vec![bbox] }))
    }

    fn rows_of(&self, selected: &Selected<'_>, area: &Area, as_of: AsOf) -> Result<Vec<Row>, AtlasError> {
        match area {
            Area::Unit(pick) => self.rows_of_unit(selected, pick, as_of),
            Area::Boxes(boxes) => Ok(rows_in_boxes(selected, boxes)),
            Area::Polygon(polygon) => {
                let found = rows_in_polygon(selected, &PreparedArea::new(polygon));
                found.ok_or_else(|| Invalid::new("coordinates", "a simpler or smaller polygon").into())
            }
            _ => Ok(selected.rows().collect()),
        }
    }

    fn join(&self, right: &Self, request: &JoinRequest) -> Result<JoinPage, AtlasError> {
        let parts = &self.snapshot.parts;
        let selected = self.selected(request.left.datetime, request.left.filter.as_ref())?;
        let rows = self.rows_of(&selected, &request.area, request.as_of)?;
        let others = right.selected(request.right.datetime, request.right.filter.as_ref()).map_err(of_right)?.settled();
        let look_at = features_to_look_at(parts, &rows, &right.snapshot.parts, request.radius_m);
        if look_at > MOST_LOOKED_AT {
            let expected = format!(
                "a smaller radius_m, or a filter, datetime or area that leaves fewer features of {}: about {look_at} \
                 comparisons, at most {MOST_LOOKED_AT}",
                request.left.layer
            );
            return Err(Invalid::new("radius_m", expected).into());
        }
        let same = if request.left.layer == request.right.layer { Same::Layer } else { Same::Nothing };
        let joined = join(parts, &rows, &others, request.radius_m, same);
        let near = |row: &Row, all: &[Joined]| {
            all.binary_search_by_key(row, |joined| joined.row).map_or(0, |place| all[place].near)
        };
        let (with_near, pairs): (usize, u64) =
            (joined.iter().filter(|one| one.near > 0).count(), joined.iter().map(|one| one.near).sum());
        let mut listed = joined;
        listed.retain(|one| one.near >= request.at_least);
        listed.sort_unstable_by_key(|one| one.row);
        let page = page(parts, listed.iter().map(|one| one.row).collect(), request.page);
        let found = self.features(page.rows.iter().map(|row| (*row, None)), request.as_of);
        let features = page.rows.iter().zip(found).map(|(row, found)| JoinedFeature {
            found,
            near: near(row, &listed),
            nearest: match request.nearest {
                NearestOne::Told => nearest_other(parts, *row, &others, request.radius_m, same),
                NearestOne::Untold => None,
            },
        });
        Ok(JoinPage {
            looked_at: rows.len() as u64,
            with_near: with_near as u64,
            pairs,
            matched: page.matched,
            features: features.collect(),
            next: page.next,
            versions: both(self.versions(), right.versions()),
        })
    }
}

fn both(mut versions: Versions, more: Versions) -> Versions {
    versions.extend(more);
    versions
}
