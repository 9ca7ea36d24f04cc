use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::house::House;
use crate::support::province::{INCIDENT_COUNT, incidents};

fn ids(page: &Value) -> Vec<u64> {
    page["features"]
        .as_array()
        .expect("features")
        .iter()
        .map(|feature| feature["id"].as_u64().expect("an id"))
        .collect()
}

#[tokio::test]
async fn a_feature_is_geojson_with_its_fields_its_unit_and_its_place_as_stored() {
    let house = House::open().await;
    let answer = house.get("/query/within?layer=police.incidents&at=108.25,15.25&radius_m=1").await;
    assert_eq!(answer.header("content-type"), Some("application/geo+json"));
    assert_eq!(answer.header("bandoso-version"), Some("police.incidents=1,units=1"));
    let page = answer.json();
    assert_eq!(
        (&page["type"], &page["numberMatched"], &page["numberReturned"]),
        (&json!("FeatureCollection"), &json!(1), &json!(1))
    );
    assert_eq!(page["version"], json!({ "police.incidents": 1, "units": 1 }));
    let expected = json!({
        "type": "Feature", "id": 1,
        "geometry": { "type": "Point", "coordinates": [108.25, 15.25] },
        "properties": {
            "occurred_at": "2025-01-10T01:00:00Z", "category": "theft", "note": "=1+1", "loss": -2.5, "closed": true,
            "unit": "21001", "unit_relation": "covered", "distance_m": 0.0,
        },
    });
    assert_eq!(page["features"][0], expected);
}

#[tokio::test]
async fn a_page_of_very_many_has_the_features_of_small_pages() {
    let house = House::open().await;
    for path in ["/query/within?layer=police.incidents&row=%7B%7D", "/ogc/collections/police.incidents/items?f=json"] {
        let whole = house.json(&format!("{path}&limit=10000")).await;
        // Few are written where they are asked for, many where they were found.
        assert_eq!(whole["numberReturned"].as_u64(), Some(INCIDENT_COUNT), "{path}");
        let mut page = house.json(&format!("{path}&limit=900")).await;
        let mut features = Vec::new();
        loop {
            features.extend(page["features"].as_array().expect("features").clone());
            let next = page["links"].as_array().and_then(|links| links.iter().find(|link| link["rel"] == "next"));
            let Some(next) = next else { break };
            page = house.json(next["href"].as_str().expect("an address")).await;
        }
        assert_eq!(whole["features"].as_array(), Some(&features), "{path}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_or_a_double() {
    let house = House::open().await;
    let mut path = "/query/within?layer=police.incidents&unit=21001&as_of=2025-07-01&limit=150".to_owned();
    let mut seen = BTreeSet::new();
    let matched = house.json(&path).await["numberMatched"].as_u64().expect("a number");
    loop {
        let page = house.json(&path).await;
        assert_eq!(page["numberMatched"].as_u64(), Some(matched), "the total is on every page");
        for id in ids(&page) {
            assert!(seen.insert(id), "{id} is there twice");
        }
        let next = page["links"].as_array().and_then(|links| links.iter().find(|link| link["rel"] == "next"));
        let Some(next) = next else { break };
        path = next["href"].as_str().expect("an address").to_owned();
    }
    assert!(matched > 300, "{matched}");
    assert_eq!(seen.len() as u64, matched);
}

#[tokio::test]
async fn a_cursor_of_another_question_is_refused() {
    let house = House::open().await;
    let page = house.json("/query/within?layer=police.incidents&unit=21001&limit=1").await;
    let next = page["links"][1]["href"].as_str().expect("a next page");
    assert_eq!(house.get(next).await.status, StatusCode::OK);
    let other = next.replace("unit=21001", "unit=21002");
    assert_eq!(house.get(&other).await.json()["parameter"], "cursor");
}

#[tokio::test]
async fn every_row_of_a_count_can_be_listed() {
    let house = House::open().await;
    for as_of in ["2025-06-30", "2025-07-01"] {
        let table = house.json(&format!("/query/count?layer=police.incidents&by=commune&as_of={as_of}")).await;
        let mut sum = 0;
        for row in table["rows"].as_array().expect("rows") {
            let unit = row["commune"].as_str().expect("a unit");
            let path = format!("/query/within?layer=police.incidents&unit={unit}&level=commune&as_of={as_of}&limit=1");
            assert_eq!(house.json(&path).await["numberMatched"], row["count"], "{unit} as of {as_of}");
            sum += row["count"].as_u64().expect("a number");
        }
        assert_eq!(sum, INCIDENT_COUNT);
    }
}

#[tokio::test]
async fn a_polygon_finds_what_lies_in_it() {
    let house = House::open().await;
    let body = r#"{"type":"Polygon","coordinates":[[[108.1,14.6],[108.9,14.6],[108.9,15.4],[108.1,15.4],[108.1,14.6]],
                   [[108.3,14.8],[108.7,14.8],[108.7,15.2],[108.3,15.2],[108.3,14.8]]]}"#;
    let inside = |low: f64, high: f64, at: f64| low <= at && at <= high;
    let expected = incidents(&house.atlas.catalogue().time_zone).into_iter().filter(|(_, at, _)| {
        let hole = 108.3 < at.lon && at.lon < 108.7 && 14.8 < at.lat && at.lat < 15.2;
        inside(108.1, 108.9, at.lon) && inside(14.6, 15.4, at.lat) && !hole
    });
    let expected: Vec<u64> = expected.map(|(id, ..)| id).collect();
    let answer = house.post("/query/within?layer=police.incidents&limit=10000", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(ids(&answer.json()), expected);

    let page = house.post("/query/within?layer=police.incidents&limit=5", body).await.json();
    let next = &page["links"][1];
    assert_eq!((&next["rel"], &next["method"]), (&json!("next"), &json!("POST")));
    let second = house.post(next["href"].as_str().expect("an address"), body).await.json();
    assert_eq!(ids(&second), expected[5..10]);
}

#[tokio::test]
async fn a_table_of_features_is_safe_in_a_spreadsheet() {
    let house = House::open().await;
    let near = house.get("/query/within?layer=police.incidents&at=109.001,15.2&radius_m=1&f=csv").await;
    let expected = "id,lon,lat,occurred_at,category,note,loss,closed,unit,unit_relation,distance_m\r\n\
                    2,109.001,15.2,2025-07-31T17:00:00Z,fire,\"biển, \"\"sóng\"\"\",,,21002,near,0\r\n";
    assert_eq!(near.text(), expected);
    let first = house.get("/query/within?layer=police.incidents&unit=21001&as_of=2025-06-30&limit=1&f=csv").await;
    assert!(first.text().contains(",theft,'=1+1,-2.5,true,21001,covered\r\n"), "{}", first.text());
    assert!(
        first.header("bandoso-matched").is_some_and(|matched| matched.parse::<u64>().is_ok_and(|matched| matched > 1))
    );
    assert!(first.header("link").is_some_and(|link| link.ends_with(">; rel=\"next\"")), "{:?}", first.header("link"));
}

#[tokio::test]
async fn a_corridor_holds_what_is_near_the_line() {
    let house = House::open().await;
    let line = r#"{"type":"LineString","coordinates":[[108.6,15.0],[108.9,15.2]]}"#;
    let around = |radius_m: &str| format!("/query/within?layer=police.incidents&limit=1000{radius_m}");
    let near = house.post(&around("&radius_m=3000"), line).await.json();
    let distances = near["features"].as_array().expect("features").iter();
    assert!(distances.clone().count() > 0, "{near}");
    for feature in distances {
        let metres = feature["properties"]["distance_m"].as_f64().expect("metres");
        assert!(metres <= 3000.0, "{feature}");
    }
    let polygon = r#"{"type":"Polygon","coordinates":[[[108.6,15.0],[108.9,15.2],[108.7,15.3],[108.6,15.0]]]}"#;
    for (body, radius_m, status, parameter) in [
        (line, "", 400, "radius_m"),
        (polygon, "&radius_m=10", 400, "radius_m"),
        (line, "&radius_m=0", 400, "radius_m"),
        (r#"{"type":"LineString","coordinates":[[0,0],[90,0]]}"#, "&radius_m=10", 422, "coordinates"),
    ] {
        let answer = house.post(&around(radius_m), body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (status, &parameter.into()), "{body}");
    }
}

#[tokio::test]
async fn a_row_that_no_table_has_is_refused() {
    let house = House::open().await;
    for row in [
        "",
        "[]",
        "%7B%22commune%22:null%7D",
        "%7B%22commune%22:%22nowhere%22%7D",
        "%7B%22month%22:%222025-7%22%7D",
        "%7B%22category%22:1%7D",
        "%7B%22count%22:1%7D",
        "%7B%22title%22:%22a%22%7D",
    ] {
        let answer = house.get(&format!("/query/within?layer=police.incidents&row={row}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &"row".into()), "{row}");
    }
    let answer = house.get("/query/within?layer=police.incidents&row=%7B%7D&unit=21001").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &"unit".into()));
}
