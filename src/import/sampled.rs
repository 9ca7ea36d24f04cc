//! The first records of a file, looked at before the first of them is used: how its columns are written is decided by all of them.

use std::collections::VecDeque;

use super::ImportError;
use super::read::OwnedRecord;
use super::record::{Cell, Read, Record, Records, Source};
use super::text::normal;
use super::written::{DateOrders, DecimalSigns, Written};

/// Records that are looked at, unless their texts or cells come to more than the other two.
pub const SAMPLE_RECORDS: usize = 10_000;
const SAMPLE_BYTES: usize = 8 << 20;
const SAMPLE_CELLS: usize = 400_000;
/// Different texts of a column that are remembered.
const TEXTS: usize = 40;
/// Longest of them, in bytes.
const TEXT_BYTES: usize = 200;

/// What the sample says of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// Cells that hold something.
    pub filled: u64,
    signs: DecimalSigns,
    orders: DateOrders,
    /// The first different texts.
    pub texts: Vec<String>,
}

impl Look {
    fn take_in(&mut self, cell: Cell) {
        if cell.is_blank() {
            return;
        }
        self.filled += 1;
        if let Cell::Text(text) = cell {
            let text = normal(text);
            self.signs.take_in(&text);
            self.orders.take_in(&text);
        }
        if self.texts.len() < TEXTS {
            let text = cell.text();
            let text = normal(&text);
            if text.len() <= TEXT_BYTES && !self.texts.iter().any(|known| *known == text) {
                self.texts.push(text.into_owned());
            }
        }
    }

    /// How the column is written, and whether its numbers and its dates leave no doubt.
    pub fn written(&self) -> (Written, bool, bool) {
        let ((decimal, is_sure_of_decimal), (dates, is_sure_of_dates)) = (self.signs.decide(), self.orders.decide());
        (Written { decimal, dates }, is_sure_of_decimal, is_sure_of_dates)
    }

    /// Whether values are told apart by the decimal sign, or by the order of dates.
    pub fn has_signs(&self) -> bool {
        self.signs != DecimalSigns::default()
    }

    /// The same of the order of dates.
    pub fn has_orders(&self) -> bool {
        self.orders != DateOrders::default()
    }
}

/// A file of which the first records were read already; they come again.
pub(super) struct Sampled {
    inner: Box<dyn Records>,
    held: VecDeque<Result<OwnedRecord, (u64, String)>>,
    current: Option<OwnedRecord>,
    pub looks: Vec<Look>,
    /// Records that were looked at.
    pub records: u64,
    /// Whether the file has no more than those.
    pub is_whole: bool,
}

impl Sampled {
    /// Reads the sample.
    pub fn new(mut inner: Box<dyn Records>) -> Result<Self, ImportError> {
        let mut held = VecDeque::new();
        let mut looks: Vec<Look> = Vec::new();
        let (mut bytes, mut cells, mut records, mut is_whole) = (0, 0, 0, false);
        while held.len() < SAMPLE_RECORDS && bytes < SAMPLE_BYTES && cells < SAMPLE_CELLS {
            match inner.next()? {
                None => {
                    is_whole = true;
                    break;
                }
                Some(Read::Unreadable { line, message }) => held.push_back(Err((line, message))),
                Some(Read::Record(record)) => {
                    looks.resize(record.columns.len(), Look::default());
                    let owned = OwnedRecord::of(&record);
                    for (look, cell) in looks.iter_mut().zip(&owned.cells) {
                        look.take_in(cell.borrowed());
                        bytes += cell.bytes();
                    }
                    cells += owned.cells.len();
                    records += 1;
                    held.push_back(Ok(owned));
                }
            }
        }
        looks.resize(inner.columns().len(), Look::default());
        Ok(Self { inner, held, current: None, looks, records, is_whole })
    }
}

impl Records for Sampled {
    fn source(&self) -> Source {
        self.inner.source()
    }

    fn columns(&self) -> &[String] {
        self.inner.columns()
    }

    fn next(&mut self) -> Result<Option<Read<'_>>, ImportError> {
        match self.held.pop_front() {
            None => self.inner.next(),
            Some(Err((line, message))) => Ok(Some(Read::Unreadable { line, message })),
            Some(Ok(record)) => {
                let record = self.current.insert(record);
                let (line, id, geometry) = (record.line, record.id.borrowed(), record.geometry.clone());
                Ok(Some(Read::Record(Record {
                    line,
                    id,
                    columns: self.inner.columns(),
                    cells: &record.cells,
                    geometry,
                })))
            }
        }
    }
}
