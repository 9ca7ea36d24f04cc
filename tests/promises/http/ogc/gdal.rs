//! A client that nobody here wrote: GDAL's driver of OGC API Features.

use std::process::{Command, Output};
use std::sync::Arc;

use bandoso::http::{HttpSettings, serve};
use bandoso::model::{Value as Property, View};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::house::House;
use crate::support::province::{INCIDENT_COUNT, incidents};

/// Whether GDAL is here; under CI it must be.
fn has_gdal() -> bool {
    if Command::new("ogr2ogr").arg("--version").output().is_ok() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "ogr2ogr is missing: under CI no test is skipped");
    eprintln!("skipped: ogr2ogr is not installed");
    false
}

async fn run(program: &'static str, words: Vec<String>) -> String {
    let run = move || Command::new(program).args(words).env_remove("http_proxy").env("NO_PROXY", "*").output();
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success() && !stderr.contains("ERROR"), "{program}: {stderr}");
    String::from_utf8_lossy(&stdout).into_owned()
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn gdal_reads_layers_pages_filters_and_boxes() {
    if !has_gdal() {
        return;
    }
    let house = House::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let source = format!("OAPIF:http://{}/ogc", listener.local_addr().unwrap());
    let settings = HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() };
    let server = tokio::spawn(serve(Arc::clone(&house.atlas), listener, settings, std::future::pending::<()>()));

    let told = run("ogrinfo", words(&format!("-ro -so {source} police.incidents"))).await;
    assert!(told.contains(&format!("Feature Count: {INCIDENT_COUNT}")), "{told}");
    assert!(told.contains("occurred_at: DateTime") && told.contains("closed: Integer(Boolean)"), "{told}");

    let rows = incidents(&house.atlas.catalogue().time_zone);
    let theft = Property::Text("theft".to_owned());
    for (page, given, takes) in [
        (
            10_000,
            Vec::new(),
            Box::new(|_: f64, _: f64, _: &[Property]| true) as Box<dyn Fn(f64, f64, &[Property]) -> bool>,
        ),
        (271, Vec::new(), Box::new(|_, _, _| true)),
        (
            500,
            vec!["-where".to_owned(), "category = 'theft'".to_owned()],
            Box::new(move |_, _, values| values[1] == theft),
        ),
        (
            500,
            vec!["-where".to_owned(), "category ILIKE 'TH%' OR loss < -2 AND NOT note IS NULL".to_owned()],
            Box::new(|_, _, values| {
                let is = |value: &Property, text: &str| *value == Property::Text(text.to_owned());
                let lost = matches!(values[3], Property::Real(loss) if loss < -2.0);
                is(&values[1], "theft") || lost && values[2] != Property::Null
            }),
        ),
        (
            500,
            words("-spat 108.2 15 108.4 15.2"),
            Box::new(|lon, lat, _| (108.2..=108.4).contains(&lon) && (15.0..=15.2).contains(&lat)),
        ),
    ] {
        let read = words(&format!("-f GeoJSON /vsistdout/ {source} police.incidents -oo PAGE_SIZE={page}"));
        let said = run("ogr2ogr", [read, given.clone()].concat()).await;
        let found: Value = serde_json::from_str(&said).unwrap();
        // GDAL keeps no id; millionths of a degree tell the made-up points from each other.
        let millionths = |degrees: f64| (degrees * 1e6).round() as i64;
        let place = |feature: &Value| {
            let at = &feature["geometry"]["coordinates"];
            (millionths(at[0].as_f64().unwrap()), millionths(at[1].as_f64().unwrap()))
        };
        let mut places: Vec<(i64, i64)> = found["features"].as_array().unwrap().iter().map(place).collect();
        let mut expected: Vec<(i64, i64)> = rows
            .iter()
            .filter(|(_, at, values)| takes(at.lon, at.lat, values))
            .map(|(_, at, _)| (millionths(at.lon), millionths(at.lat)))
            .collect();
        places.sort_unstable();
        expected.sort_unstable();
        assert!(places == expected, "{given:?} by {page}: {} features, not {}", places.len(), expected.len());
    }
    server.abort();
}
