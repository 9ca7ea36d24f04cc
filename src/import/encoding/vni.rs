//! VNI Windows: a vowel, and behind it a western letter that stands for its marks; a few letters stand alone.

/// What stands behind a vowel, and the marks that it means (combining characters, a dot below first, as they compose).
const MARKS: [(char, &str); 17] = [
    ('ù', "\u{301}"),
    ('ø', "\u{300}"),
    ('û', "\u{309}"),
    ('õ', "\u{303}"),
    ('ï', "\u{323}"),
    ('â', "\u{302}"),
    ('á', "\u{302}\u{301}"),
    ('à', "\u{302}\u{300}"),
    ('å', "\u{302}\u{309}"),
    ('ã', "\u{302}\u{303}"),
    ('ä', "\u{323}\u{302}"),
    ('ê', "\u{306}"),
    ('é', "\u{306}\u{301}"),
    ('è', "\u{306}\u{300}"),
    ('ú', "\u{306}\u{309}"),
    ('ü', "\u{306}\u{303}"),
    ('ë', "\u{323}\u{306}"),
];

/// Letters that are whole, or to which marks are added.
const ALONE: [(char, char); 9] =
    [('ñ', 'đ'), ('ô', 'ơ'), ('ö', 'ư'), ('í', 'í'), ('ì', 'ì'), ('æ', 'ỉ'), ('ó', 'ĩ'), ('ò', 'ị'), ('î', 'ỵ')];

/// Decodes text whose bytes were taken for Windows-1252.
pub(super) fn decode(text: &str) -> String {
    use unicode_normalization::char::compose;
    let mut decoded = String::with_capacity(text.len());
    let mut vowel: Option<char> = None;
    for c in text.chars() {
        let composed = vowel.zip(marks_of(c)).and_then(|(vowel, marks)| {
            let fits = match vowel.to_ascii_lowercase() {
                'a' => true,
                'e' | 'o' => !marks.contains('\u{306}'),
                _ => !marks.contains(['\u{306}', '\u{302}']),
            };
            if fits { marks.chars().try_fold(vowel, compose) } else { None }
        });
        if let Some(letter) = composed {
            decoded.pop();
            decoded.push(letter);
            vowel = None;
            continue;
        }
        let letter = alone(c);
        decoded.push(letter);
        vowel = "aeouyAEOUYơưƠƯ".contains(letter).then_some(letter);
    }
    decoded
}

/// Both cases are met behind both cases of vowels.
fn marks_of(c: char) -> Option<&'static str> {
    let small = c.to_lowercase().next()?;
    MARKS.iter().find(|(mark, _)| *mark == small).map(|(_, marks)| *marks)
}

fn alone(c: char) -> char {
    let small = c.to_lowercase().next().unwrap_or(c);
    let Some((_, letter)) = ALONE.iter().find(|(known, _)| *known == small) else { return c };
    if small == c { *letter } else { letter.to_uppercase().next().unwrap_or(c) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::encoding::letters;

    /// The table as input methods publish it: each vowel plain, then with acute, grave, hook, tilde and dot below.
    const PUBLISHED: [[&str; 6]; 12] = [
        ["a", "aù", "aø", "aû", "aõ", "aï"],
        ["aâ", "aá", "aà", "aå", "aã", "aä"],
        ["aê", "aé", "aè", "aú", "aü", "aë"],
        ["e", "eù", "eø", "eû", "eõ", "eï"],
        ["eâ", "eá", "eà", "eå", "eã", "eä"],
        ["o", "où", "oø", "oû", "oõ", "oï"],
        ["oâ", "oá", "oà", "oå", "oã", "oä"],
        ["ô", "ôù", "ôø", "ôû", "ôõ", "ôï"],
        ["u", "uù", "uø", "uû", "uõ", "uï"],
        ["ö", "öù", "öø", "öû", "öõ", "öï"],
        ["i", "í", "ì", "æ", "ó", "ò"],
        ["y", "yù", "yø", "yû", "yõ", "î"],
    ];
    const LETTERS: [&str; 12] = [
        "aáàảãạ",
        "âấầẩẫậ",
        "ăắằẳẵặ",
        "eéèẻẽẹ",
        "êếềểễệ",
        "oóòỏõọ",
        "ôốồổỗộ",
        "ơớờởỡợ",
        "uúùủũụ",
        "ưứừửữự",
        "iíìỉĩị",
        "yýỳỷỹỵ",
    ];

    #[test]
    fn every_letter_of_both_cases_is_read() {
        let mut met = Vec::new();
        for (codes, letters) in PUBLISHED.iter().zip(LETTERS) {
            for (code, letter) in codes.iter().zip(letters.chars()) {
                assert_eq!(decode(code), letter.to_string(), "{code}");
                assert_eq!(decode(&code.to_uppercase()), letter.to_uppercase().to_string(), "{code}");
                met.push(letter);
            }
        }
        assert_eq!((decode("ñ"), decode("Ñ")), ("đ".into(), "Đ".into()));
        assert!(letters().iter().all(|letter| met.contains(letter) || *letter == 'đ'));
    }

    #[test]
    fn words_of_the_font_are_read() {
        assert_eq!(decode("Quaûng Ngaõi, Ñöùc Phoå, tröôøng tieåu hoïc"), "Quảng Ngãi, Đức Phổ, trường tiểu học");
        assert_eq!(decode("THÒ XAÕ ÑÖÙC PHOÅ, Quyønh, thuyeàn"), "THỊ XÃ ĐỨC PHỔ, Quỳnh, thuyền");
    }
}
