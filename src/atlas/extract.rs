//! All features that a question is about, from one moment, a batch at a time: what files are made of.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use xxhash_rust::xxh3::Xxh3;

use super::lagging::unreadable;
use super::large::refused;
use super::query::Question;
use super::{Atlas, AtlasError, Cost};
use crate::engine::as_of::holding;
use crate::engine::parts::Row;
use crate::engine::unit_map::UnitMap;
use crate::model::{After, AsOf, Feature, FoundFeature, Layer, Level, Versions, View, WithinRequest};
use crate::store::{Extracted, StoreError};

/// Features that are made and written in one turn: long enough to be worth it, short enough that others do not wait.
pub const BATCH: usize = 2_000;

/// Batches on their way from the database.
const BATCHES_IN_FLIGHT: usize = 2;

/// What making and writing one feature takes, microseconds.
const FEATURE_US: u64 = 3;

/// Features in the order asked for, all of one version of their layer.
pub struct Extract {
    /// Whose features.
    pub layer: Arc<Layer>,
    /// The units that name the communes.
    pub units: Arc<UnitMap>,
    /// What it is read from.
    pub versions: Versions,
    /// How many features match, whatever the limit.
    pub matched: u64,
    /// How many of them are given.
    pub rows: u64,
    /// Where they end, where the limit left some out.
    pub next: Option<After>,
    /// Whether features have their senders' keys: where the caller sees everything, of a layer's own table. They are the keys of the
    /// moment when the features are made, and never change but by other programs' hands.
    pub has_keys: bool,
    /// Differs where anything does that decides what is given: question, view, data, units, release.
    pub fingerprint: u64,
    atlas: Arc<Atlas>,
    as_of: AsOf,
    question: Arc<Question>,
    source: Source,
}

enum Source {
    Loaded { rows: Arc<Vec<Row>>, done: usize },
    Database { batches: mpsc::Receiver<Extracted>, task: Task },
}

/// The task that reads the database: it ends when nobody waits for it.
struct Task(Option<JoinHandle<Result<(), StoreError>>>);

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Atlas {
    /// Finds the features that a request is about: no more than its limit, after its cursor.
    pub async fn extract(self: &Arc<Self>, view: View, request: WithinRequest) -> Result<Extract, AtlasError> {
        let question = Arc::new(self.ask(view, &request.layer)?);
        if question.snapshot.large.is_some() {
            return self.extract_large(question, request).await;
        }
        // Keys are read from the table as the file is written: it would break off.
        if question.has_keys() && self.lagging.has(&request.layer) {
            return Err(unreadable(&request.layer));
        }
        let (cost, _) = question.cost_within(&request);
        let (asking, asked) = (Arc::clone(&question), request.clone());
        let page =
            self.tiles.work(cost, move |cancel| Question::clone(&asking).until(cancel).rows_within(&asked)).await??;
        let fingerprint = question.fingerprint(&request, question.snapshot.version);
        let source = Source::Loaded { done: 0, rows: Arc::new(page.rows) };
        let found = (page.matched, page.next.map(|id| question.ended(id, &request)).transpose()?);
        Ok(self.extract_of(question, (&request, fingerprint), found, source))
    }

    async fn extract_large(
        self: &Arc<Self>,
        question: Arc<Question>,
        request: WithinRequest,
    ) -> Result<Extract, AtlasError> {
        let (send, mut batches) = mpsc::channel(BATCHES_IN_FLIGHT);
        let (asking, asked, store) = (Arc::clone(&question), request.clone(), Arc::clone(&self.store));
        // Checked here, so that a filter that does not fit is refused by its name.
        let filter = question.checked(request.datetime, request.filter.as_ref())?;
        let (held, sort) = (question.held_of(&request)?, question.sort_keys(&request)?);
        let task =
            tokio::spawn(async move { asking.send_large(store.as_ref(), &asked, (filter, held, sort), send).await });
        let mut task = Task(Some(task));
        let Some(Extracted::Begun { version, matched, next }) = batches.recv().await else {
            return Err(task.fault().await);
        };
        let parts = question.snapshot.parts.clone();
        let snapshot = Arc::new(question.snapshot.of_rows(version, parts));
        let question = Arc::new(Question { snapshot, ..Question::clone(&question) });
        let fingerprint = question.fingerprint(&request, version);
        Ok(self.extract_of(question, (&request, fingerprint), (matched, next), Source::Database { batches, task }))
    }

    fn extract_of(
        self: &Arc<Self>,
        question: Arc<Question>,
        (request, fingerprint): (&WithinRequest, u64),
        (matched, next): (u64, Option<After>),
        source: Source,
    ) -> Extract {
        let rows = match &source {
            Source::Loaded { rows, .. } => rows.len() as u64,
            // Nothing says how many were before the cursor.
            Source::Database { .. } => matched.min(request.limit as u64),
        };
        Extract {
            layer: Arc::clone(&question.snapshot.layer),
            units: Arc::clone(&question.state.units.map),
            versions: question.versions(),
            matched,
            rows,
            next,
            has_keys: question.has_keys(),
            fingerprint,
            atlas: Arc::clone(self),
            as_of: request.as_of,
            question,
            source,
        }
    }
}

impl Question {
    /// Whether the senders' keys are told.
    fn has_keys(&self) -> bool {
        self.view == View::EVERYTHING && self.snapshot.layer.published.is_none()
    }
}

impl Task {
    /// Why it ended before its time.
    async fn fault(&mut self) -> AtlasError {
        let Some(task) = self.0.take() else { return AtlasError::Fault("the database was read to its end".into()) };
        match task.await {
            Ok(Ok(())) => AtlasError::Fault("the database gave no rows".into()),
            Ok(Err(error)) => refused(error),
            Err(fault) => AtlasError::Fault(fault.to_string()),
        }
    }

    /// That it ended well.
    async fn ended(&mut self) -> Result<(), AtlasError> {
        match self.0.take() {
            None => Ok(()),
            Some(task) => task.await.map_err(|fault| AtlasError::Fault(fault.to_string()))?.map_err(refused),
        }
    }
}

impl Extract {
    /// Gives the next features to `take`, on a thread of its own when the line of work comes to it; nothing at the end. `state` is
    /// what the taker keeps from one batch to the next.
    ///
    /// Between two batches nothing is held but the rows' numbers: others are served, and a slow reader costs no slot.
    pub async fn next<S: Send + 'static, T: Send + 'static>(
        &mut self,
        mut state: S,
        take: impl FnOnce(&mut S, &[FoundFeature]) -> T + Send + 'static,
    ) -> Result<(S, Option<T>), AtlasError> {
        let (question, as_of) = (Arc::clone(&self.question), self.as_of);
        match &mut self.source {
            Source::Loaded { rows, done } => {
                let (first, rows) = (*done, Arc::clone(rows));
                let end = rows.len().min(first + BATCH);
                if first == end {
                    return Ok((state, None));
                }
                *done = end;
                let ids = rows[first..end].iter().map(|row| question.snapshot.parts.id(*row)).collect();
                let keys = keys(&self.atlas, (self.has_keys, &self.layer), ids).await?;
                let work = move || {
                    let batch = rows.get(first..end).unwrap_or_default();
                    let features = question.features(batch.iter().map(|row| (*row, None)), as_of);
                    let taken = take(&mut state, &keyed(features, keys));
                    (state, Some(taken))
                };
                self.atlas.tiles.in_turn(cost(end - first), work).await
            }
            Source::Database { batches, task } => match batches.recv().await {
                Some(Extracted::Rows(features)) => {
                    let ids = features.iter().map(|feature| feature.id).collect();
                    let keys = keys(&self.atlas, (self.has_keys, &self.layer), ids).await?;
                    let work = move || {
                        let taken = take(&mut state, &keyed(question.held_features(features, as_of), keys));
                        (state, Some(taken))
                    };
                    self.atlas.tiles.in_turn(cost(BATCH), work).await
                }
                Some(Extracted::Begun { .. }) => Err(AtlasError::Fault("the database began twice".into())),
                None => task.ended().await.map(|()| (state, None)),
            },
        }
    }
}

/// The keys of features by their ids, where they are told.
async fn keys(
    atlas: &Atlas,
    (are_told, layer): (bool, &Layer),
    ids: Vec<u64>,
) -> Result<HashMap<u64, String>, AtlasError> {
    if are_told { atlas.store.keys(layer, &ids).await.map_err(refused) } else { Ok(HashMap::new()) }
}

fn keyed(mut features: Vec<FoundFeature>, mut keys: HashMap<u64, String>) -> Vec<FoundFeature> {
    for found in &mut features {
        found.key = keys.remove(&found.feature.id);
    }
    features
}

fn cost(features: usize) -> Cost {
    Cost { micros: features as u64 * FEATURE_US }
}

impl Question {
    /// Everything that decides what is given: a strong tag is made of it.
    fn fingerprint(&self, request: &WithinRequest, version: u64) -> u64 {
        let mut hash = Xxh3::new();
        // Another release may write the same data otherwise.
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update(format!("{request:?} {:?}", self.view).as_bytes());
        let snapshot = &self.snapshot;
        // "Today" decides for features without a date.
        let numbers = [
            self.state.units.map.fingerprint(),
            u64::from(self.clock.today.0.unsigned_abs()),
            snapshot.fingerprint(),
            snapshot.definition,
            version,
        ];
        for number in numbers {
            hash.update(&number.to_le_bytes());
        }
        hash.digest()
    }

    /// Features with their communes, which are looked up for each by itself.
    fn held_features(&self, features: Vec<Feature>, as_of: AsOf) -> Vec<FoundFeature> {
        let (layer, units) = (&self.snapshot.layer, &self.state.units.map);
        let found = features.into_iter().map(|feature| {
            let day = match as_of {
                AsOf::Day(day) => day,
                AsOf::Own => layer.own_day(&feature.values, &self.clock),
            };
            let held = holding(units, &feature.units, Level::Commune, day);
            FoundFeature { feature, unit: held.unit().map(|unit| (unit, held.relation())), distance_m: None, key: None }
        });
        found.collect()
    }
}
