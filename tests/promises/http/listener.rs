//! What only a real connection shows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bandoso::http::{HttpSettings, serve};
use bandoso::model::View;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::house::House;

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<std::io::Result<()>>,
}

async fn start(settings: HttpSettings) -> Server {
    let house = House::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move {
        stopped.await.ok();
    };
    let done = tokio::spawn(serve(Arc::clone(&house.atlas), listener, settings, shutdown));
    Server { address, stop, done }
}

fn settings() -> HttpSettings {
    HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits for "Continue", which tells that the request has begun.
async fn has_begun(stream: &mut TcpStream) {
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("an interim answer");
    assert!(go_on.starts_with(b"HTTP/1.1 100"), "{:?}", String::from_utf8_lossy(&go_on));
}

const GET: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST_GET: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_its_own_kind_gets_tiles_over_one_connection() {
    let server = start(settings()).await;
    let base = format!("http://{}", server.address);
    let statuses = tokio::task::spawn_blocking(move || {
        let agent = ureq::Agent::new_with_defaults();
        ["/tiles/police.incidents/0/0/0", "/layers", "/"].map(|path| {
            let mut answer = agent.get(format!("{base}{path}")).call().expect("an answer");
            answer.body_mut().read_to_vec().expect("a body");
            answer.status().as_u16()
        })
    });
    assert_eq!(statuses.await.expect("answers"), [200; 3]);
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_is_cut_off() {
    let server = start(HttpSettings { head_timeout: Duration::from_millis(100), ..settings() }).await;
    for beginning in [&b""[..], b"GET / HTTP/1.1\r\nHost: loc", GET] {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        stream.write_all(beginning).await.expect("written");
        // Ends only because the server closes: for the last one, after its answer.
        let answer = read_to_end(&mut stream).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200"), beginning == GET, "{answer}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused_in_bounded_memory() {
    let server = start(settings()).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}", "a".repeat(100_000));
    // The server may close before it has read everything.
    stream.write_all(head.as_bytes()).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_their_turn() {
    let server = start(HttpSettings { max_connections: 1, ..settings() }).await;
    let mut first = TcpStream::connect(server.address).await.expect("a connection");
    first.write_all(GET).await.expect("written");
    let mut begin = [0; 12];
    first.read_exact(&mut begin).await.expect("an answer");
    assert_eq!(&begin, b"HTTP/1.1 200");
    let mut second = TcpStream::connect(server.address).await.expect("a place in the queue");
    second.write_all(LAST_GET).await.expect("written");
    let early = tokio::time::timeout(Duration::from_millis(50), second.read_exact(&mut begin)).await;
    assert!(early.is_err(), "the second one is answered while the first holds the only place");
    drop(first);
    assert!(read_to_end(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn stopping_lets_running_requests_end_and_takes_no_new_ones() {
    let server = start(settings()).await;
    let mut running = TcpStream::connect(server.address).await.expect("a connection");
    let body = r#"{"type":"Polygon","coordinates":[[[108,14],[109,14],[109,16],[108,14]]]}"#;
    let head = format!(
        "POST /query/within?layer=health.hospitals HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    running.write_all(head.as_bytes()).await.expect("written");
    has_begun(&mut running).await;
    server.stop.send(()).expect("the server listens");
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.write_all(body.as_bytes()).await.expect("written");
    let answer = read_to_end(&mut running).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("FeatureCollection"), "{answer}");
    server.done.await.expect("the server ends").expect("in good order");
}

#[tokio::test]
async fn stopping_does_not_wait_for_idle_connections_or_for_ever() {
    let server = start(HttpSettings { drain_timeout: Duration::from_millis(100), ..settings() }).await;
    let mut idle = TcpStream::connect(server.address).await.expect("a connection");
    idle.write_all(GET).await.expect("written");
    let mut begin = [0; 12];
    idle.read_exact(&mut begin).await.expect("an answer");
    assert_eq!(&begin, b"HTTP/1.1 200");
    let mut stuck = TcpStream::connect(server.address).await.expect("a connection");
    let head = b"POST /query/within?layer=health.hospitals HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\
                 Expect: 100-continue\r\n\r\n";
    stuck.write_all(head).await.expect("written");
    has_begun(&mut stuck).await;
    server.stop.send(()).expect("the server listens");
    server.done.await.expect("the server ends").expect("in good order");
    read_to_end(&mut idle).await;
    // Cut off, by an end or a reset: reading comes to an end.
    stuck.read_to_end(&mut Vec::new()).await.ok();
}

#[tokio::test]
async fn a_stream_of_events_outlives_the_bounds_on_requests_and_ends_when_the_server_stops() {
    let brief = Duration::from_millis(50);
    let settings = HttpSettings { request_timeout: brief, head_timeout: brief, heartbeat: brief, ..settings() };
    let server = start(settings).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
    let mut answer = String::new();
    // Three signs of life take longer than any of the bounds.
    while answer.matches("\n:\n\n").count() < 3 {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.expect("the stream goes on");
        assert!(length > 0, "{answer}");
        answer.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    server.stop.send(()).expect("the server listens");
    let rest = read_to_end(&mut stream).await;
    assert!(rest.ends_with("0\r\n\r\n"), "the body has an end: {rest}");
    server.done.await.expect("the server ends").expect("in good order");
}
