//! CSV by RFC 4180: CRLF, a head, cells quoted where they must be.
//!
//! Spreadsheets run a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break as a formula. For a spreadsheet a text that does,
//! and is no plain number, gets an apostrophe before it, which spreadsheets take for "this is text". For programs every text stays
//! as it is, so that a file can be imported again without a change.

use std::io::Write;

use ::csv::{Terminator, Writer, WriterBuilder};

use super::sink::Spreadsheet;
use super::{ExportError, Sheet, Sink};
use crate::model::{FoundFeature, Value};

/// Tells UTF-8 where nothing else does.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) struct CsvSink {
    sheet: Sheet,
    writer: Writer<Box<dyn Write + Send>>,
    spreadsheet: Spreadsheet,
}

impl CsvSink {
    pub fn new(sheet: Sheet, mut out: Box<dyn Write + Send>, spreadsheet: Spreadsheet) -> Result<Self, ExportError> {
        let position = if sheet.crs.is_geographic() { ["lon", "lat"] } else { ["x", "y"] };
        sheet.keeps_free("CSV", &position)?;
        if spreadsheet == Spreadsheet::Excel {
            out.write_all(BYTE_ORDER_MARK)?;
        }
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).buffer_capacity(1 << 16).from_writer(out);
        let mut sink = Self { sheet, writer, spreadsheet };
        let mut head = vec!["id".to_owned()];
        head.extend(position.map(str::to_owned));
        head.extend(sink.sheet.fields().map(|(_, field)| field.name.clone()));
        head.extend(sink.sheet.more_columns().map(str::to_owned));
        sink.writer.write_record(&head).map_err(of_csv)?;
        Ok(sink)
    }

    fn row(&mut self, found: &FoundFeature) -> Result<(), ::csv::Error> {
        let Self { sheet, writer, spreadsheet } = self;
        let mut cell = |text: &str| writer.write_field(text);
        let text = |text: &str| match spreadsheet {
            Spreadsheet::Guarded | Spreadsheet::Excel if is_formula(text) => Some(format!("'{text}")),
            _ => None,
        };
        cell(&found.feature.id.to_string())?;
        let position = sheet.position(found.feature.at);
        for number in [0, 1] {
            cell(&position.map_or_else(String::new, |numbers| numbers[number].to_string()))?;
        }
        for (_, value) in sheet.values(found) {
            match value {
                Value::Null => cell("")?,
                Value::Text(plain) => cell(text(plain).as_deref().unwrap_or(plain))?,
                Value::Integer(number) => cell(&number.to_string())?,
                Value::Real(number) => cell(&number.to_string())?,
                Value::Boolean(truth) => cell(if *truth { "true" } else { "false" })?,
                Value::Date(day) => cell(&day.to_string())?,
                Value::Timestamp(instant) => cell(&instant.to_string())?,
            }
        }
        for value in sheet.more_values(found).map(Option::unwrap_or_default) {
            cell(text(value).as_deref().unwrap_or(value))?;
        }
        writer.write_record(None::<&[u8]>)
    }
}

impl Sink for CsvSink {
    fn write(&mut self, features: &[FoundFeature]) -> Result<(), ExportError> {
        for found in features {
            self.row(found).map_err(of_csv)?;
        }
        Ok(self.writer.flush()?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        Ok(self.writer.flush()?)
    }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && text.parse::<f64>().is_err()
}

fn of_csv(fault: ::csv::Error) -> ExportError {
    match fault.into_kind() {
        ::csv::ErrorKind::Io(fault) => fault.into(),
        other => ExportError::Format { format: "CSV", cause: format!("{other:?}").into() },
    }
}
