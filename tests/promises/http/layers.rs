use std::time::Duration;

use axum::http::StatusCode;
use bandoso::http::HttpSettings;
use bandoso::model::View;
use serde_json::{Value, json};

use crate::support::house::House;
use crate::support::province::{self, HOSPITALS, INCIDENTS, hospitals};
use crate::support::shelf::Shelf;

#[tokio::test]
async fn the_catalogue_tells_what_there_is() {
    let house = House::open().await;
    let answer = house.json("/layers").await;
    assert_eq!(answer["time_zone"], "Asia/Ho_Chi_Minh");
    assert_eq!(answer["view"], json!({ "lon": 108.5, "lat": 15.0, "zoom": 8.0 }));
    assert_eq!(answer["schematic"], true);
    assert_eq!(answer["unit_dates"], json!(["1990-01-01", "2025-07-01"]));
    assert_eq!(answer["places"][0]["title"]["vi"], "Hoàng Sa");
    assert_eq!(answer["departments"][0]["id"], "police");
    let layers = answer["layers"].as_array().expect("layers");
    let layer = |id: &str| layers.iter().find(|layer| layer["id"] == id).expect(id);
    let incidents = layer("police.incidents");
    assert_eq!((&incidents["time"], &incidents["category"]), (&json!("occurred_at"), &json!("category")));
    assert_eq!((&incidents["features"], &incidents["version"]), (&json!(3000), &json!(1)));
    assert_eq!(
        incidents["fields"][1]["codes"][0],
        json!({ "code": "theft", "vi": "Trộm cắp", "en": "theft", "colour": "#b3261e" })
    );
    let range = incidents["time_range"].as_array().expect("a range");
    assert!(range[0].as_str() < range[1].as_str());
    let hospitals = layer("health.hospitals");
    assert_eq!((&hospitals["time"], &hospitals["time_range"]), (&json!(null), &json!(null)));
    assert_eq!(
        (&layer("construction.works")["bbox"], &layer("construction.works")["features"]),
        (&json!(null), &json!(0))
    );
}

fn layer<'a>(answer: &'a Value, id: &str) -> &'a Value {
    answer["layers"].as_array().expect("layers").iter().find(|layer| layer["id"] == id).expect(id)
}

/// Asks until the layer lags, or does not.
async fn until_lagging(house: &House, id: &str, lags: Value) -> Value {
    loop {
        let answer = house.json("/layers").await;
        if layer(&answer, id)["lagging"] == lags {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_layer_that_cannot_be_read_is_marked_until_it_can() {
    let house = House::open().await;
    let before = house.get("/layers").await;
    assert!(!before.text().contains("lagging"), "nothing is said of layers that can be read");
    let etag = before.header("etag").expect("a tag");
    house.shelf.break_layer(HOSPITALS, hospitals()[..2].to_vec());
    let answer = until_lagging(&house, HOSPITALS, json!(true)).await;
    let hospital = layer(&answer, HOSPITALS);
    assert_eq!((&hospital["features"], &hospital["version"]), (&json!(3), &json!(1)), "as it was read last");
    assert_eq!(layer(&answer, INCIDENTS).get("lagging"), None);
    // No version moved, and yet the answer is another one.
    let again = house.get_with("/layers", &[("if-none-match", etag)]).await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(!house.get(&format!("/tiles/{HOSPITALS}")).await.text().contains("lagging"), "TileJSON has no such word");
    let file = format!("/ogc/collections/{HOSPITALS}/items?f=csv");
    let answer = house.get(&file).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "its keys cannot be read: {}", answer.text());
    house.shelf.mend_layer(HOSPITALS);
    let answer = until_lagging(&house, HOSPITALS, Value::Null).await;
    let hospital = layer(&answer, HOSPITALS);
    assert_eq!((&hospital["features"], &hospital["version"]), (&json!(2), &json!(2)));
    assert_eq!(house.get(&file).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_layer_that_could_never_be_read_is_listed_without_what_nobody_knows() {
    let shelf = Shelf::new(province::units(), province::changes());
    shelf.break_layer(HOSPITALS, hospitals());
    let settings = HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() };
    let house = House::over(shelf, settings).await;
    let answer = house.json("/layers").await;
    let hospital = layer(&answer, HOSPITALS);
    assert_eq!(hospital["title"]["vi"], "Lớp health.hospitals");
    for unknown in ["features", "version", "bbox", "time_range"] {
        assert_eq!(hospital.get(unknown), Some(&Value::Null), "{unknown}");
    }
    assert_eq!(hospital["lagging"], true);
    for asks in [
        format!("/tiles/{HOSPITALS}/5/25/14"),
        format!("/query/nearest?layer={HOSPITALS}&at=108,15"),
        format!("/query/join?layer={INCIDENTS}&with={HOSPITALS}&radius_m=9"),
        format!("/query/join?layer={HOSPITALS}&with={INCIDENTS}&radius_m=9"),
    ] {
        assert_eq!(house.get(&asks).await.status, StatusCode::SERVICE_UNAVAILABLE, "{asks}");
    }
    let found = house.json("/search?q=benh%20vien").await;
    assert_eq!(found["incomplete"], json!([HOSPITALS]), "{found}");
    house.shelf.mend_layer(HOSPITALS);
    let answer = until_lagging(&house, HOSPITALS, Value::Null).await;
    assert_eq!(layer(&answer, HOSPITALS)["features"], 3);
    assert_eq!(house.get(&format!("/tiles/{HOSPITALS}/5/25/14")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_is_told_that_a_layer_lags_which_it_may_not_see() {
    let house = House::public().await;
    let before = house.get("/layers").await;
    house.shelf.break_layer(INCIDENTS, Vec::new());
    while house.atlas.lagging(View::EVERYTHING).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(house.get("/layers").await.body, before.body);
    assert!(!house.get("/ready").await.text().contains("lagging"));
    let metrics = house.get("/metrics").await.text();
    assert!(metrics.contains(&format!("bandoso_layer_lagging{{layer=\"{HOSPITALS}\"}} 0\n")), "{metrics}");
    assert!(!metrics.contains(&format!("layer=\"{INCIDENTS}\"")), "{metrics}");
}
