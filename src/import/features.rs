//! Points of a layer, from files into a store: one transaction for all files, or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::columns::Wanted;
use super::ids::SeenIds;
use super::plan::Plan;
use super::progress::Progress;
use super::read;
use super::record::Read;
use super::rows::RowMaker;
use super::{FindingLog, ImportError};
use crate::model::Layer;
use crate::store::{ImportBatch, ImportRow, Imported, Store, StoreError};

pub use super::read::MAX_FILE_BYTES;

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

/// Whether an import is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// It is written.
    #[default]
    Commit,
    /// All is done but the writing.
    DryRun,
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
    /// What findings lead to.
    pub on_fault: OnFault,
    /// Whether it is written.
    pub ending: Ending,
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
}

/// What an import did.
pub struct FeatureReport {
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be stored.
    pub left_out: u64,
    /// What is wrong with them.
    pub findings: FindingLog,
    /// What the store did; none where nothing was written, on purpose or because of findings.
    pub imported: Option<Imported>,
}

/// Imports the files in one transaction. Reading and storing go on at the same time, with at most a few thousand rows between
/// them. Without a store (a dry run into one that does not exist yet) the files are only read.
pub async fn import_features(
    store: Option<&dyn Store>,
    job: FeatureJob,
    progress: Arc<Progress>,
) -> Result<FeatureReport, ImportError> {
    let layer = job.layer.clone();
    let (sender, mut receiver) = mpsc::channel(WAITING_BATCHES);
    let reading = tokio::task::spawn_blocking(move || read_files(job, sender, progress));
    let stored = if let Some(store) = store {
        store.import(&layer, receiver).await.map(Some)
    } else {
        while receiver.recv().await.is_some() {}
        Ok(None)
    };
    let read = reading.await.map_err(|error| StoreError::Fault {
        doing: format!("reading the files of {layer}", layer = layer.id),
        cause: error.to_string(),
    })?;
    match (read, stored) {
        (Ok(read), Ok(imported)) => Ok(FeatureReport { imported, ..read }),
        // The reader kept the last word back on purpose.
        (Ok(read), Err(StoreError::GivenUp { .. })) => Ok(read),
        (Err(error), Ok(_) | Err(StoreError::GivenUp { .. })) => Err(error),
        (_, Err(error)) => Err(error.into()),
    }
}

fn read_files(
    mut job: FeatureJob,
    sender: mpsc::Sender<ImportBatch>,
    progress: Arc<Progress>,
) -> Result<FeatureReport, ImportError> {
    let wanted = Wanted::new(&job.layer, &job.options.map)?;
    let wanted = wanted.with_position(job.options.x.as_deref(), job.options.y.as_deref());
    let mut maker = RowMaker {
        layer: job.layer,
        zone: job.zone,
        findings: std::mem::take(&mut job.findings),
        place: String::new(),
        rows: 0,
        seen: SeenIds::default(),
        progress,
    };
    let mut outlet = Outlet { sender: Some(sender), batch: Vec::new(), sent: 0, on_fault: job.options.on_fault };
    for path in &job.files {
        maker.place = path.display().to_string();
        read_file(path, &wanted, &mut maker, &mut outlet)?;
    }
    outlet.end(job.options.ending, &maker)?;
    Ok(FeatureReport { rows: maker.rows, left_out: maker.rows - outlet.sent, findings: maker.findings, imported: None })
}

fn read_file(path: &Path, wanted: &Wanted, maker: &mut RowMaker, outlet: &mut Outlet) -> Result<(), ImportError> {
    let mut records = read::open(path, &maker.progress)?;
    let mut plan = Plan::new(wanted, &records.source(), records.columns(), maker)?;
    loop {
        maker.go_on()?;
        match records.next()? {
            Some(Read::Record(record)) => {
                plan.take_in(wanted, record.columns, maker)?;
                if let Some(row) = maker.row(&record, &plan) {
                    outlet.push(row, maker)?;
                }
            }
            Some(Read::Unreadable { line, message }) => maker.unreadable(line, message),
            None => return plan.check_told(wanted),
        }
    }
}

/// Hands rows to the store in batches.
struct Outlet {
    /// None once nothing is to be written.
    sender: Option<mpsc::Sender<ImportBatch>>,
    batch: Vec<ImportRow>,
    sent: u64,
    on_fault: OnFault,
}

impl Outlet {
    fn push(&mut self, row: ImportRow, maker: &RowMaker) -> Result<(), ImportError> {
        self.sent += 1;
        self.batch.push(row);
        if self.batch.len() < BATCH_ROWS { Ok(()) } else { self.flush(maker) }
    }

    fn flush(&mut self, maker: &RowMaker) -> Result<(), ImportError> {
        let rows = std::mem::take(&mut self.batch);
        // The rest is read all the same, so that every finding is told.
        if self.on_fault == OnFault::Refuse && maker.findings.faults() > 0 {
            self.sender = None;
        }
        self.send(ImportBatch::Rows(rows))
    }

    fn end(&mut self, ending: Ending, maker: &RowMaker) -> Result<(), ImportError> {
        self.flush(maker)?;
        if ending == Ending::Commit {
            self.send(ImportBatch::Commit)?;
        }
        self.sender = None;
        Ok(())
    }

    /// When the store has gone away it tells why itself: this only ends the reading.
    fn send(&mut self, batch: ImportBatch) -> Result<(), ImportError> {
        let Some(sender) = &self.sender else { return Ok(()) };
        sender.blocking_send(batch).map_err(|_| ImportError::Interrupted)
    }
}
