//! What `CASEI`, `ACCENTI`, `lower` and `upper` make of a text. `bandoso.fold_case`, `fold_accents`, `lower_case` and `upper_case`
//! are the same in SQL.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::model::filter::Folding;

/// What becomes of each character below [`TABLE_END`] by itself: a million texts are folded to answer one question.
static TABLES: [LazyLock<Box<[u32]>>; 4] = [
    LazyLock::new(|| table(Folding::Case)),
    LazyLock::new(|| table(Folding::Accents)),
    LazyLock::new(|| table(Folding::Lower)),
    LazyLock::new(|| table(Folding::Upper)),
];
/// After the Latin letters with diacritics, general punctuation and the marks of symbols.
const TABLE_END: u32 = 0x2100;
/// The character becomes several, or depends on its neighbours: the whole text is folded the long way.
const LONG_WAY: u32 = u32::MAX;
/// The character leaves nothing.
const NOTHING: u32 = u32::MAX - 1;

/// Folds one text after the other, in the same way.
pub(super) struct Folder<'a> {
    foldings: &'a [Folding],
    tables: Vec<&'static [u32]>,
    /// The last text, folded.
    folded: String,
}

impl<'a> Folder<'a> {
    /// Applies the foldings in their order.
    pub(super) fn new(foldings: &'a [Folding]) -> Self {
        let tables = foldings.iter().map(|folding| &**TABLES[*folding as usize]).collect();
        Self { foldings, tables, folded: String::new() }
    }

    /// What [`fold`] makes of the text.
    pub(super) fn fold<'t>(&'t mut self, text: &'t str) -> &'t str {
        if self.tables.is_empty() {
            return text;
        }
        self.folded.clear();
        for c in text.chars() {
            let mut known = u32::from(c);
            for table in &self.tables {
                if known != NOTHING {
                    known = table.get(known as usize).copied().unwrap_or(LONG_WAY);
                }
            }
            match (known, char::from_u32(known)) {
                (NOTHING, _) => {}
                (_, Some(c)) => self.folded.push(c),
                (_, None) => {
                    self.folded = self.foldings.iter().fold(text.to_owned(), |text, folding| fold(*folding, &text));
                    break;
                }
            }
        }
        &self.folded
    }
}

fn table(folding: Folding) -> Box<[u32]> {
    let entry = |number| {
        let Some(c) = char::from_u32(number) else { return LONG_WAY };
        // Marks that stay may change their order with their neighbours; a capital sigma is another letter at the end of a word.
        if c == 'Σ' || canonical_combining_class(c) != 0 && !is_diacritic(c) {
            return LONG_WAY;
        }
        let form = fold(folding, c.encode_utf8(&mut [0; 4]));
        let mut chars = form.chars();
        match (chars.next(), chars.next()) {
            (None, _) => NOTHING,
            (Some(c), None) => u32::from(c),
            (Some(_), Some(_)) => LONG_WAY,
        }
    };
    (0..TABLE_END).map(entry).collect()
}

/// Folds a text.
pub fn fold(folding: Folding, text: &str) -> String {
    match folding {
        Folding::Case => fold_case(text),
        Folding::Accents => fold_accents(text),
        Folding::Lower => text.to_lowercase(),
        Folding::Upper => text.to_uppercase(),
    }
}

/// Unicode's full case folding: each letter in upper case and that in lower case, so that `ß` is `ss` and `ς` is `σ`. Unlike
/// the Unicode file it also makes the dotless `ı` an `i`.
fn fold_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Canonical decomposition (NFD) without combining diacritical marks, and `đ`, which has no decomposition, as `d`. Marks that
/// make another letter, as the Japanese voicing marks do, stay.
fn fold_accents(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let plain = |c: char| match c {
        'đ' => 'd',
        'Đ' => 'D',
        c => c,
    };
    text.nfd().filter(|c| !is_diacritic(*c)).map(plain).collect()
}

/// The five Unicode blocks of combining diacritical marks.
fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_is_found_without_case_and_accents() {
        for (text, plain) in [
            ("Đức Phổ", "duc pho"),
            ("ĐẮK LẮK", "dak lak"),
            ("Thuỷ", "thuy"),
            ("Thủy", "thuy"),
            ("Ba To\u{31B}", "ba to"),
            ("Quảng Ngãi", "quang ngai"),
            ("Chișinău", "chisinau"),
        ] {
            assert_eq!(fold_accents(&fold_case(text)), plain);
            assert_eq!(fold_case(&fold_accents(text)), plain);
        }
    }

    #[test]
    fn cases_fold_in_full() {
        for (one, other) in [("Straße", "STRASSE"), ("ΟΔΟΣ", "Οδος"), ("ﬁ", "FI"), ("KØBENHAVN", "københavn")]
        {
            assert_eq!(fold_case(one), fold_case(other), "{one}");
        }
    }

    #[test]
    fn a_text_is_folded_the_same_character_by_character() {
        use Folding::{Accents, Case, Lower, Upper};
        // Each character alone, between letters, before a mark of its own and after another: what a table cannot know is seen.
        let around = |c: char| [format!("{c}"), format!("Đa{c}ờ"), format!("e{c}\u{301}\u{323}"), format!("ΑΣ{c}")];
        let all = (0..0x2200).chain(0x3000..0x3100).chain(0xAC00..0xAC20).filter_map(char::from_u32);
        let texts: Vec<String> = all.flat_map(around).collect();
        let ways: [&[Folding]; 7] =
            [&[], &[Case], &[Accents], &[Lower], &[Upper], &[Case, Accents], &[Accents, Upper, Case]];
        for foldings in ways {
            let mut folder = Folder::new(foldings);
            for text in &texts {
                let long_way = foldings.iter().fold(text.clone(), |text, folding| fold(*folding, &text));
                assert_eq!(folder.fold(text), long_way, "{foldings:?} of {text:?}");
            }
        }
    }

    #[test]
    fn marks_that_make_another_letter_stay() {
        assert_ne!(fold_accents("はじめ"), fold_accents("はしめ"));
        assert_eq!(fold_accents("Ø ł"), "Ø ł");
    }
}
