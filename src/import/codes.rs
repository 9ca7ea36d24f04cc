//! Codes in the senders' own words.

use std::collections::HashMap;

use super::text::folded;
use crate::model::Field;

/// What each text of a code field means: the code itself, one of its titles, or whatever the sender's mapping says.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// As written, normal.
    told: HashMap<String, String>,
    /// Without case, marks and signs.
    titles: HashMap<String, String>,
}

impl Codes {
    /// The words for a field's codes. A title that two codes share means neither.
    pub fn new(field: &Field, told: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut titles: HashMap<String, Option<String>> = HashMap::new();
        for code in &field.codes {
            for title in [&code.code, &code.vi, &code.en] {
                let known = titles.entry(folded(title)).or_insert_with(|| Some(code.code.clone()));
                if known.as_ref() != Some(&code.code) {
                    *known = None;
                }
            }
        }
        let titles = titles.into_iter().filter_map(|(title, code)| Some((title, code?))).collect();
        let told = told.into_iter().map(|(text, code)| (super::text::normal(&text).into_owned(), code)).collect();
        Self { told, titles }
    }

    /// The code that a text means.
    pub fn meaning(&self, text: &str) -> Option<&str> {
        self.told.get(text).or_else(|| self.titles.get(&folded(text))).map(String::as_str)
    }
}
