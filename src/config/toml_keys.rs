//! Reads TOML key by key and gathers every fault with its line, where a derived reader would stop at the first.

use std::cell::RefCell;
use std::fmt::Write;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use unicode_normalization::UnicodeNormalization;

use super::CatalogueFault;
use crate::model::Title;

/// Longest text of a catalogue file, in characters.
const MAX_TEXT: usize = 2_000;

/// Where a value stands in its file, in bytes.
pub(super) type Span = Range<usize>;

/// A file's text, and the faults found in it so far.
pub(super) struct Source<'t> {
    /// The file as people know it.
    pub(super) file: &'t str,
    text: &'t str,
    faults: RefCell<Vec<CatalogueFault>>,
}

impl<'t> Source<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, faults: RefCell::default() }
    }

    /// The file's top keys; none when it is not TOML at all.
    pub(super) fn keys(&self) -> Option<Keys<'_, 't>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            self.fault(&error.span().unwrap_or_default(), format!("TOML; {}", error.message()));
        }
        if errors.is_empty() { Some(Keys::new(self, table)) } else { None }
    }

    /// Notes a fault: what was expected at this place.
    pub(super) fn fault(&self, at: &Span, expected: impl Into<String>) {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.matches('\n').count() as u64 + 1;
        self.faults.borrow_mut().push(CatalogueFault {
            file: self.file.to_owned(),
            line: Some(line),
            expected: expected.into(),
        });
    }

    /// Whether no fault was noted yet.
    pub(super) fn is_clean(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    pub(super) fn into_faults(self) -> Vec<CatalogueFault> {
        self.faults.into_inner()
    }
}

/// A table being read. Each reader takes its key away, so that what is left at [`Keys::finish`] is unknown.
///
/// Readers note what is wrong and give `None`; an optional key that is not there gives `None` without a note.
pub(super) struct Keys<'s, 't> {
    source: &'s Source<'t>,
    at: Span,
    table: DeTable<'t>,
    asked: Vec<&'static str>,
}

impl<'s, 't> Keys<'s, 't> {
    fn new(source: &'s Source<'t>, table: Spanned<DeTable<'t>>) -> Self {
        Self { source, at: table.span(), table: table.into_inner(), asked: Vec::new() }
    }

    /// Where the table begins.
    pub(super) fn at(&self) -> Span {
        self.at.clone()
    }

    /// Whether the key is there and was not read yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether the key holds a table.
    pub(super) fn holds_table(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_)))
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let expected = format!("one of the keys {}; found {:?}", self.asked.join(", "), key.get_ref());
            self.source.fault(&key.span(), expected);
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.table.remove(key)
    }

    fn wrong(&self, key: &str, expected: &str, found: &Spanned<DeValue<'t>>) {
        self.source.fault(&found.span(), format!("{key}: {expected}; found {}", shown(found.get_ref())));
    }

    /// Notes that a key is missing.
    pub(super) fn missing(&self, key: &str, expected: &str) {
        self.source.fault(&self.at, format!("the key {key}: {expected}"));
    }

    /// An optional text, not empty, NFC.
    pub(super) fn text_if(&mut self, key: &'static str, expected: &str) -> Option<Spanned<String>> {
        let value = self.take(key)?;
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() && text.chars().count() <= MAX_TEXT => {
                Some(Spanned::new(value.span(), text.nfc().collect()))
            }
            Some(text) if !text.trim().is_empty() => {
                self.source.fault(&value.span(), format!("{key}: a text of at most {MAX_TEXT} characters"));
                None
            }
            _ => {
                self.wrong(key, expected, &value);
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, key: &'static str, expected: &str) -> Option<Spanned<String>> {
        if !self.has(key) {
            self.asked.push(key);
            self.missing(key, expected);
            return None;
        }
        self.text_if(key, expected)
    }

    /// An optional text that `read` understands.
    pub(super) fn parsed_if<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text_if(key, expected)?;
        let value = read(text.get_ref());
        if value.is_none() {
            self.source.fault(&text.span(), format!("{key}: {expected}; found {:?}", text.get_ref()));
        }
        value
    }

    /// A text that must be there and that `read` understands.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.has(key) {
            return self.parsed_if(key, expected, read);
        }
        self.asked.push(key);
        self.missing(key, expected);
        None
    }

    /// An optional whole number in a range.
    pub(super) fn integer_if(&mut self, key: &'static str, range: &RangeInclusive<i64>) -> Option<i64> {
        let value = self.take(key)?;
        let number = value.get_ref().as_integer().and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Some(number);
        }
        self.wrong(key, &format!("a whole number from {} to {}", range.start(), range.end()), &value);
        None
    }

    /// A number in a range that must be there.
    pub(super) fn number(&mut self, key: &'static str, range: &RangeInclusive<f64>) -> Option<f64> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let Some(value) = self.take(key) else {
            self.missing(key, &expected);
            return None;
        };
        let number = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Some(number);
        }
        self.wrong(key, &expected, &value);
        None
    }

    /// An optional number.
    pub(super) fn number_if(&mut self, key: &'static str) -> Option<f64> {
        const LARGEST: f64 = 1e15;
        if self.has(key) {
            return self.number(key, &(-LARGEST..=LARGEST));
        }
        self.asked.push(key);
        None
    }

    /// A title that must be there.
    pub(super) fn title(&mut self, key: &'static str) -> Option<Title> {
        const EXPECTED: &str = "a title { vi = \"…\", en = \"…\" }";
        if !self.has(key) {
            self.asked.push(key);
            self.missing(key, EXPECTED);
            return None;
        }
        self.title_if(key)
    }

    /// An optional title.
    pub(super) fn title_if(&mut self, key: &'static str) -> Option<Title> {
        let mut keys = self.table_if(key, "a title { vi = \"…\", en = \"…\" }")?;
        let vi = keys.text("vi", "the Vietnamese name, not empty");
        let en = keys.text("en", "the English name, not empty");
        keys.finish();
        Some(Title { vi: vi?.into_inner(), en: en?.into_inner() })
    }

    /// An optional table.
    pub(super) fn table_if(&mut self, key: &'static str, expected: &str) -> Option<Keys<'s, 't>> {
        let value = self.take(key)?;
        let at = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Some(Keys::new(self.source, Spanned::new(at, table))),
            other => {
                self.wrong(key, expected, &Spanned::new(at, other));
                None
            }
        }
    }

    /// An optional list of tables, at most `most`; `None` when the key is not there.
    pub(super) fn tables_if(&mut self, key: &'static str, expected: &str, most: usize) -> Option<Vec<Keys<'s, 't>>> {
        let value = self.take(key)?;
        let at = value.span();
        let DeValue::Array(array) = value.into_inner() else {
            self.source.fault(&at, format!("{key}: {expected}"));
            return None;
        };
        if array.len() > most {
            self.source.fault(&at, format!("{key}: at most {most}; found {}", array.len()));
            return None;
        }
        let mut tables = Vec::with_capacity(array.len());
        for item in array {
            let at = item.span();
            match item.into_inner() {
                DeValue::Table(table) => tables.push(Keys::new(self.source, Spanned::new(at, table))),
                other => self.wrong(key, expected, &Spanned::new(at, other)),
            }
        }
        Some(tables)
    }
}

/// A value as a reader of a message wants it: short, with its type when it is no plain text.
fn shown(value: &DeValue<'_>) -> String {
    let mut text = String::new();
    let written = match value {
        DeValue::String(found) => write!(text, "{:?}", found.chars().take(60).collect::<String>()),
        DeValue::Integer(found) => write!(text, "the integer {found}"),
        DeValue::Float(found) => write!(text, "the number {found}"),
        DeValue::Boolean(found) => write!(text, "{found}"),
        other => write!(text, "a {}", other.type_str()),
    };
    // Writing into a String cannot fail.
    debug_assert!(written.is_ok());
    text
}
