use std::sync::Arc;

use jiff::tz::TimeZone;
use xxhash_rust::xxh3::xxh3_64;

use super::fault::Fault;
use super::ground::Ground;
use super::ids::{self, SeenIds};
use super::met::Met;
use super::plan::{Plan, Way};
use super::position::{blamed, numbers};
use super::progress::Progress;
use super::record::{RawGeometry, Record};
use super::rejects::Rejects;
use super::sites::{Doubt, Sites};
use super::stated::{Stated, StatedUnits};
use super::values;
use super::{FindingLog, ImportError};
use crate::engine::crs::Crs;
use crate::model::{Day, Field, FieldType, FindingKind, Layer, LonLat, Value};
use crate::store::{ImportId, ImportRow};

/// Most rows in one import: they and their ids are remembered to tell repeats, a million in memory and the others in temporary files,
/// 16 to 24 bytes a row.
pub const MAX_ROWS: u64 = 50_000_000;

/// The field that says how a row's position was found, where a layer has it, …
const QUALITY_FIELD: &str = "geocode_quality";
/// … and what it says: from the row itself, …
const EXACT: &str = "exact";
/// … or in the middle of the unit that it names.
const UNIT_CENTRE: &str = "unit_centre";

/// What becomes of rows without a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Geocode {
    /// They stay out.
    #[default]
    Nothing,
    /// They are placed in the middle of the unit that they name.
    Unit,
}

/// What a row is known by.
struct Identity {
    id: ImportId,
    at: LonLat,
    quality: &'static str,
}

/// Makes rows of one layer from whatever a file has, and names what is wrong with them.
pub(super) struct RowMaker {
    pub layer: Layer,
    pub zone: TimeZone,
    /// Times after it are yet to come.
    pub today: Day,
    pub findings: FindingLog,
    pub rejects: Option<Rejects>,
    /// The file being read, as findings name it.
    pub place: String,
    /// Rows met so far, whether or not they go in.
    pub rows: u64,
    pub seen: SeenIds,
    pub ground: Arc<Ground>,
    pub stated: StatedUnits,
    pub geocode: Geocode,
    /// Rows placed in the middle of their unit.
    pub geocoded: u64,
    pub doubt: Doubt,
    pub progress: Arc<Progress>,
    /// Why nothing goes in: a file is read as what it is not.
    pub refusals: Vec<String>,
    pub repeats: Repeats,
    /// For fields that no file says anything of.
    pub plain: Way,
}

impl RowMaker {
    /// A row, or none when the record's position or id cannot be used. A value that cannot be used becomes null.
    pub fn row(&mut self, record: &Record, plan: &Plan, sites: &mut Sites) -> Option<ImportRow> {
        self.count();
        let Identity { id, at, quality } = match self.identity(record, plan, sites) {
            Ok(identity) => identity,
            Err(fault) => {
                self.reject(Some(record), record.line, fault);
                return None;
            }
        };
        if self.repeats.is_met(record, plan) {
            let message = "like an earlier row in all columns but the id; stored as it is";
            self.fault(record.line, Fault::new(FindingKind::DuplicateRow, message));
        }
        let mut values: Vec<Value> =
            (0..self.layer.fields.len()).map(|index| self.value(index, record, plan)).collect();
        if let Some((index, field)) = self.layer.field(QUALITY_FIELD)
            && let Some(value) = values.get_mut(index)
            && *value == Value::Null
            && says(field, quality)
        {
            *value = Value::Text(quality.to_owned());
        }
        Some(ImportRow { id, at, values })
    }

    /// The position comes first: a row without one does not use its id up.
    fn identity(&mut self, record: &Record, plan: &Plan, sites: &mut Sites) -> Result<Identity, Fault> {
        let stated = self.stated(record, plan);
        let unit = if let Stated::Unit(unit) = &stated { Some(*unit) } else { None };
        let of_position = |fault: Fault| blamed(fault, record, plan);
        let (at, doubt, quality) = match numbers(record, plan).map_err(of_position) {
            Ok(numbers) => {
                let (at, doubt) = sites.place(numbers, unit).map_err(of_position)?;
                let doubt = doubt.map(of_position);
                let disagrees = stated.fault(&self.ground.units, at).map(|fault| plan.units.blamed(fault, record));
                (at, doubt.into_iter().chain(disagrees).collect(), EXACT)
            }
            Err(fault) if fault.kind == FindingKind::MissingPosition && self.geocode == Geocode::Unit => {
                let Some(at) = stated.centre(&self.ground.units) else {
                    let unclear = stated.unclear().map(|fault| plan.units.blamed(fault, record));
                    return Err(unclear.unwrap_or(fault));
                };
                (at, Vec::new(), UNIT_CENTRE)
            }
            Err(fault) => return Err(fault),
        };
        let cell = plan.id(record);
        let named = |fault: Fault| fault.in_column("id", &cell.text());
        let id = ids::from_cell(cell).map_err(named)?;
        self.seen.take(&id).map_err(named)?;
        self.geocoded += u64::from(quality == UNIT_CENTRE);
        for doubt in doubt {
            self.fault(record.line, doubt);
        }
        Ok(Identity { id, at, quality })
    }

    /// The unit that the row names, as of its own day.
    fn stated(&mut self, record: &Record, plan: &Plan) -> Stated {
        if plan.units.is_empty() || self.ground.units.all().is_empty() {
            return Stated::Nothing;
        }
        let time = self.layer.time.and_then(|index| {
            let field = self.layer.fields.get(index)?;
            let way = plan.way(index).unwrap_or(&self.plain);
            values::from_cell(field, plan.cell(index, record), way, &self.zone).ok()
        });
        let day = match time {
            Some(Value::Date(day)) => day,
            Some(Value::Timestamp(at)) => at.day(&self.zone),
            _ => self.today,
        };
        self.stated.read(&self.ground.units, &plan.units, record, day)
    }

    fn value(&mut self, index: usize, record: &Record, plan: &Plan) -> Value {
        let Some(field) = self.layer.fields.get(index) else { return Value::Null };
        let cell = plan.cell(index, record);
        let is_time = self.layer.time == Some(index);
        let read = values::from_cell(field, cell, plan.way(index).unwrap_or(&self.plain), &self.zone);
        let late = |value: &Value| match value {
            Value::Date(day) => *day > self.today,
            Value::Timestamp(at) => at.day(&self.zone) > self.today,
            _ => false,
        };
        let (value, fault) = match read {
            Ok(value) if is_time && late(&value) => {
                let message = format!("{}: {} is yet to come", field.name, values::shown(&cell.text()));
                (value, Some(Fault::new(FindingKind::FutureDate, message)))
            }
            Ok(value) => match beyond(field, &value) {
                Some(fault) => (Value::Null, Some(fault)),
                None => (value, None),
            },
            Err(fault) => (Value::Null, Some(fault)),
        };
        if let Some(fault) = fault {
            self.fault(record.line, fault.in_column(plan.column_of(index, record), &cell.text()));
        }
        value
    }

    /// At the end of a file: places that stand for many rows, and whether its rows speak for another reading than the one told.
    pub fn judge(&mut self, sites: &Sites) {
        for crowd in sites.crowds() {
            self.findings.add(crowd.at(&self.place, None));
        }
        let Some(fault) = sites.verdict().and_then(|verdict| sites.refusal(&verdict)) else { return };
        let finding = fault.at(&self.place, None);
        if self.doubt == Doubt::Refuses {
            let [vi, en] = finding.told_advice();
            self.refusals.push(format!("{finding}\n  {vi}\n  {en}"));
        }
        self.findings.add(finding);
    }

    /// Asked before each row: fails once the import is given up or too large.
    pub fn go_on(&self) -> Result<(), ImportError> {
        if self.progress.is_stopped() {
            return Err(ImportError::Interrupted);
        }
        let cause = match self.seen.broken().or_else(|| self.repeats.met.broken()) {
            None if self.rows < MAX_ROWS => return Ok(()),
            None => format!("more than {MAX_ROWS} rows in one import: divide it"),
            Some(error) => format!("what was read cannot be remembered in {}: {error}", std::env::temp_dir().display()),
        };
        Err(ImportError::Unreadable { file: self.place.clone(), line: None, cause })
    }

    fn count(&mut self) {
        self.rows += 1;
        self.progress.set_rows(self.rows);
    }

    /// A row that cannot be read at all.
    pub fn unreadable(&mut self, line: u64, message: String) {
        self.count();
        self.reject(None, line, Fault::new(FindingKind::UnreadableRow, message));
    }

    /// A column that the layer has no field for: told once in a file.
    pub fn unknown_column(&mut self, name: &str) {
        let message = format!("{} has no field for {}; it is left out", self.layer.id, values::shown(name));
        let fault = Fault::new(FindingKind::UnknownField, message).in_column(name, "");
        self.findings.add(fault.at(&self.place, None));
    }

    /// X and Y of a grid without a word about their order: told once in a file.
    pub fn surveyors_order(&mut self, crs: Crs) {
        let message = format!("X is read as the northing and Y as the easting of {}", crs.name());
        self.findings.add(Fault::new(FindingKind::SurveyorsOrder, message).at(&self.place, None));
    }

    fn reject(&mut self, record: Option<&Record>, line: u64, fault: Fault) {
        let finding = fault.at(&self.place, Some(line));
        if let Some(rejects) = &mut self.rejects {
            rejects.add(record, &finding);
        }
        self.findings.add(finding);
    }

    fn fault(&mut self, line: u64, fault: Fault) {
        self.findings.add(fault.at(&self.place, Some(line)));
    }
}

/// Whether a field can say how a position was found.
fn says(field: &Field, quality: &str) -> bool {
    match field.kind {
        FieldType::Text => true,
        FieldType::Code => field.codes.iter().any(|known| known.code == quality),
        _ => false,
    }
}

/// A number that its field does not allow.
fn beyond(field: &Field, value: &Value) -> Option<Fault> {
    let number = match value {
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        _ => return None,
    };
    if field.allows(number) {
        return None;
    }
    let end = |end: Option<f64>| end.map_or_else(|| "any".to_owned(), |end| end.to_string());
    let expected = format!("from {} to {}", end(field.min), end(field.max));
    Some(Fault::new(
        FindingKind::OutOfRange,
        format!("{}: expected {expected}, found {number}; left empty", field.name),
    ))
}

/// The rows of one import by what is in them, ids left out: 8 bytes each.
#[derive(Default)]
pub(super) struct Repeats {
    met: Met<u64>,
    bytes: Vec<u8>,
}

impl Repeats {
    /// Whether a row with just these cells stood before. Two different ones of 50 million are taken for one with a chance of
    /// 1 in 10,000.
    fn is_met(&mut self, record: &Record, plan: &Plan) -> bool {
        self.bytes.clear();
        for column in (0..record.columns.len()).filter(|column| !plan.is_id(*column)) {
            let cell = record.cells.cell(column);
            if !cell.is_blank() {
                self.bytes.extend((column as u32).to_le_bytes());
                self.bytes.extend(cell.text().as_bytes());
                self.bytes.push(0xff);
            }
        }
        if let RawGeometry::Point { x, y } = record.geometry {
            self.bytes.extend(x.to_bits().to_le_bytes());
            self.bytes.extend(y.to_bits().to_le_bytes());
        }
        !self.met.insert(xxh3_64(&self.bytes))
    }
}
