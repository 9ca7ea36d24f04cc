//! `min_version`: who wrote reads what it wrote, or is told that it cannot yet.

use std::time::Duration;

use axum::http::StatusCode;
use bandoso::http::HttpSettings;
use bandoso::model::View;

use crate::support::house::House;
use crate::support::province::{HOSPITALS, hospitals};

fn addresses(version: &str) -> [String; 6] {
    [
        format!("/tiles/{HOSPITALS}/0/0/0?min_version={version}"),
        format!("/tiles/units.commune/5/25/14?count={HOSPITALS}&min_version={version}"),
        format!("/query/count?layer={HOSPITALS}&min_version={version}"),
        format!("/query/nearest?layer={HOSPITALS}&at=108,15&min_version={version}"),
        format!("/query/within?layer={HOSPITALS}&at=108,15&radius_m=9&min_version={version}"),
        format!("/query/locate?at=108,15&min_version={HOSPITALS}={version}"),
    ]
}

#[tokio::test]
async fn a_version_on_its_way_is_waited_for() {
    let house = House::open().await;
    for (version, path) in (2_u64..).zip(addresses("VERSION")) {
        let path = path.replace("VERSION", &version.to_string());
        let (answer, ()) = tokio::join!(house.get(&path), async {
            tokio::task::yield_now().await;
            house.shelf.put(HOSPITALS, hospitals());
        });
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        if !path.contains("locate") {
            let versions = answer.header("bandoso-version").expect("versions");
            assert!(versions.contains(&format!("{HOSPITALS}={version}")), "{path}: {versions}");
        }
    }
}

#[tokio::test]
async fn a_version_that_does_not_come_is_503_and_names_a_time_to_ask_again() {
    let version_wait = Duration::from_millis(20);
    let house = House::with(HttpSettings { view: View::EVERYTHING, version_wait, ..HttpSettings::default() }).await;
    for path in addresses("99") {
        let answer = house.get(&path).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (StatusCode::SERVICE_UNAVAILABLE, Some("1")),
            "{path}"
        );
        let problem = answer.json();
        assert_eq!(problem["type"], "urn:problem-type:bandoso:version-not-reached", "{path}");
        assert_eq!(problem["retry_after_ms"], 1000, "{path}");
    }
    for path in addresses("1") {
        assert!(house.get(&path).await.status.is_success(), "{path}");
    }
}

#[tokio::test]
async fn a_version_that_cannot_be_read_is_refused_by_name() {
    let house = House::open().await;
    for version in ["", "x", "-1", "1.5", "health.hospitals", "health.hospitals=1,health.hospitals=1", "=1"] {
        for path in addresses(version).iter().take(5) {
            let answer = house.get(path).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
            assert_eq!(answer.json()["parameter"], "min_version", "{path}");
        }
    }
    for (path, status) in [
        ("/tiles/health.hospitals,police.incidents/0/0/0?min_version=1", StatusCode::BAD_REQUEST),
        ("/tiles/health.hospitals,police.incidents?min_version=1", StatusCode::BAD_REQUEST),
        ("/tiles/health.hospitals/0/0/0?min_version=no.layer=1", StatusCode::NOT_FOUND),
        ("/tiles/health.hospitals/0/0/0?min_version=units=1,health.hospitals=1", StatusCode::OK),
        ("/tiles/units.commune/5/25/14?min_version=1", StatusCode::OK),
        ("/query/units/convert?code=21001&from=2025-07-01&to=2025-07-01&min_version=1", StatusCode::OK),
    ] {
        assert_eq!(house.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn those_who_wait_are_bounded_and_leave_room_for_others() {
    let settings = HttpSettings { view: View::EVERYTHING, max_waiting: 0, max_requests: 1, ..HttpSettings::default() };
    let house = House::with(settings).await;
    let refused = house.get(&format!("/query/count?layer={HOSPITALS}&min_version=2")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(house.get(&format!("/query/count?layer={HOSPITALS}&min_version=1")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_from_data_says_its_versions_also_when_it_is_known() {
    let house = House::open().await;
    for path in addresses("1") {
        let answer = house.get(&path).await;
        let (etag, versions) =
            (answer.header("etag").expect("a tag"), answer.header("bandoso-version").expect("versions"));
        let again = house.get_with(&path, &[("if-none-match", etag)]).await;
        assert_eq!(
            (again.status, again.header("bandoso-version")),
            (StatusCode::NOT_MODIFIED, Some(versions)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_tilejson_carries_the_version_into_its_tiles() {
    let house = House::open().await;
    let document = house.json(&format!("/tiles/{HOSPITALS}?min_version=1")).await;
    let tiles = document["tiles"][0].as_str().expect("an address");
    assert!(tiles.ends_with("?min_version=1"), "{tiles}");
}
