//! The front door: what it gives again is what the long way would give, with every header, and never stale.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use bandoso::http::HttpSettings;
use bandoso::model::View;

use crate::support::house::{Answer, House};
use crate::support::province::{HOSPITALS, INCIDENTS, hospitals};

const HOSPITAL_TILE: &str = "/tiles/health.hospitals/0/0/0";
const INCIDENT_TILE: &str = "/tiles/police.incidents,units.commune/5/25/14";
const EMPTY_TILE: &str = "/tiles/health.hospitals/5/0/0";

async fn given_again(house: &House) -> u64 {
    let text = house.get("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix("bandoso_tiles_given_again_total "));
    line.expect("a number").parse().expect("a number")
}

/// All but what is of one request.
fn lasting(answer: &Answer) -> HeaderMap {
    let mut headers = answer.headers.clone();
    assert!(headers.remove("x-request-id").is_some());
    headers
}

#[tokio::test]
async fn a_warm_answer_has_the_status_the_bytes_and_every_header_of_the_cold_one() {
    for (view, host) in [(View::EVERYTHING, "localhost"), (View::PUBLIC, "map.example:8443")] {
        let house = House::with(HttpSettings { view, ..HttpSettings::default() }).await;
        for path in [HOSPITAL_TILE, EMPTY_TILE, "/tiles/units.commune/5/25/14?as_of=2025-07-01"] {
            for accept in ["identity", "gzip", "br, zstd"] {
                let ask = [("accept-encoding", accept), ("host", host)];
                let before = given_again(&house).await;
                let cold = house.get_with(path, &ask).await;
                assert_eq!(given_again(&house).await, before, "{path} {accept}");
                let warm = house.get_with(path, &ask).await;
                assert_eq!(given_again(&house).await, before + 1, "{path} {accept}");
                assert_eq!((warm.status, lasting(&warm)), (cold.status, lasting(&cold)), "{path} {accept}");
                assert_eq!(warm.body, cold.body, "{path} {accept}");
                assert_ne!(warm.header("x-request-id"), cold.header("x-request-id"));
            }
        }
    }
}

#[tokio::test]
async fn a_warm_304_has_every_header_of_the_cold_one() {
    // Two houses of the same data: one is asked for the first time with the tag in hand.
    let (first, second) = (House::open().await, House::open().await);
    let etag = first.get(HOSPITAL_TILE).await.header("etag").expect("a tag").to_owned();
    for tag in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let warm = first.get_with(HOSPITAL_TILE, &[("if-none-match", &tag)]).await;
        let cold = second.get_with(HOSPITAL_TILE, &[("if-none-match", &tag)]).await;
        assert_eq!((warm.status, warm.body.len()), (StatusCode::NOT_MODIFIED, 0), "{tag}");
        assert_eq!((warm.status, lasting(&warm)), (cold.status, lasting(&cold)), "{tag}");
    }
    assert_eq!((given_again(&first).await, given_again(&second).await), (4, 0));
    assert_eq!(first.get_with(HOSPITAL_TILE, &[("if-none-match", "\"x\"")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_is_given_again_once_its_layer_has_changed_and_all_else_is() {
    let house = House::open().await;
    let (hospitals_before, incidents_before) = (house.get(HOSPITAL_TILE).await, house.get(INCIDENT_TILE).await);
    house.shelf.put(HOSPITALS, hospitals().into_iter().take(1).collect());
    house.get(&format!("/query/count?layer={HOSPITALS}&min_version=2")).await;
    let changed = house.get(HOSPITAL_TILE).await;
    assert_eq!(given_again(&house).await, 0);
    assert_eq!(changed.features(), 1);
    assert_ne!(changed.header("etag"), hospitals_before.header("etag"));
    let versions = |answer: &Answer| answer.header("bandoso-version").expect("versions").to_owned();
    assert!(versions(&changed).contains("health.hospitals=2"));
    let same = house.get(INCIDENT_TILE).await;
    assert_eq!(given_again(&house).await, 1, "the incidents did not change");
    assert_eq!(
        (same.body, same.headers["etag"].clone()),
        (incidents_before.body, incidents_before.headers["etag"].clone())
    );
    assert_eq!(house.get(HOSPITAL_TILE).await.features(), 1);
    assert_eq!(given_again(&house).await, 2);
}

#[tokio::test]
async fn what_is_refused_cold_is_refused_warm() {
    let house = House::open().await;
    house.get(HOSPITAL_TILE).await;
    for (headers, status) in [
        (vec![("host", "evil.example")], StatusCode::FORBIDDEN),
        (vec![("host", "localhost"), ("host", "evil.example")], StatusCode::FORBIDDEN),
        (vec![("x-forwarded-host", "evil.example")], StatusCode::FORBIDDEN),
        (vec![("host", "localhost"), ("x-forwarded-proto", "gopher")], StatusCode::BAD_REQUEST),
        (vec![("accept-encoding", "*;q=0")], StatusCode::NOT_ACCEPTABLE),
    ] {
        assert_eq!(house.get_with(HOSPITAL_TILE, &headers).await.status, status, "{headers:?}");
    }
    for method in [Method::POST, Method::DELETE] {
        let request = Request::builder().method(method).uri(HOSPITAL_TILE).body(Body::empty()).expect("a request");
        assert_eq!(house.ask(request).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    let foreign = house.get_with(HOSPITAL_TILE, &[("origin", "https://evil.example")]).await;
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    let own = house.get_with(HOSPITAL_TILE, &[("origin", "http://localhost:5173")]).await;
    assert_eq!(own.header("access-control-allow-origin"), Some("http://localhost:5173"));
    assert_eq!(given_again(&house).await, 0);
}

#[tokio::test]
async fn a_page_of_any_origin_is_given_public_tiles_again() {
    let house = House::public().await;
    for origin in ["https://one.example", "https://two.example"] {
        let answer = house.get_with(HOSPITAL_TILE, &[("origin", origin)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    assert_eq!(given_again(&house).await, 1);
}

#[tokio::test]
async fn what_is_given_again_is_counted_like_the_rest() {
    let house = House::open().await;
    let before = requests(&house).await;
    for _ in 0..5 {
        house.get(&format!("/tiles/{INCIDENTS}/3/6/3")).await;
    }
    let (asked, drawn) = house.atlas.tile_counts();
    assert_eq!((asked, drawn), (5, 1));
    // Other tests of this process count too.
    assert!(requests(&house).await >= before + 5);
}

async fn requests(house: &House) -> u64 {
    let text = house.get("/metrics").await.text();
    let of_tiles =
        |line: &&str| line.starts_with("bandoso_http_requests_total{") && line.contains("/tiles/{layers}/{z}");
    let good = text.lines().filter(of_tiles).find(|line| line.contains("status=\"200\""));
    good.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn no_room_at_the_front_door_changes_nothing_but_the_speed() {
    let settings = HttpSettings { view: View::EVERYTHING, front_bytes: 0, ..HttpSettings::default() };
    let house = House::with(settings).await;
    let (first, second) = (house.get(HOSPITAL_TILE).await, house.get(HOSPITAL_TILE).await);
    assert_eq!((first.body, given_again(&house).await), (second.body, 0));
}
