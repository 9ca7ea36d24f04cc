//! One map, two stores: the demonstration province in a GeoPackage and in PostGIS gives the same tiles and the same answers,
//! and the answers agree with themselves.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::config::load_catalogue;
use bandoso::demo;
use bandoso::http::{App, HttpSettings, app};
use bandoso::model::View;
use bandoso::store::Store;
use bandoso::store::geopackage::GeoPackage;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::postgres::TestDatabase;
use crate::support::tile_spec;

/// Served from a store that the demonstration filled.
struct Map(App);

impl Map {
    async fn filled(store: impl Store + 'static) -> Self {
        let catalogue = load_catalogue(None).expect("the built-in catalogue");
        demo::fill(&store, &catalogue).await.expect("filled");
        let atlas = Atlas::open(Arc::new(store), catalogue, AtlasSettings::default()).await.expect("an atlas");
        Self(app(atlas, &HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() }))
    }

    async fn embedded(folder: &tempfile::TempDir) -> Self {
        Self::filled(GeoPackage::open(&folder.path().join("map.gpkg")).await.expect("a GeoPackage")).await
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, u64, Vec<u8>) {
        let response = self.0.clone().oneshot(request).await.expect("an answer");
        let features = response.headers().get("bandoso-features");
        let features = features.map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        let status = response.status();
        (status, features, to_bytes(response.into_body(), usize::MAX).await.expect("a body").to_vec())
    }

    /// A JSON answer without the versions, which count a store's own changes.
    async fn json(&self, request: Request<Body>) -> Value {
        let (status, _, body) = self.ask(request).await;
        let mut json: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(status, StatusCode::OK, "{json}");
        json.as_object_mut().expect("an object").remove("version");
        json
    }

    async fn get(&self, path: &str) -> Value {
        self.json(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A tile as text, each feature a line, units without the number that their store gave them; and its features.
    async fn tile(&self, path: &str) -> (Vec<String>, u64) {
        let (status, features, body) = self.ask(Request::get(path).body(Body::empty()).unwrap()).await;
        assert!(matches!(status, StatusCode::OK | StatusCode::NO_CONTENT), "{path}: {status}");
        let mut lines = Vec::new();
        for layer in tile_spec::check(&body, features) {
            let own = !layer.name.starts_with("units.") && !layer.name.starts_with("labels.");
            lines.extend(layer.features.iter().map(|feature| {
                let id = feature.id.filter(|_| own);
                format!("{} {id:?} {:?} {:?}", layer.name, feature.parts, feature.properties)
            }));
        }
        lines.sort_unstable();
        (lines, features)
    }
}

const DATES: [&str; 3] = ["", "&as_of=2025-06-30", "&as_of=2025-07-01"];

/// The tiles of a zoom that touch the province.
fn tiles_of_province(z: u8) -> impl Iterator<Item = (u32, u32)> {
    let scale = f64::from(1_u32 << z);
    let column = |lon: f64| ((lon + 180.0) / 360.0 * scale) as u32;
    let row = |lat: f64| {
        let sin = lat.to_radians().sin();
        ((0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI)) * scale) as u32
    };
    let (west, east, north, south) = (column(107.2), column(109.4), row(15.6), row(13.8));
    (west..=east).flat_map(move |x| (north..=south).map(move |y| (x, y)))
}

fn layers(list: &Value) -> Vec<String> {
    list["layers"].as_array().unwrap().iter().map(|layer| layer["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tile_and_every_query_is_the_same_from_both_stores() {
    let Some(database) = TestDatabase::fresh() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (embedded, postgis) = (Map::embedded(&folder).await, Map::filled(database.store().await).await);
    let names = layers(&embedded.get("/layers").await);
    assert!(names.len() >= 16, "{names:?}");
    let several = format!("{},units.commune,units.district,units.province,labels.commune", names[..11].join(","));
    for z in 0..=10 {
        for (x, y) in tiles_of_province(z) {
            for date in DATES {
                let path = format!("/tiles/{several}/{z}/{x}/{y}?count=police.incidents{date}");
                assert_eq!(embedded.tile(&path).await, postgis.tile(&path).await, "{path}");
            }
        }
    }
    for name in &names {
        for path in questions(name) {
            assert_eq!(embedded.get(&path).await, postgis.get(&path).await, "{path}");
        }
        let line = r#"{"type":"LineString","coordinates":[[108.6,14.9],[108.8,15.12],[109.1,15.3]]}"#;
        let path = format!("/query/within?layer={name}&limit=1000&radius_m=3000");
        let post = || Request::post(&path).body(Body::from(line)).unwrap();
        assert_eq!(embedded.json(post()).await, postgis.json(post()).await, "a corridor of {name}");
        let square = r#"{"type":"Polygon","coordinates":[[[108.6,14.9],[109.0,15.0],[108.9,15.3],[108.6,14.9]]]}"#;
        let post = || Request::post(format!("/query/within?layer={name}&limit=1000")).body(Body::from(square)).unwrap();
        assert_eq!(embedded.json(post()).await, postgis.json(post()).await, "{name}");
    }
    for path in questions_of_units().into_iter().chain(questions_of_several()) {
        assert_eq!(embedded.get(&path).await, postgis.get(&path).await, "{path}");
    }
    // The list behind a row of a table, as its link names it.
    let by = "/query/count?layer=police.incidents&by=district,category,month&as_of=2025-06-30";
    let table = embedded.get(by).await;
    let rows = table["rows"].as_array().expect("rows");
    assert!(rows.len() > 50, "{} rows", rows.len());
    for row in rows.iter().step_by(17) {
        let path = row["href"].as_str().and_then(|href| href.find("/query").map(|at| href[at..].to_owned()));
        let path = path.expect("a list behind each row");
        assert_eq!(embedded.get(&path).await, postgis.get(&path).await, "{path}");
    }
}

fn questions(layer: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for date in DATES {
        for by in ["commune", "district", "province", "category", "commune,category"] {
            paths.push(format!("/query/count?layer={layer}&by={by}{date}"));
        }
        if DATED.contains(&layer) {
            for by in ["day", "week,weekday", "month,hour", "year,district,category"] {
                paths.push(format!("/query/count?layer={layer}&by={by}&datetime=2025-01-01/2026-01-01{date}"));
            }
            for compare in ["previous", "year"] {
                let time = "datetime=2025-07-01/2026-01-01";
                paths.push(format!("/query/count?layer={layer}&by=commune,month&{time}&compare={compare}{date}"));
            }
        }
        for pick in ["at=108.8,15.12&radius_m=5000", "unit=21025", "unit=near", "unit=outside"] {
            paths.push(format!("/query/within?layer={layer}&limit=500&{pick}{date}"));
        }
        paths.push(format!("/query/nearest?layer={layer}&at=108.0,14.35&count=20{date}"));
    }
    paths
}

/// Layers with a time.
const DATED: [&str; 2] = ["police.incidents", "police.traffic_crashes"];

/// Questions to several layers, and by name.
fn questions_of_several() -> Vec<String> {
    let mut paths = Vec::new();
    for date in DATES {
        for at in ["108.8,15.12", "108.0,14.35", "109.12,15.38"] {
            paths.push(format!("/query/around?at={at}{date}"));
        }
        for (layer, with, area) in [
            ("education.schools", "police.traffic_crashes", "unit=21025"),
            ("police.incidents", "police.cameras", "bbox=108.7,15.0,109,15.3"),
            ("police.incidents", "police.incidents", "unit=near"),
        ] {
            let radius = "radius_m=400&nearest=true&limit=500";
            paths.push(format!("/query/join?layer={layer}&with={with}&{area}&{radius}{date}"));
        }
    }
    for sums in ["sum=damage_vnd&avg=damage_vnd", "min=damage_vnd&max=damage_vnd"] {
        paths.push(format!("/query/count?layer=police.incidents&by=commune,weekday&{sums}"));
    }
    for (text, date) in [("ba to", ""), ("quang ngai", "&as_of=2025-06-30"), ("truong", ""), ("21025", ""), ("dak", "")]
    {
        let text = text.replace(' ', "+");
        paths.push(format!("/search?q={text}&limit=50{date}"));
        paths.push(format!("/search?q={text}&limit=50&at=108.8,15.12{date}"));
    }
    paths
}

fn questions_of_units() -> Vec<String> {
    let mut paths = Vec::new();
    for (lon, lat) in [(108.8, 15.12), (108.0, 14.35), (109.12, 15.38), (109.5, 15.0), (-95.4, 29.7)] {
        for day in ["2024-01-01", "2025-06-30", "2025-07-01"] {
            paths.push(format!("/query/locate?at={lon},{lat}&as_of={day}&explain=true"));
        }
    }
    for code in ["21142", "21028", "21010"] {
        paths.push(format!("/query/units/convert?code={code}&from=2025-01-01&to=2026-01-01"));
    }
    paths.push("/query/units/convert?code=21028&from=2026-01-01&to=2025-01-01".to_owned());
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_restated_under_old_and_new_units_keeps_its_total() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = Map::embedded(&folder).await;
    for layer in ["police.incidents", "police.traffic_crashes"] {
        let year = format!("/query/count?layer={layer}&datetime=2025-01-01/2026-01-01");
        let total = map.get(&year).await["total"].as_u64().expect("a total");
        assert!(total > 500, "{layer} has {total} in 2025");
        for by in ["commune", "district", "province", "month", "commune,category,month"] {
            for date in DATES {
                let table = map.get(&format!("{year}&by={by}{date}")).await;
                let rows = table["rows"].as_array().expect("rows");
                let sum: u64 = rows.iter().map(|row| row["count"].as_u64().expect("a count")).sum();
                assert_eq!((table["total"].as_u64(), sum), (Some(total), total), "{layer} {by} {date}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_behind_each_number_is_as_long_as_the_number_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = Map::embedded(&folder).await;
    let table = map.get("/query/count?layer=police.incidents&by=commune&as_of=2025-07-01").await;
    for row in table["rows"].as_array().expect("rows") {
        let unit = row["commune"].as_str().expect("a code");
        let path = format!("/query/within?layer=police.incidents&unit={unit}&level=commune&limit=1&as_of=2025-07-01");
        assert_eq!(map.get(&path).await["numberMatched"], row["count"], "{unit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tiles_of_a_zoom_add_up_to_each_layer() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = Map::embedded(&folder).await;
    let list = map.get("/layers").await;
    for layer in list["layers"].as_array().expect("layers") {
        assert!(layer["zoom"]["min"].as_u64() <= Some(9), "no tile of {layer} is asked for below");
        let name = layer["id"].as_str().expect("an id");
        let first = layer["zoom"]["min"].as_u64().expect("a zoom") as u32;
        for z in [0, 3, 8, 9].into_iter().filter(|z| *z >= first) {
            let mut sum = 0;
            // The demonstration has points outside the province, so the whole of the low zooms is asked for.
            let tiles: Vec<(u32, u32)> = if z >= 8 {
                (195 << (z - 8)..220 << (z - 8))
                    .flat_map(|x| (105 << (z - 8)..130 << (z - 8)).map(move |y| (x, y)))
                    .collect()
            } else {
                (0..1 << z).flat_map(|x| (0..1 << z).map(move |y| (x, y))).collect()
            };
            for (x, y) in tiles {
                sum += map.tile(&format!("/tiles/{name}/{z}/{x}/{y}")).await.1;
            }
            assert_eq!(Some(sum), layer["features"].as_u64(), "{name} at zoom {z}");
        }
    }
}
