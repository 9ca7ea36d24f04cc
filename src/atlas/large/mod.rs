//! Layers that are not loaded: the database says which rows an answer is about, and counts them; the engine draws and measures
//! what is left, so that both ways give one answer.

mod count;
mod counted;
mod extract;
mod named;
mod quality;
mod query;
mod tile;

use jiff::tz::TimeZone;

pub use counted::LargeLayer;
pub use named::{named_large, parts_of_named};
pub use tile::Fetched;

use super::{AtlasError, RETRY_AFTER_MS};
use crate::engine::columns::ColumnsBuilder;
use crate::engine::parts::Parts;
use crate::model::{AsOf, Feature, Field, Layer, View};
use crate::store::StoreError;

/// Rows above which columns are built on a thread of their own.
const FEW_ROWS: usize = 1_000;

/// Columns of some rows.
async fn parts_of(layer: &Layer, zone: &TimeZone, features: Vec<Feature>) -> Result<Parts, AtlasError> {
    let mut builder = ColumnsBuilder::new(layer, zone);
    let few = features.len() <= FEW_ROWS;
    let build = move || {
        builder.push(&features);
        Parts::new(builder.finish())
    };
    if few {
        return Ok(build());
    }
    let built = tokio::task::spawn_blocking(build).await;
    built.map_err(|fault| AtlasError::Fault(fault.to_string()))
}

/// The fields that are read: those that the view sees and that are asked for, and the time where it says which units hold a
/// feature on its own date. No other is fetched.
fn fields_read(layer: &Layer, view: View, as_of: AsOf, asks: impl Fn(&str) -> bool) -> Vec<usize> {
    let by_time = layer.time.filter(|_| as_of == AsOf::Own && asks("unit"));
    let read =
        |(index, field): &(usize, &Field)| view.sees_field(field) && asks(&field.name) || by_time == Some(*index);
    layer.fields.iter().enumerate().filter(read).map(|(index, _)| index).collect()
}

/// Why the atlas gives no answer where the store gave none.
pub fn refused(error: StoreError) -> AtlasError {
    match error {
        StoreError::Unreachable { .. } => AtlasError::Unavailable { retry_after_ms: RETRY_AFTER_MS },
        StoreError::Unreadable { layer, cause } => {
            tracing::warn!(layer.id = %layer, cause, "a layer's table cannot be read");
            AtlasError::Unreadable { layer, retry_after_ms: RETRY_AFTER_MS }
        }
        StoreError::InUse { .. } => AtlasError::InUse { retry_after_ms: RETRY_AFTER_MS },
        StoreError::TooLong { .. } => AtlasError::TooLong { retry_after_ms: RETRY_AFTER_MS },
        StoreError::Refused(refusal) => AtlasError::Refused(refusal),
        StoreError::Busy => AtlasError::Overloaded { retry_after_ms: RETRY_AFTER_MS },
        fault => AtlasError::Fault(fault.to_string()),
    }
}
