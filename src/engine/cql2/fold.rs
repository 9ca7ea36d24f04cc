//! What `CASEI`, `ACCENTI`, `lower` and `upper` make of a text. `bandoso.fold_case`, `fold_accents`, `lower_case` and `upper_case`
//! are the same in SQL.

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::model::filter::Folding;

/// What becomes of each character below [`TABLE_END`] by itself: the bytes of its form, the first one lowest, and above them how many
/// there are.
type Table = Box<[u32]>;

/// The tables of the ways that are asked for often: a million texts are folded to answer one question.
static TABLES: [(&[Folding], LazyLock<Table>); 6] = [
    (&[Folding::Case], LazyLock::new(|| table(&[Folding::Case]))),
    (&[Folding::Accents], LazyLock::new(|| table(&[Folding::Accents]))),
    (&[Folding::Lower], LazyLock::new(|| table(&[Folding::Lower]))),
    (&[Folding::Upper], LazyLock::new(|| table(&[Folding::Upper]))),
    (&[Folding::Case, Folding::Accents], LazyLock::new(|| table(&[Folding::Case, Folding::Accents]))),
    (&[Folding::Accents, Folding::Case], LazyLock::new(|| table(&[Folding::Accents, Folding::Case]))),
];
/// After the Latin letters with diacritics, general punctuation and the marks of symbols.
const TABLE_END: u32 = 0x2100;
/// Most bytes of a form in a table.
const MOST_BYTES: usize = 3;
/// The form is longer, or depends on the character's neighbours: the whole text is folded the long way.
const LONG_WAY: u32 = u32::MAX;

/// Folds texts, all in the same way.
pub(super) struct Folder {
    foldings: Vec<Folding>,
    table: Cow<'static, [u32]>,
}

impl Folder {
    /// Applies the foldings in their order.
    pub(super) fn new(foldings: Vec<Folding>) -> Self {
        let known = TABLES.iter().find(|(of, _)| *of == foldings);
        let table = match known {
            Some((_, table)) => Cow::Borrowed(&***table),
            None if foldings.is_empty() => Cow::Borrowed(&[][..]),
            None => Cow::Owned(table(&foldings).into_vec()),
        };
        Self { foldings, table }
    }

    /// How it folds.
    pub(super) fn foldings(&self) -> &[Folding] {
        &self.foldings
    }

    /// What [`fold`] makes of the text.
    pub(super) fn fold<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.foldings.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut folded = Vec::new();
        let end = self.write(text, &mut folded, 0);
        folded.truncate(end);
        Cow::Owned(String::from_utf8(folded).unwrap_or_else(|_| self.long_way(text)))
    }

    /// What [`fold`] makes of each text, one after the other, and where each ends. None where that passes 4 GiB.
    pub(super) fn fold_all<'t>(
        &self,
        texts: impl ExactSizeIterator<Item = &'t str>,
        bytes: usize,
    ) -> Option<(String, Vec<u32>)> {
        let (mut folded, mut end) = (Vec::with_capacity(bytes), 0);
        let mut ends = Vec::with_capacity(texts.len());
        for text in texts {
            end = self.write(text, &mut folded, end);
            ends.push(u32::try_from(end).ok()?);
        }
        folded.truncate(end);
        Some((String::from_utf8(folded).ok()?, ends))
    }

    /// Writes the folded text at a place of `into`, which has room behind it, and gives its end.
    fn write(&self, text: &str, into: &mut Vec<u8>, from: usize) -> usize {
        // Forms are written with a byte too many: it costs less than to write as many as there are.
        let room = from + text.len() * MOST_BYTES + 4;
        if into.len() < room {
            into.resize(room.max(into.capacity().min(into.len() * 2)), 0);
        }
        let mut end = from;
        for c in text.chars() {
            let form = self.table.get(c as usize).copied().unwrap_or(LONG_WAY);
            let Some(place) = into.get_mut(end..end + 4).filter(|_| form != LONG_WAY) else {
                let folded = self.long_way(text);
                into.splice(from.., folded.bytes());
                return from + folded.len();
            };
            place.copy_from_slice(&form.to_le_bytes());
            end += (form >> 24) as usize;
        }
        end
    }

    fn long_way(&self, text: &str) -> String {
        self.foldings.iter().fold(text.to_owned(), |text, folding| fold(*folding, &text))
    }
}

/// The forms of all characters, folded one way after the other.
fn table(foldings: &[Folding]) -> Table {
    let entry = |number| {
        let Some(c) = char::from_u32(number) else { return LONG_WAY };
        let mut form = c.to_string();
        for folding in foldings {
            if form.chars().any(depends_on_neighbours) {
                return LONG_WAY;
            }
            form = fold(*folding, &form);
        }
        let mut bytes = [0; 4];
        match bytes.get_mut(..form.len()) {
            Some(place) if form.len() <= MOST_BYTES => place.copy_from_slice(form.as_bytes()),
            _ => return LONG_WAY,
        }
        u32::from_le_bytes(bytes) | (form.len() as u32) << 24
    };
    (0..TABLE_END).map(entry).collect()
}

/// Marks that stay may change their order with their neighbours; a capital sigma is another letter at the end of a word.
fn depends_on_neighbours(c: char) -> bool {
    c == 'Σ' || canonical_combining_class(c) != 0 && !is_diacritic(c)
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
            let folder = Folder::new(foldings.to_vec());
            let (all, ends) = folder.fold_all(texts.iter().map(String::as_str), 0).expect("there is room");
            let mut from = 0;
            for (text, end) in texts.iter().zip(ends) {
                let long_way = foldings.iter().fold(text.clone(), |text, folding| fold(*folding, &text));
                assert_eq!(folder.fold(text), long_way, "{foldings:?} of {text:?}");
                assert_eq!(all[from..end as usize], long_way, "{foldings:?} of {text:?} among others");
                from = end as usize;
            }
        }
    }

    #[test]
    fn marks_that_make_another_letter_stay() {
        assert_ne!(fold_accents("はじめ"), fold_accents("はしめ"));
        assert_eq!(fold_accents("Ø ł"), "Ø ł");
    }
}
