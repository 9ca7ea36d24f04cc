use serde_json::json;

use crate::support::house::House;

#[tokio::test]
async fn the_nearest_come_first_with_geodesic_metres() {
    let house = House::open().await;
    let page = house.json("/query/nearest?layer=health.hospitals&at=108.8,15.0&count=2").await;
    let features = page["features"].as_array().expect("features");
    let names: Vec<&str> = features.iter().filter_map(|feature| feature["properties"]["name"].as_str()).collect();
    assert_eq!(names, ["Bệnh viện Đông", "Bệnh viện Tây"]);
    // 0.1° of latitude at 15° N on WGS 84, by Vincenty's formula elsewhere.
    let metres = features[0]["properties"]["distance_m"].as_f64().expect("metres");
    assert!((metres - 11_064.1).abs() < 1.0, "{metres}");
    assert_eq!((&page["numberMatched"], &page["numberReturned"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn a_time_leaves_others_out() {
    let house = House::open().await;
    let ask =
        |datetime: &str| format!("/query/nearest?layer=police.incidents&at=108.25,15.25&count=1&datetime={datetime}");
    let first = |page: &serde_json::Value| page["features"][0]["id"].as_u64();
    assert_eq!(first(&house.json(&ask("2025-01-10")).await), Some(1));
    assert_ne!(first(&house.json(&ask("2025-01-11/..")).await), Some(1));
}
