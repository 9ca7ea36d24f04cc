use std::time::Duration;

use axum::http::{Method, Request, StatusCode};
use bandoso::http::HttpSettings;
use bandoso::model::View;

use crate::support::house::House;
use crate::support::province::HOSPITALS;

/// Asks until the answer has the status: the store is asked every 20 ms.
async fn becomes(house: &House, path: &str, status: StatusCode) -> crate::support::house::Answer {
    loop {
        let answer = house.get(path).await;
        if answer.status == status {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn without_its_store_the_server_is_not_ready_and_serves_what_it_holds() {
    let house = House::open().await;
    assert_eq!(house.get("/ready").await.status, StatusCode::OK);
    house.shelf.set_away(true);
    let away = becomes(&house, "/ready", StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(away.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|seconds| seconds > 0)));
    assert_eq!(house.get("/health").await.status, StatusCode::OK);
    assert_eq!(house.get("/tiles/police.incidents/0/0/0").await.status, StatusCode::OK);
    assert_eq!(house.get("/query/count?layer=police.incidents").await.status, StatusCode::OK);
    assert!(house.get("/metrics").await.text().contains("bandoso_ready 0"));
    house.shelf.set_away(false);
    becomes(&house, "/ready", StatusCode::OK).await;
}

#[tokio::test]
async fn a_layer_that_cannot_be_read_is_named_and_measured_while_the_server_is_ready() {
    let house = House::open().await;
    let lagging = |lags: u8| format!("bandoso_layer_lagging{{layer=\"{HOSPITALS}\"}} {lags}\n");
    let measured = async |lags: u8| {
        while !house.get("/metrics").await.text().contains(&lagging(lags)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    measured(0).await;
    house.shelf.break_layer(HOSPITALS, Vec::new());
    measured(1).await;
    assert_eq!(house.json("/ready").await, serde_json::json!({ "status": "ready", "lagging": [HOSPITALS] }));
    house.shelf.mend_layer(HOSPITALS);
    measured(0).await;
    assert_eq!(house.json("/ready").await, serde_json::json!({ "status": "ready" }));
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_never_what_was_asked() {
    let house = House::open().await;
    house.get("/query/nearest?layer=health.hospitals&at=108.123456,15.654321").await;
    house.get("/tiles/police.incidents/99/0/0").await;
    house.get("/some/secret/path").await;
    let text = house.get("/metrics").await.text();
    let line = |start: &str, labels: &[&str]| {
        text.lines().any(|line| line.starts_with(start) && labels.iter().all(|label| line.contains(label)))
    };
    assert!(
        line("bandoso_http_requests_total{", &["route=\"/query/nearest\"", "method=\"GET\"", "status=\"200\""]),
        "{text}"
    );
    assert!(
        line("bandoso_http_requests_total{", &["route=\"/tiles/{layers}/{z}/{x}/{y}\"", "status=\"400\""]),
        "{text}"
    );
    assert!(line("bandoso_http_requests_total{", &["route=\"other\"", "status=\"404\""]), "{text}");
    assert!(
        line("bandoso_http_request_duration_seconds_bucket{", &["route=\"/query/nearest\"", "le=\"0.05\""]),
        "{text}"
    );
    assert!(line("bandoso_layer_features{", &["layer=\"police.incidents\"", "3000"]), "{text}");
    assert!(line("bandoso_layer_version{", &["layer=\"police.incidents\"", " 1"]), "{text}");
    assert!(line("bandoso_tiles_total ", &[]) && line("bandoso_tiles_drawn_total ", &[]), "{text}");
    for word in ["108.12", "secret", "15.65"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_a_wrong_method_is_405_with_the_right_ones() {
    let house = House::open().await;
    for path in
        ["/nowhere", "/tiles/", "/query", "/query/", "/tiles/a.b/1/2", "/tiles/a.b/1/2/3/4", "/..%2fetc/passwd", "//"]
    {
        assert_eq!(house.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (method, path, allow) in [
        (Method::POST, "/layers", "GET,HEAD"),
        (Method::DELETE, "/query/within", "GET,HEAD,POST"),
        (Method::PUT, "/tiles/police.incidents/0/0/0", "GET,HEAD"),
        (Method::POST, "/", "GET,HEAD"),
        (Method::POST, "/health", "GET,HEAD"),
    ] {
        let request =
            Request::builder().method(method.clone()).uri(path).body(axum::body::Body::empty()).expect("a request");
        let answer = house.ask(request).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (StatusCode::METHOD_NOT_ALLOWED, Some(allow)),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn more_at_once_than_the_bound_are_asked_to_come_back() {
    let settings = HttpSettings { view: View::EVERYTHING, max_requests: 0, ..HttpSettings::default() };
    let house = House::with(settings).await;
    let answer = house.get("/layers").await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert_eq!(house.get("/health").await.status, StatusCode::OK, "the service itself still answers");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let settings =
        HttpSettings { view: View::EVERYTHING, request_timeout: Duration::from_millis(50), ..HttpSettings::default() };
    let house = House::with(settings).await;
    let silence =
        axum::body::Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let answer = house.post("/query/within?layer=police.incidents", silence).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}
