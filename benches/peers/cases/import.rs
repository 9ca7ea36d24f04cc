//! Rows of CSV in VN-2000 into an empty layer of PostGIS, joined with units, beside a bare binary `COPY` of the same rows.

use std::io::{BufWriter, Read as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bandoso::engine::crs::Crs;
use bandoso::model::{Layer, Value};
use bytes::Bytes;
use futures_util::{SinkExt as _, TryStreamExt as _};
use jiff::tz::TimeZone;

use super::shown;
use crate::Bench;
use crate::data::{LAYER, connect, execute};
use crate::process::{cpu_seconds, cpu_seconds_of_family, machine_seconds, memory_mib};
use crate::report::{Figure, Goal, Row};

/// The rate that is promised, of that of a bare `COPY`.
const OF_COPY: f64 = 0.5;
/// Most memory of an import, whatever the file's size.
const MEMORY_MIB: f64 = 300.0;
/// Bytes that the bare `COPY` sends at a time.
const SENT_BYTES: usize = 256 * 1024;

/// What one run took.
struct Took {
    seconds: f64,
    /// Processor time of the importer, and of PostgreSQL with all its processes.
    cpu: [f64; 2],
    /// Cores that others used meanwhile.
    foreign: f64,
    peak_mib: f64,
}

/// What the machine has worked so far: the bench itself, PostgreSQL, all of it.
struct Clock {
    own: f64,
    postgres: f64,
    machine: f64,
    at: Instant,
}

impl Clock {
    fn read(bench: &Bench) -> Self {
        let (own, postgres) = (cpu_seconds(std::process::id()), cpu_seconds_of_family(bench.postmaster));
        Self { own, postgres, machine: machine_seconds(), at: Instant::now() }
    }

    /// What went by since, of which an importer took so much.
    fn took(&self, bench: &Bench, importer: f64, peak_mib: f64) -> Took {
        let now = Self::read(bench);
        let seconds = (now.at - self.at).as_secs_f64();
        let postgres = now.postgres - self.postgres;
        // The bench's own has what its children took that have ended.
        let foreign = (now.machine - self.machine - postgres - (now.own - self.own)) / seconds;
        Took { seconds, cpu: [importer, postgres], foreign: foreign.max(0.0), peak_mib }
    }
}

/// Imports and copies in turn.
pub fn run(bench: &mut Bench, points: u64) {
    let file = csv(bench, points);
    let (mut imports, mut indexed, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        let url = bench.runtime.block_on(bench.data.copy(0));
        imports.push(import(bench, &url, &file));
        let rows = Path::new(&bench.places.dir).join("rows.bin");
        bench.runtime.block_on(take(&url, &rows, points));
        indexed.push(copy(bench, &url, &rows, "INCLUDING ALL"));
        bare.push(copy(bench, &url, &rows, ""));
        std::fs::remove_file(&rows).unwrap();
    }
    let rate = |runs: &[Took]| Figure::of(runs.iter().map(|took| points as f64 / took.seconds).collect());
    let median = |runs: &[Took], of: &dyn Fn(&Took) -> f64| Figure::of(runs.iter().map(of).collect()).median;
    let cpu = format!(
        "CPU s: importer {:.1}, PostgreSQL {:.1}; COPY {:.1}, without indexes {:.1}",
        median(&imports, &|took| took.cpu[0]),
        median(&imports, &|took| took.cpu[1]),
        median(&indexed, &|took| took.cpu[1]),
        median(&bare, &|took| took.cpu[1]),
    );
    let others = format!(
        "others used {:.1} cores beside the imports, {:.1} and {:.1} beside the COPY",
        median(&imports, &|took| took.foreign),
        median(&indexed, &|took| took.foreign),
        median(&bare, &|took| took.foreign),
    );
    for (table, peer, goal, note) in [
        ("the same table with its indexes", &indexed, Goal::TimesPeer(OF_COPY), cpu),
        ("a table without indexes", &bare, Goal::Told, others),
    ] {
        bench.report.add(Row {
            what: format!("{}, import of CSV in VN-2000, beside a bare COPY into {table}", shown(points)),
            unit: "rows/s",
            ours: rate(&imports),
            peer: Some(rate(peer)),
            goal,
            note,
        });
    }
    bench.report.add(Row {
        what: format!("{}, import of CSV in VN-2000, memory at its peak", shown(points)),
        unit: "MiB",
        ours: Figure::of(imports.iter().map(|took| took.peak_mib).collect()),
        peer: None,
        goal: Goal::AtMost(MEMORY_MIB),
        note: String::new(),
    });
}

/// The file with so many rows in the province, made when it is not there: surveyors' X and Y, dates as people write them.
fn csv(bench: &Bench, points: u64) -> PathBuf {
    let file = Path::new(&bench.places.dir).join(format!("points_{points}.csv"));
    if file.exists() {
        return file;
    }
    let half = file.with_extension("half.csv");
    let mut writer = csv::Writer::from_writer(BufWriter::new(std::fs::File::create(&half).unwrap()));
    let (layer, zone): (&Layer, &TimeZone) = (bench.data.layer(), &bench.data.catalogue.time_zone);
    let names = layer.fields.iter().map(|field| field.name.as_str());
    writer.write_record(["id", "X", "Y"].into_iter().chain(names)).unwrap();
    let crs = Crs::parse("EPSG:5898").unwrap();
    for (id, row) in (1..=points).zip(bench.data.inside()) {
        let [east, north] = crs.from_lon_lat(row.at).unwrap();
        let own = [id.to_string(), format!("{north:.3}"), format!("{east:.3}")];
        writer.write_record(own.into_iter().chain(row.values.iter().map(|value| text(value, zone)))).unwrap();
    }
    writer.into_inner().unwrap().into_inner().unwrap().sync_all().unwrap();
    std::fs::rename(&half, &file).unwrap();
    file
}

fn text(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Timestamp(at) => {
            let at = jiff::Timestamp::from_microsecond(at.0).unwrap().to_zoned(zone.clone());
            at.strftime("%d/%m/%Y %H:%M").to_string()
        }
        _ => String::new(),
    }
}

fn import(bench: &Bench, url: &str, file: &Path) -> Took {
    let clock = Clock::read(bench);
    let mut command = Command::new(&bench.places.bandoso);
    command.env("BANDOSO_STORE", url).args(["import", "--tiles", &bench.places.tiles, "--layer", LAYER]);
    command.args(["--crs", "EPSG:5898"]).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (mut own, mut peak_mib) = (0.0, 0.0_f64);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        // What the process leaves behind says nothing of its own: asked while it lives.
        (own, peak_mib) = (cpu_seconds(child.id()), peak_mib.max(memory_mib(child.id(), "VmHWM")));
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "the import ended with {status}");
    clock.took(bench, own, peak_mib)
}

/// The columns that an import writes.
const COLUMNS: &str =
    "id, geom, source_id, units, title, category, department, severity, status, source, occurred_at, damage_vnd";

/// Takes the imported rows out as they go in.
async fn take(url: &str, file: &Path, points: u64) {
    let client = connect(url).await;
    let count: i64 = client.query_one("SELECT count(*) FROM bench.points", &[]).await.unwrap().get(0);
    assert_eq!(count.unsigned_abs(), points, "all rows are there");
    let rows = client.copy_out(&format!("COPY bench.points ({COLUMNS}) TO STDOUT (FORMAT binary)")).await.unwrap();
    let mut rows = pin!(rows);
    let mut out = BufWriter::new(std::fs::File::create(file).unwrap());
    while let Some(bytes) = rows.try_next().await.unwrap() {
        std::io::Write::write_all(&mut out, &bytes).unwrap();
    }
    std::io::Write::flush(&mut out).unwrap();
}

/// A bare `COPY` of the rows into a table like the layer's.
fn copy(bench: &Bench, url: &str, rows: &Path, like: &str) -> Took {
    bench.runtime.block_on(async {
        let mut client = connect(url).await;
        execute(&client, &format!("CREATE TABLE bench.yardstick (LIKE bench.points {like})")).await;
        let clock = Clock::read(bench);
        let transaction = client.transaction().await.unwrap();
        let into = format!("COPY bench.yardstick ({COLUMNS}) FROM STDIN (FORMAT binary)");
        let mut sink = pin!(transaction.copy_in::<_, Bytes>(&into).await.unwrap());
        let mut file = std::fs::File::open(rows).unwrap();
        let mut buffer = vec![0; SENT_BYTES];
        loop {
            let read = file.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            sink.send(Bytes::copy_from_slice(&buffer[..read])).await.unwrap();
        }
        sink.as_mut().finish().await.unwrap();
        transaction.commit().await.unwrap();
        let took = clock.took(bench, 0.0, f64::NAN);
        execute(&client, "DROP TABLE bench.yardstick").await;
        took
    })
}
