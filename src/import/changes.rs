use std::io::BufRead;

use csv::StringRecord;

use super::fault::Fault;
use super::read::csv::LINE_FEED;
use super::read::csv_guard::{Guarded, open_quote_line};
use super::text::{column_key, normal};
use super::{FindingLog, ImportError};
use crate::model::{Day, FindingKind, UnitChange};

/// Most lines of a table of changes.
const MAX_CHANGES: usize = 1_000_000;

/// Reads a table of changes; a line that tells no change is a finding and left out.
pub(super) fn read_changes(
    place: &str,
    input: impl BufRead,
    findings: &mut FindingLog,
) -> Result<Vec<UnitChange>, ImportError> {
    let unreadable = |line: Option<u64>, cause: String| ImportError::Unreadable { file: place.to_owned(), line, cause };
    let (guarded, since_row) = Guarded::new(input, b',', b'"');
    let mut reader = csv::ReaderBuilder::new().flexible(true).terminator(LINE_FEED).from_reader(guarded);
    let header = reader.headers().map_err(|error| unreadable(Some(1), error.to_string()))?;
    let columns = Columns::find(header).map_err(|cause| unreadable(Some(1), cause))?;
    let mut changes = Vec::new();
    let mut record = StringRecord::new();
    loop {
        since_row.set(0);
        let read = reader.read_record(&mut record);
        let line = record.position().map(csv::Position::line);
        match read {
            Ok(false) => return Ok(changes),
            Ok(true) if record.iter().all(|text| normal(text).is_empty()) => {}
            Ok(true) => match columns.change(&record) {
                Ok(change) => changes.push(change),
                Err(fault) => findings.add(fault.at(place, line)),
            },
            Err(error) if error.is_io_error() => {
                return Err(unreadable(open_quote_line(&error).or(line), error.to_string()));
            }
            Err(error) => {
                let line = error.position().map(csv::Position::line);
                findings.add(Fault::new(FindingKind::UnreadableRow, error.to_string()).at(place, line));
            }
        }
        if changes.len() > MAX_CHANGES {
            return Err(unreadable(line, format!("more than {MAX_CHANGES} changes")));
        }
    }
}

struct Columns {
    old_code: usize,
    new_code: usize,
    share: usize,
    date: usize,
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, String> {
        let keys: Vec<String> = header.iter().map(column_key).collect();
        let index = |names: &[&str]| {
            names.iter().find_map(|name| keys.iter().position(|key| key == name)).ok_or_else(|| {
                format!(
                    "expected a table of changes with the columns old_code, new_code, share and new_valid_from; \
                     {} is missing",
                    names.join(" or ")
                )
            })
        };
        Ok(Self {
            old_code: index(&["old_code"])?,
            new_code: index(&["new_code"])?,
            share: index(&["share"])?,
            date: index(&["new_valid_from", "date"])?,
        })
    }

    fn change(&self, record: &StringRecord) -> Result<UnitChange, Fault> {
        let invalid = |message: String| Fault::new(FindingKind::InvalidValue, message);
        let text = |index: usize| normal(record.get(index).unwrap_or_default());
        let code = |name: &str, index: usize| match text(index) {
            empty if empty.is_empty() => Err(invalid(format!("{name}: expected a code, found nothing"))),
            code => Ok(code.into_owned()),
        };
        Ok(UnitChange {
            old_code: code("old_code", self.old_code)?,
            new_code: code("new_code", self.new_code)?,
            date: Day::parse("new_valid_from", &text(self.date)).map_err(|error| invalid(error.to_string()))?,
            whole: match text(self.share).as_ref() {
                "whole" => true,
                "part" => false,
                other => return Err(invalid(format!("share: expected whole or part, found {other:?}"))),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_tells_no_change_is_found_with_its_line() {
        let text = "old_code,note,new_code,share,date\n\
                    1,\"two\nlines\",2,whole,2025-07-01\n\
                    1,,3,half,2025-07-01\n\
                    ,,3,part,2025-07-01\n\
                    4,,3,part,1/7/2025\n\
                    5\n";
        let mut findings = FindingLog::default();
        let changes = read_changes("changes.csv", text.as_bytes(), &mut findings).unwrap();
        assert_eq!(changes.len(), 1);
        let lines: Vec<_> = findings.kept().iter().filter_map(|finding| finding.line).collect();
        assert_eq!(lines, [4, 5, 6, 7]);
    }

    #[test]
    fn an_unclosed_quote_ends_the_reading_instead_of_hiding_the_lines_after_it() {
        let text = "old_code,new_code,share,date,note\n1,2,whole,2025-07-01,\n3,4,whole,2025-07-01,\"x\n5,6,whole,2025-07-01,\n";
        let refused = read_changes("changes.csv", text.as_bytes(), &mut FindingLog::default()).unwrap_err();
        assert!(refused.to_string().starts_with("changes.csv:3: a quote that opens here"), "{refused}");
    }

    #[test]
    fn a_table_without_its_columns_is_refused() {
        let refused = read_changes("x.csv", "old,new\n1,2\n".as_bytes(), &mut FindingLog::default()).unwrap_err();
        assert!(refused.to_string().contains("old_code is missing"), "{refused}");
    }
}
