use std::sync::Arc;

use super::{Atlas, AtlasError, WithUnits};
use crate::engine::convert::convert;
use crate::model::{Conversion, ConvertRequest, Versions};

impl Atlas {
    /// What became of a unit, or what it was made of.
    pub fn convert(&self, request: &ConvertRequest) -> Result<WithUnits<(Conversion, Versions)>, AtlasError> {
        let state = self.state();
        let answer = convert(&state.units.map, &state.units.index, request)?;
        Ok(((answer, state.versions([])), Arc::clone(&state.units.map)))
    }
}
