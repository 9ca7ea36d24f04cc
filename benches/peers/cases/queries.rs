//! Counts, circles and neighbours over HTTP by one core, beside the same questions to PostGIS.

use std::time::Instant;

use bandoso::demo::Crowd;
use bandoso::model::LonLat;
use tokio_postgres::Client as Database;

use super::{shown, takes};
use crate::Bench;
use crate::check::unpacked;
use crate::data::{LAYER, SEED, connect};
use crate::load::{Client, quantile};
use crate::report::{Figure, Goal, Row};
use crate::servers::{Cores, Server};

/// Points within 2 km of the place that is looked for.
const HITS: i64 = 13_000;
/// Points within 2 km, by the geometry's index and then by the ellipsoid.
const CIRCLE: &str = "FROM bench.points WHERE geom && ST_Expand(ST_Point($1, $2, 4326), 0.0188, 0.0182)
                      AND ST_DWithin(geom::geography, ST_Point($1, $2, 4326)::geography, 2000)";
const NEAREST: &str = "SELECT id FROM bench.points ORDER BY geom <-> ST_Point($1, $2, 4326) LIMIT 10";
const COUNT: &str =
    "SELECT c.code, date_trunc('month', p.occurred_at AT TIME ZONE 'Asia/Ho_Chi_Minh') AS month, count(*)
                     FROM bench.points p LEFT JOIN bench.communes c ON ST_Covers(c.geom, p.geom)
                     WHERE p.category = 'theft' GROUP BY 1, 2";

/// All questions about so many points.
pub fn run(bench: &mut Bench, points: u64) {
    let url = bench.runtime.block_on(bench.data.database(points));
    let mut server = bench.places.bandoso(&url, 0, Cores::One);
    server.wait_for(&format!("/tiles/{LAYER}/14/13143/7500"), Instant::now());
    let database = bench.runtime.block_on(connect(&url));
    count(bench, points, &server, &database);
    let place = bench.runtime.block_on(crowded_place(bench, &database));
    circle(bench, points, (&server, &database), place);
    nearest(bench, points, (&server, &database), place);
}

/// The town with the number of points within 2 km that is nearest to [`HITS`].
async fn crowded_place(bench: &Bench, database: &Database) -> (LonLat, i64) {
    let sql = format!("SELECT count(*) {CIRCLE}");
    let mut places = Vec::new();
    for town in Crowd::new(bench.data.layer(), SEED).towns() {
        let hits: i64 = database.query_one(&sql, &[&town.lon, &town.lat]).await.unwrap().get(0);
        places.push((town, hits));
    }
    places.into_iter().min_by_key(|(_, hits)| hits.abs_diff(HITS)).unwrap()
}

/// A question over HTTP, answered again and again.
pub(super) struct Asked {
    /// Milliseconds of an answer.
    pub ms: Figure,
    /// Processor time of the server for one, milliseconds.
    pub cpu_ms: f64,
    /// The body of the last one.
    pub body: serde_json::Value,
}

/// Milliseconds of each answer within a second, the processor's of one, and the body of the last.
fn ask(server: &Server, path: &str) -> (Vec<f64>, f64, serde_json::Value) {
    let mut client = Client::new(server.port);
    let (mut times, begun, cpu) = (Vec::new(), Instant::now(), server.cpu_seconds());
    while times.len() < 5 || begun.elapsed().as_secs_f64() < 1.0 {
        let started = Instant::now();
        let status = client.get(path, "");
        times.push(started.elapsed().as_secs_f64() * 1e3);
        assert_eq!(status, Some(200), "{path}: {}", String::from_utf8_lossy(&unpacked(&client)));
    }
    let cpu_ms = (server.cpu_seconds() - cpu) * 1e3 / times.len() as f64;
    (times, cpu_ms, serde_json::from_slice(&unpacked(&client)).unwrap())
}

/// The medians of some runs of a question over HTTP.
pub(super) fn asked(bench: &Bench, server: &Server, path: &str) -> Asked {
    let mut body = serde_json::Value::Null;
    let (mut medians, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        let (mut times, cpu_ms, last) = ask(server, path);
        medians.push(quantile(&mut times, 0.5));
        cpu.push(cpu_ms);
        body = last;
    }
    Asked { ms: Figure::of(medians), cpu_ms: quantile(&mut cpu, 0.5), body }
}

/// Milliseconds of the same question to PostGIS, prepared, without a process beside it.
pub(super) async fn timed(
    database: &Database,
    sql: &str,
    place: Option<LonLat>,
    times: usize,
) -> (Figure, Vec<tokio_postgres::Row>) {
    database.batch_execute("SET max_parallel_workers_per_gather = 0").await.unwrap();
    let statement = database.prepare(sql).await.unwrap();
    let (mut taken, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let started = Instant::now();
        rows = match place {
            Some(at) => database.query(&statement, &[&at.lon, &at.lat]).await.unwrap(),
            None => database.query(&statement, &[]).await.unwrap(),
        };
        taken.push(started.elapsed().as_secs_f64() * 1e3);
    }
    (Figure::of(taken), rows)
}

fn count(bench: &mut Bench, points: u64, server: &Server, database: &Database) {
    let query = format!("/query/count?layer={LAYER}&by=commune,month&as_of=2026-01-01");
    let filtered = format!("{query}&filter=category%20%3D%20'theft'");
    let has_filter = takes(server, &filtered);
    let path = if has_filter { filtered } else { format!("{query}&datetime=2024-01-01/2025-01-01") };
    let Asked { ms: ours, cpu_ms, body: answer } = asked(bench, server, &path);
    let (peer, rows) = bench.runtime.block_on(timed(database, COUNT, None, if points >= 10_000_000 { 1 } else { 3 }));
    let mut note = "a time filter instead: counts do not take `filter` yet".to_owned();
    if has_filter {
        let total: i64 = rows.iter().map(|row| row.get::<_, i64>(2)).sum();
        assert_eq!(answer["total"].as_i64(), Some(total), "the count's total is PostGIS's");
        note = format!("CPU {cpu_ms:.2} ms; {total} points, as PostGIS counts them");
    }
    bench.report.add(Row {
        what: format!("{}, count by commune and month under a filter, one core", shown(points)),
        unit: "ms",
        ours,
        peer: Some(peer),
        goal: Goal::AtMost(if points >= 10_000_000 { 80.0 } else { 10.0 }),
        note,
    });
}

fn circle(bench: &mut Bench, points: u64, (server, database): (&Server, &Database), (at, hits): (LonLat, i64)) {
    let (peer, rows) = bench.runtime.block_on(timed(database, &format!("SELECT id {CIRCLE}"), Some(at), 20));
    for (name, limit, goal) in
        [("total and first feature", 1, Goal::AtMost(0.7)), ("total and 10,000 features", 10_000, Goal::Told)]
    {
        let path = format!("/query/within?layer={LAYER}&at={},{}&radius_m=2000&limit={limit}", at.lon, at.lat);
        let Asked { ms: ours, cpu_ms, body: answer } = asked(bench, server, &path);
        let matched = answer["numberMatched"].as_u64();
        assert_eq!(matched, Some(rows.len() as u64), "as many points in the circle as PostGIS finds");
        bench.report.add(Row {
            what: format!("{}, radius 2 km with {hits} hits, {name}, one core", shown(points)),
            unit: "ms",
            ours,
            peer: Some(peer.clone()),
            goal: if points == 1_000_000 { goal } else { Goal::Told },
            note: format!("CPU {cpu_ms:.2} ms; over HTTP; PostGIS sends the ids"),
        });
    }
}

fn nearest(bench: &mut Bench, points: u64, (server, database): (&Server, &Database), (at, _): (LonLat, i64)) {
    let (peer, _) = bench.runtime.block_on(timed(database, NEAREST, Some(at), 50));
    let Asked { ms: ours, cpu_ms, .. } =
        asked(bench, server, &format!("/query/nearest?layer={LAYER}&at={},{}&count=10", at.lon, at.lat));
    // What an answer takes that does nothing.
    let nothing = asked(bench, server, "/health");
    bench.report.add(Row {
        what: format!("{}, 10 nearest, one core", shown(points)),
        unit: "ms",
        ours,
        peer: Some(peer),
        goal: if points == 1_000_000 { Goal::AtMost(0.1) } else { Goal::Told },
        note: format!(
            "CPU {cpu_ms:.3} ms; over HTTP, where /health took {:.3}, CPU {:.3}; in metres, PostGIS in degrees",
            nothing.ms.median, nothing.cpu_ms
        ),
    });
}
