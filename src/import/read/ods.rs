//! ODS as a stream: repeated rows and cells are counts in the file, and stay counts here.

use std::io::{BufReader, Read};
use std::path::Path;

use jiff::civil::{Date, DateTime};

use super::options::ReadOptions;
use super::produced::{OwnedCell, Sink, Stop};
use super::table::{Merged, Table};
use super::xlsx::{chosen, place};
use super::xml::{Attributes, Node, Xml, attribute};
use super::zipped;
use crate::import::record::MAX_COLUMNS;

/// Rows of a sheet, as many as any program has.
const MAX_ROWS: u32 = 1 << 20;
/// Largest content, unpacked.
const MAX_CONTENT_BYTES: u64 = 8 << 30;

/// Reads one sheet.
pub(super) fn read(path: &Path, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let mut archive = zipped::open(path)?;
    let mut sheets = Vec::new();
    let mut content = content(&mut archive).map_err(|cause| sink.failed(None, cause))?;
    let is_wanted = |sheets: &[(String, bool)]| match (&options.sheet, sheets.last()) {
        (None, _) => sheets.len() == 1,
        (Some(told), Some((name, _))) => name == told || told.parse() == Ok(sheets.len()),
        (Some(_), None) => false,
    };
    loop {
        match content.next().map_err(|cause| sink.failed(None, cause))? {
            Node::Start(name, attributes) if name == "table" => {
                sheets.push((attribute(&attributes, "name").unwrap_or_default().to_owned(), true));
                if is_wanted(&sheets) {
                    let sheet = sheets.last().map(|(name, _)| name.clone());
                    let table = Table::new(sink, "ODS", ReadOptions { sheet, ..options.clone() }, Vec::new());
                    return Sheet { content, table, row: 0 }.read();
                }
            }
            Node::Eof => {
                let cause = chosen(&sheets, options.sheet.as_deref()).err();
                return Err(sink.failed(None, cause.unwrap_or_else(|| "expected a sheet, found none".into())));
            }
            _ => {}
        }
    }
}

type Content<'a> = Xml<BufReader<std::io::Take<zip::read::ZipFile<'a, BufReader<std::fs::File>>>>>;

fn content(archive: &mut zipped::Archive) -> Result<Content<'_>, String> {
    let entry = archive.by_name("content.xml").map_err(|error| format!("content.xml: {error}"))?;
    Ok(Xml::new(BufReader::new(entry.take(MAX_CONTENT_BYTES))))
}

struct Sheet<'a, 's> {
    content: Content<'a>,
    table: Table<'s>,
    row: u32,
}

impl Sheet<'_, '_> {
    fn read(mut self) -> Result<(), Stop> {
        loop {
            match self.node()? {
                Node::Start(name, attributes) if name == "table-row" => {
                    let times = count(&attributes, "number-rows-repeated");
                    let cells = self.cells()?;
                    // Blank rows to the end of the sheet are one element in the file.
                    let times_read = if cells.is_empty() { 0 } else { times };
                    if self.row.saturating_add(times_read) > MAX_ROWS {
                        return Err(self.table.failed(None, format!("expected at most {MAX_ROWS} rows")));
                    }
                    for at in 0..times_read {
                        self.table.row(self.row + at, cells.clone())?;
                    }
                    self.row = self.row.saturating_add(times);
                }
                Node::End(name) if name == "table" => return self.table.end(),
                Node::Eof => return Err(self.table.failed(None, "the file ends in the middle: it is cut off")),
                _ => {}
            }
        }
    }

    fn node(&mut self) -> Result<Node, Stop> {
        let line = u64::from(self.row) + 1;
        self.content.next().map_err(|cause| self.table.failed(Some(line), cause))
    }

    fn cells(&mut self) -> Result<Vec<OwnedCell>, Stop> {
        let mut cells = Vec::new();
        let mut column: usize = 0;
        loop {
            match self.node()? {
                Node::Start(name, attributes) if name == "table-cell" || name == "covered-table-cell" => {
                    let times = count(&attributes, "number-columns-repeated") as usize;
                    let text = self.text()?;
                    let cell = if name == "table-cell" { value(&attributes, text) } else { OwnedCell::Null };
                    self.merge(&attributes, column);
                    if cell != OwnedCell::Null {
                        if column + times > MAX_COLUMNS {
                            let line = Some(u64::from(self.row) + 1);
                            return Err(self.table.failed(line, format!("expected at most {MAX_COLUMNS} columns")));
                        }
                        (column..column + times).for_each(|at| place(&mut cells, at, cell.clone()));
                    }
                    column = column.saturating_add(times);
                }
                Node::End(name) if name == "table-row" => return Ok(cells),
                Node::Eof => return Err(self.table.failed(None, "the file ends in the middle: it is cut off")),
                _ => {}
            }
        }
    }

    fn merge(&mut self, attributes: &Attributes, column: usize) {
        let rows = count(attributes, "number-rows-spanned");
        let columns = count(attributes, "number-columns-spanned");
        let first = u32::try_from(column).unwrap_or(u32::MAX);
        self.table.merge(Merged {
            rows: (self.row, self.row.saturating_add(rows - 1)),
            columns: (first, first.saturating_add(columns - 1)),
        });
    }

    /// The paragraphs of a cell, up to its end; notes are not of it.
    fn text(&mut self) -> Result<String, Stop> {
        let mut text = String::new();
        let (mut depth, mut note) = (0_usize, None);
        loop {
            match self.node()? {
                Node::Start(name, attributes) => {
                    depth += 1;
                    match name.as_str() {
                        "annotation" if note.is_none() => note = Some(depth),
                        "p" if note.is_none() && !text.is_empty() => text.push('\n'),
                        "s" if note.is_none() => (0..count(&attributes, "c").min(1000)).for_each(|_| text.push(' ')),
                        "tab" if note.is_none() => text.push('\t'),
                        "line-break" if note.is_none() => text.push('\n'),
                        _ => {}
                    }
                }
                Node::Text(part) if depth > 0 && note.is_none() => text.push_str(&part),
                Node::End(_) if depth == 0 => return Ok(text),
                Node::End(_) => {
                    note = note.filter(|from| *from != depth);
                    depth -= 1;
                }
                Node::Eof => return Err(self.table.failed(None, "the file ends in the middle: it is cut off")),
                Node::Text(_) => {}
            }
            if text.len() > super::produced::MAX_CELL_BYTES {
                return Err(self.table.failed(Some(u64::from(self.row) + 1), "a cell is too large"));
            }
        }
    }
}

/// A count that is 1 where it is left out.
fn count(attributes: &Attributes, name: &str) -> u32 {
    attribute(attributes, name).and_then(|text| text.parse().ok()).unwrap_or(1).max(1)
}

fn value(attributes: &Attributes, text: String) -> OwnedCell {
    let of = |name: &str| attribute(attributes, name);
    let shown = |text: String| if text.is_empty() { OwnedCell::Null } else { OwnedCell::Text(text) };
    match of("value-type") {
        // Errors have the type of the value that they stand for.
        Some("string") if text.starts_with('#') && of("formula").is_some() => OwnedCell::Broken(text),
        Some("float" | "percentage" | "currency") if text.starts_with('#') => OwnedCell::Broken(text),
        Some("float" | "percentage" | "currency") => {
            of("value").and_then(|value| value.parse().ok()).map_or_else(|| shown(text), OwnedCell::of_number)
        }
        Some("boolean") => OwnedCell::Boolean(of("boolean-value") == Some("true")),
        Some("date") => {
            let value = of("date-value").unwrap_or_default();
            let at = value.parse::<DateTime>().or_else(|_| value.parse::<Date>().map(DateTime::from));
            at.map_or_else(|_| OwnedCell::Text(value.to_owned()), OwnedCell::Local)
        }
        Some("string") => shown(of("string-value").map_or(text, str::to_owned)),
        _ => shown(text),
    }
}
