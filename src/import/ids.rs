use std::io;

use xxhash_rust::xxh3::xxh3_128;

use super::fault::Fault;
use super::met::Met;
use super::record::Cell;
use super::text::normal;
use super::values::shown;
use crate::model::FindingKind;
use crate::store::ImportId;

pub use crate::store::MAX_ID;

/// Longest text id, in bytes.
pub const MAX_ID_BYTES: usize = 200;

/// Reads the id in a column: a whole number as it is written by everyone, up to [`MAX_ID`]; any other short text, more digits
/// included, is the sender's own key.
pub(super) fn from_text(text: &str) -> Result<ImportId, Fault> {
    let text = normal(text);
    if text.is_empty() {
        return Ok(ImportId::New);
    }
    if text.len() > MAX_ID_BYTES || text.contains(char::is_control) {
        return Err(invalid(&format!("at most {MAX_ID_BYTES} bytes without control characters"), &text));
    }
    // 007 and 7 are two keys of a sender who writes 007.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    match text.parse::<u64>() {
        Ok(number) if plain && number <= MAX_ID => Ok(ImportId::Number(number)),
        _ => Ok(ImportId::Text(text.into_owned())),
    }
}

/// Reads the id of a record. A number beyond [`MAX_ID`] is refused: many programs have rounded it by then.
pub(super) fn from_cell(cell: Cell) -> Result<ImportId, Fault> {
    match cell {
        Cell::Null => Ok(ImportId::New),
        Cell::Text(text) => from_text(text),
        Cell::Whole(number) => match u64::try_from(number).ok().filter(|id| *id <= MAX_ID) {
            Some(id) => Ok(ImportId::Number(id)),
            None => Err(invalid("a whole number from 0 to 2^62, or a text", &number.to_string())),
        },
        other => Err(invalid("a whole number or text", &other.text())),
    }
}

fn invalid(expected: &str, found: &str) -> Fault {
    Fault::new(FindingKind::InvalidId, format!("id: expected {expected}, found {}; left out", shown(found)))
}

/// The ids met in one import: 8 bytes for a number, 16 for a text, however long; where they are many, in files.
#[derive(Default)]
pub(super) struct SeenIds {
    numbers: Met<u64>,
    texts: Met<u128>,
}

impl SeenIds {
    /// Takes an id in; a fault when it was there.
    pub fn take(&mut self, id: &ImportId) -> Result<(), Fault> {
        let (fresh, shown) = match id {
            ImportId::New => return Ok(()),
            ImportId::Number(number) => (self.numbers.insert(*number), number.to_string()),
            ImportId::Text(text) => (self.texts.insert(xxh3_128(text.as_bytes())), shown(text)),
        };
        if fresh {
            return Ok(());
        }
        Err(Fault::new(FindingKind::DuplicateId, format!("id {shown} stood earlier in this import; left out")))
    }

    /// Why ids can no longer be told apart, if so.
    pub fn broken(&self) -> Option<&io::Error> {
        self.numbers.broken().or_else(|| self.texts.broken())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_number_is_the_features_own_id_and_any_other_text_the_senders_key() {
        let text = |text: &str| Some(ImportId::Text(text.into()));
        for (given, expected) in [
            ("17", Some(ImportId::Number(17))),
            ("0", Some(ImportId::Number(0))),
            ("4611686018427387904", Some(ImportId::Number(MAX_ID))),
            ("4611686018427387905", text("4611686018427387905")),
            ("9223372036854775807", text("9223372036854775807")),
            ("9223372036854775808", text("9223372036854775808")),
            ("007", text("007")),
            ("+7", text("+7")),
            ("-7", text("-7")),
            (" VV-2025/7 ", text("VV-2025/7")),
            ("  ", Some(ImportId::New)),
            ("a\0b", None),
        ] {
            assert_eq!(from_text(given).ok(), expected, "{given:?}");
        }
        assert_eq!(from_cell(Cell::Whole(7)), Ok(ImportId::Number(7)));
        for bad in [
            json!(1.5),
            json!(-1),
            json!(MAX_ID + 1),
            json!(i64::MAX),
            json!(u64::MAX),
            json!([1]),
            json!("x".repeat(201)),
        ] {
            assert_eq!(from_cell(Cell::of_json(&bad)).unwrap_err().kind, FindingKind::InvalidId, "{bad}");
        }
    }

    #[test]
    fn an_id_is_taken_once() {
        let mut seen = SeenIds::default();
        for (id, fresh) in [
            (ImportId::Number(7), true),
            (ImportId::Text("7a".into()), true),
            (ImportId::Number(7), false),
            (ImportId::Text("7a".into()), false),
            (ImportId::New, true),
            (ImportId::New, true),
        ] {
            assert_eq!(seen.take(&id).is_ok(), fresh, "{id:?}");
        }
    }
}
