//! The speeds that are promised, printed with their conditions: `./dev bench [POINTS]`.
//!
//! Fills a GeoPackage once with seeded incident-like points (kept under `target/bench`), starts the built server on it, and
//! draws tiles on one core without a cache. Nothing here passes or fails: numbers are for people to compare.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a program for a terminal")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::config::load_catalogue;
use bandoso::demo::{Crowd, Demonstration};
use bandoso::engine::compress::Encoding;
use bandoso::model::{
    Area, AsOf, By, Catalogue, CountRequest, Dense, LayerId, Level, LocateRequest, LonLat, NearestRequest, TileCoord,
    TileLayer, TileRequest, TimePart, View, WithinRequest, World,
};
use bandoso::store::{self, ImportBatch, Store};

const LAYER: &str = "police.incidents";
const SEED: u64 = 2025;

fn main() {
    let points = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000_u64);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = runtime.block_on(filled(points));
    println!("# {points} points of {LAYER}, {:.0} MB on disk", file.metadata().unwrap().len() as f64 / 1e6);
    server(&file);
    runtime.block_on(kernels(&file));
}

/// The file with so many points, made when it is not there.
async fn filled(points: u64) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join(format!("{points}.gpkg"));
    if file.exists() {
        return file;
    }
    let half = dir.join(format!("{points}.half.gpkg"));
    let _ = std::fs::remove_file(&half);
    let catalogue = load_catalogue(None).unwrap();
    let store = store::open(half.to_str().unwrap()).await.unwrap();
    store.prepare(&catalogue).await.unwrap();
    store.put_units(Demonstration::new().unwrap().units(), &[]).await.unwrap();
    let started = Instant::now();
    import(store.as_ref(), &catalogue, points).await;
    let seconds = started.elapsed().as_secs_f64();
    println!("import                    {seconds:8.1} s   {:.0} points/s", points as f64 / seconds);
    drop(store);
    std::fs::rename(&half, &file).unwrap();
    file
}

async fn import(store: &dyn Store, catalogue: &Catalogue, points: u64) {
    let layer = catalogue.layer(&LayerId::parse("layer", LAYER).unwrap()).unwrap();
    let (send, receive) = tokio::sync::mpsc::channel(4);
    let generator = {
        let layer = layer.clone();
        tokio::task::spawn_blocking(move || {
            let mut rows = Crowd::new(&layer, SEED).take(points as usize);
            loop {
                let batch: Vec<_> = rows.by_ref().take(4_096).collect();
                if batch.is_empty() {
                    break;
                }
                send.blocking_send(ImportBatch::Rows(batch)).unwrap();
            }
            send.blocking_send(ImportBatch::Commit).unwrap();
        })
    };
    store.import(layer, receive).await.unwrap();
    generator.await.unwrap();
}

/// Start of the built server on a warm file: until it is ready and its first tile is there, and the memory it then has.
fn server(file: &Path) {
    std::io::copy(&mut std::fs::File::open(file).unwrap(), &mut std::io::sink()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = Instant::now();
    let mut server = Server(
        Command::new(env!("CARGO_BIN_EXE_bandoso"))
            .args(["serve", "--store", file.to_str().unwrap(), "--listen", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let bytes = loop {
        if let Some(bytes) = fetch(port, &format!("/tiles/{LAYER}/8/205/117")) {
            break bytes;
        }
        assert!(server.0.try_wait().unwrap().is_none(), "the server ended");
        std::thread::sleep(Duration::from_millis(20));
    };
    println!("start to first tile       {:8.2} s   ({bytes} bytes)", started.elapsed().as_secs_f64());
    for (name, word) in [("memory", "VmRSS:"), ("memory at its peak", "VmHWM:")] {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap_or_default();
        let kib =
            status.lines().find_map(|line| line.strip_prefix(word)?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        println!("{name:<25} {:8.0} MB", kib.unwrap_or(f64::NAN) / 1024.0);
    }
}

/// Ends with the bench, however that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Length of the answer's body when it is a 200.
fn fetch(port: u16, path: &str) -> Option<usize> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    if !line.starts_with("HTTP/1.1 200") {
        return None;
    }
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok()?;
    }
    reader.read_to_end(&mut Vec::new()).ok()
}

/// Tiles and queries drawn one after the other, without a cache: the time of one core.
async fn kernels(file: &Path) {
    let catalogue = load_catalogue(None).unwrap();
    let store = store::open(file.to_str().unwrap()).await.unwrap();
    let settings = AtlasSettings { cache_bytes: 0, slots: 1, ..AtlasSettings::default() };
    let atlas = Atlas::open(store, catalogue, settings).await.unwrap();
    let layer = LayerId::parse("layer", LAYER).unwrap();
    println!(
        "{:<25} {:>10} {:>10} {:>10} {:>10}",
        "one core, uncached, gzip", "median ms", "p95 ms", "features", "bytes"
    );
    for (name, z, dense) in [
        ("z6, the whole province", 6, Dense::Cells),
        ("z8", 8, Dense::Cells),
        ("z10", 10, Dense::Cells),
        ("z12", 12, Dense::Cells),
        ("z14", 14, Dense::Cells),
        ("z8, every point", 8, Dense::All),
        ("z14, every point", 14, Dense::All),
    ] {
        walk(&atlas, name, &TileLayer::Points(layer.clone()), (z, dense)).await;
    }
    for z in [6, 8, 10, 12, 14] {
        walk(&atlas, &format!("communes z{z}"), &TileLayer::Units(Level::Commune), (z, Dense::Cells)).await;
    }
    queries(&atlas, &layer).await;
}

/// Places to look at: 70 % in the towns where the points are, the rest anywhere, always the same.
fn places(count: usize) -> Vec<LonLat> {
    let catalogue = load_catalogue(None).unwrap();
    let layer = catalogue.layer(&LayerId::parse("layer", LAYER).unwrap()).unwrap();
    Crowd::new(layer, SEED).take(100_000).step_by(100_000 / count).map(|row| row.at).collect()
}

async fn walk(atlas: &Arc<Atlas>, name: &str, layer: &TileLayer, (z, dense): (u8, Dense)) {
    let (mut times, mut features, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for at in places(40) {
        let world = World::from_lon_lat(at);
        let axis = |value: f64| (value * f64::from(1_u32 << z)) as u32;
        let coord = TileCoord::new(z, axis(world.x), axis(world.y)).unwrap();
        let layers = vec![layer.clone()];
        let request = Arc::new(TileRequest {
            layers,
            coord,
            datetime: None,
            filter: None,
            as_of: AsOf::Own,
            count: None,
            dense,
            fields: None,
        });
        let started = Instant::now();
        let asked = atlas.asked_tile(View::EVERYTHING, &request, Encoding::Gzip).unwrap();
        let tile = atlas.tile(asked).await.unwrap();
        times.push(started.elapsed().as_secs_f64() * 1e3);
        features.push(tile.features as f64);
        bytes.push(tile.body.len() as f64);
    }
    let (median_ms, p95_ms) = (quantile(&mut times, 0.5), quantile(&mut times, 0.95));
    let (features, bytes) = (quantile(&mut features, 0.5), quantile(&mut bytes, 0.5));
    println!("{name:<25} {median_ms:>10.3} {p95_ms:>10.3} {features:>10.0} {bytes:>10.0}");
}

async fn queries(atlas: &Arc<Atlas>, layer: &LayerId) {
    let places = places(40);
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); 4];
    let mut timed = |kind: usize, started: Instant| times[kind].push(started.elapsed().as_secs_f64() * 1e3);
    for at in places {
        let (layer, as_of) = (layer.clone(), AsOf::Own);
        let started = Instant::now();
        let area = Area::Radius { at, radius_m: 2_000.0 };
        let request = WithinRequest {
            layer: layer.clone(),
            area,
            datetime: None,
            filter: None,
            as_of,
            sort: Vec::new(),
            after: None,
            limit: 100,
        };
        atlas.within(View::EVERYTHING, request, |page, _| page).await.unwrap();
        timed(0, started);
        let started = Instant::now();
        let request = NearestRequest { layer: layer.clone(), at, count: 10, datetime: None, filter: None, as_of };
        atlas.nearest(View::EVERYTHING, request).await.unwrap();
        timed(1, started);
        let started = Instant::now();
        let by = vec![By::Level(Level::Commune), By::Time(TimePart::Month)];
        atlas
            .count(
                View::EVERYTHING,
                CountRequest { layer, by, measures: Vec::new(), datetime: None, filter: None, as_of },
            )
            .await
            .unwrap();
        timed(2, started);
        let started = Instant::now();
        atlas.locate(&LocateRequest { at, as_of: atlas.clock().today });
        timed(3, started);
    }
    for (name, times) in ["within 2 km", "nearest 10", "count by commune, month", "locate"].iter().zip(&mut times) {
        println!("{name:<25} {:>10.3} {:>10.3}", quantile(times, 0.5), quantile(times, 0.95));
    }
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
