//! What is asked for, read once: its plain form, its spelling and its words.

use super::fold::{plain, spelling};
use crate::model::{Fit, Invalid};

/// Longest text that is looked for, in bytes.
const MOST_BYTES: usize = 400;
/// Most words that are looked for at once.
const MOST_ASKED_WORDS: usize = 12;

/// A name as somebody asks for it, maybe still typing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AskedName {
    /// As it was written.
    pub text: String,
    /// Its plain form.
    pub plain: String,
    /// Its spelling.
    pub spelling: String,
    /// The distinct words of the plain form.
    pub words: Vec<String>,
}

impl AskedName {
    /// Reads what is asked; [`Invalid`] where it has no letter or digit, or is too long.
    pub fn new(parameter: &str, text: &str) -> Result<Self, Invalid> {
        let invalid = |expected: String| Err(Invalid::new(parameter, expected));
        if text.len() > MOST_BYTES {
            return invalid(format!("a name of at most {MOST_BYTES} bytes, found {}", text.len()));
        }
        let plain = plain(text);
        let mut words: Vec<String> = plain.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        match words.len() {
            0 => invalid(format!("a name or code, at least one letter or digit, found {text:?}")),
            count if count > MOST_ASKED_WORDS => {
                invalid(format!("at most {MOST_ASKED_WORDS} different words, found {count}; ask for fewer"))
            }
            _ => Ok(Self { text: text.to_owned(), plain, spelling: spelling(text), words }),
        }
    }

    /// How well a name fits; none where it does not.
    pub fn fit(&self, name: &str) -> Option<Fit> {
        self.fit_plain(&plain(name), || spelling(name))
    }

    /// The same of a name whose plain form is known.
    pub(super) fn fit_plain(&self, plain: &str, spelling: impl Fn() -> String) -> Option<Fit> {
        if plain == self.plain {
            return Some(if spelling() == self.spelling { Fit::Exact } else { Fit::Folded });
        }
        if plain.starts_with(&self.plain) {
            return Some(Fit::Prefix);
        }
        let each = |fits: fn(&str, &str) -> bool| {
            self.words.iter().all(|asked| plain.split(' ').any(|word| fits(word, asked.as_str())))
        };
        match () {
            () if each(|word, asked| word.starts_with(asked)) => Some(Fit::Words),
            () if each(|word, asked| word.contains(asked)) => Some(Fit::Contained),
            () => None,
        }
    }
}
