//! The live map in memory, over a store that changes when it should not.

use std::sync::Arc;

use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::model::View;

use crate::support::province::{self, HOSPITALS, WORKS};
use crate::support::shelf::Shelf;

#[tokio::test]
async fn layers_that_change_while_others_are_loaded_are_first_shown_as_of_one_moment() {
    let catalogue = province::catalogue();
    let shelf = Arc::new(Shelf::new(province::units(), province::changes()));
    // The layer that is loaded first, and a later one.
    assert_eq!(catalogue.layers[0].id.as_str(), WORKS);
    shelf.put(HOSPITALS, province::hospitals());
    shelf.put_after_next_load([WORKS, HOSPITALS].map(|layer| (layer.to_owned(), Vec::new())).to_vec());
    let atlas = Atlas::open(shelf, catalogue, AtlasSettings::default()).await.expect("an atlas");
    // Nothing ran in between: this is what the first reader sees.
    let shown = atlas.versions(View::EVERYTHING);
    assert_eq!((shown[WORKS], shown[HOSPITALS]), (2, 2));
}
