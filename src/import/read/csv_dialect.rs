//! How a CSV file is written: its delimiter, its quotes, and where its columns' names are.

use csv::{ReaderBuilder, StringRecord};

use super::csv::LINE_FEED;
use super::header::{self, HEADER_ROWS, Look};
use super::options::ReadOptions;
use crate::import::text::normal;

/// Excel writes semicolons where the decimal sign is a comma, as in Vietnam. The first of equals wins.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Bytes at the start of the text that are looked at.
const START_BYTES: usize = 64 * 1024;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub delimiter: u8,
    pub quote: u8,
    /// Index of the record with the columns' names.
    pub header: usize,
}

/// Guesses what the caller does not tell.
pub(super) fn guess(start: &[u8], options: &ReadOptions) -> Dialect {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let head = start.get(..start.len().min(START_BYTES)).unwrap_or_default();
    let quote = quote(head);
    // Excel writes and reads `sep=;` as a first line.
    let told = options.delimiter.and_then(|c| u8::try_from(c).ok());
    let noted = match head {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, b'\r' | b'\n', ..] => Some(*delimiter),
        _ => None,
    };
    let delimiter = told.or(noted).unwrap_or_else(|| best_delimiter(head, quote));
    let rows = rows(head, delimiter, quote);
    let skipped = usize::from(noted.is_some());
    let header = if let Some(told) = options.header_row {
        rows.iter().position(|row| row.position().is_some_and(|at| at.line() >= told)).unwrap_or_default()
    } else {
        let looks: Vec<Vec<Look>> = rows.iter().skip(skipped).map(|row| row.iter().map(look).collect()).collect();
        skipped + header::find(&looks, None).map_or(0, |found| found.row)
    };
    Dialect { delimiter, quote, header }
}

/// The delimiter that gives the header and the rows below it the same number of columns, and the most.
fn best_delimiter(head: &[u8], quote: u8) -> u8 {
    let mut best = (0.0, DELIMITERS[0]);
    for delimiter in DELIMITERS {
        let rows = rows(head, delimiter, quote);
        let widths: Vec<usize> = rows.iter().map(StringRecord::len).collect();
        // Values that are quoted as wholes have no quotes left: others were cut in pieces.
        let broken = rows.iter().flatten().filter(|value| value.contains(char::from(quote))).count();
        let sound = 1.0 - broken as f64 / widths.iter().sum::<usize>().max(1) as f64;
        // Titles above the header have fewer columns than most rows.
        let width =
            widths.iter().copied().max_by_key(|width| widths.iter().filter(|other| *other == width).count() * width);
        let width = width.unwrap_or(1);
        let first = widths.first().copied().unwrap_or(1);
        let alike = widths.iter().filter(|other| **other == width).count() as f64 / widths.len().max(1) as f64;
        let score =
            if width < 2 { 0.0 } else { alike * (width as f64).sqrt() + if first == width { 1.0 } else { 0.0 } };
        if score * sound > best.0 {
            best = (score * sound, delimiter);
        }
    }
    best.1
}

fn rows(head: &[u8], delimiter: u8, quote: u8) -> Vec<StringRecord> {
    let mut reader = ReaderBuilder::new();
    reader.has_headers(false).flexible(true).terminator(LINE_FEED).delimiter(delimiter).quote(quote);
    let mut rows: Vec<StringRecord> = Vec::new();
    let mut bytes = csv::ByteRecord::new();
    let mut records = reader.from_reader(head);
    while rows.len() <= HEADER_ROWS && matches!(records.read_byte_record(&mut bytes), Ok(true)) {
        rows.push(StringRecord::from_byte_record_lossy(bytes.clone()));
    }
    // The last one may be cut off.
    if rows.len() > 1 && records.is_done() && head.len() >= START_BYTES {
        rows.pop();
    }
    rows
}

/// Single quotes where the first line begins and ends with one.
fn quote(head: &[u8]) -> u8 {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    if line.len() > 1 && line.first() == Some(&b'\'') && line.last() == Some(&b'\'') { b'\'' } else { b'"' }
}

fn look(text: &str) -> Look {
    let text = normal(text);
    match text.chars().next() {
        None => Look::Blank,
        Some(first) if first.is_ascii_digit() => Look::Value(text.into_owned()),
        Some(_) => Look::Name(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (char, char, usize) {
        let found = guess(text.as_bytes(), &ReadOptions::default());
        (char::from(found.delimiter), char::from(found.quote), found.header)
    }

    #[test]
    fn delimiters_and_quotes_are_told_by_the_rows() {
        for (text, expected) in [
            ("id,lon,lat\n1,2,3\n", (',', '"', 0)),
            ("id;lon;lat\n1;108,8;15,1\n2;108,9;15,2\n", (';', '"', 0)),
            ("id\tlon, east\tlat\n1\t2\t3\n", ('\t', '"', 0)),
            ("id|lon|lat\n1|108,8|15,1\n", ('|', '"', 0)),
            ("'id';'a;b'\n'1';'x'\n", (';', '\'', 0)),
            ("sep=;\nid;a\n1;2\n", (';', '"', 1)),
            ("\"id\",\"a;b;c\"\n1,\"x;y;z\"\n", (',', '"', 0)),
            ("one\n1\n", (',', '"', 0)),
            ("", (',', '"', 0)),
            ("DANH SÁCH TRƯỜNG\nNăm 2025, quý I\nTT;Tên;X;Y\n1;a;1,5;2\n2;b;3;4\n", (';', '"', 2)),
        ] {
            assert_eq!(of(text), expected, "{text:?}");
        }
    }
}
