//! Files of a layer that stays in the database, read by a cursor.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bandoso::model::View;
use tower::ServiceExt as _;

use super::{House, PAIRS, ROWS};
use crate::support::postgres::{client, execute};

/// What is asked, and how many features there are at least.
const QUERIES: [(&str, usize); 6] = [
    ("", ROWS),
    ("bbox=108.5,15,109,15.3", 1),
    ("filter=whole1%20%3E%200%20OR%20text1%20IS%20NULL&as_of=2024-01-01", 1),
    ("limit=777", 777),
    ("bbox=580000,1660000,600000,1690000&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/5898", 1),
    ("crs=http://www.opengis.net/def/crs/EPSG/0/3857&bbox=-180,-80,180,80", 1),
];

async fn file(house: &House, path: &str) -> (Vec<u8>, Option<String>) {
    let response = house.app.clone().oneshot(Request::get(path).body(Body::empty()).expect("a request")).await;
    let response = response.expect("an answer");
    let (status, next) = (response.status(), response.headers().get("link").cloned());
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body").to_vec();
    assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
    (body, next.map(|next| next.to_str().expect("ASCII").to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_the_same_bytes_from_memory_and_from_the_database() {
    let Some(house) = House::open(View::PUBLIC).await else { return };
    for [memory, database] in PAIRS {
        for (query, least) in QUERIES {
            for f in ["ndjson", "csv", "parquet"] {
                let path = |layer: &str| format!("/ogc/collections/{layer}/items?f={f}&{query}");
                let (one, next) = file(&house, &path(memory)).await;
                let (other, other_next) = file(&house, &path(database)).await;
                assert!(one == other, "{f} {query}: {} and {} bytes", one.len(), other.len());
                assert_eq!(next.is_some(), other_next.is_some(), "{query}");
                if f == "ndjson" {
                    let lines = one.split(|byte| *byte == b'\n').count() - 1;
                    assert!(lines >= least, "{query}: {lines} features");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_of_one_moment_whatever_is_written_meanwhile() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    let path = "/ogc/collections/test.at_b/items?f=ndjson";
    let response = house.app.clone().oneshot(Request::get(path).body(Body::empty()).expect("a request")).await;
    let response = response.expect("an answer");
    // The head is here, the rows are still to be fetched: they are those of the head's version.
    let psql = client(house.database.url()).await;
    execute(&psql, "DELETE FROM test.at_b").await;
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    assert_eq!(body.split(|byte| *byte == b'\n').count() - 1, ROWS);
}
