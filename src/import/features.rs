//! Points of a layer, from files into a store: one transaction for all files, or nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::columns::Wanted;
use super::ground::Ground;
use super::guess::Guess;
use super::ids::SeenIds;
use super::plan::{Plan, Way};
use super::progress::Progress;
use super::read;
use super::record::{Read, Records};
use super::rejects::Rejects;
use super::rows::{Repeats, RowMaker};
use super::sampled::Sampled;
use super::shift::{self, Looked};
use super::sites::Sites;
use super::stated::StatedUnits;
use super::written::{DateOrder, Decimal};
use super::{FindingLog, ImportError, ReadOptions};
use crate::engine::coordinates::Order;
use crate::engine::crs::Crs;
use crate::engine::readings::Reading;
use crate::model::{Invalid, Layer};
use crate::store::{Author, ImportBatch, ImportRow, Imported, Missing, Store, StoreError, Terms, UnitTable};

pub use super::first_row::FirstRow;
pub use super::read::MAX_FILE_BYTES;
pub use super::rows::Geocode;
pub use super::sites::Doubt;
pub use crate::store::Ending;

/// Rows that are shown as they are stored.
const FIRST_ROWS: usize = 10;
/// Rows handed to the store at a time.
const BATCH_ROWS: usize = 1000;
/// Batches that wait for the store.
const WAITING_BATCHES: usize = 4;

/// What becomes of an import that has findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFault {
    /// Good rows go in.
    #[default]
    Store,
    /// Nothing goes in.
    Refuse,
}

/// How files become rows.
#[derive(Debug, Clone, Default)]
pub struct FeatureOptions {
    /// Pairs of a field (or `id`) and the column or property that it is taken from.
    pub map: Vec<(String, String)>,
    /// Column of the longitude in CSV, if it has none of the usual names.
    pub x: Option<String>,
    /// Column of the latitude in CSV, if it has none of the usual names.
    pub y: Option<String>,
    /// Columns that no field is to be taken from, whatever they are called.
    pub leave_out: Vec<String>,
    /// Reference system of the positions; what the file says, else WGS 84, where none is named.
    pub crs: Option<Crs>,
    /// Order of the two numbers of a position, where the names of columns do not tell.
    pub xy: Option<Order>,
    /// Columns in which rows name their units, as `LEVEL=COL` or `COL`; by the usual names where none is told.
    pub units: Vec<String>,
    /// What becomes of rows without a position.
    pub geocode: Geocode,
    /// What becomes of rows and files that speak for another reading.
    pub doubt: Doubt,
    /// Sign before decimals in all columns; else each column's own is guessed.
    pub decimal: Option<Decimal>,
    /// Order of dates in all columns; else each column's own is guessed.
    pub dates: Option<DateOrder>,
    /// Of code fields: the sender's words and the codes that they mean.
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
    /// What is not to be guessed about the files.
    pub read: ReadOptions,
    /// What findings lead to.
    pub on_fault: OnFault,
    /// Whether it is written.
    pub ending: Ending,
    /// Who imports; without names of files, those of the files that are read.
    pub author: Author,
    /// What becomes of features that the files do not name.
    pub missing: Missing,
}

/// Files that are to go into a layer.
pub struct FeatureJob {
    /// The layer.
    pub layer: Layer,
    /// Zone of times that are written without one.
    pub zone: TimeZone,
    /// GeoJSON or CSV, plain or gzip.
    pub files: Vec<PathBuf>,
    /// How they are read.
    pub options: FeatureOptions,
    /// Takes the findings in.
    pub findings: FindingLog,
    /// Takes the rows in that are left out.
    pub rejects: Option<Rejects>,
}

/// How one file was read.
#[derive(Debug, Clone, PartialEq)]
pub struct FileReading {
    /// The file as the caller named it.
    pub file: String,
    /// How the two numbers of its positions were read.
    pub reading: Reading,
    /// The columns that fields, the id and the position were taken from.
    pub columns: Vec<(String, String)>,
}

/// What an import did.
pub struct FeatureReport {
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be stored.
    pub left_out: u64,
    /// What is wrong with them.
    pub findings: FindingLog,
    /// How each file was understood.
    pub guesses: Vec<Guess>,
    /// The first rows, as they are stored.
    pub first_rows: Vec<FirstRow>,
    /// How each file was read.
    pub files: Vec<FileReading>,
    /// Why nothing went in, in words for people: a file that is not what it was said to be.
    pub refusals: Vec<String>,
    /// Rows placed in the middle of the unit that they name.
    pub geocoded: u64,
    /// Rows in the rejects file, where one was asked for.
    pub rejected: Option<u64>,
    /// What the store did, or would do in a dry run; none where it was not asked to.
    pub imported: Option<Imported>,
}

/// Looks at the start of each file as an import would, and reads no further.
pub fn guess(mut job: FeatureJob) -> Result<Vec<Guess>, ImportError> {
    let wanted = wanted(&job)?;
    let mut maker = row_maker(&mut job, UnitTable::default(), Arc::default());
    let guess = |path: &PathBuf| {
        maker.place = path.display().to_string();
        let records = Sampled::new(read::open(path, &job.options.read, &maker.progress)?)?;
        let plan = Plan::new(&wanted, &job.options, &records, &mut maker)?;
        Ok(Guess::new(&maker.place, &records, &plan, &maker.layer))
    };
    job.files.iter().map(guess).collect()
}

/// Imports the files in one transaction. Reading and storing go on at the same time, with at most a few thousand rows between
/// them. Without a store (a dry run into one that does not exist yet) the files are only read.
pub async fn import_features(
    store: Option<&dyn Store>,
    job: FeatureJob,
    progress: Arc<Progress>,
) -> Result<FeatureReport, ImportError> {
    let (layer, terms) = (job.layer.clone(), terms(&job));
    let units = match store {
        Some(store) => store.units().await?,
        None => UnitTable::default(),
    };
    let (sender, mut receiver) = mpsc::channel(WAITING_BATCHES);
    let on_fault = job.options.on_fault;
    let reading = tokio::task::spawn_blocking(move || read_files(job, units, sender, progress));
    let storing = async {
        let Some(store) = store else {
            while receiver.recv().await.is_some() {}
            return Ok(None);
        };
        store.import_as(&layer, receiver, &terms).await.map(Some)
    };
    let ending = async {
        let read = reading.await.map_err(|error| StoreError::Fault {
            doing: format!("reading the files of {}", layer.id),
            cause: error.to_string(),
        })?;
        conclude(read?, on_fault, (store, &layer)).await
    };
    let (read, stored) = tokio::join!(ending, storing);
    match (read, stored) {
        (Ok(read), Ok(imported)) => Ok(FeatureReport { imported, ..read }),
        // The reader kept the last word back on purpose.
        (Ok(read), Err(StoreError::GivenUp { .. })) => Ok(read),
        (Err(error), Ok(_) | Err(StoreError::GivenUp { .. })) => Err(error),
        (_, Err(error)) => Err(error.into()),
    }
}

/// How the import is meant, for the store.
fn terms(job: &FeatureJob) -> Terms {
    let mut author = job.options.author.clone();
    if author.source.is_empty() {
        let name = |file: &PathBuf| file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        author.source = job.files.iter().map(name).collect();
    }
    Terms { author, missing: job.options.missing, ending: job.options.ending }
}

/// What comes out of the reading, before the last word to the store.
struct ReadAll {
    report: FeatureReport,
    looked: Vec<Looked>,
    /// Whom to tell that it is to be written; none where it is not.
    sender: Option<mpsc::Sender<ImportBatch>>,
}

/// Holds the rows against those stored, and says the last word.
async fn conclude(
    read: ReadAll,
    on_fault: OnFault,
    (store, layer): (Option<&dyn Store>, &Layer),
) -> Result<FeatureReport, ImportError> {
    let ReadAll { mut report, looked, sender } = read;
    if let Some(store) = store {
        let faults = shift::faults(store, layer, looked).await?;
        for (file, fault) in report.files.iter().zip(faults) {
            report.findings.extend(fault.map(|fault| fault.at(&file.file, None)));
        }
    }
    let is_refused = on_fault == OnFault::Refuse && report.findings.faults() > 0;
    if let Some(sender) = sender.filter(|_| !is_refused) {
        // When the store has gone away it tells why itself.
        let _ = sender.send(ImportBatch::Commit).await;
    }
    Ok(report)
}

fn read_files(
    mut job: FeatureJob,
    units: UnitTable,
    sender: mpsc::Sender<ImportBatch>,
    progress: Arc<Progress>,
) -> Result<ReadAll, ImportError> {
    let wanted = wanted(&job)?;
    let mut maker = row_maker(&mut job, units, progress);
    let mut guesses = Vec::new();
    let (mut files, mut looked) = (Vec::new(), Vec::new());
    let mut outlet = Outlet {
        sender: Some(sender),
        batch: Vec::new(),
        sent: 0,
        first_rows: Vec::new(),
        on_fault: job.options.on_fault,
    };
    for path in &job.files {
        maker.place = path.display().to_string();
        let (guess, file, sites) = read_file((path, &job.options), &wanted, &mut maker, &mut outlet)?;
        guesses.push(guess);
        looked.push(Looked::new(sites.places()));
        files.push(file);
    }
    let rejected = maker.rejects.take().map(Rejects::finish).transpose();
    let rejected =
        rejected.map_err(|error| Invalid::new("--rejects", format!("a file that can be written: {error}")))?;
    let first_rows = std::mem::take(&mut outlet.first_rows);
    let (sent, sender) = outlet.end(&maker)?;
    let (rows, left_out) = (maker.rows, maker.rows - sent);
    let (findings, refusals, geocoded) = (maker.findings, maker.refusals, maker.geocoded);
    let report = FeatureReport {
        rows,
        left_out,
        findings,
        guesses,
        first_rows,
        files,
        refusals,
        geocoded,
        rejected,
        imported: None,
    };
    Ok(ReadAll { report, looked, sender })
}

fn wanted(job: &FeatureJob) -> Result<Wanted, Invalid> {
    let wanted = Wanted::new(&job.layer, &job.options.map)?;
    let wanted = wanted.with_position(job.options.x.as_deref(), job.options.y.as_deref());
    let wanted = wanted.with_reading(job.options.crs, job.options.xy).without(&job.options.leave_out);
    Ok(wanted.with_units(&job.options.units))
}

fn row_maker(job: &mut FeatureJob, units: UnitTable, progress: Arc<Progress>) -> RowMaker {
    let now = crate::model::Instant(jiff::Timestamp::now().as_microsecond());
    RowMaker {
        layer: job.layer.clone(),
        today: now.day(&job.zone),
        zone: job.zone.clone(),
        findings: std::mem::take(&mut job.findings),
        place: String::new(),
        rows: 0,
        rejects: job.rejects.take(),
        seen: SeenIds::default(),
        ground: Arc::new(Ground::new(units)),
        stated: StatedUnits::default(),
        geocode: job.options.geocode,
        geocoded: 0,
        doubt: job.options.doubt,
        progress,
        refusals: Vec::new(),
        repeats: Repeats::default(),
        plain: Way::default(),
    }
}

fn read_file(
    (path, options): (&Path, &FeatureOptions),
    wanted: &Wanted,
    maker: &mut RowMaker,
    outlet: &mut Outlet,
) -> Result<(Guess, FileReading, Sites), ImportError> {
    let mut records = Sampled::new(read::open(path, &options.read, &maker.progress)?)?;
    let mut plan = Plan::new(wanted, options, &records, maker)?;
    let guess = Guess::new(&maker.place, &records, &plan, &maker.layer);
    let mut sites = Sites::new(Arc::clone(&maker.ground), plan.reading, maker.doubt);
    loop {
        maker.go_on()?;
        match records.next()? {
            Some(Read::Record(record)) => {
                plan.take_in(wanted, record.columns, maker)?;
                if let Some(row) = maker.row(&record, &plan, &mut sites) {
                    outlet.show(record.line, &row, maker);
                    outlet.push(row, maker)?;
                }
            }
            Some(Read::Unreadable { line, message }) => maker.unreadable(line, message),
            None => break,
        }
    }
    plan.check_told(wanted)?;
    maker.judge(&sites);
    let columns = plan.told(&maker.layer, records.columns());
    Ok((guess, FileReading { file: maker.place.clone(), reading: plan.reading, columns }, sites))
}

/// Hands rows to the store in batches.
struct Outlet {
    /// None once nothing is to be written.
    sender: Option<mpsc::Sender<ImportBatch>>,
    batch: Vec<ImportRow>,
    sent: u64,
    first_rows: Vec<FirstRow>,
    on_fault: OnFault,
}

impl Outlet {
    /// Keeps the first rows for people to look at.
    fn show(&mut self, line: u64, row: &ImportRow, maker: &RowMaker) {
        if self.first_rows.len() < FIRST_ROWS {
            self.first_rows.push(FirstRow::new(line, row, maker));
        }
    }

    fn push(&mut self, row: ImportRow, maker: &RowMaker) -> Result<(), ImportError> {
        self.sent += 1;
        self.batch.push(row);
        if self.batch.len() < BATCH_ROWS { Ok(()) } else { self.flush(maker) }
    }

    fn flush(&mut self, maker: &RowMaker) -> Result<(), ImportError> {
        let rows = std::mem::take(&mut self.batch);
        // The rest is read all the same, so that every finding is told.
        let refused = self.on_fault == OnFault::Refuse && maker.findings.faults() > 0;
        if refused || !maker.refusals.is_empty() {
            self.sender = None;
        }
        self.send(ImportBatch::Rows(rows))
    }

    /// How many rows were handed on, and the sender where they are to be written.
    fn end(mut self, maker: &RowMaker) -> Result<(u64, Option<mpsc::Sender<ImportBatch>>), ImportError> {
        self.flush(maker)?;
        Ok((self.sent, self.sender))
    }

    /// When the store has gone away it tells why itself: this only ends the reading.
    fn send(&mut self, batch: ImportBatch) -> Result<(), ImportError> {
        let Some(sender) = &self.sender else { return Ok(()) };
        sender.blocking_send(batch).map_err(|_| ImportError::Interrupted)
    }
}
