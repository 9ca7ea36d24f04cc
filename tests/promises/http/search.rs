//! Units and features by name.

use axum::http::StatusCode;
use bandoso::model::{LonLat, Value};
use serde_json::{Value as Json, json};

use crate::support::house::House;
use crate::support::province;

/// Name and how it fits, of each hit.
fn hits(answer: &Json) -> Vec<(String, String)> {
    let text = |feature: &Json, name: &str| feature["properties"][name].as_str().unwrap_or("").to_owned();
    let features = answer["features"].as_array().expect("features");
    features.iter().map(|feature| (text(feature, "name"), text(feature, "match"))).collect()
}

fn named<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, fit)| ((*name).to_owned(), (*fit).to_owned())).collect()
}

#[tokio::test]
async fn units_and_features_are_found_without_accents_and_have_a_place_to_fly_to() {
    let house = House::open().await;
    let answer = house.json("/search?q=tay").await;
    assert_eq!(hits(&answer), named(&[("Xã Tây", "folded"), ("Xã Tây Bắc", "prefix"), ("Bệnh viện Tây", "words")]));
    assert_eq!((&answer["more"], &answer["incomplete"]), (&json!(false), &json!([])));
    let unit = &answer["features"][0];
    assert_eq!(unit["bbox"][0].as_f64().map(f64::round), Some(108.0));
    let place = LonLat::new(
        "at",
        unit["geometry"]["coordinates"][0].as_f64().expect("a longitude"),
        unit["geometry"]["coordinates"][1].as_f64().expect("a latitude"),
    );
    let ((located, _), _) = house
        .atlas
        .locate(&bandoso::model::LocateRequest { at: place.expect("a place"), as_of: house.atlas.clock().today });
    assert_eq!(located.last().and_then(|commune| commune.distance_m), Some(0.0), "inside the commune");
    let feature = &answer["features"][2];
    assert_eq!(feature["geometry"]["coordinates"], json!([108.2, 14.8]));
    assert_eq!(
        (&feature["properties"]["layer"], &feature["properties"]["unit"], &feature["id"]),
        (&json!("health.hospitals"), &json!("21001"), &json!("health.hospitals/7"))
    );
}

#[tokio::test]
async fn a_former_code_names_the_former_unit_and_what_it_became() {
    let house = House::open().await;
    let answer = house.json("/search?q=23001").await;
    let unit = &answer["features"][0]["properties"];
    assert_eq!((&unit["name"], &unit["in_force"], &unit["match"]), (&json!("Xã Nam"), &json!(false), &json!("exact")));
    let became = unit["became"].as_array().expect("a list");
    let became: Vec<(&str, &str)> =
        became.iter().map(|unit| (unit["code"].as_str().unwrap_or(""), unit["share"].as_str().unwrap_or(""))).collect();
    assert_eq!(became, [("21001", "part"), ("21002", "part")]);
    let before = house.json("/search?q=23001&as_of=2025-06-30").await;
    assert_eq!(before["features"][0]["properties"]["in_force"], true);
    assert_eq!(before["features"][0]["properties"]["parents"][0]["code"], "608");
    // The same code before and since: the one in force comes first.
    let both = house.json("/search?q=21001").await;
    let names = hits(&both).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names, ["Xã Tây", "Xã Tây Bắc"]);
    // Of equal fit, what is in force goes before what was larger once, near or far.
    for at in ["", "&at=108.2,15.2", "&at=108.9,14.6"] {
        let found = house.json(&format!("/search?q=bac&layer=units&as_of=2025-06-30{at}")).await;
        let in_force: Vec<bool> = found["features"]
            .as_array()
            .expect("features")
            .iter()
            .map(|unit| unit["properties"]["in_force"] == true)
            .collect();
        assert!(in_force.is_sorted_by(|before, after| before >= after), "{found}");
    }
    let then = house.json("/search?q=21001&as_of=2025-06-30").await;
    assert_eq!(hits(&then)[0].0, "Xã Tây Bắc");
}

#[tokio::test]
async fn nearer_ones_go_before_others_that_fit_as_well_and_a_limit_says_that_there_are_more() {
    let house = House::open().await;
    let from = |at: &str| format!("/search?q=benh vien&layer=health.hospitals&at={at}").replace(' ', "+");
    for (at, first) in [("108.2,14.8", "Bệnh viện Tây"), ("108.8,15.1", "Bệnh viện Đông")] {
        let answer = house.json(&from(at)).await;
        assert_eq!(hits(&answer)[0].0, first);
        assert_eq!(answer["features"][0]["properties"]["distance_m"], 0.0);
    }
    let one = house.json("/search?q=benh+vien&limit=1").await;
    assert_eq!((hits(&one).len(), &one["more"]), (1, &json!(true)));
    let table = house.get("/search?q=benh+vien&limit=1&f=csv").await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert!(table.text().lines().nth(1).is_some_and(|line| line.starts_with("feature,prefix,Bệnh viện Đông,")));
    let levels = house.json("/search?q=bac&layer=units.district").await;
    assert_eq!(hits(&levels).len(), 1, "{levels}");
}

#[tokio::test]
async fn what_changes_is_found_by_its_new_name_at_once() {
    let house = House::open().await;
    let mut rows = province::hospitals();
    rows[0].2[0] = Value::Text("Trạm y tế Sơn Kỳ".to_owned());
    house.shelf.put(province::HOSPITALS, rows);
    let answer = house.json("/search?q=tram+y+te+son+ki&min_version=health.hospitals%3D2").await;
    assert_eq!(hits(&answer), named(&[("Trạm y tế Sơn Kỳ", "folded")]));
    let gone = house.json("/search?q=benh+vien+tay").await;
    assert_eq!(hits(&gone), []);
}

#[tokio::test]
async fn only_what_the_caller_may_see_is_found() {
    let house = House::public().await;
    assert_eq!(house.get("/search?q=a&layer=construction.works").await.status, StatusCode::NOT_FOUND);
    let answer = house.json("/search?q=benh+vien").await;
    let versions = answer["version"].as_object().expect("versions");
    assert!(!versions.contains_key("construction.works") && versions.contains_key("health.hospitals"));
}

#[tokio::test]
async fn a_search_that_cannot_be_is_refused_by_name() {
    let house = House::open().await;
    let long = "a".repeat(500);
    for (named, path) in [
        ("q", "/search".to_owned()),
        ("q", "/search?q=".to_owned()),
        ("q", "/search?q=---".to_owned()),
        ("q", format!("/search?q={long}")),
        ("q", "/search?q=a+b+c+d+e+f+g+h+i+j+k+l+m".to_owned()),
        ("limit", "/search?q=a&limit=0".to_owned()),
        ("limit", "/search?q=a&limit=101".to_owned()),
        ("layer", "/search?q=a&layer=units.country".to_owned()),
        ("layer", "/search?q=a&layer=police.incidents".to_owned()),
        ("at", "/search?q=a&at=1".to_owned()),
        ("as_of", "/search?q=a&as_of=then".to_owned()),
        ("fuzzy", "/search?q=a&fuzzy=1".to_owned()),
    ] {
        let answer = house.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.json()["parameter"].as_str()), (400, Some(named)), "{path}");
    }
}
