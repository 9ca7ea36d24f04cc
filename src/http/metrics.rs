//! Numbers for Prometheus. Labels are routes, methods, statuses and layers: nothing of what was asked or by whom.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use metrics::{describe_counter, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::Shared;
use super::asked::Asked;
use super::problem::Problem;
use crate::atlas::ListedLayer;

/// Upper bounds of request durations, seconds: from a tile out of the cache to the request timeout.
const DURATIONS_S: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// The process's recorder; the first call installs it, so that every room's counters are in it.
pub fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let durations = Matcher::Suffix("_duration_seconds".to_owned());
            // Only an empty list of bounds is refused; without bounds, durations would be summaries.
            let builder = PrometheusBuilder::new().set_buckets_for_metric(durations, &DURATIONS_S).unwrap_or_default();
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another metrics recorder is installed in this process: /metrics stays empty");
            }
            describe_counter!("bandoso_http_requests_total", "Requests answered, by route, method and status.");
            describe_histogram!(
                "bandoso_http_request_duration_seconds",
                "From a request's head to its answer, seconds."
            );
            handle
        })
        .clone()
}

/// `GET /metrics`.
pub async fn metrics(State(shared): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    asked.params(&[])?;
    shared.prometheus.run_upkeep();
    let mut text = shared.prometheus.render();
    write_state(&mut text, &shared);
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}

/// The atlas as it stands now. Only layers in the server's view: the names of the others are nobody's business.
fn write_state(text: &mut String, shared: &Shared) {
    let layers = shared.atlas.listed(shared.settings.view);
    let of_layers = |value: fn(&ListedLayer<'_>) -> Option<u64>| -> Vec<(String, u64)> {
        let row = |listed: &ListedLayer<'_>| Some((format!("{{layer=\"{}\"}}", listed.layer.id), value(listed)?));
        layers.iter().filter_map(row).collect()
    };
    let one = |value: u64| vec![(String::new(), value)];
    let (asked, drawn) = shared.atlas.tile_counts();
    for (name, kind, help, rows) in [
        (
            "bandoso_layer_features",
            "gauge",
            "Features of a layer.",
            of_layers(|listed| Some(listed.summary.as_ref()?.features)),
        ),
        (
            "bandoso_layer_version",
            "gauge",
            "Version of a layer.",
            of_layers(|listed| Some(listed.summary.as_ref()?.version)),
        ),
        (
            "bandoso_layer_lagging",
            "gauge",
            "Whether a layer cannot be read, so that what is shown of it is as it was read last.",
            of_layers(|listed| Some(u64::from(listed.lagging))),
        ),
        ("bandoso_tiles_total", "counter", "Tiles asked for.", one(asked)),
        ("bandoso_tiles_drawn_total", "counter", "Tiles drawn: the others came from the cache.", one(drawn)),
        (
            "bandoso_tiles_given_again_total",
            "counter",
            "Answers with a tile that the front door gave without asking.",
            one(shared.given_again.load(Ordering::Relaxed)),
        ),
        (
            "bandoso_event_streams",
            "gauge",
            "Streams of events that are open.",
            one((shared.settings.max_streams - shared.streams.available_permits()) as u64),
        ),
        (
            "bandoso_ready",
            "gauge",
            "Whether everything is loaded and the store answered lately.",
            one(u64::from(shared.atlas.ready().is_ok())),
        ),
    ] {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in rows {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
}
