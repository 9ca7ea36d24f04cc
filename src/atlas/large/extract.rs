use tokio::sync::mpsc;

use super::fields_read;
use crate::atlas::AtlasError;
use crate::atlas::load::large_layers;
use crate::atlas::query::Question;
use crate::model::filter::Filter;
use crate::model::{Area, SortKey, WithinRequest};
use crate::store::{Extracted, Held, LargeArea, LargePage, Store, StoreError, Wanted};

impl Question {
    /// Which rows of the join a request picks, where it asks for those of a unit.
    pub fn held_of(&self, request: &WithinRequest) -> Result<Option<Held>, AtlasError> {
        match &request.area {
            Area::Unit(pick) => self.held(pick, request.as_of).map(Some),
            _ => Ok(None),
        }
    }

    /// Sends the features that a request is about, of a layer that is not loaded.
    pub async fn send_large(
        &self,
        store: &dyn Store,
        request: &WithinRequest,
        (filter, held, sort): (Option<Filter>, Option<Held>, Vec<SortKey>),
        rows: mpsc::Sender<Extracted>,
    ) -> Result<(), StoreError> {
        let layer = &*self.snapshot.layer;
        let wanted = Wanted {
            layer,
            fields: fields_read(layer, self.view, request.as_of, |_| true),
            filter: filter.as_ref(),
            datetime: request.datetime,
            zone: &self.clock.zone,
        };
        let area = match (&request.area, held) {
            (Area::Radius { at, radius_m }, _) => LargeArea::Radius(*at, *radius_m),
            (Area::Polygon(polygon), _) => LargeArea::Polygon(polygon),
            (Area::Boxes(boxes), _) => LargeArea::Boxes(boxes),
            (Area::Unit(_), Some(held)) => LargeArea::Held(held),
            (Area::Everywhere | Area::Unit(_), _) => LargeArea::Everywhere,
            (Area::Corridor { .. } | Area::Line(_) | Area::Aspect(_), _) => {
                let cause = "a corridor, a row of a count and a number of quality are asked by pages".to_owned();
                return Err(StoreError::Fault { doing: format!("extracting {}", layer.id), cause });
            }
        };
        let page = LargePage { sort: &sort, after: request.after.as_ref(), limit: request.limit };
        large_layers(store, layer)?.extract(&wanted, &area, page, &rows).await
    }
}
