//! `GET /events`: server-sent events `{layer, version}` as layers and units change.
//!
//! An event's id holds the versions of everything that the stream has told so far, so that any node, and a node that was started
//! anew, can tell what has moved since. A stream that begins without an id, or with one of another catalogue, tells all versions
//! first: who has them already compares.
//!
//! An event named `lagging` tells which layers cannot be read, whenever those are others than before, and first of all at the
//! beginning of a stream where there are any. It has no id: a stream that goes on elsewhere says it anew, and whoever hears
//! nothing of it at the beginning knows that none lags.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, sleep_until};
use xxhash_rust::xxh3::xxh3_64;

use super::asked::Asked;
use super::problem::{Kind, Problem};
use super::{RETRY_MS, Service, Shared};
use crate::model::{Invalid, LayerId, Versions};

/// After how long a client whose stream broke comes back, milliseconds.
const RECONNECT_MS: u64 = 1000;

/// `layers` picks some of the layers, and `units`; without it everything that the view sees is told.
pub async fn events(State(shared): State<Shared>, headers: HeaderMap, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["layers"])?;
    let names = names(&shared, params.text("layers"))?;
    let Ok(place) = Arc::clone(&shared.streams).try_acquire_owned() else {
        return Err(Problem::retry(Kind::Overloaded, RETRY_MS, "too many follow the changes; try again"));
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let stream = EventStream {
        seen: Seen::new(names, last),
        shown: shared.atlas.shown(),
        stopping: shared.stopping.subscribe(),
        next_at: None,
        _place: place,
        shared,
    };
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    // Proxies of the nginx kind would keep events back until a buffer is full.
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((headers, unbuffered, Body::from_stream(stream::unfold(stream, EventStream::next))).into_response())
}

/// What is to be told of, in order: also layers that could not be read yet, for they may come.
fn names(service: &Service, asked: Option<&str>) -> Result<Vec<String>, Problem> {
    let seen = service.atlas.catalogue().layers.iter().filter(|layer| service.settings.view.sees(layer));
    let mut all: Vec<&str> = seen.map(|layer| layer.id.as_str()).chain(["units"]).collect();
    all.sort_unstable();
    let Some(list) = asked else { return Ok(all.into_iter().map(str::to_owned).collect()) };
    let mut names: Vec<String> = Vec::new();
    for name in list.split(',') {
        if !all.contains(&name) {
            return Err(Problem::unknown_layer("layers", name));
        }
        if names.iter().any(|known| known == name) {
            return Err(Invalid::new("layers", format!("each layer once, found {name:?} twice")).into());
        }
        names.push(name.to_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// What a client knows.
struct Seen {
    /// In order, each with the version that was told last.
    told: Vec<(String, Option<u64>)>,
    /// Of the names: an id says nothing about another list of layers.
    names: u64,
    /// Layers of which it was told that they lag.
    lagging: Vec<LayerId>,
}

#[derive(Serialize)]
struct Event<'a> {
    layer: &'a str,
    version: u64,
}

#[derive(Serialize)]
struct Lagging<'a> {
    layers: Vec<&'a str>,
}

impl Seen {
    /// What the id of the client's last event says; nothing is known where there is none or it cannot be read.
    fn new(names: Vec<String>, last: Option<&str>) -> Self {
        let hash = xxh3_64(names.join(",").as_bytes());
        let versions = last.and_then(|id| read_id(id, hash)).filter(|versions| versions.len() == names.len());
        let versions = versions.unwrap_or_else(|| vec![None; names.len()]);
        Self { told: names.into_iter().zip(versions).collect(), names: hash, lagging: Vec::new() }
    }

    /// An event with those that lag, of the names, where they are others than were told.
    fn tell_lagging(&mut self, mut now: Vec<LayerId>, text: &mut String) {
        now.retain(|id| self.told.iter().any(|(name, _)| name == id.as_str()));
        if now == self.lagging {
            return;
        }
        self.lagging = now;
        let layers: Vec<&str> = self.lagging.iter().map(LayerId::as_str).collect();
        let data = serde_json::to_string(&Lagging { layers }).unwrap_or_default();
        // Writing into a String cannot fail.
        let _ = write!(text, "event: lagging\ndata: {data}\n\n");
    }

    /// Events about whatever moved, each with the id of what is known after it. Only the newest version is told, however many
    /// there were between.
    fn tell(&mut self, now: &Versions, text: &mut String) {
        for index in 0..self.told.len() {
            let Some((name, told)) = self.told.get_mut(index) else { continue };
            let Some(version) = now.get(name).copied().filter(|version| *told != Some(*version)) else { continue };
            *told = Some(version);
            let data = serde_json::to_string(&Event { layer: name, version }).unwrap_or_default();
            // Writing into a String cannot fail.
            let _ = write!(text, "id: {}\ndata: {data}\n\n", self.id());
        }
    }

    /// `hash.v.v.v` in hexadecimal; nothing stands for a version that was not told yet.
    fn id(&self) -> String {
        let mut id = format!("{:x}", self.names);
        for (_, version) in &self.told {
            id.push('.');
            if let Some(version) = version {
                let _ = write!(id, "{version:x}");
            }
        }
        id
    }
}

fn read_id(id: &str, names: u64) -> Option<Vec<Option<u64>>> {
    let (hash, versions) = id.split_once('.')?;
    if u64::from_str_radix(hash, 16).ok()? != names {
        return None;
    }
    let version = |text: &str| match text {
        "" => Some(None),
        text => u64::from_str_radix(text, 16).ok().map(Some),
    };
    versions.split('.').map(version).collect()
}

struct EventStream {
    shared: Shared,
    seen: Seen,
    shown: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    /// Not before this moment; none before the first events.
    next_at: Option<Instant>,
    /// One of the bounded number of streams.
    _place: OwnedSemaphorePermit,
}

impl EventStream {
    /// The next events, or a heartbeat. Asked for only when the client has taken what was sent before, so that a slow reader
    /// misses versions in between and nothing piles up.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let (pause, heartbeat) = (self.shared.settings.event_pause, self.shared.settings.heartbeat);
        let mut text = match self.next_at {
            Some(next_at) => {
                tokio::select! {
                    () = sleep_until(next_at) => String::new(),
                    _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                }
            }
            None => format!("retry: {RECONNECT_MS}\n\n"),
        };
        loop {
            // Marked as seen before the look: what is shown after it wakes the stream again.
            self.shown.borrow_and_update();
            let (atlas, view) = (&self.shared.atlas, self.shared.settings.view);
            self.seen.tell_lagging(atlas.lagging(view), &mut text);
            self.seen.tell(&atlas.versions(view), &mut text);
            if !text.is_empty() {
                self.next_at = Some(Instant::now() + pause);
                return Some((Ok(Bytes::from(text)), self));
            }
            tokio::select! {
                changed = self.shown.changed() => changed.ok()?,
                () = sleep(heartbeat) => text.push_str(":\n\n"),
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(of: &[(&str, u64)]) -> Versions {
        of.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect()
    }

    fn names() -> Vec<String> {
        vec!["a.b".to_owned(), "units".to_owned()]
    }

    #[test]
    fn an_id_says_on_any_node_what_was_told() {
        let mut text = String::new();
        let mut first = Seen::new(names(), None);
        first.tell(&versions(&[("a.b", 300), ("units", 1)]), &mut text);
        assert_eq!(text.matches("data:").count(), 2, "{text}");
        let half: &str = text.lines().next().and_then(|line| line.strip_prefix("id: ")).expect("an id");

        for (id, told) in
            [(half.to_owned(), vec!["units"]), (first.id(), vec![]), ("?".to_owned(), vec!["a.b", "units"])]
        {
            let mut text = String::new();
            Seen::new(names(), Some(&id)).tell(&versions(&[("a.b", 300), ("units", 1)]), &mut text);
            let layers: Vec<&str> = names_in(&text);
            assert_eq!(layers, told, "{id}");
        }
    }

    #[test]
    fn another_list_of_layers_is_told_whole() {
        let mut seen = Seen::new(names(), None);
        seen.tell(&versions(&[("a.b", 1), ("units", 1)]), &mut String::new());
        let other = Seen::new(vec!["a.c".to_owned(), "units".to_owned()], Some(&seen.id()));
        assert!(other.told.iter().all(|(_, told)| told.is_none()));
    }

    #[test]
    fn a_version_that_went_back_is_told_too() {
        let mut text = String::new();
        let mut seen = Seen::new(names(), None);
        seen.tell(&versions(&[("a.b", 9), ("units", 1)]), &mut text);
        text.clear();
        seen.tell(&versions(&[("a.b", 2), ("units", 1)]), &mut text);
        assert!(text.ends_with("data: {\"layer\":\"a.b\",\"version\":2}\n\n"), "{text}");
    }

    fn names_in(text: &str) -> Vec<&str> {
        text.split("\"layer\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }
}
