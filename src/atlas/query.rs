use std::sync::Arc;

use super::cost::{days_micros, filter_micros, nearest_micros, sorted_micros, written_micros};
use super::snapshot::{LayerSnapshot, State};
use super::{Atlas, AtlasError, Cost, WithUnits};
use crate::engine::as_of::{Answers, Holding, holding};
use crate::engine::cancel::Cancel;
use crate::engine::corridor::Corridor;
use crate::engine::cql2::check;
use crate::engine::geodesic::{boxes_around, distance_m};
use crate::engine::locate::PreparedArea;
use crate::engine::nearest::nearest;
use crate::engine::page::{RowPage, page, page_of_all};
use crate::engine::parts::Row;
use crate::engine::select::Selected;
use crate::engine::sort::{sorted_page, sorted_page_of_all};
use crate::engine::unit_map::UnitMap;
use crate::engine::within::{
    rows_held, rows_in_boxes, rows_in_corridor, rows_in_polygon, rows_in_radius, rows_to_look_at,
};
use crate::model::filter::{AskedFilter, Filter};
use crate::model::{
    After, Area, AsOf, Bbox, Day, FeaturePage, FoundFeature, Invalid, LayerId, Level, LocateRequest, LocatedUnit,
    LonLat, NearestRequest, Relation, SortKey, TimeInterval, UnitPick, Versions, View, WithinRequest,
};

impl Atlas {
    /// The units that hold a place on a day, largest first: one for each level that has units on that day.
    pub fn locate(&self, request: &LocateRequest) -> WithUnits<(Vec<LocatedUnit>, Versions)> {
        let state = self.state();
        let located = (located(&state, (request.at, request.as_of)), state.versions([]));
        (located, Arc::clone(&state.units.map))
    }

    /// The features in an area, a page of them, as `write` makes an answer of it and of the units that it names: here, or where they
    /// were found if they are many.
    pub async fn within<T: Send + 'static>(
        self: &Arc<Self>,
        view: View,
        request: WithinRequest,
        write: impl FnOnce(FeaturePage, &UnitMap) -> T + Send + 'static,
    ) -> Result<T, AtlasError> {
        let question = self.ask(view, &request.layer)?;
        let units = Arc::clone(&question.state.units.map);
        if question.snapshot.large.is_some() {
            let page = question.within_large(self.store.as_ref(), &request).await?;
            let micros = written_micros(page.features.len() as u64);
            return self.tiles.in_turn(Cost { micros }, move || write(page, &units)).await;
        }
        let (cost, rows) = question.cost_within(&request);
        let written = written_micros(rows.min(request.limit as u64));
        let find = move |cancel: &Cancel| question.until(cancel).within(&request);
        if written == 0 {
            return Ok(write(self.tiles.work(cost, find).await??, &units));
        }
        let cost = Cost { micros: cost.micros + written };
        self.tiles.work(cost, move |cancel| Ok(write(find(cancel)?, &units))).await?
    }

    /// One feature of a layer; none where the layer has none with the id.
    pub async fn feature(
        &self,
        view: View,
        layer: &LayerId,
        (id, as_of): (u64, AsOf),
    ) -> Result<WithUnits<Option<(FoundFeature, Versions)>>, AtlasError> {
        let question = self.ask(view, layer)?;
        let units = Arc::clone(&question.state.units.map);
        if question.snapshot.large.is_some() {
            return Ok((question.feature_large(self.store.as_ref(), (id, as_of)).await?, units));
        }
        let row = question.snapshot.parts.row_of(id);
        let mut found = question.features(row.map(|row| (row, None)).into_iter(), as_of);
        Ok((found.pop().map(|found| (found, question.versions())), units))
    }

    /// The features nearest to a place.
    pub async fn nearest(
        self: &Arc<Self>,
        view: View,
        request: NearestRequest,
    ) -> Result<WithUnits<FeaturePage>, AtlasError> {
        let question = self.ask(view, &request.layer)?;
        let units = Arc::clone(&question.state.units.map);
        if question.snapshot.large.is_some() {
            return Ok((question.nearest_large(self.store.as_ref(), &request).await?, units));
        }
        // Under a filter that leaves little, the nearest few may be anywhere.
        let sparse = request.datetime.is_some() || request.filter.is_some();
        let all = if sparse { question.rows() / 300 } else { 0 };
        let filtered = filter_micros(request.filter.as_ref(), question.rows());
        let cost = Cost { micros: nearest_micros(request.count) + all + filtered };
        let page = self.tiles.work(cost, move |cancel| question.until(cancel).nearest(&request)).await??;
        Ok((page, units))
    }

    pub(super) fn ask(&self, view: View, layer: &LayerId) -> Result<Question, AtlasError> {
        self.ask_of(&self.state(), view, layer)
    }

    /// A question to a layer of a state, which others may be asked as well.
    pub(super) fn ask_of(&self, state: &Arc<State>, view: View, layer: &LayerId) -> Result<Question, AtlasError> {
        let (state, snapshot) = (Arc::clone(state), Arc::clone(state.layer(view, layer)?));
        let clock = self.clock();
        Ok(Question { state, snapshot, view, clock, cancel: Cancel::default() })
    }
}

/// A layer at the moment of the question, kept for as long as the answer takes.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) state: Arc<State>,
    pub(super) snapshot: Arc<LayerSnapshot>,
    pub(super) view: View,
    pub(super) clock: crate::model::Clock,
    /// Set when nobody waits for the answer any more.
    pub(super) cancel: Cancel,
}

impl Question {
    pub(super) fn until(self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }

    pub(super) fn rows(&self) -> u64 {
        self.snapshot.parts.len() as u64
    }

    /// What it takes to find the rows, and how many are looked at: about 0.05 µs for a row in the box of a circle, four times that in
    /// the box of a polygon; units are asked of all rows.
    pub(super) fn cost_within(&self, request: &WithinRequest) -> (Cost, u64) {
        let filtered = |rows: u64| filter_micros(request.filter.as_ref(), rows);
        let look_at = |boxes: &[Bbox], rows_a_micro: u64| {
            let rows = rows_to_look_at(&self.snapshot.parts, boxes) as u64;
            (rows / rows_a_micro + filtered(rows), rows)
        };
        let simple = request.datetime.is_none() && request.filter.is_none() && request.sort.is_empty();
        let all = self.rows();
        let (micros, rows) = match &request.area {
            Area::Boxes(boxes) => look_at(boxes, 20),
            Area::Everywhere if simple => ((request.limit as u64).min(all) / 5, all),
            Area::Everywhere => (all / 125 + filtered(all), all),
            Area::Radius { at, radius_m } => look_at(&boxes_around(*at, *radius_m), 20),
            Area::Polygon(polygon) => {
                let mut bbox = Bbox::EMPTY;
                let corners = polygon.0.iter().flat_map(|polygon| polygon.exterior().coords());
                corners.for_each(|corner| bbox.extend(LonLat { lon: corner.x, lat: corner.y }));
                look_at(&[bbox], 5)
            }
            // What lies along a line is not counted twice: many vertices are much work, wherever they are.
            Area::Corridor { lines, .. } => {
                let vertices = lines.0.iter().map(|line| line.0.len() as u64).sum::<u64>();
                (1_000 + 10 * vertices + filtered(all), all)
            }
            Area::Line(_) => (all / 300 + days_micros(&self.snapshot.parts) + filtered(all), all),
            Area::Unit(_) | Area::Aspect(_) => (all / 300 + filtered(all), all),
        };
        let sorted = sorted_micros(&self.snapshot.layer, &request.sort, rows);
        (Cost { micros: 30 + sorted + micros }, rows)
    }

    fn within(&self, request: &WithinRequest) -> Result<FeaturePage, AtlasError> {
        self.found(self.rows_within(request)?, request)
    }

    /// The page of rows in an area.
    pub(super) fn rows_within(&self, request: &WithinRequest) -> Result<RowPage, AtlasError> {
        let (parts, keys) = (&self.snapshot.parts, self.sort_keys(request)?);
        let selected = self.selected(request.datetime, request.filter.as_ref())?;
        let selected = match &request.area {
            Area::Line(picks) => selected.kept(self.words_behind(picks, request.as_of)?),
            Area::Aspect(pick) => selected.kept(self.words_of_aspect(*pick, request.as_of)?),
            _ => selected,
        };
        let after = (request.after.as_ref(), request.limit);
        let within = (after.0.map(|after| after.id), after.1);
        let rows = match &request.area {
            Area::Radius { at, radius_m } => rows_in_radius(&selected, *at, *radius_m),
            Area::Polygon(polygon) => rows_in_polygon(&selected, &PreparedArea::new(polygon)).ok_or_else(|| {
                let expected =
                    "a simpler or smaller polygon: so many edges side by side over so many features take too long";
                Invalid::new("coordinates", expected)
            })?,
            Area::Corridor { lines, radius_m } => rows_in_corridor(&selected, &Corridor::new(lines, *radius_m))
                .ok_or_else(|| {
                    let expected =
                        "a shorter line or a smaller radius_m: so many edges over so many features take too long";
                    Invalid::new("coordinates", expected)
                })?,
            Area::Unit(pick) => self.rows_of_unit(&selected, pick, request.as_of)?,
            Area::Boxes(boxes) if !boxes.iter().any(|bbox| holds(bbox, &parts.bbox_span())) => {
                rows_in_boxes(&selected, boxes)
            }
            Area::Boxes(_) | Area::Everywhere | Area::Line(_) | Area::Aspect(_) => {
                return Ok(if keys.is_empty() {
                    page_of_all(&selected, within)
                } else {
                    sorted_page_of_all(&selected, &keys, after)
                });
            }
        };
        Ok(if keys.is_empty() { page(parts, rows, within) } else { sorted_page(parts, rows, &keys, after) })
    }

    /// What a request's features are sorted by.
    pub(super) fn sort_keys(&self, request: &WithinRequest) -> Result<Vec<SortKey>, Invalid> {
        let layer = &self.snapshot.layer;
        let keys = SortKey::of(layer, self.view, &request.sort)?;
        match &request.after {
            Some(after) if !after.fits(&keys, layer) => {
                Err(Invalid::new("cursor", "the cursor of the page before, with the same question"))
            }
            _ => Ok(keys),
        }
    }

    /// Where a page that ended with the feature with this id ended.
    pub(super) fn ended(&self, id: u64, request: &WithinRequest) -> Result<After, Invalid> {
        let keys = self.sort_keys(request)?;
        let row = self.snapshot.parts.row_of(id).filter(|_| !keys.is_empty());
        Ok(row.map_or(After::id(id), |row| After::feature(&self.snapshot.parts.feature(row), &keys)))
    }

    /// A page of rows as features.
    pub(super) fn found(&self, page: RowPage, request: &WithinRequest) -> Result<FeaturePage, AtlasError> {
        let parts = &self.snapshot.parts;
        let measure = Measure::of(&request.area);
        let found = page.rows.into_iter().map(|row| (row, measure.distance_m(parts.at(row))));
        Ok(FeaturePage {
            matched: page.matched,
            features: self.features(found, request.as_of),
            next: page.next.map(|id| self.ended(id, request)).transpose()?,
            versions: self.versions(),
        })
    }

    fn nearest(&self, request: &NearestRequest) -> Result<FeaturePage, AtlasError> {
        Ok(self.nearest_of(&self.selected(request.datetime, request.filter.as_ref())?, request))
    }

    /// The nearest of some rows.
    pub(super) fn nearest_of(&self, selected: &Selected<'_>, request: &NearestRequest) -> FeaturePage {
        let found = nearest(selected, request.at, request.count);
        let found = found.into_iter().map(|(row, distance_m)| (row, Some(distance_m)));
        let features = self.features(found, request.as_of);
        FeaturePage { matched: features.len() as u64, features, next: None, versions: self.versions() }
    }

    /// The level of a line of a count by unit. The code must be one that a unit of the level has, at any date.
    pub(super) fn level_of(&self, pick: &UnitPick) -> Result<Level, AtlasError> {
        let units = &self.state.units.map;
        let level = match pick {
            UnitPick::Near(level) | UnitPick::Outside(level) | UnitPick::Code(Some(level), _) => *level,
            UnitPick::Code(None, code) => {
                let lowest = units.all().iter().rev().find(|unit| unit.code == *code).map(|unit| unit.level);
                lowest.ok_or_else(|| unknown_unit(code))?
            }
        };
        if let UnitPick::Code(_, code) = pick
            && !units.all().iter().any(|unit| unit.level == level && unit.code == *code)
        {
            return Err(unknown_unit(code).into());
        }
        Ok(level)
    }

    /// The rows behind one line of a count by unit.
    pub(super) fn rows_of_unit(
        &self,
        selected: &Selected<'_>,
        pick: &UnitPick,
        as_of: AsOf,
    ) -> Result<Vec<Row>, AtlasError> {
        let units = &self.state.units.map;
        let answers = self.answers(self.level_of(pick)?, as_of);
        Ok(rows_held(selected, &answers, |held| match (pick, held) {
            (UnitPick::Code(_, code), Holding::Covered(id)) => units.unit(id).is_some_and(|unit| unit.code == *code),
            (UnitPick::Near(_), held) => held.relation() == Relation::Near,
            (UnitPick::Outside(_), held) => held.relation() == Relation::Outside,
            _ => false,
        }))
    }

    pub(super) fn answers(&self, level: Level, as_of: AsOf) -> Arc<Answers> {
        self.snapshot.answers(&self.state.units.map, level, (as_of, self.clock.today))
    }

    pub(super) fn features(&self, rows: impl Iterator<Item = (Row, Option<f64>)>, as_of: AsOf) -> Vec<FoundFeature> {
        let parts = &self.snapshot.parts;
        let answers = self.answers(Level::Commune, as_of);
        rows.map(|(row, distance_m)| {
            let held = answers.of(parts.columns(row), row.row as usize);
            FoundFeature {
                feature: parts.feature(row),
                unit: held.unit().map(|unit| (unit, held.relation())),
                distance_m,
                key: None,
            }
        })
        .collect()
    }

    /// The filter as it fits the layer; that the layer can be asked by time where it is.
    pub(super) fn checked(
        &self,
        datetime: Option<TimeInterval>,
        filter: Option<&AskedFilter>,
    ) -> Result<Option<Filter>, AtlasError> {
        if datetime.is_some() {
            self.time("datetime")?;
        }
        let checked =
            filter.map(|asked| check("filter", asked, &self.snapshot.layer, self.view, &self.clock.zone)).transpose();
        Ok(checked?)
    }

    pub(super) fn selected(
        &self,
        datetime: Option<TimeInterval>,
        filter: Option<&AskedFilter>,
    ) -> Result<Selected<'_>, AtlasError> {
        let filter = self.checked(datetime, filter)?;
        let selected = Selected::in_time(&self.snapshot.parts, self.snapshot.layer.time, datetime, &self.clock.zone);
        Ok(match filter {
            Some(filter) => selected.filtered(&filter),
            None => selected,
        }
        .until(&self.cancel))
    }

    /// That the layer has a time field which this caller may ask about.
    fn time(&self, parameter: &str) -> Result<(), Invalid> {
        has_time(&self.snapshot, self.view, parameter)
    }

    pub(super) fn versions(&self) -> Versions {
        self.state.versions([&self.snapshot])
    }
}

/// The units that hold a place on a day, largest first.
pub(super) fn located(state: &State, (at, as_of): (LonLat, Day)) -> Vec<LocatedUnit> {
    let links = state.units.index.links(at);
    let levels = Level::ALL.into_iter().filter(|level| state.units.map.valid(*level, as_of).next().is_some());
    let located = levels.map(|level| {
        let held = holding(&state.units.map, &links, level, as_of);
        let distance_m = match held {
            Holding::Covered(_) => Some(0.0),
            Holding::Near(unit) => state.units.index.distance_m(unit, at),
            Holding::Outside => None,
        };
        LocatedUnit { level, relation: held.relation(), unit: held.unit(), distance_m }
    });
    located.collect()
}

/// From what distances are told.
enum Measure {
    Place(LonLat),
    Line(Corridor),
    Nothing,
}

impl Measure {
    fn of(area: &Area) -> Self {
        match area {
            Area::Radius { at, .. } => Self::Place(*at),
            Area::Corridor { lines, radius_m } => Self::Line(Corridor::new(lines, *radius_m)),
            _ => Self::Nothing,
        }
    }

    fn distance_m(&self, place: LonLat) -> Option<f64> {
        match self {
            Self::Place(at) => Some(distance_m(*at, place)),
            Self::Line(corridor) => Some(corridor.distance_m(place)),
            Self::Nothing => None,
        }
    }
}

/// Whether the box holds the whole of the other.
fn holds(bbox: &Bbox, other: &Bbox) -> bool {
    let corners = [(other.west, other.south), (other.east, other.north)];
    corners.into_iter().all(|(lon, lat)| bbox.contains(LonLat { lon, lat }))
}

/// That the layer has a time field which the view sees.
pub(super) fn has_time(snapshot: &LayerSnapshot, view: View, parameter: &str) -> Result<(), Invalid> {
    let field = snapshot.layer.time_field().filter(|field| view.sees_field(field));
    field
        .map(|_| ())
        .ok_or_else(|| Invalid::new(parameter, format!("a layer with a time field; {} has none", snapshot.layer.id)))
}

pub(super) fn unknown_unit(code: &str) -> Invalid {
    Invalid::new("unit", format!("the code of a unit, or near, or outside; no unit has the code {code:?}"))
}
