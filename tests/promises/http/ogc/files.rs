//! `f=csv` and its like: all features that a request for items is about, as a file.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use bandoso::http::HttpSettings;
use bandoso::model::View;
use serde_json::Value;

use crate::support::house::{Answer, House};
use crate::support::province::{INCIDENT_COUNT, incidents};

const ITEMS: &str = "/ogc/collections/police.incidents/items";
const HOSPITALS: &str = "/ogc/collections/health.hospitals/items";
const FILES: [(&str, &str); 6] = [
    ("csv", "text/csv; charset=utf-8; header=present"),
    ("ndjson", "application/x-ndjson"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("gpkg", "application/geopackage+sqlite3"),
    ("fgb", "application/flatgeobuf"),
    ("parquet", "application/vnd.apache.parquet"),
];

async fn got(house: &House, path: &str) -> Answer {
    let answer = house.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer
}

fn ids(ndjson: &str) -> Vec<u64> {
    ndjson.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_file_has_all_features_its_name_its_versions_and_a_tag_that_holds() {
    let house = House::open().await;
    for (f, media) in FILES {
        let path = format!("{ITEMS}?f={f}");
        let answer = got(&house, &path).await;
        assert_eq!(answer.header("content-type"), Some(media), "{f}");
        let name = format!("attachment; filename=\"police.incidents.{f}\"");
        assert_eq!(answer.header("content-disposition"), Some(name.as_str()), "{f}");
        assert_eq!(answer.header("bandoso-matched"), Some(INCIDENT_COUNT.to_string().as_str()), "{f}");
        assert!(answer.header("bandoso-version").is_some_and(|version| version.contains("police.incidents=1")), "{f}");
        assert_eq!(answer.header("cache-control"), Some("private, no-store"), "{f}");
        assert!(answer.header("vary").is_some_and(|vary| vary.contains("Accept")), "{f}");
        let etag = answer.header("etag").unwrap();
        assert_eq!(house.get_with(&path, &[("if-none-match", etag)]).await.status, StatusCode::NOT_MODIFIED, "{f}");
        let again = got(&house, &path).await;
        assert!(again.body == answer.body, "{f}: the same state gives the same bytes");
        let by_accept = house.get_with(ITEMS, &[("accept", media)]).await;
        assert!(by_accept.body == answer.body && by_accept.header("etag") == Some(etag), "{f} by Accept");
    }
    assert_eq!(ids(&got(&house, &format!("{ITEMS}?f=ndjson")).await.text()), (1..=INCIDENT_COUNT).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_file_has_what_the_request_is_about_and_no_more() {
    let house = House::open().await;
    let rows = incidents(&house.atlas.catalogue().time_zone);
    let theft = bandoso::model::Value::Text("theft".to_owned());
    let expected: Vec<u64> = rows
        .iter()
        .filter(|(_, at, values)| values[1] == theft && at.lon >= 108.2 && at.lon <= 108.4)
        .map(|(id, ..)| *id)
        .collect();
    let query = "category=theft&bbox=108.2,-90,108.4,90";
    let lines = got(&house, &format!("{ITEMS}?f=ndjson&{query}")).await;
    assert_eq!(ids(&lines.text()), expected);
    let csv = got(&house, &format!("{ITEMS}?f=csv&{query}")).await.text();
    assert_eq!(csv.lines().count(), expected.len() + 1, "{csv}");
    let json = house.json(&format!("{ITEMS}?limit=1000&{query}")).await;
    // A line is the feature as a page has it.
    let first: Value = serde_json::from_str(lines.text().lines().next().unwrap()).unwrap();
    assert_eq!(first, json["features"][0]);
}

#[tokio::test]
async fn parts_of_a_file_follow_each_other_by_links() {
    let house = House::open().await;
    let mut path = format!("{ITEMS}?f=ndjson&limit=1111");
    let mut seen = Vec::new();
    loop {
        let part = got(&house, &path).await;
        seen.extend(ids(&part.text()));
        let Some(next) = part.header("link") else { break };
        path = next.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(seen, (1..=INCIDENT_COUNT).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_file_shows_what_the_caller_may_see() {
    let house = House::public().await;
    assert_eq!(house.get(&format!("{ITEMS}?f=csv")).await.status, StatusCode::NOT_FOUND);
    for (f, _) in FILES {
        let bytes = got(&house, &format!("{HOSPITALS}?f={f}")).await.body;
        for hidden in ["phone", "84 255"] {
            assert!(!bytes.windows(hidden.len()).any(|window| window == hidden.as_bytes()), "{hidden} in {f}");
        }
    }
    let csv = got(&house, &format!("{HOSPITALS}?f=csv")).await.text();
    assert!(
        csv.starts_with("id,lon,lat,name,beds,opened,unit,unit_relation\r\n7,108.2,14.8,Bệnh viện Tây,120,"),
        "{csv}"
    );
}

#[tokio::test]
async fn coordinates_are_in_the_system_that_is_asked_for() {
    let house = House::open().await;
    let crs = "crs=http://www.opengis.net/def/crs/EPSG/0/5898";
    let answer = got(&house, &format!("{HOSPITALS}?f=csv&{crs}")).await;
    assert_eq!(answer.header("content-crs"), Some("<http://www.opengis.net/def/crs/EPSG/0/5898>"));
    let json = house.json(&format!("{HOSPITALS}?{crs}")).await;
    let csv = answer.text();
    let row: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    let at = &json["features"][0]["geometry"]["coordinates"];
    assert_eq!((row[1].parse().ok(), row[2].parse().ok()), (at[0].as_f64(), at[1].as_f64()), "{csv}");
    assert!(csv.starts_with("id,x,y,"), "{csv}");
}

#[tokio::test]
async fn a_file_that_would_be_too_large_is_refused_and_parts_are_not() {
    let settings =
        HttpSettings { view: View::EVERYTHING, export_rows: 1000, export_bytes: 20_000, ..HttpSettings::default() };
    let house = House::with(settings).await;
    let refused = house.get(&format!("{ITEMS}?f=csv")).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let problem = refused.json();
    assert_eq!(problem["type"], "urn:problem-type:bandoso:answer-too-large");
    assert!(problem["detail"].as_str().unwrap().starts_with("3000 features match, and a file has 1000"), "{problem}");
    let part = got(&house, &format!("{ITEMS}?f=csv&limit=5000")).await;
    assert_eq!(part.text().lines().count(), 1001);
    assert!(part.header("link").is_some());
    let refused = house.get(&format!("{ITEMS}?f=gpkg&limit=1000")).await;
    assert_eq!((refused.status, refused.json()["parameter"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("f")));
}

#[tokio::test]
async fn text_is_packed_for_those_who_take_it() {
    let house = House::open().await;
    let plain = got(&house, &format!("{ITEMS}?f=csv")).await;
    let packed = house.get_with(&format!("{ITEMS}?f=csv"), &[("accept-encoding", "gzip, br, zstd")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() * 2 < plain.body.len() && packed.header("etag") != plain.header("etag"));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut text).unwrap();
    assert_eq!(text, plain.text());
    // Texts that a spreadsheet would run are made texts, as in all tables.
    assert!(text.contains(",'=1+1,"), "{text}");
}

#[tokio::test]
async fn the_description_of_the_api_lists_the_files() {
    let house = House::open().await;
    let api = house.json("/ogc/api?f=json").await;
    let items = &api["paths"]["/collections/police.incidents/items"]["get"];
    let media: BTreeSet<&String> = items["responses"]["200"]["content"].as_object().unwrap().keys().collect();
    for (f, name) in FILES {
        assert!(media.contains(&name.to_owned()), "{name}");
        let forms = api["components"]["parameters"]["items-f"]["schema"]["enum"].as_array().unwrap();
        assert!(forms.contains(&Value::from(f)), "{f}");
    }
}
