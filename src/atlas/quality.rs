//! How good the rows of a layer are.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::cost::filter_micros;
use super::large::refused;
use super::query::Question;
use super::snapshot::LayerSnapshot;
use super::{Atlas, AtlasError, Cost};
use crate::engine::crowds::crowds;
use crate::model::{Aspect, AspectPick, FindingKind, Freshness, Layer, LayerId, LayerQuality, QualityRequest, View};
use crate::store::{LeftOut, LeftOutPage};

/// Rows that layers' tables have and the map does not, as they were counted at a version. One table is read at a time, however
/// many ask, and whether they wait for it or not: a turn is as long as the reading.
#[derive(Default)]
pub(super) struct LeftOutCounts {
    known: Mutex<HashMap<LayerId, FindingCounts>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl LeftOutCounts {
    fn lock(&self) -> MutexGuard<'_, HashMap<LayerId, FindingCounts>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, snapshot: &LayerSnapshot) -> Option<Vec<(FindingKind, u64)>> {
        let known = self.lock();
        let (_, counts) = known.get(&snapshot.layer.id).filter(|(version, _)| *version == snapshot.version)?;
        Some(counts.clone())
    }
}

/// The version, and how many rows have which fault.
type FindingCounts = (u64, Vec<(FindingKind, u64)>);

impl Atlas {
    /// What is counted of a layer's rows.
    pub async fn quality(self: &Arc<Self>, view: View, request: QualityRequest) -> Result<LayerQuality, AtlasError> {
        let question = self.ask(view, &request.layer)?;
        // Neither a filter nor a time can be asked of a row that is no feature.
        let left_out = match (request.datetime, &request.filter) {
            (None, None) => match self.left_out_counts(&question.snapshot).await {
                // What is held of it can be told all the same.
                Err(AtlasError::Unreadable { .. }) if question.snapshot.large.is_none() => None,
                counted => Some(counted?),
            },
            _ => None,
        };
        let counted = if question.snapshot.large.is_some() {
            question.quality_large(self.store.as_ref(), &request).await?
        } else {
            let cost = question.cost_of_quality(&request);
            self.tiles.work(cost, move |cancel| question.until(cancel).quality(&request)).await??
        };
        Ok(LayerQuality { left_out, ..counted })
    }

    /// When each layer was last written, by its id. Asked of the store.
    pub async fn freshness(&self) -> Result<BTreeMap<String, Freshness>, AtlasError> {
        self.store.freshness().await.map_err(refused)
    }

    /// Rows of a layer's table that are no features, a page of them. Asked of the store, whose whole table is read.
    pub async fn left_out(
        &self,
        view: View,
        id: &LayerId,
        page: &LeftOutPage,
    ) -> Result<(Arc<Layer>, LeftOut), AtlasError> {
        let layer = self.layer(view, id)?.layer;
        let turn = Arc::clone(&self.left_out.turn).lock_owned().await;
        let found = self.read_left_out(turn, &layer, page).await?;
        Ok((layer, found))
    }

    async fn left_out_counts(&self, snapshot: &LayerSnapshot) -> Result<Vec<(FindingKind, u64)>, AtlasError> {
        if let Some(counts) = self.left_out.of(snapshot) {
            return Ok(counts);
        }
        let turn = Arc::clone(&self.left_out.turn).lock_owned().await;
        // Whoever had the turn before may have read the same table.
        if let Some(counts) = self.left_out.of(snapshot) {
            return Ok(counts);
        }
        Ok(self.read_left_out(turn, &snapshot.layer, &LeftOutPage::default()).await?.counts)
    }

    /// Reads the rows to the end, also when the caller goes away meanwhile: what was counted is kept for the next one.
    async fn read_left_out(
        &self,
        turn: OwnedMutexGuard<()>,
        layer: &Arc<Layer>,
        page: &LeftOutPage,
    ) -> Result<LeftOut, AtlasError> {
        let (store, known) = (Arc::clone(&self.store), Arc::clone(&self.left_out));
        let (layer, page) = (Arc::clone(layer), page.clone());
        let reading = tokio::spawn(async move {
            let _turn = turn;
            let found = store.left_out(&layer, &page).await?;
            known.lock().insert(layer.id.clone(), (found.version, found.counts.clone()));
            Ok(found)
        });
        let found = reading.await.map_err(|fault| AtlasError::Fault(fault.to_string()))?;
        found.map_err(refused)
    }
}

impl Question {
    /// Each aspect is a pass over all rows, at some nanoseconds a row.
    fn cost_of_quality(&self, request: &QualityRequest) -> Cost {
        let passes = Aspect::all().count() as u64;
        Cost { micros: 100 + self.rows() * passes / 300 + filter_micros(request.filter.as_ref(), self.rows()) }
    }

    fn quality(&self, request: &QualityRequest) -> Result<LayerQuality, AtlasError> {
        let selected = self.selected(request.datetime, request.filter.as_ref())?.words();
        let pick = |aspect| AspectPick { aspect, today: request.today };
        let aspects = self.aspects(pick, &crowds(&self.snapshot.parts));
        let count = |(aspect, asks)| (aspect, in_both(&selected, &self.words_of(asks, request.as_of)));
        Ok(LayerQuality {
            features: in_both(&selected, &selected),
            left_out: None,
            counts: aspects.into_iter().map(count).collect(),
            versions: self.versions(),
        })
    }
}

/// How many rows have their bits set in both.
fn in_both(some: &[Vec<u64>], others: &[Vec<u64>]) -> u64 {
    let words = some.iter().zip(others).flat_map(|(some, others)| some.iter().zip(others));
    words.map(|(word, other)| u64::from((word & other).count_ones())).sum()
}
