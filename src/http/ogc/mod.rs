//! `/ogc/…`: OGC API Features (Parts 1 to 5) and OGC API Tiles, for programs that speak the standards, and as pages for people.
//!
//! One file for each resource. `form` chooses between JSON and a page, `links` and `html` write what all of them share.

mod api;
mod api_31;
mod api_others;
mod api_parts;
mod collections;
mod conformance;
mod edits;
mod files;
mod form;
mod functions;
mod html;
mod item;
mod items;
mod items_asked;
mod landing;
mod links;
mod place;
mod queryables;
mod receivables;
mod tile_matrix_sets;
mod tilesets;
mod time;

pub use api::api;
pub use collections::{collection, collections};
pub use conformance::conformance;
pub use edits::{create, remove, replace, update};
pub use functions::functions;
pub use html::style;
pub use item::item;
pub use items::{CONTENT_CRS, items};
pub use landing::landing;
pub use queryables::{queryables, schema, sortables};
pub use tile_matrix_sets::{tile_matrix_set, tile_matrix_sets};
pub use tilesets::{tile, tileset, tilesets};

use super::Service;
use super::problem::{Kind, Problem};
use crate::atlas::{AtlasError, LayerSummary};
use crate::model::{LayerId, Title};

/// The collection with this id: a layer that the server's view sees.
fn seen(service: &Service, id: &str) -> Result<LayerSummary, Problem> {
    let unknown = || {
        Problem::of(
            Kind::NotFound,
            "collectionId",
            format!("expected a collection that exists; none is called {id:.120?}, see /ogc/collections"),
        )
    };
    let layer = LayerId::parse("collectionId", id).map_err(|_| unknown())?;
    service.atlas.layer(service.settings.view, &layer).map_err(|error| match error {
        AtlasError::UnknownLayer(_) => unknown(),
        other => other.into(),
    })
}

/// A name for people where there is room for one text only.
fn in_both(title: &Title) -> String {
    format!("{} / {}", title.vi, title.en)
}
