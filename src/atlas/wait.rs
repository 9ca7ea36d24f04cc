use super::{Atlas, AtlasError};
use crate::model::{Versions, View};

impl Atlas {
    /// Whether the state shown now has at least these versions of layers and of `units`. [`AtlasError::UnknownLayer`] for a
    /// layer that the view does not see.
    pub fn has_reached(&self, view: View, least: &Versions) -> Result<bool, AtlasError> {
        let now = self.versions(view);
        for (name, least) in least {
            let shown = now.get(name).ok_or_else(|| AtlasError::UnknownLayer(name.clone()))?;
            if shown < least {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Completes as soon as [`Atlas::has_reached`] says so, which may be never: the caller sets the limit.
    pub async fn reach(&self, view: View, least: &Versions) -> Result<(), AtlasError> {
        // Subscribed before the first look: what is shown in between is not missed.
        let mut shown = self.shown();
        while !self.has_reached(view, least)? {
            // The sender is a part of the atlas that is borrowed here, so it is not gone.
            let _ = shown.changed().await;
        }
        Ok(())
    }
}
