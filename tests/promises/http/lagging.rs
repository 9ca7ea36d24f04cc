//! Layers whose table cannot be read, in a server on each of the stores: what people see of them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::http::{App, HttpSettings, app};
use bandoso::model::View;
use bandoso::store::geopackage::GeoPackage;
use bandoso::store::{ImportId, Store};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::province::{self, HOSPITALS, hospitals};
use crate::support::rows::{import, row};

async fn get(app: &App, path: &str) -> (StatusCode, Vec<u8>) {
    let request = Request::get(path).header("host", "localhost").body(Body::empty()).expect("a request");
    let (parts, body) = app.clone().oneshot(request).await.expect("an answer").into_parts();
    (parts.status, to_bytes(body, usize::MAX).await.expect("a body").to_vec())
}

/// The layer in `/layers`, once it is marked, or no longer.
async fn listed(app: &App, lagging: Option<bool>) -> Value {
    let waiting = async {
        loop {
            let (_, body) = get(app, "/layers").await;
            let mut answer: Value = serde_json::from_slice(&body).expect("JSON");
            let layers = answer["layers"].as_array_mut().expect("layers");
            let layer = layers.iter_mut().find(|layer| layer["id"] == HOSPITALS).expect("the layer").take();
            if layer.get("lagging").map(|mark| *mark == true) == lagging {
                return layer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    waited.unwrap_or_else(|_| panic!("never: lagging {lagging:?}"))
}

/// Follows a layer from its first rows through a time in which another program keeps its table from being read.
async fn follow(store: Arc<dyn Store>, elsewhere: impl AsyncFn(&str), [breaks, mends]: [&str; 2]) {
    let catalogue = province::catalogue();
    store.prepare(&catalogue).await.expect("prepared");
    store.put_units(&province::units(), &province::changes()).await.expect("units");
    let layer = catalogue.layers.iter().find(|layer| layer.id.as_str() == HOSPITALS).expect("the layer");
    let rows = hospitals().into_iter().map(|(id, at, values)| row(ImportId::Number(id), at.lon, at.lat, values));
    import(store.as_ref(), layer, rows.collect()).await.expect("imported");
    let atlas = Atlas::open(store, catalogue, AtlasSettings::default()).await.expect("an atlas");
    let app = app(atlas, &HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() });
    let tile = format!("/tiles/{HOSPITALS}/5/25/14");
    let before = (listed(&app, None).await, get(&app, &tile).await);
    assert_eq!((&before.0["features"], before.1.0), (&json!(3), StatusCode::OK));
    elsewhere(breaks).await;
    let mut lagging = listed(&app, Some(true)).await;
    lagging.as_object_mut().expect("a layer").remove("lagging");
    assert_eq!((lagging, get(&app, &tile).await), before, "as it was read last");
    elsewhere(mends).await;
    assert_eq!(listed(&app, None).await["features"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_a_geopackage_that_cannot_be_read_is_seen_to_lag_until_it_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("map.gpkg");
    let store = Arc::new(GeoPackage::open(&path).await.expect("a GeoPackage"));
    let elsewhere = async |sql: &str| {
        let file = rusqlite::Connection::open(&path).expect("the file");
        file.execute_batch(sql).expect(sql);
    };
    let rename = |from: &str, to: &str| format!("ALTER TABLE health_hospitals RENAME COLUMN {from} TO {to}");
    follow(store, elsewhere, [&rename("geom", "shape"), &rename("shape", "geom")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_in_postgis_that_cannot_be_read_is_seen_to_lag_until_it_can() {
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    let store = Arc::new(database.store().await);
    let rename = |from: &str, to: &str| format!("ALTER TABLE health.hospitals RENAME {from} TO {to}");
    let elsewhere = async |sql: &str| execute(&psql, sql).await;
    follow(store, elsewhere, [&rename("geom", "shape"), &rename("shape", "geom")]).await;
}
