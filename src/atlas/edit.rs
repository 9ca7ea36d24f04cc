use super::large::refused;
use super::{Atlas, AtlasError};
use crate::engine::as_of::holding;
use crate::model::{Feature, FoundFeature, LayerId, Level, Versions, View};
use crate::store::{Edit, Refusal, StoreError};

/// Features after an edit.
#[derive(Debug, Clone, PartialEq)]
pub struct EditedFeatures {
    /// For each step the feature as it is stored now, with its commune on its own date; none where it is gone.
    pub found: Vec<Option<FoundFeature>>,
    /// The layer's version that has them, and the units' that they are told with.
    pub versions: Versions,
}

impl Atlas {
    /// Writes a layer that the view sees, all of the edits or none. What was written is shown here soon after, see
    /// [`Atlas::reach`].
    pub async fn edit(&self, view: View, id: &LayerId, edits: Vec<Edit>) -> Result<EditedFeatures, AtlasError> {
        let layer = self.layer(view, id)?.layer;
        if let Some(why) = self.read_only(view, id)? {
            return Err(AtlasError::Refused(Refusal::ReadOnly { layer: id.to_string(), why }));
        }
        let edited = self.store.edit(&layer, edits).await.map_err(|error: StoreError| refused(error))?;
        let (units, clock) = (self.units(), self.clock());
        let found = |feature: Feature| {
            let day = layer.own_day(&feature.values, &clock);
            let held = holding(&units, &feature.units, Level::Commune, day);
            FoundFeature { unit: held.unit().map(|unit| (unit, held.relation())), feature, distance_m: None }
        };
        let versions = Versions::from([(id.to_string(), edited.version), ("units".to_owned(), units.version())]);
        Ok(EditedFeatures { found: edited.features.into_iter().map(|feature| feature.map(found)).collect(), versions })
    }

    /// Why a layer takes no edits; none where it takes some.
    pub fn read_only(&self, view: View, id: &LayerId) -> Result<Option<String>, AtlasError> {
        let layer = self.layer(view, id)?.layer;
        Ok(layer.published.as_ref().map(|source| format!("it is the table {} of others: write there", source.table)))
    }
}
