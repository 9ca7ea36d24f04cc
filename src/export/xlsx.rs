//! XLSX, a workbook with one sheet, for people who work in spreadsheets.
//!
//! Ids, codes and texts are text cells, which no spreadsheet runs or rounds; dates and times are date cells, times in the catalogue's
//! zone, for a workbook knows none. Rows are written as they come: what is held in memory is one row.

use std::io::Write;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as CellFormat, Workbook, Worksheet, XlsxError};

use super::{ExportError, Sheet, Sink, SinkOptions};
use crate::model::{Day, FoundFeature, Instant, Invalid, Value};

/// Rows of a sheet, the head included: what the format can hold.
pub const SHEET_ROWS: u64 = 1_048_576;
/// Characters (UTF-16 units) of a cell: what the format can hold.
const MOST_CHARACTERS: usize = 32_767;
/// Whole numbers beyond this are rounded by spreadsheets: they are written as text.
const MOST_WHOLE: u64 = 1 << 53;
/// 1970-01-01 as a workbook counts days, from 1899-12-30.
const EPOCH: i32 = 25_569;
/// 1900-03-01: before it a workbook counts a day that never was.
const FIRST_DAY: i32 = 61;
/// 9999-12-31, the last day of a workbook.
const LAST_DAY: i32 = 2_958_465;

/// Whether the names for people stand above the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Titles {
    /// The fields' names only, which other programs read.
    #[default]
    LeftOut,
    /// A second row with the titles in Vietnamese and English.
    Shown,
}

pub(super) struct XlsxSink {
    sheet: Sheet,
    workbook: Workbook,
    out: Box<dyn Write + Send>,
    row: u32,
    date: CellFormat,
    time: CellFormat,
}

impl XlsxSink {
    pub fn new(sheet: Sheet, out: Box<dyn Write + Send>, options: SinkOptions) -> Result<Self, ExportError> {
        let SinkOptions { titles, rows, sheet_rows, .. } = options;
        let heads = if titles == Titles::Shown { 2 } else { 1 };
        let most = sheet_rows.saturating_sub(heads);
        if rows > most {
            let expected = format!(
                "another format for {rows} features, such as csv, gpkg or parquet, or a narrower question: xlsx holds {most}"
            );
            return Err(Invalid::new("format", expected).into());
        }
        let position = if sheet.crs.is_geographic() { ["lon", "lat"] } else { ["x", "y"] };
        sheet.keeps_free("xlsx", &position)?;
        let date = CellFormat::new().set_num_format("yyyy-mm-dd");
        let time = CellFormat::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let mut sink = Self { sheet, workbook: Workbook::new(), out, row: heads as u32, date, time };
        sink.head(position, titles).map_err(of_xlsx)?;
        Ok(sink)
    }

    fn head(&mut self, position: [&str; 2], titles: Titles) -> Result<(), XlsxError> {
        // The time at which a file was made is told by its provenance: here it would make equal files differ.
        let made = ExcelDateTime::from_ymd(1970, 1, 1)?;
        self.workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let bold = CellFormat::new().set_bold();
        let mut head = vec![("id".to_owned(), "Mã số / Id".to_owned())];
        head.extend(position.map(|name| (name.to_owned(), name.to_owned())));
        let fields = self.sheet.fields().map(|(_, field)| {
            let measure = field.unit.as_deref().map(|unit| format!(" ({unit})")).unwrap_or_default();
            (field.name.clone(), format!("{} / {}{measure}", field.title.vi, field.title.en))
        });
        head.extend(fields);
        head.extend(self.sheet.more_columns().map(|name| {
            let title = match name {
                "unit" => "Mã xã / Commune",
                "unit_relation" => "Quan hệ / Relation",
                _ => "Mã của nơi gửi / Sender's key",
            };
            (name.to_owned(), title.to_owned())
        }));
        let name: String = self.sheet.layer.id.as_str().chars().take(31).collect();
        let page = self.workbook.add_worksheet_with_constant_memory()?;
        page.set_name(name)?.set_freeze_panes(self.row, 1)?;
        for column in 0..head.len() as u16 {
            page.set_column_width(column, 18)?;
        }
        for (column, (name, _)) in (0..).zip(&head) {
            page.write_string_with_format(0, column, name, &bold)?;
        }
        if titles == Titles::Shown {
            for (column, (_, title)) in (0..).zip(&head) {
                page.write_string_with_format(1, column, title, &bold)?;
            }
        }
        Ok(())
    }

    fn feature(&mut self, found: &FoundFeature) -> Result<(), ExportError> {
        let Self { sheet, workbook, date, time, row, .. } = self;
        let page = workbook.worksheet_from_index(0).map_err(of_xlsx)?;
        let mut cells = Cells { page, row: *row, column: 0, feature: found.feature.id };
        cells.text(&found.feature.id.to_string())?;
        let position = sheet.position(found.feature.at);
        for axis in [0, 1] {
            cells.number(position.map(|numbers| numbers[axis]), None)?;
        }
        let zone = &sheet.zone;
        for (_, value) in sheet.values(found) {
            match value {
                Value::Null => cells.skip(),
                Value::Text(text) => cells.text(text)?,
                Value::Integer(number) if number.unsigned_abs() > MOST_WHOLE => cells.text(&number.to_string())?,
                Value::Integer(number) => cells.number(Some(*number as f64), None)?,
                Value::Real(number) => cells.number(Some(*number), None)?,
                Value::Boolean(truth) => cells.boolean(*truth)?,
                Value::Date(day) => match serial(*day) {
                    Some(days) => cells.number(Some(f64::from(days)), Some(&*date))?,
                    None => cells.text(&day.to_string())?,
                },
                Value::Timestamp(instant) => match moment(*instant, instant.day(zone), zone) {
                    Some(days) => cells.number(Some(days), Some(&*time))?,
                    None => cells.text(&instant.to_string())?,
                },
            }
        }
        for value in sheet.more_values(found) {
            cells.text(value.unwrap_or_default())?;
        }
        *row += 1;
        Ok(())
    }
}

impl Sink for XlsxSink {
    fn write(&mut self, features: &[FoundFeature]) -> Result<(), ExportError> {
        features.iter().try_for_each(|found| self.feature(found))
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        self.workbook.save_to_writer(&mut self.out).map_err(of_xlsx)?;
        Ok(self.out.flush()?)
    }
}

/// The cells of a row, one after the other.
struct Cells<'a> {
    page: &'a mut Worksheet,
    row: u32,
    column: u16,
    feature: u64,
}

impl Cells<'_> {
    fn skip(&mut self) {
        self.column += 1;
    }

    fn text(&mut self, text: &str) -> Result<(), ExportError> {
        if text.len() > MOST_CHARACTERS && text.encode_utf16().count() > MOST_CHARACTERS {
            let cause = format!(
                "a text of more than {MOST_CHARACTERS} characters, which no cell of xlsx holds: use another format"
            );
            return Err(ExportError::Unfit { id: self.feature, cause });
        }
        if !text.is_empty() {
            self.page.write_string(self.row, self.column, text).map_err(of_xlsx)?;
        }
        self.skip();
        Ok(())
    }

    fn number(&mut self, number: Option<f64>, format: Option<&CellFormat>) -> Result<(), ExportError> {
        let written = match (number, format) {
            (None, _) => Ok(&mut *self.page),
            (Some(number), None) => self.page.write_number(self.row, self.column, number),
            (Some(number), Some(format)) => self.page.write_number_with_format(self.row, self.column, number, format),
        };
        written.map_err(of_xlsx)?;
        self.skip();
        Ok(())
    }

    fn boolean(&mut self, truth: bool) -> Result<(), ExportError> {
        self.page.write_boolean(self.row, self.column, truth).map_err(of_xlsx)?;
        self.skip();
        Ok(())
    }
}

/// A day as a workbook counts it; none where it has no such day.
fn serial(day: Day) -> Option<i32> {
    let days = day.0.checked_add(EPOCH)?;
    (FIRST_DAY..=LAST_DAY).contains(&days).then_some(days)
}

/// An instant as days and a part of a day in the zone, to the millisecond.
fn moment(instant: Instant, day: Day, zone: &jiff::tz::TimeZone) -> Option<f64> {
    let days = serial(day)?;
    let offset_s = jiff::Timestamp::from_microsecond(instant.0).map_or(0, |at| zone.to_offset(at).seconds());
    let of_day_us = (instant.0.saturating_add(i64::from(offset_s) * 1_000_000)).rem_euclid(86_400_000_000);
    Some(f64::from(days) + (of_day_us / 1000) as f64 / 86_400_000.0)
}

fn of_xlsx(fault: XlsxError) -> ExportError {
    match fault {
        XlsxError::IoError(fault) => fault.into(),
        other => ExportError::Format { format: "xlsx", cause: other.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_spreadsheets_count_them() {
        let day = |text: &str| serial(Day::parse("day", text).expect("a day"));
        assert_eq!(day("2025-07-01"), Some(45_839));
        assert_eq!(day("1900-03-01"), Some(61));
        assert_eq!((day("1900-02-28"), day("9999-12-31")), (None, Some(LAST_DAY)));
        let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").expect("a zone");
        let noon = Instant::parse("at", "2025-07-01T12:00:00+07:00", &zone).expect("a time");
        assert_eq!(moment(noon, noon.day(&zone), &zone), Some(45_839.5));
    }
}
