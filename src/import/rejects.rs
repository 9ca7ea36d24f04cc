//! Rows that were left out, in the sender's own columns and with the reason: to be corrected and sent again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::plan::OWN_COLUMNS;
use super::position_columns;
use super::record::{Cell, RawGeometry, Record};
use super::text::column_key;
use crate::model::Finding;

/// The columns of the reason: file, line, kind, reason and advice in both languages.
const REASONS: [&str; 6] = ["file", "line", "finding", "reason", "advice_vi", "advice_en"];

/// Collects rows beside the file that they are written to when all columns are known.
pub struct Rejects {
    path: PathBuf,
    spool: csv::Writer<BufWriter<File>>,
    columns: Vec<String>,
    /// Columns of one name in one file are told apart by their number.
    known: HashMap<(String, usize), usize>,
    rows: u64,
    error: Option<csv::Error>,
}

impl Rejects {
    /// Will be written to `path`; what is there stays until then.
    pub fn new(path: &Path) -> io::Result<Self> {
        let file = File::create(spool_of(path))?;
        let spool = csv::WriterBuilder::new().flexible(true).from_writer(BufWriter::new(file));
        Ok(Self { path: path.to_owned(), spool, columns: Vec::new(), known: HashMap::new(), rows: 0, error: None })
    }

    /// Takes a row in that is left out; without its cells where it could not be read.
    pub(super) fn add(&mut self, record: Option<&Record>, finding: &Finding) {
        let [advice_vi, advice_en] = finding.told_advice();
        let line = finding.line.map_or_else(String::new, |line| line.to_string());
        let reason = [&finding.place, &line, finding.kind.name(), &finding.message, advice_vi, advice_en];
        let mut row: Vec<String> = reason.map(str::to_owned).into();
        if let Some(record) = record {
            self.add_cells(record, &mut row);
        }
        self.rows += 1;
        if self.error.is_none() {
            self.error = self.spool.write_record(&row).err();
        }
    }

    fn add_cells(&mut self, record: &Record, row: &mut Vec<String>) {
        let mut met: HashMap<&str, usize> = HashMap::new();
        let mut cells: Vec<(String, usize, String)> = Vec::new();
        for (index, name) in record.columns.iter().enumerate() {
            let number = met.entry(name).or_default();
            if !name.starts_with(OWN_COLUMNS) {
                cells.push((name.clone(), *number, record.cells.cell(index).text().into_owned()));
            }
            *number += 1;
        }
        if record.id != Cell::Null && !record.columns.iter().any(|name| column_key(name) == "id") {
            cells.push(("id".to_owned(), 0, record.id.text().into_owned()));
        }
        if let RawGeometry::Point { x, y } = record.geometry
            && position_columns::find(record.columns, [None; 2]).is_err()
        {
            cells.extend([("lon".to_owned(), 0, x.to_string()), ("lat".to_owned(), 0, y.to_string())]);
        }
        for (name, number, text) in cells {
            let next = self.columns.len();
            let column = *self.known.entry((name.clone(), number)).or_insert(next);
            if column == next {
                self.columns.push(name);
            }
            let at = REASONS.len() + column;
            if row.len() <= at {
                row.resize(at + 1, String::new());
            }
            if let Some(cell) = row.get_mut(at) {
                *cell = text;
            }
        }
    }

    /// Writes the file: the sender's columns, then the reasons. How many rows it has.
    pub fn finish(mut self) -> io::Result<u64> {
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        self.spool.flush()?;
        let spool = spool_of(&self.path);
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_path(&spool)?;
        let mut file = BufWriter::new(File::create(&self.path)?);
        // Excel takes a file without this mark for one in the code page of its country.
        file.write_all("\u{feff}".as_bytes())?;
        let mut writer = csv::WriterBuilder::new().from_writer(file);
        let reasons = REASONS.map(|name| format!("{OWN_COLUMNS}{name}"));
        writer.write_record(self.columns.iter().chain(&reasons))?;
        for row in reader.records() {
            let row = row?;
            let cells = (0..self.columns.len()).map(|column| row.get(REASONS.len() + column).unwrap_or(""));
            writer.write_record(cells.chain(row.iter().take(REASONS.len())))?;
        }
        writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?.into_inner()?.sync_all()?;
        Ok(self.rows)
    }
}

impl Drop for Rejects {
    fn drop(&mut self) {
        // It is of no use to anybody; if it cannot be removed it is as good as empty.
        let _ = std::fs::remove_file(spool_of(&self.path));
    }
}

fn spool_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
