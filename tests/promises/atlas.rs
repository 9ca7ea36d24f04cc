//! The live map in memory, over a store that changes when it should not.

use std::sync::Arc;
use std::time::Duration;

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

#[tokio::test]
async fn a_layer_that_is_read_again_as_the_store_goes_away_is_shown_when_it_is_back() {
    let shelf = Arc::new(Shelf::new(province::units(), province::changes()));
    shelf.break_layer(HOSPITALS, province::hospitals());
    let store = Arc::<Shelf>::clone(&shelf);
    let atlas = Atlas::open(store, province::catalogue(), AtlasSettings::default()).await.expect("an atlas");
    let until = async |what: &str, is_so: &dyn Fn() -> bool| {
        let waiting = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
    };
    shelf.leave_after_next_load();
    shelf.mend_layer(HOSPITALS);
    until("it is away", &|| atlas.ready().is_err()).await;
    assert_eq!(atlas.lagging(View::EVERYTHING).len(), 1, "what was read is not shown");
    shelf.set_away(false);
    until("it is read", &|| atlas.lagging(View::EVERYTHING).is_empty()).await;
    assert_eq!(atlas.versions(View::EVERYTHING).get(HOSPITALS), Some(&1));
}
