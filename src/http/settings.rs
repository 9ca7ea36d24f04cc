use std::net::IpAddr;
use std::time::Duration;

use super::writes::Writes;
use crate::model::View;

/// What the server shows and how much it does for one request. Every bound has a name, a default and a unit.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// What callers may see. Whoever sees more than public layers is answered under a loopback `Host` only.
    pub view: View,
    /// Who may write. Default nobody.
    pub writes: Writes,
    /// Open connections; more wait in the system's queue. Default 1,024.
    pub max_connections: usize,
    /// Requests worked on at a time; more get 503. Default 256.
    pub max_requests: usize,
    /// Answered tiles kept at the front door, bytes, bodies that the atlas keeps as well included. 0 keeps none. Default 128 MiB.
    pub front_bytes: u64,
    /// Requests that may wait for a version that is not here yet; more get 503. Below `max_requests`, of which they are. Default 64.
    pub max_waiting: usize,
    /// Longest wait for a version that is not here yet; then 503. Default 5 s.
    pub version_wait: Duration,
    /// Files imported at a time; more get 503. Default 2.
    pub max_imports: usize,
    /// Largest file that is sent to be imported, bytes; larger gets 413. Default 1 GiB.
    pub import_bytes: u64,
    /// Streams of events open at a time; more get 503. Below `max_connections`, of which they are. Default 512.
    pub max_streams: usize,
    /// From one sign of life of a quiet stream to the next. Default 15 s.
    pub heartbeat: Duration,
    /// Shortest pause between events: what changes meanwhile is told once. Default 50 ms.
    pub event_pause: Duration,
    /// From the end of a request's head to the beginning of its answer; longer gets 503. Default 30 s.
    pub request_timeout: Duration,
    /// From the beginning of a connection (or the end of an answer) to the end of the next request's head. Default 30 s.
    pub head_timeout: Duration,
    /// Longest time in which a client takes no byte of its answer. Default 30 s.
    pub write_timeout: Duration,
    /// From the signal to stop until what still runs is given up. Default 10 s.
    pub drain_timeout: Duration,
    /// Longest path and query, bytes; longer gets 414. Default 8,192.
    pub uri_bytes: usize,
    /// Largest body, bytes; larger gets 413. Default 16 MiB.
    pub body_bytes: usize,
    /// Most vertices of a polygon or line in a body; more gets 422. Default 100,000.
    pub vertices: usize,
    /// Longest line in a body, metres; longer gets 422. Default 5,000,000.
    pub line_m: f64,
    /// Largest `radius_m`, metres. Default 1,000,000.
    pub radius_m: f64,
    /// Largest `count` of nearest features. Default 1,000.
    pub nearest: usize,
    /// Largest `limit` of a page. Default 10,000.
    pub page: usize,
    /// Files made or sent at a time (`f=csv` and its like); more get 503. Default 8.
    pub max_exports: usize,
    /// Most features in a file; more get 413, or a link to the next ones where `limit` is given. Default 1,000,000.
    pub export_rows: usize,
    /// Largest file of a format that is made before it is sent (xlsx, gpkg, fgb), bytes; larger gets 413. Default 1 GiB.
    pub export_bytes: u64,
    /// Longest time in which such a file is made, instead of `request_timeout`; longer gets 503. Default 10 min.
    pub export_time: Duration,
    /// Most layers in one tile. Default 16.
    pub tile_layers: usize,
}

impl HttpSettings {
    /// The defaults for an address: on loopback everything is shown and can be written, anywhere else only what is public.
    pub fn listening_on(address: IpAddr) -> Self {
        if address.is_loopback() {
            return Self { view: View::EVERYTHING, writes: Writes::ThisMachine, ..Self::default() };
        }
        Self::default()
    }
}

impl Default for HttpSettings {
    /// The public view with the default bounds.
    fn default() -> Self {
        Self {
            view: View::PUBLIC,
            writes: Writes::Refused,
            max_connections: 1024,
            max_requests: 256,
            front_bytes: 128 << 20,
            max_waiting: 64,
            version_wait: Duration::from_secs(5),
            max_imports: 2,
            import_bytes: 1 << 30,
            max_streams: 512,
            heartbeat: Duration::from_secs(15),
            event_pause: Duration::from_millis(50),
            request_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
            uri_bytes: 8192,
            body_bytes: 16 << 20,
            vertices: 100_000,
            line_m: 5_000_000.0,
            radius_m: 1_000_000.0,
            nearest: 1000,
            page: 10_000,
            max_exports: 8,
            export_rows: 1_000_000,
            export_bytes: 1 << 30,
            export_time: Duration::from_mins(10),
            tile_layers: 16,
        }
    }
}
