//! Rows of a CSV file (RFC 4180), with commas, semicolons or tabs between the columns.

use std::cell::Cell;
use std::io::BufRead;
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use super::ImportError;
use super::columns::{Target, Wanted};
use super::csv_guard::{Guarded, open_quote_line};
use super::fault::Fault;
use super::geometry::on_earth;
use super::ids;
use super::input::{Input, count_of};
use super::rows::RowMaker;
use super::text::{column_key, normal};
use super::values::{self, shown};
use crate::model::{FindingKind, LonLat, Value};
use crate::store::{ImportId, ImportRow};

/// Bytes that the reader fetches ahead of the row it is in.
const AHEAD_BYTES: usize = 64 * 1024;

/// How lines end. A carriage return before it stays in the last column, where it is white space: left to itself the reader ends
/// a row at the carriage return and takes the next row to begin on the same line.
pub(super) const LINE_FEED: Terminator = Terminator::Any(b'\n');

/// Gives the rows of a file one by one.
pub(super) struct CsvRows {
    reader: Reader<Guarded<Input>>,
    since_row: Rc<Cell<usize>>,
    file: String,
    columns: usize,
    plan: Plan,
    record: ByteRecord,
}

/// The column of each thing that a row needs.
struct Plan {
    x: usize,
    y: usize,
    id: Option<usize>,
    fields: Vec<Option<usize>>,
}

impl CsvRows {
    /// Reads the header and finds the columns.
    pub fn new(mut input: Input, wanted: &Wanted, maker: &mut RowMaker) -> Result<Self, ImportError> {
        let file = maker.place.clone();
        let unreadable = |cause: String| ImportError::Unreadable { file: file.clone(), line: Some(1), cause };
        let delimiter = delimiter(input.fill_buf().map_err(|error| unreadable(error.to_string()))?);
        let (guarded, since_row) = Guarded::new(input, delimiter);
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .terminator(LINE_FEED)
            .delimiter(delimiter)
            .buffer_capacity(AHEAD_BYTES)
            .from_reader(guarded);
        let header = reader.headers().map_err(|error| unreadable(format!("expected a header line: {error}")))?.clone();
        if header.is_empty() {
            return Err(unreadable("expected a header line, found an empty file".into()));
        }
        let keys: Vec<String> = header.iter().map(column_key).collect();
        wanted.check_told(&file, |key| keys.iter().any(|known| known == key))?;
        let (x, y) = wanted.position(&file, &keys)?;
        let mut plan = Plan { x, y, id: None, fields: vec![None; maker.layer.fields.len()] };
        for (index, name) in header.iter().enumerate() {
            let targets = wanted.targets(name);
            let used = !targets.is_empty() || index == x || index == y;
            for target in targets {
                plan.assign(target, index)
                    .map_err(|()| unreadable(format!("the column {} stands twice", shown(name))))?;
            }
            if !used && !normal(name).is_empty() {
                maker.unknown_column(name);
            }
        }
        Ok(Self { reader, since_row, file, columns: header.len(), plan, record: ByteRecord::new() })
    }

    /// The next row that can be stored; none at the end of the file.
    pub fn next(&mut self, maker: &mut RowMaker) -> Result<Option<ImportRow>, ImportError> {
        loop {
            maker.go_on()?;
            self.since_row.set(0);
            let read = self.reader.read_byte_record(&mut self.record).map_err(|error| ImportError::Unreadable {
                file: self.file.clone(),
                line: open_quote_line(&error).or_else(|| Some(self.reader.position().line())),
                cause: error.to_string(),
            });
            if !read? {
                return Ok(None);
            }
            let line = self.line();
            if self.record.len() == 1 && self.record.as_slice().trim_ascii().is_empty() {
                continue;
            }
            if self.record.len() != self.columns {
                let found = self.record.len();
                maker.unreadable(line, format!("expected {} columns, found {found}; left out", self.columns));
                continue;
            }
            if let Err(error) = std::str::from_utf8(self.record.as_slice()) {
                maker.unreadable(line, format!("expected UTF-8: {error}; left out"));
                continue;
            }
            let text =
                |index: usize| self.record.get(index).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("");
            let id = self.plan.id.map_or(Ok(ImportId::New), |index| ids::from_text(text(index)));
            let at = position(text(self.plan.x), text(self.plan.y));
            let row = maker.row(line, (id, at), |index, field, zone| match self.plan.fields.get(index) {
                Some(Some(column)) => values::from_text(field, text(*column), zone),
                _ => Ok(Value::Null),
            });
            if row.is_some() {
                return Ok(row);
            }
        }
    }

    /// The line on which the row read last begins, empty lines before it left out.
    fn line(&self) -> u64 {
        let within = count_of(b'\n', self.record.as_slice());
        let before = self.record.position().map_or(1, csv::Position::line);
        before.max(self.reader.position().line().saturating_sub(within + 1))
    }
}

impl Plan {
    fn assign(&mut self, target: Target, column: usize) -> Result<(), ()> {
        let place = match target {
            Target::Id => Some(&mut self.id),
            Target::Field(index) => self.fields.get_mut(index),
        };
        match place {
            Some(place) if place.is_none() => *place = Some(column),
            _ => return Err(()),
        }
        Ok(())
    }
}

fn position(x: &str, y: &str) -> Result<LonLat, Fault> {
    let (x, y) = (normal(x), normal(y));
    if x.is_empty() || y.is_empty() {
        return Err(Fault::new(
            FindingKind::MissingPosition,
            "expected a longitude and a latitude, found none; left out",
        ));
    }
    if let (Ok(lon), Ok(lat)) = (x.parse(), y.parse()) {
        return on_earth(lon, lat);
    }
    let found = format!("{}, {}", shown(&x), shown(&y));
    let message = format!("expected numbers in degrees with a decimal point, found {found}; left out");
    Err(Fault::new(FindingKind::InvalidPosition, message))
}

/// The likeliest delimiter of a header line: Excel writes semicolons where the decimal sign is a comma, as in Vietnam.
fn delimiter(start: &[u8]) -> u8 {
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| count_of(delimiter, header);
    [b';', b'\t']
        .into_iter()
        .filter(|other| count(*other) > count(b','))
        .max_by_key(|other| count(*other))
        .unwrap_or(b',')
}
