use std::sync::Arc;

use super::lagging::unreadable;
use super::large::refused;
use super::{Atlas, AtlasError};
use crate::engine::as_of::holding;
use crate::engine::unit_map::UnitMap;
use crate::model::{Feature, FoundFeature, Layer, LayerId, Level, Versions, View};
use crate::store::{Author, Batch, BatchPage, BatchRow, Edit, Refusal, StoreError};

/// Features after an edit.
pub struct EditedFeatures {
    /// For each step the feature as it is stored now, with its commune on its own date; none where it is gone.
    pub found: Vec<Option<FoundFeature>>,
    /// The layer's version that has them, and the units' that they are told with.
    pub versions: Versions,
    /// Those units.
    pub units: Arc<UnitMap>,
}

impl Atlas {
    /// Writes a layer that the view sees, all of the edits or none. What was written is shown here soon after, see
    /// [`Atlas::reach`].
    pub async fn edit(
        &self,
        view: View,
        id: &LayerId,
        (edits, author): (Vec<Edit>, &Author),
    ) -> Result<EditedFeatures, AtlasError> {
        let layer = self.layer(view, id)?.layer;
        if let Some(why) = self.read_only(view, id)? {
            return Err(AtlasError::Refused(Refusal::ReadOnly { layer: id.to_string(), why }));
        }
        if self.lagging.has(id) {
            return Err(unreadable(id));
        }
        let edited = self.store.edit(&layer, edits, author).await.map_err(|error: StoreError| refused(error))?;
        let (units, clock) = (self.units(), self.clock());
        let found = |feature: Feature| {
            let day = layer.own_day(&feature.values, &clock);
            let held = holding(&units, &feature.units, Level::Commune, day);
            FoundFeature { unit: held.unit().map(|unit| (unit, held.relation())), feature, distance_m: None, key: None }
        };
        let versions = Versions::from([(id.to_string(), edited.version), ("units".to_owned(), units.version())]);
        let found = edited.features.into_iter().map(|feature| feature.map(found)).collect();
        Ok(EditedFeatures { found, versions, units })
    }

    /// Batches of the layers that the view sees, the newest first.
    pub async fn batches(&self, view: View, page: &BatchPage) -> Result<Vec<Batch>, AtlasError> {
        let batches = self.store.batches(page).await.map_err(refused)?;
        Ok(batches.into_iter().filter(|batch| self.layer_of(view, batch).is_ok()).collect())
    }

    /// One batch of a layer that the view sees, with its first rows.
    pub async fn batch(&self, view: View, id: u64) -> Result<(Batch, Vec<BatchRow>), AtlasError> {
        let found = self.store.batch(id).await.map_err(refused)?;
        let batch = found.ok_or(AtlasError::Refused(Refusal::NoBatch { batch: id }))?;
        let layer = self.layer_of(view, &batch)?;
        let rows = self.store.batch_rows(&layer, id).await.map_err(refused)?;
        Ok((batch, rows))
    }

    /// Undoes a batch of a layer that the view sees; gives the batch that did it.
    pub async fn undo(&self, view: View, id: u64, author: &Author) -> Result<Batch, AtlasError> {
        let found = self.store.batch(id).await.map_err(refused)?;
        let batch = found.ok_or(AtlasError::Refused(Refusal::NoBatch { batch: id }))?;
        let layer = self.layer_of(view, &batch)?;
        self.store.undo(&layer, id, author).await.map_err(refused)
    }

    fn layer_of(&self, view: View, batch: &Batch) -> Result<std::sync::Arc<Layer>, AtlasError> {
        // By the catalogue: what became of a layer is told also while its table cannot be read.
        let seen = self.catalogue.layers.iter().find(|layer| layer.id.as_str() == batch.layer && view.sees(layer));
        let seen = seen.map(|layer| std::sync::Arc::new(layer.clone()));
        seen.ok_or(AtlasError::Refused(Refusal::NoBatch { batch: batch.id }))
    }

    /// Why a layer takes no edits; none where it takes some.
    pub fn read_only(&self, view: View, id: &LayerId) -> Result<Option<String>, AtlasError> {
        let layer = self.layer(view, id)?.layer;
        Ok(layer.published.as_ref().map(|source| format!("it is the table {} of others: write there", source.table)))
    }
}
