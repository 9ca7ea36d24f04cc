use serde_json::json;

use crate::support::house::House;

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
