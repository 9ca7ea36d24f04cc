//! Units and features by name: the units are looked through, each layer in memory is asked by the index of its names, each one in
//! the database by SQL, and the best of all are put in one order.

use std::sync::Arc;

use super::large::{named_large, parts_of_named};
use super::load::large_layers;
use super::query::Question;
use super::snapshot::{LayerSnapshot, State};
use super::{Atlas, AtlasError, Cost, WithUnits};
use crate::engine::cancel::Cancel;
use crate::engine::convert::became;
use crate::engine::geodesic::distance_m;
use crate::engine::names::{AskedName, named, plain};
use crate::engine::parts::Row;
use crate::engine::select::Selected;
use crate::model::{
    AsOf, FeatureHit, Fit, Hit, Invalid, Layer, LayerId, NameSource, Named, SearchPage, SearchRequest, UnitHit, Value,
    View,
};

/// Where a hit stands: by fit, units before features, then as each of the two is ordered.
type Place = (Fit, bool, [u64; 3], String, String, usize, u64);

impl Atlas {
    /// The units of all dates and the features of the layers that the view sees, whose names fit what is asked.
    pub async fn search(
        self: &Arc<Self>,
        view: View,
        request: SearchRequest,
    ) -> Result<WithUnits<SearchPage>, AtlasError> {
        let asked = AskedName::new("q", &request.text)?;
        let state = self.state();
        let (layers, mut incomplete) = self.searched(&state, view, &request)?;
        let versions = state.versions(&layers);
        let (large, held): (Vec<_>, Vec<_>) =
            layers.into_iter().enumerate().partition(|(_, snapshot)| snapshot.large.is_some());
        let names: u64 = held.iter().map(|(_, snapshot)| snapshot.parts.len() as u64).sum();
        let search = Search { state, view, clock: self.clock(), asked, request };
        let cost = Cost { micros: 100 + search.state.units.map.all().len() as u64 + names / 200 };
        let (search, mut hits) = self
            .tiles
            .work(cost, move |cancel| {
                let mut hits = search.units();
                for (order, layer) in &held {
                    hits.extend(search.in_memory((*order, layer), cancel));
                }
                (search, hits)
            })
            .await?;
        for (order, snapshot) in &large {
            let question = search.question(snapshot, &Cancel::default());
            let store = large_layers(self.store.as_ref(), &snapshot.layer);
            let store = store.map_err(|fault| AtlasError::Fault(fault.to_string()))?;
            match named_large(store, &question, (&search.asked, search.request.near, search.most())).await? {
                Some(found) => {
                    if !found.whole {
                        incomplete.push(snapshot.layer.id.clone());
                    }
                    hits.extend(search.of_database((*order, &question), found.rows).await?);
                }
                None => incomplete.push(snapshot.layer.id.clone()),
            }
        }
        hits.sort_by(|(a, _), (b, _)| a.cmp(b));
        let more = hits.len() > search.request.limit;
        hits.truncate(search.request.limit);
        let page = SearchPage { hits: hits.into_iter().map(|(_, hit)| hit).collect(), more, incomplete, versions };
        Ok((page, Arc::clone(&search.state.units.map)))
    }

    /// The layers to look in, in the catalogue's order, and those that cannot be read now. Layers without names, or whose names the view
    /// does not see, are left out where they are not asked for.
    fn searched(
        &self,
        state: &State,
        view: View,
        request: &SearchRequest,
    ) -> Result<(Vec<Arc<LayerSnapshot>>, Vec<LayerId>), AtlasError> {
        for source in &request.sources {
            let NameSource::Layer(id) = source else { continue };
            let snapshot = state.layer(view, id)?;
            if name_field(&snapshot.layer, view).is_none() {
                return Err(Invalid::new("layer", format!("a layer whose features have names; {id} has none")).into());
            }
        }
        let wanted = |layer: &&Layer| {
            let is_named = |source: &NameSource| *source == NameSource::Layer(layer.id.clone());
            request.sources.is_empty() || request.sources.iter().any(is_named)
        };
        let layers = self.catalogue.layers.iter().filter(wanted).filter(|layer| name_field(layer, view).is_some());
        let (mut found, mut unreadable) = (Vec::new(), Vec::new());
        for layer in layers {
            match state.layer(view, &layer.id) {
                Ok(snapshot) => found.push(Arc::clone(snapshot)),
                Err(_) => unreadable.push(layer.id.clone()),
            }
        }
        Ok((found, unreadable))
    }

    /// Indexes the names of the layers in memory that nobody has looked for yet, in the background: about a second a million.
    pub(super) fn prepare_names(&self) {
        let state = self.state();
        tokio::task::spawn_blocking(move || {
            for snapshot in state.layers.values() {
                let Some(field) = snapshot.layer.name else { continue };
                for part in snapshot.parts.iter() {
                    let _ = part.columns.names(field);
                }
            }
        });
    }
}

/// The field with the names of a layer's features, where the view sees it.
pub(super) fn name_field(layer: &Layer, view: View) -> Option<usize> {
    let named = layer.name.and_then(|index| Some((index, layer.fields.get(index)?)));
    named.filter(|(_, field)| view.sees(layer) && view.sees_field(field)).map(|(index, _)| index)
}

/// One search, kept for as long as its answer takes.
struct Search {
    state: Arc<State>,
    view: View,
    clock: crate::model::Clock,
    asked: AskedName,
    request: SearchRequest,
}

impl Search {
    /// One more than are given: it tells whether there are more.
    fn most(&self) -> usize {
        self.request.limit + 1
    }

    fn question(&self, snapshot: &Arc<LayerSnapshot>, cancel: &Cancel) -> Question {
        Question {
            state: Arc::clone(&self.state),
            snapshot: Arc::clone(snapshot),
            view: self.view,
            clock: self.clock.clone(),
            cancel: cancel.clone(),
        }
    }

    fn units(&self) -> Vec<(Place, Hit)> {
        let (units, borders) = (&self.state.units.map, &self.state.units.borders);
        let wanted = |level| {
            let is_wanted = |source: &NameSource| match source {
                NameSource::Units(only) => only.is_none_or(|only| only == level),
                NameSource::Layer(_) => false,
            };
            self.request.sources.is_empty() || self.request.sources.iter().any(is_wanted)
        };
        let mut found = Vec::new();
        for unit in self.state.units.names.find(units, &self.asked, self.request.as_of) {
            let Some(known) = units.unit(unit.unit).filter(|known| wanted(known.level)) else { continue };
            let at = borders.label(unit.unit);
            let distance_m = self.request.near.and_then(|near| at.map(|at| distance_m(near, at)));
            // Distances are not negative: their bits are in their order. Those of equal distance keep the order found.
            let former = !known.valid.contains(self.request.as_of);
            let order = [u64::from(former), known.level as u64, distance_m.map_or(u64::MAX, f64::to_bits)];
            found.push(((unit.fit, false, order, String::new(), String::new(), found.len(), 0), unit, at));
        }
        found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        found.truncate(self.most());
        let hit = |(place, unit, at): (Place, crate::engine::names::FoundUnit, _)| {
            let known = units.unit(unit.unit).filter(|known| !known.valid.contains(self.request.as_of));
            let became = known.map_or_else(Vec::new, |known| became(units, known, self.request.as_of));
            let bbox = borders.bbox(unit.unit);
            let distance_m = self.request.near.and_then(|near| Option::map(at, |at| distance_m(near, at)));
            let named = Named::Unit(UnitHit { unit: unit.unit, at, bbox, became });
            (place, Hit { fit: unit.fit, distance_m, named })
        };
        found.into_iter().map(hit).collect()
    }

    fn in_memory(&self, (order, layer): (usize, &Arc<LayerSnapshot>), cancel: &Cancel) -> Vec<(Place, Hit)> {
        let Some(field) = name_field(&layer.layer, self.view) else { return Vec::new() };
        let question = self.question(layer, cancel);
        let selected = Selected::everything(&layer.parts).until(cancel);
        let found = named(&selected, field, &self.asked, self.request.near, self.most());
        let rows: Vec<_> = found.into_iter().map(|found| (found.row, found.fit, found.distance_m)).collect();
        self.hits((order, &question), &rows)
    }

    async fn of_database(
        &self,
        (order, question): (usize, &Question),
        rows: Vec<(crate::model::Feature, Fit)>,
    ) -> Result<Vec<(Place, Hit)>, AtlasError> {
        let fits: Vec<(u64, Fit)> = rows.iter().map(|(feature, fit)| (feature.id, *fit)).collect();
        let features = rows.into_iter().map(|(feature, _)| feature).collect();
        let question = parts_of_named(question, features).await?;
        let parts = &question.snapshot.parts;
        let row = |(id, fit): &(u64, Fit)| {
            let row = parts.row_of(*id)?;
            Some((row, *fit, self.request.near.map(|near| distance_m(near, parts.at(row)))))
        };
        Ok(self.hits((order, &question), &fits.iter().filter_map(row).collect::<Vec<_>>()))
    }

    fn hits(&self, (order, question): (usize, &Question), rows: &[(Row, Fit, Option<f64>)]) -> Vec<(Place, Hit)> {
        let layer = &question.snapshot.layer;
        let asked = rows.iter().map(|(row, _, distance_m)| (*row, *distance_m));
        let features = question.features(asked, AsOf::Day(self.request.as_of));
        let hits = rows.iter().zip(features).map(|((_, fit, distance_m), found)| {
            let name = match layer.name.and_then(|field| found.feature.values.get(field)) {
                Some(Value::Text(name)) => name.clone(),
                _ => String::new(),
            };
            let id = found.feature.id;
            let place = match distance_m {
                Some(metres) => (*fit, true, [metres.to_bits(), 0, 0], String::new(), String::new(), order, id),
                None => (*fit, true, [0; 3], plain(&name), name.clone(), order, id),
            };
            let feature = FeatureHit { layer: layer.id.clone(), name, found };
            (place, Hit { fit: *fit, distance_m: *distance_m, named: Named::Feature(Box::new(feature)) })
        });
        hits.collect()
    }
}
