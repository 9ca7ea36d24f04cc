//! XLS by calamine, which holds whole sheets: their sizes are counted first.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use calamine::{Reader as _, Xls};

use super::options::ReadOptions;
use super::produced::{OwnedCell, Sink, Stop};
use super::table::{Merged, Table};
use super::xlsx::{owned, sheet_of};

/// Largest file, in bytes: XLS has at most 65,536 rows a sheet.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// Most cells of all sheets together, those between the used ones included: each takes 24 to 32 bytes.
const MAX_CELLS: u64 = 4_000_000;

/// Reads one sheet.
pub(super) fn read(path: &Path, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let cells = cells(path).map_err(|cause| sink.failed(None, cause))?;
    if cells > MAX_CELLS {
        let cause = format!(
            "expected at most {MAX_CELLS} cells between the first and the last of the sheets, found {cells}; save as XLSX"
        );
        return Err(sink.failed(None, cause));
    }
    let file = File::open(path).map_err(|error| sink.failed(None, error.to_string()))?;
    let mut book: Xls<_> = Xls::new(BufReader::new(file)).map_err(|error| sink.failed(None, error.to_string()))?;
    let sheet = sheet_of(&book, options).map_err(|cause| sink.failed(None, cause))?;
    let merged = book.merge_cells_by_sheet_name(&sheet).unwrap_or_default().into_iter().map(Merged::from);
    let range = book.worksheet_range(&sheet).map_err(|error| sink.failed(None, error.to_string()))?;
    drop(book);
    let mut table = Table::new(sink, "XLS", ReadOptions { sheet: Some(sheet), ..options.clone() }, merged.collect());
    let (first, left) = range.start().unwrap_or_default();
    for (index, row) in range.rows().enumerate() {
        // Columns are counted from the sheet's first, as merged cells are.
        let cells = std::iter::repeat_n(OwnedCell::Null, left as usize).chain(row.iter().map(owned)).collect();
        table.row(first + index as u32, cells)?;
    }
    table.end()
}

/// Counts the cells between the used ones of each sheet, by the records of its stream (MS-XLS 2.3).
fn cells(path: &Path) -> Result<u64, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("expected a file of at most {MAX_FILE_BYTES} bytes; save as XLSX"));
    }
    let stream = Compound::open(&bytes)
        .and_then(|compound| compound.stream(&["Workbook", "Book"]))
        .ok_or("expected a whole XLS book: is it cut off, or protected by a password?")?;
    let (mut all, mut sheet) = (0, Extent::default());
    let mut rest = stream.as_slice();
    while let Some(([a, b, c, d], tail)) = rest.split_first_chunk::<4>() {
        let (kind, size) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        let Some((record, tail)) = tail.split_at_checked(size) else { break };
        match kind {
            // BOF: a sheet begins.
            0x0809 | 0x0409 | 0x0209 | 0x0009 => all += std::mem::take(&mut sheet).cells(),
            // LABELSST, NUMBER, RK, LABEL, FORMULA, BLANK, BOOLERR, RSTRING, MULRK, MULBLANK: row and column come first.
            0x00fd | 0x0203 | 0x027e | 0x0204 | 0x0006 | 0x0406 | 0x0206 | 0x0201 | 0x0205 | 0x00d6 | 0x00bd
            | 0x00be | 0x0003 | 0x0002 | 0x0004 | 0x0005 => sheet.take_in(record, kind),
            _ => {}
        }
        rest = tail;
    }
    Ok(all + sheet.cells())
}

/// The box of a sheet's used cells.
#[derive(Default)]
struct Extent {
    rows: Option<(u16, u16)>,
    columns: Option<(u16, u16)>,
}

impl Extent {
    fn take_in(&mut self, record: &[u8], kind: u16) {
        let Some(([a, b, c, d], _)) = record.split_first_chunk::<4>() else { return };
        let (row, column) = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
        // Records of several cells end with the number of the last column.
        let last =
            record.last_chunk::<2>().filter(|_| matches!(kind, 0x00bd | 0x00be)).map(|last| u16::from_le_bytes(*last));
        let widen = |span: Option<(u16, u16)>, at: u16| span.map_or((at, at), |(from, to)| (from.min(at), to.max(at)));
        self.rows = Some(widen(self.rows, row));
        self.columns = Some(widen(Some(widen(self.columns, column)), last.unwrap_or(column)));
    }

    fn cells(&self) -> u64 {
        let size = |span: Option<(u16, u16)>| span.map_or(0, |(from, to)| u64::from(to - from) + 1);
        size(self.rows) * size(self.columns)
    }
}

/// A compound file (MS-CFB) of which one stream is read.
struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    next: Vec<u32>,
}

impl<'a> Compound<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let shift = u16_at(bytes, 0x1e)?;
        let sector = 1_usize.checked_shl(u32::from(shift)).filter(|size| (128..=65_536).contains(size))?;
        let mut table = Self { bytes, sector, next: Vec::new() };
        let mut parts: Vec<u32> = (0..109).filter_map(|index| u32_at(bytes, 0x4c + 4 * index)).collect();
        let (mut more, per_sector) = (u32_at(bytes, 0x44)?, sector / 4 - 1);
        while more < END && parts.len() * sector <= bytes.len() + 109 * sector {
            let part = table.sector(more)?;
            parts.extend((0..per_sector).filter_map(|index| u32_at(part, 4 * index)));
            more = u32_at(part, 4 * per_sector)?;
        }
        for part in parts.into_iter().filter(|part| *part < END) {
            let part = table.sector(part)?;
            table.next.extend((0..sector / 4).filter_map(|index| u32_at(part, 4 * index)));
        }
        Some(table)
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize).checked_add(1)?.checked_mul(self.sector)?;
        self.bytes.get(start..self.bytes.len().min(start.checked_add(self.sector)?))
    }

    fn chain(&self, first: u32) -> Option<Vec<u8>> {
        let (mut at, mut all) = (first, Vec::new());
        while at < END {
            all.extend_from_slice(self.sector(at)?);
            if all.len() > self.bytes.len() {
                return None;
            }
            at = *self.next.get(at as usize)?;
        }
        Some(all)
    }

    /// The first stream of one of these names. Books are never so small that they lie in the small stream.
    fn stream(&self, names: &[&str]) -> Option<Vec<u8>> {
        let directory = self.chain(u32_at(self.bytes, 0x30)?)?;
        let name = |entry: &[u8]| {
            let units = usize::from(u16_at(entry, 64)?).checked_sub(2)?.min(62);
            let letters: Vec<u16> = (0..units / 2).filter_map(|index| u16_at(entry, 2 * index)).collect();
            String::from_utf16(&letters).ok()
        };
        let entry =
            directory.chunks_exact(128).find(|entry| name(entry).is_some_and(|name| names.contains(&name.as_str())))?;
        let size = u32_at(entry, 120)? as usize;
        if size < 4096 {
            return Some(Vec::new());
        }
        let mut stream = self.chain(u32_at(entry, 116)?)?;
        stream.truncate(size);
        Some(stream)
    }
}

/// Numbers of sectors from here on are marks.
const END: u32 = 0xffff_fffa;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map(|two| u16::from_le_bytes(*two))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map(|four| u32::from_le_bytes(*four))
}
