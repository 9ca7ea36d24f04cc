use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Trimmed and in Unicode NFC, so that `Quảng` typed on any keyboard is one text. Vietnamese files of older systems carry
/// letters and tone marks apart (NFD), which look alike and compare unequal.
pub(super) fn normal(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// The name of a column or property for comparing: normal and without regard to case.
pub(super) fn column_key(name: &str) -> String {
    normal(name).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_tone_marks_apart_become_one() {
        assert_eq!(normal("\u{feff} Qua\u{309}ng Nga\u{303}i\u{a0}"), "Quảng Ngãi");
        assert_eq!(column_key(" KINH_ĐỘ"), "kinh_độ");
    }
}
