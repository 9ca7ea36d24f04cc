//! What `CASEI`, `ACCENTI`, `lower` and `upper` make of a text. `bandoso.fold_case`, `fold_accents`, `lower_case` and `upper_case`
//! are the same in SQL.

use unicode_normalization::UnicodeNormalization;

use crate::model::filter::Folding;

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
    fn marks_that_make_another_letter_stay() {
        assert_ne!(fold_accents("はじめ"), fold_accents("はしめ"));
        assert_eq!(fold_accents("Ø ł"), "Ø ł");
    }
}
