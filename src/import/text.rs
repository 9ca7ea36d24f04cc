use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Trimmed and in Unicode NFC, so that `Quảng` typed on any keyboard is one text. Vietnamese files of older systems carry
/// letters and tone marks apart (NFD), which look alike and compare unequal.
pub(super) fn normal(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(is_space);
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// White space, or a byte order mark, which is none but in the middle of a text.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// The name of a column or property for comparing: normal and without regard to case.
pub(super) fn column_key(name: &str) -> String {
    normal(name).to_lowercase()
}

/// A name without case, marks, signs and what stands in brackets: `Toạ độ X (m)` and `TOA_DO_X` are one name.
pub(super) fn folded(name: &str) -> String {
    let mut words = String::new();
    let mut depth = 0_u32;
    for c in name.nfd() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            'đ' | 'Đ' => words.push('d'),
            '\u{300}'..='\u{36f}' => {}
            c if c.is_alphanumeric() => words.extend(c.to_lowercase()),
            _ if !words.is_empty() && !words.ends_with(' ') => words.push(' '),
            _ => {}
        }
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_tone_marks_apart_become_one() {
        assert_eq!(normal("\u{feff} Qua\u{309}ng Nga\u{303}i\u{a0}"), "Quảng Ngãi");
        assert_eq!(folded(" Toạ độ X (m) "), "toa do x");
        assert_eq!(folded("KINH_ĐỘ"), "kinh do");
        assert_eq!(column_key(" KINH_ĐỘ"), "kinh_độ");
    }
}
