//! Records of a CSV file (RFC 4180), with commas, semicolons or tabs between the columns.

use std::cell::Cell as Shared;
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord, Terminator};

use super::csv_dialect;
use super::csv_guard::{Guarded, open_quote_line};
use super::options::ReadOptions;
use crate::import::ImportError;
use crate::import::input::{Input, count_of};
use crate::import::record::{Cell, Cells, Header, MAX_COLUMNS, PositionIn, RawGeometry, Read, Record, Records, Source};

/// Bytes that the reader fetches ahead of the row it is in.
const AHEAD_BYTES: usize = 64 * 1024;

/// How lines end. A carriage return before it stays in the last column, where it is white space: left to itself the reader ends
/// a row at the carriage return and takes the next row to begin on the same line.
pub(in crate::import) const LINE_FEED: Terminator = Terminator::Any(b'\n');

/// Gives the records of a file one by one.
pub(in crate::import) struct CsvRecords {
    reader: Reader<Guarded<Input>>,
    since_row: Rc<Shared<usize>>,
    file: String,
    columns: Vec<String>,
    /// The row read last; its text was looked at once, not once a cell.
    record: StringRecord,
    read_as: ReadOptions,
}

impl CsvRecords {
    /// Finds the columns; `start` is how the text begins.
    pub fn new(file: String, input: Input, start: &[u8], options: &ReadOptions) -> Result<Self, ImportError> {
        let unreadable =
            |line: u64, cause: String| ImportError::Unreadable { file: file.clone(), line: Some(line), cause };
        let dialect = csv_dialect::guess(start, options);
        let (guarded, since_row) = Guarded::new(input, dialect.delimiter, dialect.quote);
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(LINE_FEED)
            .delimiter(dialect.delimiter)
            .quote(dialect.quote)
            .buffer_capacity(AHEAD_BYTES)
            .from_reader(guarded);
        let mut header = ByteRecord::new();
        for _ in 0..=dialect.header {
            since_row.set(0);
            let read = reader.read_byte_record(&mut header).map_err(|error| {
                let line = open_quote_line(&error).unwrap_or_else(|| reader.position().line());
                unreadable(line, format!("expected a header line: {error}"))
            });
            if !read? {
                return Err(unreadable(1, "expected a header line, found an empty file".into()));
            }
        }
        if header.len() > MAX_COLUMNS {
            return Err(unreadable(1, format!("expected at most {MAX_COLUMNS} columns, found {}", header.len())));
        }
        let columns = header.iter().enumerate().map(|(index, name)| {
            let name = if index == 0 { name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name) } else { name };
            String::from_utf8_lossy(name.trim_ascii()).into_owned()
        });
        let columns = columns.collect();
        let mut read_as = options.clone();
        read_as.delimiter = Some(char::from(dialect.delimiter));
        let record = StringRecord::new();
        let mut records = Self { reader, since_row, file, columns, record, read_as };
        records.read_as.header_row = Some(line(&header, &records.reader));
        Ok(records)
    }
}

/// The line on which the row read last begins, empty lines before it left out.
fn line(row: &ByteRecord, reader: &Reader<Guarded<Input>>) -> u64 {
    let within = count_of(b'\n', row.as_slice());
    let before = row.position().map_or(1, csv::Position::line);
    before.max(reader.position().line().saturating_sub(within + 1))
}

impl Records for CsvRecords {
    fn source(&self) -> Source {
        Source { read_as: self.read_as.clone(), ..Source::new("CSV", Header::Whole, PositionIn::Columns) }
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self) -> Result<Option<Read<'_>>, ImportError> {
        let mut row = std::mem::take(&mut self.record).into_byte_record();
        loop {
            self.since_row.set(0);
            let read = self.reader.read_byte_record(&mut row).map_err(|error| ImportError::Unreadable {
                file: self.file.clone(),
                line: open_quote_line(&error).or_else(|| Some(self.reader.position().line())),
                cause: error.to_string(),
            });
            if !read? {
                return Ok(None);
            }
            if row.len() != 1 || !row.as_slice().trim_ascii().is_empty() {
                break;
            }
        }
        let line = line(&row, &self.reader);
        if row.len() != self.columns.len() {
            let message = format!("expected {} columns, found {}; left out", self.columns.len(), row.len());
            return Ok(Some(Read::Unreadable { line, message }));
        }
        self.record = match StringRecord::from_byte_record(row) {
            Ok(record) => record,
            Err(error) => {
                // Told by its place in the row; a letter that is divided between two cells is none in its cell alone.
                let in_cell = error.utf8_error().to_string();
                let row = error.into_byte_record();
                let error = std::str::from_utf8(row.as_slice()).map_or_else(|error| error.to_string(), |_| in_cell);
                return Ok(Some(Read::Unreadable { line, message: format!("expected UTF-8: {error}; left out") }));
            }
        };
        let (id, columns, cells) = (Cell::Null, self.columns.as_slice(), &self.record);
        Ok(Some(Read::Record(Record { line, id, columns, cells, geometry: RawGeometry::None })))
    }
}

impl Cells for StringRecord {
    fn cell(&self, column: usize) -> Cell<'_> {
        self.get(column).map_or(Cell::Null, Cell::Text)
    }
}
