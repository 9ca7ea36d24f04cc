//! Readers whose libraries hold on to what they read: each has a thread of its own and hands records over in batches.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use jiff::civil::DateTime;
use serde_json::Value as Json;

use super::fonts::{self, Fonts};
use crate::import::ImportError;
use crate::import::encoding::Encoding;
use crate::import::record::{Cell, Cells, MAX_COLUMNS, RawGeometry, Read, Record, Records, Source};

/// Cells and records in a batch.
const BATCH_CELLS: usize = 8 * 1024;
const BATCH_RECORDS: usize = 256;
/// Bytes of text in a batch.
const BATCH_BYTES: usize = 1 << 20;
/// Batches that wait.
const WAITING_BATCHES: usize = 4;
/// Largest text of one cell, in bytes.
pub(super) const MAX_CELL_BYTES: usize = 4 << 20;
/// Bytes of stack of a reader.
const STACK_BYTES: usize = 8 << 20;

/// A cell that belongs to nobody else.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::import) enum OwnedCell {
    Null,
    Text(String),
    Whole(i128),
    Number(f64),
    Boolean(bool),
    Local(DateTime),
    Nested(Json),
    Broken(String),
}

impl OwnedCell {
    pub fn borrowed(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Text(text) => Cell::Text(text),
            Self::Whole(number) => Cell::Whole(*number),
            Self::Number(number) => Cell::Number(*number),
            Self::Boolean(value) => Cell::Boolean(*value),
            Self::Local(at) => Cell::Local(*at),
            Self::Nested(json) => Cell::Nested(json),
            Self::Broken(text) => Cell::Broken(text),
        }
    }

    /// A cell that outlives its record.
    pub fn of(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Text(text) => Self::Text(text.to_owned()),
            Cell::Whole(number) => Self::Whole(number),
            Cell::Number(number) => Self::Number(number),
            Cell::Boolean(value) => Self::Boolean(value),
            Cell::Local(at) => Self::Local(at),
            Cell::Nested(json) => Self::Nested(json.clone()),
            Cell::Broken(text) => Self::Broken(text.to_owned()),
        }
    }

    /// A number as a spreadsheet has it: whole where it is whole.
    pub fn of_number(number: f64) -> Self {
        // All whole numbers up to 2^53 are doubles.
        if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
            Self::Whole(number as i128)
        } else {
            Self::Number(number)
        }
    }

    /// Bytes of its text.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Broken(text) => text.len(),
            _ => 0,
        }
    }
}

/// One record as a reader hands it over.
#[derive(Debug)]
pub(in crate::import) struct OwnedRecord {
    pub line: u64,
    pub id: OwnedCell,
    pub cells: Vec<OwnedCell>,
    pub geometry: RawGeometry,
}

impl OwnedRecord {
    /// A record that outlives the reading of the next one.
    pub fn of(record: &Record) -> Self {
        let cells = (0..record.columns.len()).map(|column| OwnedCell::of(record.cells.cell(column))).collect();
        Self { line: record.line, id: OwnedCell::of(record.id), cells, geometry: record.geometry.clone() }
    }

    /// A record of a format in which rows have neither ids nor geometries.
    pub fn row(line: u64, cells: Vec<OwnedCell>) -> Self {
        Self { line, id: OwnedCell::Null, cells, geometry: RawGeometry::None }
    }
}

impl Cells for Vec<OwnedCell> {
    fn cell(&self, column: usize) -> Cell<'_> {
        self.get(column).map_or(Cell::Null, OwnedCell::borrowed)
    }
}

type Produce = Result<OwnedRecord, (u64, String)>;

enum Message {
    Begin(Source, Vec<String>),
    /// All columns, some of them new.
    Columns(Vec<String>),
    Batch(Vec<Produce>),
    /// The whole file was read.
    End,
    Failed(ImportError),
}

/// Why a reader ends before its file does.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody wants more.
    Gone,
    Failed(ImportError),
}

impl From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        Self::Failed(error)
    }
}

/// What a reader writes into. Texts typed in old fonts are told by the first records and read as what they are.
pub(super) struct Sink {
    sender: SyncSender<Message>,
    file: String,
    start: Option<Start>,
    fonts: Fonts,
    batch: Vec<Produce>,
    cells: usize,
    bytes: usize,
}

struct Start {
    source: Source,
    columns: Vec<String>,
}

impl Sink {
    /// The error that ends the reading of the file.
    pub fn failed(&self, line: Option<u64>, cause: impl Into<String>) -> Stop {
        Stop::Failed(ImportError::Unreadable { file: self.file.clone(), line, cause: cause.into() })
    }

    /// Takes the font of all texts from the caller, where he says it.
    pub fn typed_in(&mut self, font: Option<Encoding>) {
        self.fonts.told(font);
    }

    /// Tells the columns; comes before all records.
    pub fn begin(&mut self, source: Source, columns: Vec<String>) -> Result<(), Stop> {
        if columns.len() > MAX_COLUMNS {
            let cause = format!("expected at most {MAX_COLUMNS} columns, found {}", columns.len());
            return Err(self.failed(None, cause));
        }
        self.start = Some(Start { source, columns });
        Ok(())
    }

    /// Tells all columns, some of which are met only now.
    pub fn grow(&mut self, columns: &[String]) -> Result<(), Stop> {
        if columns.len() > MAX_COLUMNS {
            return Err(self.failed(None, format!("expected at most {MAX_COLUMNS} columns, found more")));
        }
        if let Some(start) = &mut self.start {
            start.columns = columns.to_vec();
            return Ok(());
        }
        self.flush()?;
        self.send(Message::Columns(columns.to_vec()))
    }

    /// Hands a record over.
    pub fn record(&mut self, record: OwnedRecord) -> Result<(), Stop> {
        self.cells += record.cells.len() + 1;
        let sizes = record.cells.iter().map(OwnedCell::bytes);
        let largest = sizes.clone().max().unwrap_or(0);
        self.bytes += sizes.sum::<usize>();
        if largest > MAX_CELL_BYTES {
            let cause = format!("a cell is larger than {MAX_CELL_BYTES} bytes");
            return Err(self.failed(Some(record.line), cause));
        }
        self.push(Ok(record))
    }

    /// Tells a record that cannot be read.
    pub fn unreadable(&mut self, line: u64, message: String) -> Result<(), Stop> {
        self.cells += 1;
        self.push(Err((line, message)))
    }

    fn push(&mut self, produce: Produce) -> Result<(), Stop> {
        self.batch.push(produce);
        let most = if self.start.is_some() { fonts::SAMPLE_RECORDS } else { BATCH_RECORDS };
        if self.batch.len() >= most || self.cells >= BATCH_CELLS || self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let mut batch = std::mem::take(&mut self.batch);
        (self.cells, self.bytes) = (0, 0);
        if let Some(Start { mut source, mut columns }) = self.start.take() {
            let records = || batch.iter().filter_map(|produce| produce.as_ref().ok()).map(|record| &record.cells);
            source.fonts = self.fonts.guess(&mut columns, records);
            self.send(Message::Begin(source, columns))?;
        }
        for record in batch.iter_mut().flatten() {
            self.fonts.reread(&mut record.cells);
        }
        self.send(Message::Batch(batch))
    }

    fn send(&self, message: Message) -> Result<(), Stop> {
        self.sender.send(message).map_err(|_| Stop::Gone)
    }
}

/// The records of a reader that runs on a thread of its own.
pub(super) struct Produced {
    receiver: Option<Receiver<Message>>,
    thread: Option<JoinHandle<()>>,
    file: String,
    source: Source,
    columns: Vec<String>,
    batch: std::vec::IntoIter<Produce>,
    current: Option<OwnedRecord>,
}

impl Produced {
    /// Starts the reader, and waits until it knows the columns.
    pub fn start(
        file: &str,
        read: impl FnOnce(&mut Sink) -> Result<(), Stop> + Send + 'static,
    ) -> Result<Self, ImportError> {
        let (sender, receiver) = sync_channel(WAITING_BATCHES);
        let mut sink = Sink {
            sender,
            file: file.to_owned(),
            start: None,
            fonts: Fonts::default(),
            batch: Vec::new(),
            cells: 0,
            bytes: 0,
        };
        let run = move || {
            let last = match read(&mut sink).and_then(|()| sink.flush()) {
                Ok(()) => Message::End,
                Err(Stop::Failed(error)) => Message::Failed(error),
                Err(Stop::Gone) => return,
            };
            // Nobody listens any more: then nobody misses it.
            let _ = sink.sender.send(last);
        };
        let spawned = std::thread::Builder::new().name("reader".into()).stack_size(STACK_BYTES).spawn(run);
        let thread = spawned.map_err(|error| broken(file, &error.to_string()))?;
        match receiver.recv() {
            Ok(Message::Begin(source, columns)) => Ok(Self {
                receiver: Some(receiver),
                thread: Some(thread),
                file: file.to_owned(),
                source,
                columns,
                batch: Vec::new().into_iter(),
                current: None,
            }),
            Ok(Message::Failed(error)) => Err(error),
            Ok(Message::Batch(_) | Message::Columns(_) | Message::End) | Err(_) => Err(broken(file, BROKEN)),
        }
    }
}

/// The library that reads the format gave up without a word: a defect of it, met by a file that nobody foresaw.
const BROKEN: &str = "expected a file that other programs can open, found one that is damaged inside";

fn broken(file: &str, cause: &str) -> ImportError {
    ImportError::Unreadable { file: file.to_owned(), line: None, cause: cause.to_owned() }
}

impl Records for Produced {
    fn source(&self) -> Source {
        self.source.clone()
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self) -> Result<Option<Read<'_>>, ImportError> {
        let produce = loop {
            if let Some(produce) = self.batch.next() {
                break produce;
            }
            let message = self.receiver.as_ref().map(Receiver::recv);
            match message {
                Some(Ok(Message::Batch(batch))) => self.batch = batch.into_iter(),
                Some(Ok(Message::Columns(columns))) => self.columns = columns,
                Some(Ok(Message::End)) => {
                    self.receiver = None;
                    return Ok(None);
                }
                None => return Ok(None),
                Some(Ok(Message::Failed(error))) => return Err(error),
                Some(Ok(Message::Begin(..)) | Err(_)) => return Err(broken(&self.file, BROKEN)),
            }
        };
        match produce {
            Err((line, message)) => Ok(Some(Read::Unreadable { line, message })),
            Ok(record) => {
                let OwnedRecord { line, id, cells, geometry } = self.current.insert(record);
                let (id, columns) = (id.borrowed(), self.columns.as_slice());
                Ok(Some(Read::Record(Record { line: *line, id, columns, cells, geometry: geometry.clone() })))
            }
        }
    }
}

impl Drop for Produced {
    fn drop(&mut self) {
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            // It ends at its next record: the file may be removed after that.
            let _ = thread.join();
        }
    }
}
