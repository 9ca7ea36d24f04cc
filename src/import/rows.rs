use std::sync::Arc;

use jiff::tz::TimeZone;

use super::fault::Fault;
use super::ids::{self, SeenIds};
use super::plan::Plan;
use super::position::position;
use super::progress::Progress;
use super::record::Record;
use super::values;
use super::{FindingLog, ImportError};
use crate::model::{FindingKind, Layer, Value};
use crate::store::ImportRow;

/// Most rows in one import: their ids are remembered, 8 to 16 bytes each, to tell repeats.
pub const MAX_ROWS: u64 = 50_000_000;

/// Makes rows of one layer from whatever a file has, and names what is wrong with them.
pub(super) struct RowMaker {
    pub layer: Layer,
    pub zone: TimeZone,
    pub findings: FindingLog,
    /// The file being read, as findings name it.
    pub place: String,
    /// Rows met so far, whether or not they go in.
    pub rows: u64,
    pub seen: SeenIds,
    pub progress: Arc<Progress>,
}

impl RowMaker {
    /// A row, or none when the record's position or id cannot be used. A value that cannot be used becomes null.
    pub fn row(&mut self, record: &Record, plan: &Plan) -> Option<ImportRow> {
        self.count();
        // The position comes first: a row without one does not use its id up.
        let identity = position(record, plan).and_then(|at| {
            let id = ids::from_cell(plan.id(record))?;
            self.seen.take(&id)?;
            Ok((id, at))
        });
        let (id, at) = identity.map_err(|fault| self.fault(record.line, fault)).ok()?;
        let mut values = Vec::with_capacity(self.layer.fields.len());
        for (index, field) in self.layer.fields.iter().enumerate() {
            values.push(values::from_cell(field, plan.cell(index, record), &self.zone).unwrap_or_else(|fault| {
                self.findings.add(fault.at(&self.place, Some(record.line)));
                Value::Null
            }));
        }
        Some(ImportRow { id, at, values })
    }

    /// Asked before each row: fails once the import is given up or too large.
    pub fn go_on(&self) -> Result<(), ImportError> {
        if self.progress.is_stopped() {
            return Err(ImportError::Interrupted);
        }
        if self.rows < MAX_ROWS {
            return Ok(());
        }
        let cause = format!("more than {MAX_ROWS} rows in one import: divide it");
        Err(ImportError::Unreadable { file: self.place.clone(), line: None, cause })
    }

    fn count(&mut self) {
        self.rows += 1;
        self.progress.set_rows(self.rows);
    }

    /// A row that cannot be read at all.
    pub fn unreadable(&mut self, line: u64, message: String) {
        self.count();
        self.fault(line, Fault::new(FindingKind::UnreadableRow, message));
    }

    /// A column that the layer has no field for: told once in a file.
    pub fn unknown_column(&mut self, name: &str) {
        let message = format!("{} has no field for {}; it is left out", self.layer.id, values::shown(name));
        self.findings.add(Fault::new(FindingKind::UnknownField, message).at(&self.place, None));
    }

    fn fault(&mut self, line: u64, fault: Fault) {
        self.findings.add(fault.at(&self.place, Some(line)));
    }
}
