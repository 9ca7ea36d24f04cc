//! Rows of a spreadsheet, whichever its format: names found, blank rows left out, merged cells told apart.

use std::collections::VecDeque;

use super::header::{self, HEADER_ROWS, Look};
use super::options::ReadOptions;
use super::produced::{OwnedCell, OwnedRecord, Sink, Stop};
use crate::import::record::{Header, PositionIn, Source};
use crate::import::text::normal;

/// Most merged areas that are waited for.
const MAX_MERGED: usize = 1_000_000;

/// Cells that are one: a rectangle of rows and columns from 0, ends included, whose value stands in its first.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    pub rows: (u32, u32),
    pub columns: (u32, u32),
}

/// Takes the rows of a sheet in, top to bottom.
pub(super) struct Table<'a> {
    sink: &'a mut Sink,
    format: &'static str,
    read_as: ReadOptions,
    /// Sorted by their first rows; those that go over several rows.
    merged: VecDeque<Merged>,
    spread: Vec<(Merged, OwnedCell)>,
    /// Rows from before the names are known.
    first: Vec<(u32, Vec<OwnedCell>)>,
    begun: bool,
}

impl<'a> Table<'a> {
    pub fn new(sink: &'a mut Sink, format: &'static str, read_as: ReadOptions, mut merged: Vec<Merged>) -> Self {
        merged.retain(|area| area.rows.1 > area.rows.0);
        merged.sort_by_key(|area| area.rows.0);
        Self { sink, format, read_as, merged: merged.into(), spread: Vec::new(), first: Vec::new(), begun: false }
    }

    /// Merged cells that are met only now; they come in the order of their first rows, before these rows.
    pub fn merge(&mut self, area: Merged) {
        if area.rows.1 > area.rows.0 && self.merged.len() < MAX_MERGED {
            self.merged.push_back(area);
        }
    }

    /// The error that ends the reading of the file.
    pub fn failed(&self, line: Option<u64>, cause: impl Into<String>) -> Stop {
        self.sink.failed(line, cause)
    }

    /// A row by its index from 0; rows come in order, blank ones need not come.
    pub fn row(&mut self, row: u32, cells: Vec<OwnedCell>) -> Result<(), Stop> {
        if self.begun {
            return self.hand_over(row, cells);
        }
        if !is_blank(&cells) {
            self.first.push((row, cells));
        }
        let told = self.read_as.header_row.is_some_and(|told| u64::from(row) >= told);
        if self.first.len() > HEADER_ROWS || told { self.begin() } else { Ok(()) }
    }

    /// The sheet has no more rows.
    pub fn end(mut self) -> Result<(), Stop> {
        if self.begun { Ok(()) } else { self.begin() }
    }

    fn begin(&mut self) -> Result<(), Stop> {
        let rows = std::mem::take(&mut self.first);
        let looks: Vec<Vec<Look>> = rows.iter().map(|(_, cells)| cells.iter().map(look).collect()).collect();
        let told = match self.read_as.header_row {
            None => None,
            Some(told) => {
                let found = rows.iter().position(|(row, _)| u64::from(*row) + 1 == told);
                Some(found.ok_or_else(|| {
                    self.sink.failed(Some(told), "expected a row of column names here (--header-row), found none")
                })?)
            }
        };
        let Some(found) = header::find(&looks, told) else {
            return Err(self.sink.failed(None, "expected a row of column names, found an empty sheet"));
        };
        self.read_as.header_row = rows.get(found.row).map(|(row, _)| u64::from(*row) + 1);
        let source =
            Source { read_as: self.read_as.clone(), ..Source::new(self.format, Header::Whole, PositionIn::Columns) };
        self.sink.typed_in(self.read_as.encoding);
        self.sink.begin(source, found.names)?;
        self.begun = true;
        for (index, (row, cells)) in rows.into_iter().enumerate() {
            if index >= found.behind {
                self.hand_over(row, cells)?;
            } else {
                // What is merged in the names does not reach into the rows below.
                while self.merged.pop_front_if(|area| area.rows.0 <= row).is_some() {}
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, row: u32, mut cells: Vec<OwnedCell>) -> Result<(), Stop> {
        self.spread.retain(|(area, _)| area.rows.1 >= row);
        let has_own = !is_blank(&cells);
        for (area, value) in &self.spread {
            let column = area.columns.0 as usize;
            if has_own && cells.len() <= column {
                cells.resize(column + 1, OwnedCell::Null);
            }
            if let Some(cell) = cells.get_mut(column).filter(|cell| **cell == OwnedCell::Null) {
                *cell = value.clone();
            }
        }
        while let Some(area) = self.merged.pop_front_if(|area| area.rows.0 <= row) {
            if area.rows.0 == row
                && let Some(value) = cells.get(area.columns.0 as usize)
            {
                self.spread.push((area, value.clone()));
            }
        }
        if has_own { self.sink.record(OwnedRecord::row(u64::from(row) + 1, cells)) } else { Ok(()) }
    }
}

fn is_blank(cells: &[OwnedCell]) -> bool {
    cells.iter().all(|cell| cell.borrowed().is_blank())
}

fn look(cell: &OwnedCell) -> Look {
    match cell {
        cell if cell.borrowed().is_blank() => Look::Blank,
        OwnedCell::Text(text) => Look::Name(normal(text).into_owned()),
        other => Look::Value(other.borrowed().text().into_owned()),
    }
}
