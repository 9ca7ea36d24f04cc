//! The built server as a process of its own, and the plainest of clients for it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::cluster::{free_port, mortal};
use super::program::signal;

/// Longest wait for a node to be ready, for an answer, and for a state to come.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Where a node is asked, for everyone who asks it.
#[derive(Clone)]
pub struct Door {
    port: u16,
    /// Odd while the node is being disturbed; grows.
    disturbances: Arc<AtomicU64>,
}

/// An answer as it came.
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

/// A server that ends with this value.
pub struct Node {
    pub door: Door,
    store: String,
    child: Option<Child>,
    dir: TempDir,
}

impl Node {
    /// A server of layers of its own, `(file name, text)`, that is not started yet.
    pub fn new(store: String, layers: &[(String, String)]) -> Self {
        let dir = TempDir::with_prefix("bandoso-node-").expect("a folder");
        std::fs::create_dir_all(dir.path().join("tiles/layers")).expect("a folder");
        for (name, text) in layers {
            std::fs::write(dir.path().join("tiles/layers").join(name), text).expect("a file");
        }
        let door = Door { port: free_port(), disturbances: Arc::new(AtomicU64::new(1)) };
        Self { door, store, child: None, dir }
    }

    /// Starts the process. It dies with the calling thread.
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.dir.path().join("log")).expect("a log");
        let ours = std::env::vars_os().map(|(name, _)| name);
        let ours = ours.filter(|name| name.to_string_lossy().starts_with("BANDOSO_"));
        let mut command = mortal(Path::new(env!("CARGO_BIN_EXE_bandoso")));
        ours.for_each(|name| {
            command.env_remove(name);
        });
        command.args(["serve", "--tiles", "tiles", "--listen", &format!("127.0.0.1:{}", self.door.port)]);
        command.env("BANDOSO_STORE", &self.store).env("RUST_LOG", "bandoso=debug").current_dir(self.dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("the program runs"));
    }

    /// Waits until it serves; whoever asks it from then on must be answered.
    pub async fn serves(&self) {
        self.door.wait_for(200).await;
        self.door.disturb();
    }

    pub fn kill(&mut self) {
        self.door.disturb();
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a process");
            child.wait().expect("its end");
        }
    }

    /// Stops its every thread for a while.
    pub async fn stall(&self, pause: Duration) {
        let child = self.child.as_ref().expect("a process");
        self.door.disturb();
        signal(child, "STOP");
        sleep(pause).await;
        signal(child, "CONT");
        self.door.wait_for(200).await;
        self.door.disturb();
    }

    /// Memory in use and its peak, KiB, and processor time, clock ticks (1/100 s).
    pub fn usage(&self) -> (u64, u64, u64) {
        let pid = self.child.as_ref().expect("a process").id();
        let file = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).expect("a process");
        let status = file("status");
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        let stat = file("stat");
        let ticks = stat.rsplit(')').next().expect("fields").split_whitespace().skip(11).take(2);
        (of("VmRSS:"), of("VmHWM:"), ticks.map(|ticks| ticks.parse::<u64>().expect("ticks")).sum())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(30).collect();
            eprintln!("node {}:\n{}", self.door.port, last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}

impl Door {
    /// Asks once, over a connection of its own.
    pub async fn get(&self, path: &str) -> io::Result<Reply> {
        let ask = async {
            let mut stream = self.open(path, "Connection: close\r\n").await?;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await?;
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
            let body = bytes.split_off(end + 4);
            let head = String::from_utf8_lossy(&bytes).into_owned();
            let reply = Reply { status: head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0), head, body };
            let whole = reply.header("content-length").and_then(|length| length.parse().ok());
            if whole.is_some_and(|length: usize| length != reply.body.len()) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(reply)
        };
        timeout(PATIENCE, ask).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Asks, and leaves the reading of the answer to the caller.
    pub async fn open(&self, path: &str, headers: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let path = path.replace(' ', "%20").replace('<', "%3C");
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").as_bytes()).await?;
        Ok(stream)
    }

    /// Waits for `/ready` to answer so.
    pub async fn wait_for(&self, status: u16) {
        let until = Instant::now() + PATIENCE;
        while self.get("/ready").await.map_or(0, |reply| reply.status) != status {
            assert!(Instant::now() < until, "waited for /ready of node {} to be {status}", self.port);
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn disturb(&self) {
        self.disturbances.fetch_add(1, Ordering::SeqCst);
    }

    /// A mark to ask [`Door::was_disturbed_since`] with.
    pub fn mark(&self) -> u64 {
        self.disturbances.load(Ordering::SeqCst)
    }

    /// Whether an answer may have failed for what was done to the node.
    pub fn was_disturbed_since(&self, mark: u64) -> bool {
        mark % 2 == 1 || self.mark() != mark
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|fault| panic!("{fault}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
