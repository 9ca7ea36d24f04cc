//! How fast a tile is answered from the cache: `./dev bench-cached`.
//!
//! A bare axum server that answers one constant body, and Bandoso's cached tile of the same bytes, each in a process of its own, are
//! asked in turns by `wrk` over 16 connections. Prints requests a second and microseconds of the server's processor a request,
//! medians of the rounds, and the ratio, which is the figure to trust. Nothing here passes or fails.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a program for a terminal")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::IntoResponse as _;
use axum::routing::get;
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::config::load_catalogue;
use bandoso::demo;
use bandoso::http::{HttpSettings, serve};
use bandoso::store;
use bytes::Bytes;

/// A tile of the demonstration of about 17 KB packed.
const TILE: &str = "/tiles/police.incidents/9/411/234";
const ROUNDS: usize = 5;
const SECONDS: u32 = 3;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.first().map(String::as_str) {
        Some("map") => run(map()),
        Some("bare") => run(bare(words[1].parse().unwrap())),
        _ => compare(&words),
    }
}

fn run(server: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(server);
}

/// Bandoso on a new store with the demonstration; says its port.
async fn map() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = load_catalogue(None).unwrap();
    let store = store::open(folder.path().join("map.gpkg").to_str().unwrap()).await.unwrap();
    store.prepare(&catalogue).await.unwrap();
    demo::fill(store.as_ref(), &catalogue).await.unwrap();
    let atlas = Atlas::open(store, catalogue, AtlasSettings::default()).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let settings = HttpSettings::listening_on(IpAddr::V4(Ipv4Addr::LOCALHOST));
    serve(atlas, listener, settings, std::future::pending()).await.unwrap();
}

/// An axum server with one answer of so many bytes; says its port.
async fn bare(bytes: usize) {
    let body = Bytes::from(vec![7; bytes]);
    let answer = move || {
        let headers = [(CONTENT_TYPE, "application/vnd.mapbox-vector-tile"), (CONTENT_ENCODING, "gzip")];
        std::future::ready((headers, Body::from(body.clone())).into_response())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    axum::serve(listener, Router::new().route(TILE, get(answer))).await.unwrap();
}

/// A server in a process of its own, ended with it.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(words: &[&str]) -> Self {
        let own = std::env::current_exe().unwrap();
        let mut child = Command::new(own).args(words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().unwrap() }
    }

    /// Seconds of processor that it took so far (`proc(5)`: fields 14 and 15, hundredths).
    fn cpu_s(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, after) = stat.rsplit_once(')').unwrap();
        after.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
    }

    /// Requests a second, and microseconds of the server's processor a request.
    fn measure(&self) -> (f64, f64) {
        let before = self.cpu_s();
        let url = format!("http://127.0.0.1:{}{TILE}", self.port);
        let seconds = format!("-d{SECONDS}s");
        let words = ["-t1", "-c16", seconds.as_str(), "-H", "Accept-Encoding: gzip", url.as_str()];
        let output = Command::new("wrk").args(words).output().expect("wrk is installed");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("Non-2xx"), "{text}");
        let requests = text.lines().find_map(|line| line.trim().split_once(" requests in")?.0.parse::<f64>().ok());
        let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse::<f64>().ok());
        (rate.expect(&text), (self.cpu_s() - before) * 1e6 / requests.expect(&text))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes of the packed tile.
fn length(server: &Server) -> usize {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let head = "Host: 127.0.0.1\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    write!(stream, "GET {TILE} HTTP/1.1\r\n{head}").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..body]));
    answer.len() - body
}

fn compare(words: &[String]) {
    let rounds = words.first().and_then(|word| word.parse().ok()).unwrap_or(ROUNDS);
    let map = Server::start(&["map"]);
    let bytes = length(&map);
    let bare = Server::start(&["bare", &bytes.to_string()]);
    println!(
        "# {TILE}, {bytes} bytes gzip, wrk with 1 thread and 16 connections, {rounds} rounds of {SECONDS} s in turns"
    );
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        theirs.push(bare.measure());
        ours.push(map.measure());
    }
    let rates = |of: &[(f64, f64)]| median(of.iter().map(|round| round.0));
    let cpu = |of: &[(f64, f64)]| median(of.iter().map(|round| round.1));
    for (name, of) in [("bare axum", &theirs), ("bandoso, cached", &ours)] {
        println!("{name:<18} {:>9.0} requests/s  {:>6.1} us of processor a request", rates(of), cpu(of));
    }
    let each = ours.iter().zip(&theirs).map(|(ours, theirs)| ours.0 / theirs.0);
    println!("ratio of requests/s, median of the rounds: {:.3}", median(each));
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
