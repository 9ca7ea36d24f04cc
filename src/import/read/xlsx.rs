//! XLSX by calamine, cell by cell: a range of two far cells would be a table of billions.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use calamine::{Data, DataRef, Dimensions, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx};
use jiff::civil::{Date, DateTime, Time};

use super::options::ReadOptions;
use super::produced::{MAX_CELL_BYTES, OwnedCell, Sink, Stop};
use super::table::{Merged, Table};
use super::zipped::{self, XmlBounds};
use crate::import::record::MAX_COLUMNS;

/// Bounds of a sheet, which is read as a stream.
const SHEET: XmlBounds = XmlBounds { bytes: 4 << 30, tags: u64::MAX, between: MAX_CELL_BYTES };
/// Bounds of the texts of a book, all of which are held.
const TEXTS: XmlBounds = XmlBounds { bytes: 96 << 20, tags: 6_000_000, between: MAX_CELL_BYTES };
/// Bounds of all else.
const OTHER: XmlBounds = XmlBounds { bytes: 16 << 20, tags: 500_000, between: MAX_CELL_BYTES };
/// Largest book in which merged cells are looked for, which takes a second reading.
const MERGED_BYTES: u64 = 256 << 20;

/// Reads one sheet.
pub(super) fn read(path: &Path, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let sheet_bytes = check(path, sink)?;
    let file = File::open(path).map_err(|error| sink.failed(None, error.to_string()))?;
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(|error| sink.failed(None, error.to_string()))?;
    let sheet = sheet_of(&book, options).map_err(|cause| sink.failed(None, cause))?;
    let merged = if sheet_bytes > MERGED_BYTES { Ok(Vec::new()) } else { book.merge_cells_by_sheet_name(&sheet) };
    let merged = merged.map_err(|error| sink.failed(None, error.to_string()))?.into_iter().map(Merged::from);
    let options = ReadOptions { sheet: Some(sheet.clone()), ..options.clone() };
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|error| sink.failed(None, error.to_string()))?;
    let mut table = Table::new(sink, "XLSX", options, merged.collect());
    let mut at = 0;
    let mut row: Vec<OwnedCell> = Vec::new();
    let failed = |table: &Table, row: u32, cause: &str| Err(table.failed(Some(u64::from(row) + 1), cause));
    loop {
        let cell = match cells.next_cell() {
            Ok(Some(cell)) => cell,
            Ok(None) => break,
            Err(error) => return failed(&table, at, &error.to_string()),
        };
        let (line, column) = cell.get_position();
        if line < at {
            return failed(&table, line, "expected rows in their order");
        }
        if line > at {
            table.row(at, std::mem::take(&mut row))?;
            at = line;
        }
        if column as usize >= MAX_COLUMNS {
            return failed(&table, line, &format!("expected at most {MAX_COLUMNS} columns"));
        }
        place(&mut row, column as usize, owned_ref(cell.get_value()));
    }
    table.row(at, row)?;
    table.end()
}

/// Puts a cell into a row that is as long as it needs to be.
pub(super) fn place(row: &mut Vec<OwnedCell>, column: usize, cell: OwnedCell) {
    if cell == OwnedCell::Null {
        return;
    }
    if row.len() <= column {
        row.resize(column + 1, OwnedCell::Null);
    }
    if let Some(place) = row.get_mut(column) {
        *place = cell;
    }
}

/// Refuses a book that would take too much memory; gives the size of its largest sheet.
fn check(path: &Path, sink: &Sink) -> Result<u64, Stop> {
    let mut archive = zipped::open(path)?;
    let mut largest = 0;
    for name in zipped::names(&archive) {
        let plain = name.to_ascii_lowercase().replace('\\', "/");
        let bounds = match plain.as_str() {
            name if !matches!(name.rsplit('.').next(), Some("xml" | "rels")) => continue,
            name if name.contains("/worksheets/") => SHEET,
            name if name.contains("sharedstrings") => TEXTS,
            _ => OTHER,
        };
        let bytes = zipped::check(&mut archive, &name, bounds).map_err(|cause| sink.failed(None, cause))?;
        largest = largest.max(bytes);
    }
    Ok(largest)
}

/// The sheet of a book that the caller named, else the first that is shown.
pub(super) fn sheet_of<RS: Read + Seek>(book: &impl Reader<RS>, options: &ReadOptions) -> Result<String, String> {
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let sheets: Vec<(String, bool)> =
        sheets.map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible)).collect();
    chosen(&sheets, options.sheet.as_deref())
}

impl From<Dimensions> for Merged {
    fn from(area: Dimensions) -> Self {
        Self { rows: (area.start.0, area.end.0), columns: (area.start.1, area.end.1) }
    }
}

/// The sheet that the caller named, by its name or number, else the first that is shown.
pub(super) fn chosen(sheets: &[(String, bool)], told: Option<&str>) -> Result<String, String> {
    let named = |told: &str| sheets.iter().find(|(name, _)| name == told).map(|(name, _)| name.clone());
    let numbered = |told: &str| {
        told.parse::<usize>().ok()?.checked_sub(1).and_then(|at| sheets.get(at)).map(|(name, _)| name.clone())
    };
    let known = || sheets.iter().take(20).map(|(name, _)| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    match told {
        Some(told) => named(told)
            .or_else(|| numbered(told))
            .ok_or_else(|| format!("--sheet: expected one of {}, found {told:?}", known())),
        None => sheets
            .iter()
            .find(|(_, is_shown)| *is_shown)
            .or(sheets.first())
            .map(|(name, _)| name.clone())
            .ok_or_else(|| "expected a sheet, found none".into()),
    }
}

fn owned_ref(value: &DataRef) -> OwnedCell {
    match value {
        DataRef::Empty => OwnedCell::Null,
        DataRef::Int(number) => OwnedCell::Whole(i128::from(*number)),
        DataRef::Float(number) => OwnedCell::of_number(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            OwnedCell::Text(text.clone())
        }
        DataRef::SharedString(text) => OwnedCell::Text((*text).to_owned()),
        DataRef::Bool(value) => OwnedCell::Boolean(*value),
        DataRef::DateTime(at) => of_serial(at),
        DataRef::Error(error) => OwnedCell::Broken(error.to_string()),
    }
}

/// The same of a cell that belongs to nobody else.
pub(super) fn owned(value: &Data) -> OwnedCell {
    match value {
        Data::Empty => OwnedCell::Null,
        Data::Int(number) => OwnedCell::Whole(i128::from(*number)),
        Data::Float(number) => OwnedCell::of_number(*number),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => OwnedCell::Text(text.clone()),
        Data::Bool(value) => OwnedCell::Boolean(*value),
        Data::DateTime(at) => of_serial(at),
        Data::Error(error) => OwnedCell::Broken(error.to_string()),
    }
}

/// A serial is days since the end of 1899, with Excel's own 29 February 1900; less than a day is a time of day.
fn of_serial(at: &ExcelDateTime) -> OwnedCell {
    let number = at.as_f64();
    if at.is_duration() || !(0.0..2_958_466.0).contains(&number) {
        return OwnedCell::of_number(number);
    }
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let small = |part: u8| i8::try_from(part).unwrap_or(i8::MAX);
    let time = Time::new(small(hour), small(minute), small(second), i32::from(milli) * 1_000_000);
    let date = Date::new(i16::try_from(year).unwrap_or(0), small(month), small(day));
    match (date, time) {
        (_, Ok(time)) if number < 1.0 => OwnedCell::Text(time.to_string()),
        (Ok(date), Ok(time)) => OwnedCell::Local(DateTime::from_parts(date, time)),
        _ => OwnedCell::Broken(format!("{year}-{month:02}-{day:02}")),
    }
}
