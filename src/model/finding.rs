use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::FindingKind;

/// Most characters of a column's name or of a value that a finding repeats.
const MAX_CHARS: usize = 100;

/// A named fault in data, with the place where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// File, table or unit that holds it.
    pub place: String,
    /// Line in a text file, number of the feature in a GeoJSON file; from 1.
    pub line: Option<u64>,
    /// The column, as the sender wrote it, shortened.
    pub column: Option<String>,
    /// The value, as the sender wrote it, shortened.
    pub value: Option<String>,
    /// The fault, a sentence for people.
    pub message: String,
    /// What is to be done, in Vietnamese and English; what [`FindingKind::advice`] says where this is none.
    pub advice: Option<[String; 2]>,
}

impl Finding {
    /// A finding about the whole of a place.
    pub fn new(kind: FindingKind, place: impl Into<String>, message: impl Into<String>) -> Self {
        let (place, message) = (place.into(), message.into());
        Self { kind, place, line: None, column: None, value: None, message, advice: None }
    }

    /// On a line.
    #[must_use]
    pub fn on_line(self, line: Option<u64>) -> Self {
        Self { line, ..self }
    }

    /// In a column that holds this value.
    #[must_use]
    pub fn in_column(self, column: &str, value: &str) -> Self {
        Self { column: Some(shortened(column)), value: Some(shortened(value)), ..self }
    }

    /// What is to be done, in Vietnamese and English.
    pub fn told_advice(&self) -> [&str; 2] {
        match &self.advice {
            Some([vi, en]) => [vi, en],
            None => self.kind.advice(),
        }
    }
}

/// At most [`MAX_CHARS`] characters.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Advice<'a> {
            vi: &'a str,
            en: &'a str,
        }
        let [vi, en] = self.told_advice();
        let mut object = serializer.serialize_struct("Finding", 7)?;
        object.serialize_field("kind", &self.kind)?;
        object.serialize_field("place", &self.place)?;
        object.serialize_field("line", &self.line)?;
        object.serialize_field("column", &self.column)?;
        object.serialize_field("value", &self.value)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("advice", &Advice { vi, en })?;
        object.end()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}", self.kind.name(), self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_tells_its_place_value_and_advice_and_stays_short() {
        let finding = Finding::new(FindingKind::UnknownCode, "a.csv", "arson is none of the codes")
            .on_line(Some(7))
            .in_column("Loại", &"ă".repeat(5_000));
        let json = serde_json::to_value(&finding).expect("an object");
        assert_eq!(json["kind"], "unknown_code");
        assert_eq!((json["line"].as_u64(), json["column"].as_str()), (Some(7), Some("Loại")));
        assert_eq!(json["value"].as_str().map(|value| value.chars().count()), Some(MAX_CHARS + 1));
        assert_eq!(json["advice"]["en"], FindingKind::UnknownCode.advice()[1]);
        assert_eq!(finding.to_string(), "a.csv:7: unknown_code: arson is none of the codes");
    }
}
