//! What the csv reader does not tell: a quote that is never closed. It gives all that follows as one value, without a word.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Largest row, in bytes: a quote that is never closed must not swallow the file.
pub const MAX_ROW_BYTES: usize = 4 << 20;

/// A quote that is open where the file ends, or where a row becomes too large.
#[derive(Debug, thiserror::Error)]
#[error("a quote that opens here is never closed, or not within {MAX_ROW_BYTES} bytes")]
struct OpenQuote {
    line: u64,
}

/// Hands bytes on to the csv reader and follows its quotes; fails when a row does not end within [`MAX_ROW_BYTES`], or the
/// file ends inside a quote. The reader asks for more only when it has used up what it has, so at that moment both are at the
/// same place.
pub(in crate::import) struct Guarded<R> {
    inner: R,
    quotes: Quotes,
    /// Bytes handed on since the row at hand began.
    since_row: Rc<Cell<usize>>,
}

impl<R: Read> Guarded<R> {
    /// Guards a file whose columns are divided by `delimiter` and quoted by `quote`. The other one is to be set to 0 before each row.
    pub fn new(inner: R, delimiter: u8, quote: u8) -> (Self, Rc<Cell<usize>>) {
        let since_row = Rc::new(Cell::new(0));
        let quotes = Quotes { delimiter, quote, line: 1, opened: 1, at: At::FieldStart, skip_mark: 3 };
        (Self { inner, quotes, since_row: Rc::clone(&since_row) }, since_row)
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_too_large = self.since_row.get() > MAX_ROW_BYTES;
        let read = if is_too_large { 0 } else { self.inner.read(buffer)? };
        if read == 0 && !buffer.is_empty() && self.quotes.at == At::Quoted {
            return Err(io::Error::other(OpenQuote { line: self.quotes.opened }));
        }
        if is_too_large {
            return Err(io::Error::other(format!("a row is larger than {MAX_ROW_BYTES} bytes")));
        }
        self.quotes.follow(buffer.get(..read).unwrap_or_default());
        self.since_row.set(self.since_row.get() + read);
        Ok(read)
    }
}

/// The line on which the quote opened that is never closed, if that is the error.
pub(in crate::import) fn open_quote_line(error: &csv::Error) -> Option<u64> {
    let csv::ErrorKind::Io(error) = error.kind() else { return None };
    error.get_ref()?.downcast_ref::<OpenQuote>().map(|quote| quote.line)
}

/// Where a csv reader is, by the rules of csv-core: a quote opens a value only as its first byte, and two are one inside.
struct Quotes {
    delimiter: u8,
    quote: u8,
    line: u64,
    /// Line of the quote that opened last.
    opened: u64,
    at: At,
    /// Bytes at the start of the file that may still be a byte order mark.
    skip_mark: u8,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote inside a quoted value: its end, or the first of two.
    Quote,
}

impl Quotes {
    fn follow(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.skip_mark > 0 {
                self.skip_mark -= 1;
                if matches!(byte, 0xef | 0xbb | 0xbf) {
                    continue;
                }
                self.skip_mark = 0;
            }
            self.line += u64::from(byte == b'\n');
            let is_quote = byte == self.quote;
            self.at = match (self.at, byte) {
                (At::FieldStart, _) if is_quote => {
                    self.opened = self.line;
                    At::Quoted
                }
                (At::Quoted, _) if is_quote => At::Quote,
                (At::Quote, _) if is_quote => At::Quoted,
                (At::Quoted, _) => At::Quoted,
                (_, b'\n') => At::FieldStart,
                (_, byte) if byte == self.delimiter => At::FieldStart,
                _ => At::Plain,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of the open quote at the end of a text that comes in pieces of two bytes.
    fn open_at_end(text: &str) -> Option<u64> {
        let (guarded, _) = Guarded::new(text.as_bytes(), b';', b'"');
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).delimiter(b';').buffer_capacity(2).from_reader(guarded);
        reader.byte_records().find_map(|row| row.err().map(|error| open_quote_line(&error).expect("an open quote")))
    }

    #[test]
    fn an_open_quote_is_told_by_its_line_and_a_closed_one_is_not() {
        for (text, line) in [
            ("a;b\n1;\"x\n2;y\n", Some(2)),
            ("a;b\n1;\"x\"\"\n2;y\n", Some(2)),
            ("a;b\n1;\"\n\n\";\"\nz", Some(4)),
            ("\u{feff}\"a;b\n1;2\n", Some(1)),
            ("a;b\n1;\"x\ny\"\"\n\"\n2;y", None),
            ("a;b\n1;x \"y\n2; \"\n", None),
            ("a;b\n1;\"x\" \"y\n2;y\n", None),
            ("a;b\n1;\"\"", None),
            ("\u{feff}\"a\";b\n1;2,\"\n", None),
        ] {
            assert_eq!(open_at_end(text), line, "{text:?}");
        }
    }
}
