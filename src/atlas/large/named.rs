use super::{fields_read, parts_of, refused};
use crate::atlas::AtlasError;
use crate::atlas::query::Question;
use crate::atlas::search::name_field;
use crate::engine::names::AskedName;
use crate::model::{AsOf, Feature, LonLat};
use crate::store::{LargeLayers, NamedRows, StoreError, Wanted};

/// The features of a layer in the database whose names fit best. None where the database did not answer in the time there is, or
/// not at all: the rest of a search is worth having.
pub async fn named_large(
    store: &dyn LargeLayers,
    question: &Question,
    (asked, near, most): (&AskedName, Option<LonLat>, usize),
) -> Result<Option<NamedRows>, AtlasError> {
    let layer = &question.snapshot.layer;
    let Some(name) = name_field(layer, question.view) else { return Ok(None) };
    let is_name = |field: &str| layer.fields.get(name).is_some_and(|named| named.name == field);
    let fields = fields_read(layer, question.view, AsOf::Day(question.clock.today), is_name);
    let wanted = Wanted { layer, fields, filter: None, datetime: None, zone: &question.clock.zone };
    match store.named(&wanted, (name, asked), (near, most)).await {
        Ok(found) => Ok(Some(found.found)),
        Err(
            StoreError::TooLong { .. }
            | StoreError::Busy
            | StoreError::Unreachable { .. }
            | StoreError::Unreadable { .. },
        ) => Ok(None),
        Err(fault) => Err(refused(fault)),
    }
}

/// The same question about the rows that the database found.
pub async fn parts_of_named(question: &Question, features: Vec<Feature>) -> Result<Question, AtlasError> {
    let parts = parts_of(&question.snapshot.layer, &question.clock.zone, features).await?;
    Ok(Question {
        state: std::sync::Arc::clone(&question.state),
        snapshot: std::sync::Arc::new(question.snapshot.of_rows(question.snapshot.version, parts)),
        view: question.view,
        clock: question.clock.clone(),
        cancel: question.cancel.clone(),
    })
}
