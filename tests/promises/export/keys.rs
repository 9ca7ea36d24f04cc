//! Senders' keys go with their features: what comes back meets its own.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::http::{HttpSettings, app};
use bandoso::model::View;
use tower::ServiceExt as _;

use super::{gdal, parts};
use crate::support::postgres::TestDatabase;
use crate::support::program::Desk;

/// Keys of all kinds: of words, of digits that no number has, of a number that the store gave another feature, and none at all.
const KEYED: &str = "id,lon,lat,title,category,occurred_at,damage_vnd\r\n\
    VV-2025/1,108.8,15.12,Một,theft,2025-06-30T23:30:00+07:00,5\r\n\
    007,108.25,15.25,Hai,fire,2025-07-01T00:00:00Z,\r\n\
    \"ổ, khoá \"\"1\"\"\",108.3,15.3,Ba,,,-1\r\n\
    =1+1,108.4,15.1,Bốn,other,,0\r\n\
    17,108.5,15.1,Năm,other,,0\r\n\
    4611686018427387905,108.6,15.1,Sáu,other,,0\r\n";
/// Features whose numbers are their own, one of them a number that a keyed feature has by now.
const NUMBERED: &str = "id,lon,lat,title\r\n1,108.7,15.2,Bảy\r\n900,108.7,15.3,Tám\r\n";

/// A store for each kind there is, as words of the command line.
fn stores() -> Vec<(Desk, Option<TestDatabase>, String)> {
    let mut stores = vec![(Desk::new(), None, String::new())];
    if let Some(database) = TestDatabase::fresh() {
        let words = format!(" --store {}", database.url());
        stores.push((Desk::new(), Some(database), words));
    }
    stores
}

fn keyed(desk: &Desk, store: &str) {
    desk.file("keyed.csv", KEYED);
    desk.file("numbered.csv", NUMBERED);
    for file in ["keyed.csv", "numbered.csv"] {
        desk.done(&format!("import{store} --layer police.incidents {file} --strict"));
    }
}

#[test]
fn a_file_that_comes_back_changes_nothing_whatever_its_format() {
    for (desk, _database, store) in stores() {
        keyed(&desk, &store);
        for file in ["a.geojson", "a.ndjson", "a.csv", "a.xlsx", "a.gpkg", "a.fgb"] {
            desk.done(&format!("export{store} --layer police.incidents -o {file}"));
            let again = desk.done(&format!("import{store} --layer police.incidents {file} --strict"));
            assert!(again.contains("read 8, added 0, changed 0, unchanged 8, not stored 0"), "{store} {file}: {again}");
        }
        // In a grid of VN-2000 places come back within a millimetre, and so as changes of the same features.
        desk.done(&format!("export{store} --layer police.incidents --crs EPSG:5898 -o b.csv"));
        let again = desk.done(&format!("import{store} --layer police.incidents b.csv --crs EPSG:5898 --xy east-north"));
        assert!(again.contains("read 8, added 0,"), "{store}: {again}");
        assert_eq!(parts(&desk), [""; 0]);
    }
}

#[test]
fn a_file_goes_into_another_store_with_its_keys() {
    let (desk, other) = (Desk::new(), Desk::new());
    keyed(&desk, "");
    desk.done("export --layer police.incidents -o a.gpkg");
    let file = other.path("a.gpkg");
    std::fs::copy(desk.path("a.gpkg"), &file).unwrap();
    other.done("import --layer police.incidents a.gpkg");
    // The sender's own file is met there.
    other.file("keyed.csv", KEYED);
    let again = other.done("import --layer police.incidents keyed.csv");
    assert!(again.contains("read 6, added 0,"), "{again}");
}

#[test]
fn the_column_that_the_caller_names_counts_more_than_the_key() {
    let desk = Desk::new();
    keyed(&desk, "");
    desk.done("export --layer police.incidents --fields title,source_id -o a.csv");
    let text = std::fs::read_to_string(desk.path("a.csv")).unwrap();
    assert!(text.starts_with("id,lon,lat,title,source_id\r\n"), "{text}");
    assert!(text.contains(",Hai,007\r\n") && text.contains(",Tám,\r\n") && text.contains(",Bốn,=1+1\r\n"), "{text}");
    let told = desk.done("import --layer police.incidents a.csv --map id=title --dry-run");
    assert!(told.contains("added 8"), "{told}");
    desk.done("import --layer police.incidents a.csv --save-mapping sender.toml --dry-run");
    let told = desk.done("import --layer police.incidents a.csv --mapping sender.toml");
    assert!(told.contains("added 0"), "{told}");
    let refused = desk.run("export --layer police.incidents --fields id -o b.csv");
    assert!(refused.err.contains("source_id"), "{}", refused.err);
}

#[test]
fn desktop_programs_see_the_keys() {
    let desk = Desk::new();
    keyed(&desk, "");
    for file in ["a.gpkg", "a.fgb", "a.parquet"] {
        desk.done(&format!("export --layer police.incidents -o {file}"));
    }
    let Some(told) = gdal(&desk, "ogrinfo", "-al a.gpkg") else { return };
    assert!(told.contains("source_id (String) = VV-2025/1") && told.contains("source_id (String) = (null)"), "{told}");
}

#[tokio::test]
async fn the_public_gets_no_keys() {
    let desk = tokio::task::spawn_blocking(|| {
        let desk = Desk::new();
        desk.file("h.csv", "id,lon,lat,name\r\nBV-1,108.8,15.12,Một\r\n");
        desk.done("import --layer health.facilities h.csv");
        desk
    });
    let desk = desk.await.unwrap();
    let catalogue = bandoso::config::load_catalogue(None).unwrap();
    let store = bandoso::store::open(&desk.path("map.gpkg").display().to_string()).await.unwrap();
    store.prepare(&catalogue).await.unwrap();
    let atlas = Atlas::open(store, catalogue, AtlasSettings::default()).await.unwrap();
    for (view, told) in [(View::EVERYTHING, true), (View::PUBLIC, false)] {
        let app = app(std::sync::Arc::clone(&atlas), &HttpSettings { view, ..HttpSettings::default() });
        for f in ["csv", "ndjson"] {
            let path = format!("/ogc/collections/health.facilities/items?f={f}");
            let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            let text = String::from_utf8_lossy(&body).into_owned();
            assert_eq!((text.contains("BV-1"), text.contains("source_id")), (told, told), "{f}: {text}");
            assert!(text.contains("Một"), "{text}");
        }
    }
}
