//! CSV by RFC 4180: CRLF, a head, cells quoted where they must be.
//!
//! Spreadsheets run a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break as a formula. A text that does, and is no
//! plain number, gets an apostrophe before it, which spreadsheets take for "this is text". Numbers stay as they are.

use csv::{Terminator, Writer, WriterBuilder};

use super::super::params::Bom;
use super::super::problem::Problem;
use super::millimetres;
use crate::model::Value;

/// A table in the making: cells one after the other, then the end of the row.
pub struct Table {
    writer: Writer<Vec<u8>>,
    fault: Option<csv::Error>,
}

impl Table {
    /// A table with these columns.
    pub fn new<T: AsRef<str>>(head: &[T]) -> Self {
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        let mut table = Self { writer, fault: None };
        for name in head {
            table.text(name.as_ref());
        }
        table.end_row();
        table
    }

    /// A cell of text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        if is_formula(text) { self.cell(&format!("'{text}")) } else { self.cell(text) }
    }

    /// A cell with a number in its shortest form.
    pub fn number(&mut self, number: impl std::fmt::Display) -> &mut Self {
        self.cell(&number.to_string())
    }

    /// A cell with metres to the millimetre, or nothing.
    pub fn metres(&mut self, metres: Option<f64>) -> &mut Self {
        match metres {
            Some(metres) => self.number(millimetres(metres)),
            None => self.cell(""),
        }
    }

    /// A property's cell.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.cell(""),
            Value::Text(text) => self.text(text),
            Value::Integer(number) => self.number(number),
            Value::Real(number) => self.number(number),
            Value::Boolean(truth) => self.number(truth),
            Value::Date(day) => self.number(day),
            Value::Timestamp(instant) => self.number(instant),
        }
    }

    /// Ends the row.
    pub fn end_row(&mut self) {
        if let Err(fault) = self.writer.write_record(None::<&[u8]>) {
            self.fault.get_or_insert(fault);
        }
    }

    /// The whole table.
    pub fn finish(self, bom: Bom) -> Result<Vec<u8>, Problem> {
        let failed = |fault: String| Problem::internal(format!("writing CSV: {fault}"));
        if let Some(fault) = self.fault {
            return Err(failed(fault.to_string()));
        }
        let rows = self.writer.into_inner().map_err(|fault| failed(fault.to_string()))?;
        Ok(match bom {
            Bom::With => ["\u{feff}".as_bytes(), &rows].concat(),
            Bom::Without => rows,
        })
    }

    fn cell(&mut self, text: &str) -> &mut Self {
        if let Err(fault) = self.writer.write_field(text) {
            self.fault.get_or_insert(fault);
        }
        self
    }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_spreadsheet_would_run_is_made_text_and_numbers_stay() {
        let mut table = Table::new(&["a"]);
        for text in ["=1+1", "+84 255", "-5", "@x", "a=b", "Đồn \"A\", 2"] {
            table.text(text).end_row();
        }
        table.number(-0.5).end_row();
        let csv = String::from_utf8(table.finish(Bom::Without).expect("a table")).expect("UTF-8");
        assert_eq!(csv, "a\r\n'=1+1\r\n'+84 255\r\n-5\r\n'@x\r\na=b\r\n\"Đồn \"\"A\"\", 2\"\r\n-0.5\r\n");
    }
}
