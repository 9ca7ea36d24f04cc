use std::io::Write;

use super::csv::CsvSink;
use super::geojson::{Framing, GeoJsonSink};
use super::{ExportError, Format, Sheet};
use crate::model::FoundFeature;

/// Where a format is written to.
pub enum Output {
    /// One byte after the other.
    Stream(Box<dyn Write + Send>),
}

/// For whom a CSV file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spreadsheet {
    /// For programs: every text as it is.
    #[default]
    No,
    /// For a spreadsheet, which runs texts that look like formulas: those get an apostrophe before them.
    Guarded,
    /// The same with a byte order mark, without which Excel takes UTF-8 for something else.
    Excel,
}

/// How a format is written, where it leaves a choice.
#[derive(Debug, Clone, Copy, Default)]
pub struct SinkOptions {
    /// Of CSV.
    pub spreadsheet: Spreadsheet,
}

/// Writes features in one format.
pub trait Sink: Send {
    /// Writes some more.
    fn write(&mut self, features: &[FoundFeature]) -> Result<(), ExportError>;

    /// Writes what comes after the last one. Without it the file is no file.
    fn finish(self: Box<Self>) -> Result<(), ExportError>;
}

/// Begins a file of a format.
pub fn sink(format: Format, sheet: Sheet, output: Output, options: SinkOptions) -> Result<Box<dyn Sink>, ExportError> {
    let Output::Stream(out) = output;
    Ok(match format {
        Format::GeoJson => Box::new(GeoJsonSink::new(sheet, out, Framing::Collection)?),
        Format::GeoJsonLines => Box::new(GeoJsonSink::new(sheet, out, Framing::Lines)?),
        Format::GeoJsonSequence => Box::new(GeoJsonSink::new(sheet, out, Framing::Sequence)?),
        Format::Csv => Box::new(CsvSink::new(sheet, out, options.spreadsheet)?),
    })
}
