//! The load tool, the same for every server: closed loop, keep-alive, one thread a connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One request of a walk.
#[derive(Debug, Clone)]
pub struct Request {
    /// `{connection}` in it becomes the connection's number from 01: then no two connections ask the same at a time, and no
    /// server answers two of them with one piece of work.
    pub path: String,
    pub zoom: u8,
}

/// One answer that came in full.
#[derive(Debug, Clone, Copy)]
struct Answer {
    zoom: u8,
    ms: f64,
    bytes: usize,
}

/// How long a phase lasts: whole rounds of the walk until `at_least`, broken off after `at_most`.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    pub at_least: Duration,
    pub at_most: Duration,
}

impl Length {
    pub fn seconds(at_least: u64, at_most: u64) -> Self {
        Self { at_least: Duration::from_secs(at_least), at_most: Duration::from_secs(at_most) }
    }
}

/// What a phase gave.
#[derive(Debug)]
pub struct Outcome {
    answers: Vec<Answer>,
    pub seconds: f64,
    /// Answers other than 200 and 204, and connections that broke.
    pub errors: usize,
    /// Answers of 503 that say when to come back.
    pub refused: usize,
    /// Rounds were not completed: the mix of tiles is not the walk's.
    pub broken_off: bool,
}

impl Outcome {
    pub fn answers(&self) -> usize {
        self.answers.len()
    }

    pub fn per_second(&self) -> f64 {
        self.answers.len() as f64 / self.seconds
    }

    pub fn bytes_each(&self) -> f64 {
        self.answers.iter().map(|answer| answer.bytes as f64).sum::<f64>() / self.answers.len().max(1) as f64
    }

    /// The time below which so large a share of the answers came, of one zoom or of all.
    pub fn quantile_ms(&self, zoom: Option<u8>, share: f64) -> f64 {
        let of = self.answers.iter().filter(|answer| zoom.is_none_or(|zoom| answer.zoom == zoom));
        quantile(&mut of.map(|answer| answer.ms).collect::<Vec<_>>(), share)
    }
}

/// The value below which a share of the values lies; not a number where there are none.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Asks a walk over and over on so many connections.
pub fn load(port: u16, walk: &[Request], connections: usize, length: Length) -> Outcome {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (errors, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let answers = Mutex::new(Vec::new());
    let started = Instant::now();
    std::thread::scope(|scope| {
        for connection in 1..=connections {
            let (next, stop, errors, refused, answers) = (&next, &stop, &errors, &refused, &answers);
            scope.spawn(move || {
                let number = format!("{connection:02}");
                let own_path = |request: &Request| request.path.replace("{connection}", &number);
                let paths: Vec<String> = walk.iter().map(own_path).collect();
                let mut own = Vec::new();
                let mut client = Client::new(port);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let elapsed = started.elapsed();
                    let round_is_over = index > 0 && index.is_multiple_of(walk.len());
                    if round_is_over && elapsed >= length.at_least || elapsed >= length.at_most {
                        stop.store(true, Ordering::Relaxed);
                    }
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let (request, path) = (&walk[index % walk.len()], &paths[index % walk.len()]);
                    let asked = Instant::now();
                    match client.get(path, "") {
                        Some(200 | 204) => own.push(Answer {
                            zoom: request.zoom,
                            ms: asked.elapsed().as_secs_f64() * 1e3,
                            bytes: client.body().len(),
                        }),
                        Some(503) if client.header("retry-after").is_some() => {
                            refused.fetch_add(1, Ordering::Relaxed);
                            std::thread::sleep(client.comes_back_after());
                        }
                        _ => _ = errors.fetch_add(1, Ordering::Relaxed),
                    }
                }
                answers.lock().unwrap().append(&mut own);
            });
        }
    });
    let (answers, seconds) = (answers.into_inner().unwrap(), started.elapsed().as_secs_f64());
    let broken_off = answers.len() < walk.len();
    Outcome { answers, seconds, errors: errors.into_inner(), refused: refused.into_inner(), broken_off }
}

/// One connection, opened again when it broke.
pub struct Client {
    port: u16,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
    head: String,
}

impl Client {
    pub fn new(port: u16) -> Self {
        Self { port, stream: None, buffer: vec![0; 1 << 18], body: 0..0, head: String::new() }
    }

    /// The last answer's body.
    pub fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }

    /// A header of the last answer, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// How long who was refused is asked to wait.
    fn comes_back_after(&self) -> Duration {
        let read = |name: &str| self.header(name).and_then(|text| text.parse::<u64>().ok());
        read("retry-after-ms").or(read("retry-after").map(|s| s * 1_000)).map_or(Duration::ZERO, Duration::from_millis)
    }

    /// Asks for a path with further header lines, each ended; gives the status when the whole answer came.
    pub fn get(&mut self, path: &str, headers: &str) -> Option<u16> {
        let status = self.ask(path, headers);
        if status.is_none() {
            self.stream = None;
        }
        status
    }

    fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(Duration::from_mins(5))).ok()?;
        Some(stream)
    }

    fn ask(&mut self, path: &str, headers: &str) -> Option<u16> {
        let mut stream = self.stream.take().or_else(|| self.connect())?;
        let port = self.port;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let (mut filled, mut head) = (0, None);
        let head = loop {
            filled += self.fill(&mut stream, filled)?;
            head = head.or_else(|| self.buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n"));
            if let Some(end) = head {
                break end + 4;
            }
        };
        self.head.clear();
        self.head.push_str(std::str::from_utf8(&self.buffer[..head]).ok()?);
        let status: u16 = self.head.get(9..12)?.parse().ok()?;
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            self.chunks(&mut stream, head, filled)?;
        } else {
            let length = self.header("content-length").map_or(Some(0), |value| value.parse().ok())?;
            while filled < head + length {
                filled += self.fill(&mut stream, filled)?;
            }
            self.body = head..head + length;
        }
        self.stream = Some(stream);
        Some(status)
    }

    /// Reads what has come; gives how much that was.
    fn fill(&mut self, stream: &mut TcpStream, filled: usize) -> Option<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(filled * 2, 0);
        }
        stream.read(&mut self.buffer[filled..]).ok().filter(|bytes| *bytes > 0)
    }

    /// Joins the chunks of a body (RFC 9112 §7.1) that begins at `from`.
    fn chunks(&mut self, stream: &mut TcpStream, from: usize, mut filled: usize) -> Option<()> {
        let (mut read, mut written) = (from, from);
        loop {
            let line = loop {
                match self.buffer[read..filled].windows(2).position(|bytes| bytes == b"\r\n") {
                    Some(at) => break read + at,
                    None => filled += self.fill(stream, filled)?,
                }
            };
            let size = std::str::from_utf8(&self.buffer[read..line]).ok()?;
            let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
            while filled < line + 2 + size + 2 {
                filled += self.fill(stream, filled)?;
            }
            self.buffer.copy_within(line + 2..line + 2 + size, written);
            written += size;
            read = line + 2 + size + 2;
            if size == 0 {
                self.body = from..written;
                return Some(());
            }
        }
    }
}
