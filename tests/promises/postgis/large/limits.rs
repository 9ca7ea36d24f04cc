//! What a layer that stays in the database cannot do, and what it does then.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::http::{HttpSettings, app};
use bandoso::model::{Layer, Published, View};
use bandoso::store::Store;
use bandoso::store::geopackage::GeoPackage;
use bandoso::store::postgis::{PostGis, PostGisSettings};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{House, PAIRS, layer};
use crate::support::filters;
use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::rows::catalogue;
use crate::support::shared::real_units;

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_takes_too_long_is_refused_with_a_time_to_come_back() {
    let Some(mut house) = House::open(View::EVERYTHING).await else { return };
    let settings = PostGisSettings { question_timeout: Duration::from_millis(300), ..PostGisSettings::default() };
    let store = PostGis::connect(house.database.url(), settings).await.expect("the store opens");
    let atlas = Atlas::open(Arc::new(store), house.atlas.catalogue().clone(), AtlasSettings::default()).await;
    house.app = app(atlas.expect("an atlas"), &HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() });
    // Whoever reads the table waits for this lock.
    let psql = client(house.database.url()).await;
    execute(&psql, "BEGIN; LOCK TABLE test.at_b IN ACCESS EXCLUSIVE MODE").await;
    let slow = "/query/count?layer=test.at_b&by=commune,month,category";
    let response = house.app.clone().oneshot(Request::get(slow).body(Body::empty()).expect("a request")).await;
    let response = response.expect("an answer");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["type"], "urn:problem-type:bandoso:question-too-long", "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_caller_went_away_is_cancelled_in_the_database() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    let psql = client(house.database.url()).await;
    // Whoever reads the table waits for this lock.
    execute(&psql, "BEGIN; LOCK TABLE test.at_b IN ACCESS EXCLUSIVE MODE").await;
    let look = client(house.database.url()).await;
    let waiting = async || {
        let ask =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        look.query_one(ask, &[]).await.expect("an answer").get::<_, i64>(0)
    };
    let app = house.app.clone();
    let request = Request::get("/query/count?layer=test.at_b&by=category").body(Body::empty()).expect("a request");
    let asking = tokio::spawn(app.oneshot(request));
    while waiting().await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    asking.abort();
    while waiting().await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    execute(&psql, "ROLLBACK").await;
    house.same(PAIRS[0], "/query/count?layer=LAYER&by=category", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_geopackage_refuses_a_layer_that_stays_in_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = GeoPackage::open(&folder.path().join("map.gpkg")).await.expect("a GeoPackage");
    let refused = Atlas::open(Arc::new(store), catalogue(&[layer("test.at_b")]), AtlasSettings::default()).await;
    let told = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains("layers/test.at_b.toml") && told.contains("postgres://"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_table_is_answered_where_it_lies() {
    let (Some(units), Some(database)) = (real_units(), TestDatabase::fresh()) else { return };
    let psql = client(database.url()).await;
    let table = "CREATE SCHEMA gis; CREATE TABLE gis.wells (gid integer PRIMARY KEY, at geometry(Point, 4326), text1 varchar(9)); \
                 INSERT INTO gis.wells SELECT n, ST_Point(108.6 + n * 0.002, 15.1, 4326), n FROM generate_series(1, 200) n; \
                 CREATE VIEW gis.far AS SELECT gid, ST_Transform(at, 3405) AS at, text1 FROM gis.wells";
    execute(&psql, table).await;
    let store = Arc::new(database.store().await);
    store.put_units(units, &[]).await.expect("units");
    let published = |id: &str, table: &str| {
        let published = Published { table: table.into(), key: "gid".into(), geometry_column: "at".into() };
        let text = filters::layer().fields.into_iter().take(1).collect();
        Layer { published: Some(published), fields: text, time: None, category: None, ..layer(id) }
    };
    let pairs = [("test.near_a", "test.near_b", "gis.wells"), ("test.far_a", "test.far_b", "gis.far")];
    let layers: Vec<Layer> =
        pairs.iter().flat_map(|(a, b, table)| [published(a, table), published(b, table)]).collect();
    let atlas = Atlas::open(store.clone(), catalogue(&layers), AtlasSettings::default()).await.expect("an atlas");
    let app = app(Arc::clone(&atlas), &HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() });
    let house = House { app, atlas, database };
    for (a, b, _) in pairs {
        for path in [
            "/query/count?layer=LAYER&by=commune",
            "/query/within?layer=LAYER&unit=near",
            "/query/nearest?layer=LAYER&at=108.8,15.1&count=9",
            "/tiles/LAYER/11/1643/937?",
        ] {
            house.same([a, b], path, None).await;
        }
    }
}
