//! Sorted pages and files of a layer that stays in the database.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bandoso::model::View;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{House, PAIRS, ROWS};
use crate::support::postgres::{client, execute};

async fn body(house: &House, path: &str) -> Vec<u8> {
    let response = house.app.clone().oneshot(Request::get(path).body(Body::empty()).expect("a request")).await;
    let response = response.expect("an answer");
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body").to_vec();
    assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
    body
}

/// Ids and totals over all pages.
async fn all_pages(house: &House, path: &str) -> (Vec<u64>, u64) {
    let (mut path, mut seen) = (path.to_owned(), Vec::new());
    loop {
        let page: Value = serde_json::from_slice(&body(house, &path).await).expect("JSON");
        seen.extend(
            page["features"].as_array().expect("features").iter().map(|one| one["id"].as_u64().expect("an id")),
        );
        let next = page["links"].as_array().expect("links").iter().find(|link| link["rel"] == "next");
        let Some(next) = next else { return (seen, page["numberMatched"].as_u64().expect("a number")) };
        next["href"].as_str().expect("an address").clone_into(&mut path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn features_have_the_same_order_in_memory_and_in_the_database() {
    let Some(house) = House::open(View::PUBLIC).await else { return };
    // What other programs write: values that are none, and the other zero.
    let psql = client(house.database.url()).await;
    for table in ["test.at_a", "test.at_b"] {
        execute(&psql, &format!("UPDATE {table} SET real1 = 'NaN' WHERE id = 11")).await;
        execute(&psql, &format!("UPDATE {table} SET real1 = '-Infinity', day1 = 'infinity' WHERE id = 12")).await;
        execute(&psql, &format!("UPDATE {table} SET real1 = '-0', at1 = '-infinity' WHERE id = 13")).await;
        execute(&psql, &format!("UPDATE {table} SET real1 = 0 WHERE id = 14")).await;
    }
    tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            let page: Value =
                serde_json::from_slice(&body(&house, "/ogc/collections/test.at_a/items?id=14").await).expect("JSON");
            if page["features"][0]["properties"]["real1"] == 0.0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the change is shown");
    let fields = ["text1", "whole1", "real1", "truth1", "day1", "at1", "code1"];
    for [memory, database] in PAIRS {
        let all = |layer: &str, query: &str| format!("/ogc/collections/{layer}/items?{query}");
        for field in fields {
            for sign in ["", "-"] {
                let query = format!("limit=1777&sortby={sign}{field}");
                let (one, matched) = all_pages(&house, &all(memory, &query)).await;
                let (other, other_matched) = all_pages(&house, &all(database, &query)).await;
                assert!(one == other, "{query}: {:?}", one.iter().zip(&other).find(|(a, b)| a != b));
                assert_eq!((one.len(), matched, other_matched), (ROWS, ROWS as u64, ROWS as u64), "{query}");
            }
        }
        for query in [
            "limit=500&sortby=code1,-truth1,day1,-whole1",
            "limit=97&bbox=108.5,15,109,15.3&sortby=-truth1,code1",
            "limit=300&filter=whole1%20%3E%200&sortby=truth1,-at1,-id",
        ] {
            assert_eq!(
                all_pages(&house, &all(memory, query)).await,
                all_pages(&house, &all(database, query)).await,
                "{query}"
            );
        }
        for query in
            ["f=ndjson&sortby=-code1,at1", "f=csv&limit=500&sortby=real1", "f=csv&bbox=108.5,15,109,15.3&sortby=-text1"]
        {
            assert!(body(&house, &all(memory, query)).await == body(&house, &all(database, query)).await, "{query}");
        }
    }
}
