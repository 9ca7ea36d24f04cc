use std::io::Write;
use std::path::PathBuf;

use super::csv::CsvSink;
use super::flatgeobuf::FlatGeobufSink;
use super::geojson::{Framing, GeoJsonSink};
use super::geopackage::GeoPackageSink;
use super::parquet::ParquetSink;
use super::xlsx::{SHEET_ROWS, Titles, XlsxSink};
use super::{ExportError, Format, Sheet};
use crate::model::FoundFeature;

/// Where a format is written to.
pub enum Output {
    /// One byte after the other.
    Stream(Box<dyn Write + Send>),
    /// An empty file, which `GeoPackage` needs.
    File(PathBuf),
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
#[derive(Debug, Clone, Copy)]
pub struct SinkOptions {
    /// Of CSV.
    pub spreadsheet: Spreadsheet,
    /// Of XLSX.
    pub titles: Titles,
    /// How many features there will be, which XLSX must hold.
    pub rows: u64,
    /// Rows of a sheet of XLSX, heads included.
    pub sheet_rows: u64,
}

impl Default for SinkOptions {
    /// Every text as it is, no titles, and as many rows as the format has.
    fn default() -> Self {
        Self { spreadsheet: Spreadsheet::No, titles: Titles::LeftOut, rows: 0, sheet_rows: SHEET_ROWS }
    }
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
    let out: Box<dyn Write + Send> = match (format, output) {
        (Format::GeoPackage, Output::File(path)) => return Ok(Box::new(GeoPackageSink::new(sheet, &path)?)),
        (Format::GeoPackage, Output::Stream(_)) => {
            return Err(ExportError::Format { format: "GeoPackage", cause: "it is written to a file".into() });
        }
        (_, Output::Stream(out)) => out,
        (_, Output::File(path)) => {
            let file = std::fs::OpenOptions::new().write(true).open(&path).map_err(super::file::unwritable(&path))?;
            Box::new(std::io::BufWriter::with_capacity(1 << 20, file))
        }
    };
    Ok(match format {
        Format::GeoJson => Box::new(GeoJsonSink::new(sheet, out, Framing::Collection)?),
        Format::GeoJsonLines => Box::new(GeoJsonSink::new(sheet, out, Framing::Lines)?),
        Format::GeoJsonSequence => Box::new(GeoJsonSink::new(sheet, out, Framing::Sequence)?),
        Format::Csv => Box::new(CsvSink::new(sheet, out, options.spreadsheet)?),
        Format::Xlsx => Box::new(XlsxSink::new(sheet, out, options)?),
        Format::FlatGeobuf => Box::new(FlatGeobufSink::new(sheet, out)?),
        Format::GeoParquet | Format::GeoPackage => Box::new(ParquetSink::new(sheet, out)?),
    })
}
