use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::config::load_catalogue;
use bandoso::demo;
use bandoso::engine::geodesic::distance_m;
use bandoso::http::{App, HttpSettings, app};
use bandoso::model::{LonLat, View};
use bandoso::store::geopackage::GeoPackage;
use serde_json::Value;
use tower::ServiceExt as _;

async fn ask(app: &App, path: &str) -> Value {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = app.clone().oneshot(request).await.expect("an answer");
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

fn ids(features: &Value) -> Vec<u64> {
    features["features"].as_array().expect("features").iter().filter_map(|feature| feature["id"].as_u64()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_duty_desk_sees_in_one_call_what_the_single_questions_give() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = GeoPackage::open(&folder.path().join("map.gpkg")).await.expect("a GeoPackage");
    let catalogue = load_catalogue(None).expect("the built-in catalogue");
    demo::fill(&store, &catalogue).await.expect("filled");
    let atlas = Atlas::open(Arc::new(store), catalogue, AtlasSettings::default()).await.expect("an atlas");
    let desk = app(Arc::clone(&atlas), &HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() });
    for (at, as_of) in [("108.8,15.12", "2025-07-01"), ("108.0,14.35", "2025-06-30"), ("109.12,15.38", "2024-01-01")] {
        let around = ask(&desk, &format!("/query/around?at={at}&as_of={as_of}")).await;
        let locate = ask(&desk, &format!("/query/locate?at={at}&as_of={as_of}")).await;
        assert_eq!(around["units"], locate["units"], "{at}");
        for (role, layer, count) in [("stations", "police.stations", 3), ("water", "police.fire_water_sources", 5)] {
            let path = format!("/query/nearest?layer={layer}&at={at}&count={count}&as_of={as_of}");
            assert_eq!(around["roles"][role]["features"], ask(&desk, &path).await["features"], "{role}");
            assert!(around["version"][layer].is_u64(), "{around}");
        }
        for (role, layer) in [("cameras", "police.cameras"), ("incidents", "police.incidents")] {
            let found = &around["roles"][role];
            let path =
                format!("/query/within?layer={layer}&at={at}&radius_m={}&limit=10000&as_of={as_of}", found["reach_m"]);
            let within = ask(&desk, &path).await;
            assert_eq!(found["numberMatched"], within["numberMatched"], "{role}");
            let mut expected: Vec<&Value> = within["features"].as_array().expect("features").iter().collect();
            if role == "incidents" {
                let time = |feature: &Value| feature["properties"]["occurred_at"].as_str().unwrap_or("").to_owned();
                expected.sort_by_key(|feature| std::cmp::Reverse((time(feature), feature["id"].as_u64())));
            } else {
                let metres = |feature: &Value| feature["properties"]["distance_m"].as_f64().unwrap_or(f64::MAX);
                expected.sort_by(|a, b| metres(a).total_cmp(&metres(b)).then(a["id"].as_u64().cmp(&b["id"].as_u64())));
            }
            let expected: Vec<u64> = expected.iter().filter_map(|feature| feature["id"].as_u64()).collect();
            assert_eq!(ids(found), expected[..expected.len().min(ids(found).len())], "{role}");
            assert!(expected.is_empty() || !ids(found).is_empty());
        }
    }
    let filter = "volume_m3%20%3E%3D%2050%20AND%20truck_access%20%3D%20TRUE";
    let sources = ask(&desk, "/query/within?layer=police.fire_water_sources&limit=10000&row=%7B%7D").await;
    for at in [LonLat { lon: 108.8, lat: 15.12 }, LonLat { lon: 108.0, lat: 14.35 }] {
        let path =
            format!("/query/nearest?layer=police.fire_water_sources&at={},{}&count=5&filter={filter}", at.lon, at.lat);
        let nearest = ask(&desk, &path).await;
        let fits = |source: &&Value| {
            let properties = &source["properties"];
            properties["volume_m3"].as_f64() >= Some(50.0) && properties["truck_access"] == true
        };
        let metres = |source: &Value| {
            let place = &source["geometry"]["coordinates"];
            let place = LonLat { lon: place[0].as_f64().expect("lon"), lat: place[1].as_f64().expect("lat") };
            distance_m(at, place)
        };
        let brute = sources["features"].as_array().expect("features").iter().filter(fits);
        let mut brute: Vec<(f64, Option<u64>)> = brute.map(|source| (metres(source), source["id"].as_u64())).collect();
        brute.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let brute: Vec<u64> = brute.into_iter().take(5).filter_map(|(_, id)| id).collect();
        assert_eq!(ids(&nearest), brute);
        assert_eq!(brute.len(), 5);
    }
    // What a caller may not see is left out, and nothing tells that it is there.
    let public = app(atlas, &HttpSettings::default());
    let around = ask(&public, "/query/around?at=108.8,15.12").await;
    assert!(around["roles"].get("cameras").is_none() && around["version"].get("police.cameras").is_none(), "{around}");
    for (query, parameter) in
        [("", "at"), ("at=1", "at"), ("at=108.8,15.1&as_of=x", "as_of"), ("at=1,1&layer=x", "layer")]
    {
        assert_eq!(ask(&desk, &format!("/query/around?{query}")).await["parameter"], parameter, "{query}");
    }
}
