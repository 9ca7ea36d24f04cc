//! `/events`: who follows the map misses nothing, and holds nobody up.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use bandoso::http::HttpSettings;
use bandoso::model::View;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::house::House;
use crate::support::province::{HOSPITALS, INCIDENTS, changes, hospitals, units};
use crate::support::shelf::Shelf;

/// A client that reads events one by one.
struct Reader {
    stream: BodyDataStream,
    text: String,
}

struct Event {
    id: String,
    layer: String,
    version: u64,
}

impl Reader {
    async fn open(house: &House, path: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = house.app.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { stream: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next block: lines up to an empty one. None at the stream's end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block = self.text.drain(..end + 2).collect::<String>();
                return Some(block.trim_end().to_owned());
            }
            let bytes = self.stream.next().await?.expect("bytes");
            self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }

    /// The layers of the next event about those that lag.
    async fn lagging(&mut self) -> Value {
        loop {
            let block = self.block().await.expect("the stream goes on");
            if let Some(event) = block.strip_prefix("event: lagging\n") {
                let data = event.strip_prefix("data: ").expect("data, and no id");
                let data: Value = serde_json::from_str(data).expect("JSON");
                return data["layers"].clone();
            }
        }
    }

    async fn event(&mut self) -> Event {
        loop {
            let block = self.block().await.expect("the stream goes on");
            let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let (Some(id), Some(data)) = (line("id: "), line("data: ")) {
                let data: Value = serde_json::from_str(&data).expect("JSON");
                let layer = data["layer"].as_str().expect("a layer").to_owned();
                return Event { id, layer, version: data["version"].as_u64().expect("a version") };
            }
        }
    }

    async fn events(&mut self, count: usize) -> Vec<(String, u64)> {
        let mut events = Vec::new();
        for _ in 0..count {
            let event = self.event().await;
            events.push((event.layer, event.version));
        }
        events
    }
}

fn told(of: &[(&str, u64)]) -> Vec<(String, u64)> {
    of.iter().map(|(layer, version)| ((*layer).to_owned(), *version)).collect()
}

#[tokio::test]
async fn a_new_stream_tells_the_present_versions_and_then_each_change() {
    let house = House::open().await;
    let present = house.atlas.versions(View::EVERYTHING);
    let mut reader = Reader::open(&house, "/events", None).await;
    let first: Vec<_> = reader.events(present.len()).await;
    assert_eq!(first, present.into_iter().collect::<Vec<_>>());
    house.shelf.put(HOSPITALS, hospitals());
    assert_eq!(reader.events(1).await, told(&[(HOSPITALS, 2)]));
    house.shelf.put(HOSPITALS, hospitals());
    assert_eq!(reader.events(1).await, told(&[(HOSPITALS, 3)]));
}

#[tokio::test]
async fn a_stream_that_comes_back_is_told_what_moved_meanwhile_on_any_node() {
    let first = House::open().await;
    let mut reader = Reader::open(&first, &format!("/events?layers={HOSPITALS},units"), None).await;
    reader.event().await;
    let id = reader.event().await.id;
    drop(reader);
    // Another node, which came to know of two changes.
    let other = House::open().await;
    other.shelf.put(HOSPITALS, hospitals());
    other.shelf.put(HOSPITALS, hospitals());
    other.get(&format!("/query/count?layer={HOSPITALS}&min_version=3")).await;
    let mut reader = Reader::open(&other, &format!("/events?layers={HOSPITALS},units"), Some(&id)).await;
    let event = reader.event().await;
    assert_eq!(
        (event.layer.as_str(), event.version),
        (HOSPITALS, 3),
        "one event for two changes, and none for the units"
    );
    // And with the newest id nothing is told until something moves.
    let mut reader = Reader::open(&other, &format!("/events?layers={HOSPITALS},units"), Some(&event.id)).await;
    other.shelf.put(HOSPITALS, hospitals());
    assert_eq!(reader.events(1).await, told(&[(HOSPITALS, 4)]));
}

#[tokio::test]
async fn a_slow_reader_is_told_the_newest_version_once() {
    let house = House::open().await;
    let mut reader = Reader::open(&house, &format!("/events?layers={INCIDENTS},{HOSPITALS}"), None).await;
    reader.events(2).await;
    for version in 2..=6 {
        house.shelf.put(HOSPITALS, hospitals());
        house.get(&format!("/query/count?layer={HOSPITALS}&min_version={version}")).await;
    }
    assert_eq!(reader.events(1).await, told(&[(HOSPITALS, 6)]));
}

#[tokio::test]
async fn a_caller_is_told_of_what_it_sees_and_asks_for() {
    let house = House::public().await;
    let mut reader = Reader::open(&house, "/events", None).await;
    let seen = house.atlas.versions(View::PUBLIC);
    assert_eq!(reader.events(seen.len()).await, seen.into_iter().collect::<Vec<_>>());
    house.shelf.break_layer(INCIDENTS, Vec::new());
    house.shelf.break_layer(HOSPITALS, hospitals());
    assert_eq!(reader.lagging().await, json!([HOSPITALS]));
    for (path, status) in [
        (format!("/events?layers={INCIDENTS}"), StatusCode::NOT_FOUND),
        ("/events?layers=".to_owned(), StatusCode::NOT_FOUND),
        ("/events?layers=units,units".to_owned(), StatusCode::BAD_REQUEST),
        ("/events?layer=units".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(house.get(&path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn which_layers_lag_is_told_under_a_name_when_it_changes_and_first_of_all() {
    let house = House::open().await;
    let mut reader = Reader::open(&house, "/events", None).await;
    let mut other = Reader::open(&house, &format!("/events?layers={INCIDENTS}"), None).await;
    let present = house.atlas.versions(View::EVERYTHING).len();
    for _ in 0..present {
        assert!(!reader.block().await.expect("a block").contains("lagging"), "nothing lags at the beginning");
    }
    let last = reader.event().await.id;
    house.shelf.break_layer(HOSPITALS, hospitals());
    assert_eq!(reader.lagging().await, json!([HOSPITALS]));

    // Before the versions, and whether the stream goes on or begins.
    for last in [None, Some(last.as_str())] {
        let mut late = Reader::open(&house, "/events", last).await;
        assert_eq!(late.block().await.as_deref(), Some("retry: 1000"));
        let told = format!("event: lagging\ndata: {{\"layers\":[\"{HOSPITALS}\"]}}");
        assert_eq!(late.block().await, Some(told), "{last:?}");
    }
    // Who reads unnamed events alone hears what it always did.
    house.shelf.put(INCIDENTS, Vec::new());
    assert_eq!(other.events(2).await, told(&[(INCIDENTS, 1), (INCIDENTS, 2)]));
    house.shelf.mend_layer(HOSPITALS);
    assert_eq!(reader.lagging().await, json!([]));
    let mut late = Reader::open(&house, "/events?layers=units", None).await;
    late.block().await;
    assert!(late.block().await.expect("a block").contains("\"units\""), "nothing lags any more");
    house.shelf.break_layer(INCIDENTS, Vec::new());
    assert_eq!(other.lagging().await, json!([INCIDENTS]), "of the layers that were asked for");
}

#[tokio::test]
async fn a_layer_that_could_not_be_read_at_first_is_followed_from_when_it_can() {
    let shelf = Shelf::new(units(), changes());
    shelf.break_layer(HOSPITALS, hospitals());
    let settings = HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() };
    let house = House::over(shelf, settings).await;
    let mut reader = Reader::open(&house, &format!("/events?layers={HOSPITALS},units"), None).await;
    assert_eq!(reader.lagging().await, json!([HOSPITALS]));
    assert_eq!(reader.event().await.layer, "units");
    house.shelf.mend_layer(HOSPITALS);
    assert_eq!(reader.lagging().await, json!([]));
    assert_eq!(reader.events(1).await, told(&[(HOSPITALS, 1)]));
    house.shelf.put(HOSPITALS, hospitals());
    assert_eq!(reader.events(1).await, told(&[(HOSPITALS, 2)]));
}

#[tokio::test]
async fn a_quiet_stream_gives_signs_of_life() {
    let heartbeat = Duration::from_millis(10);
    let house = House::with(HttpSettings { view: View::EVERYTHING, heartbeat, ..HttpSettings::default() }).await;
    let mut reader = Reader::open(&house, "/events?layers=units", None).await;
    reader.event().await;
    assert_eq!(reader.block().await.as_deref(), Some(":"));
    assert_eq!(reader.block().await.as_deref(), Some(":"));
}

#[tokio::test]
async fn streams_are_bounded_and_hold_up_no_other_request() {
    let settings = HttpSettings { view: View::EVERYTHING, max_streams: 1, max_requests: 1, ..HttpSettings::default() };
    let house = House::with(settings).await;
    let reader = Reader::open(&house, "/events", None).await;
    let refused = house.get("/events").await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert_eq!(refused.json()["retry_after_ms"], 1000);
    assert_eq!(house.get("/layers").await.status, StatusCode::OK);
    assert!(house.get("/metrics").await.text().contains("bandoso_event_streams 1\n"));
    drop(reader);
    assert!(
        house.get("/metrics").await.text().contains("bandoso_event_streams 0\n"),
        "a client that left gives its place back"
    );
    Reader::open(&house, "/events", None).await;
}
