//! TCVN3, also called ABC: the letters of TCVN 5712:1993 in fonts such as `.VnTime`. Its capitals with tones stand where other encodings
//! have control characters; most senders have fonts of capitals instead (`.VnTimeH`), with small letters under them.

/// Bytes 0x80 to 0xFF of TCVN 5712:1993 (VN1), by the table of the standard. 0xB0 to 0xB4 are tones behind their letter.
const UPPER: [char; 128] = [
    'À', 'Ả', 'Ã', 'Á', 'Ạ', 'Ặ', 'Ậ', 'È', 'Ẻ', 'Ẽ', 'É', 'Ẹ', 'Ệ', 'Ì', 'Ỉ', 'Ĩ', // 0x80
    'Í', 'Ị', 'Ò', 'Ỏ', 'Õ', 'Ó', 'Ọ', 'Ộ', 'Ờ', 'Ở', 'Ỡ', 'Ớ', 'Ợ', 'Ù', 'Ủ', 'Ũ', // 0x90
    '\u{a0}', 'Ă', 'Â', 'Ê', 'Ô', 'Ơ', 'Ư', 'Đ', 'ă', 'â', 'ê', 'ô', 'ơ', 'ư', 'đ', 'Ằ', // 0xA0
    '\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}', 'à', 'ả', 'ã', 'á', 'ạ', 'Ẳ', 'ằ', 'ẳ', 'ẵ', 'ắ',
    'Ẵ', // 0xB0
    'Ắ', 'Ầ', 'Ẩ', 'Ẫ', 'Ấ', 'Ề', 'ặ', 'ầ', 'ẩ', 'ẫ', 'ấ', 'ậ', 'è', 'Ể', 'ẻ', 'ẽ', // 0xC0
    'é', 'ẹ', 'ề', 'ể', 'ễ', 'ế', 'ệ', 'ì', 'ỉ', 'Ễ', 'Ế', 'Ồ', 'ĩ', 'í', 'ị', 'ò', // 0xD0
    'Ổ', 'ỏ', 'õ', 'ó', 'ọ', 'ồ', 'ổ', 'ỗ', 'ố', 'ộ', 'ờ', 'ở', 'ỡ', 'ớ', 'ợ', 'ù', // 0xE0
    'Ỗ', 'ủ', 'ũ', 'ú', 'ụ', 'ừ', 'ử', 'ữ', 'ứ', 'ự', 'ỳ', 'ỷ', 'ỹ', 'ý', 'ỵ', 'Ố', // 0xF0
];

/// The capitals below 0x20.
const LOWER: [(u8, char); 12] = [
    (0x01, 'Ú'),
    (0x02, 'Ụ'),
    (0x04, 'Ừ'),
    (0x05, 'Ử'),
    (0x06, 'Ữ'),
    (0x11, 'Ứ'),
    (0x12, 'Ự'),
    (0x13, 'Ỳ'),
    (0x14, 'Ỷ'),
    (0x15, 'Ỹ'),
    (0x16, 'Ý'),
    (0x17, 'Ỵ'),
];

/// Letters of one word that are ASCII capitals before the others are taken for capitals too.
const CAPITALS: usize = 2;

/// Decodes bytes that are a whole.
pub(super) fn decode(bytes: &[u8]) -> String {
    recased(bytes.iter().map(|byte| (letter(*byte), !byte.is_ascii())))
}

/// Decodes text whose letters some program took for Windows-1252.
pub(super) fn reread(text: &str) -> String {
    recased(text.chars().map(|c| match byte_of(c) {
        Some(byte) if !byte.is_ascii() => (letter(byte), true),
        _ => (c, false),
    }))
}

fn letter(byte: u8) -> char {
    match byte {
        0x80.. => UPPER.get(usize::from(byte - 0x80)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        0x20.. => char::from(byte),
        _ => LOWER.iter().find(|(code, _)| *code == byte).map_or(char::from(byte), |(_, letter)| *letter),
    }
}

/// The byte that Windows-1252 has for a character.
fn byte_of(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(u32::from(c)) {
        return Some(byte);
    }
    let mut text = [0; 4];
    let (bytes, _, failed) = encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut text));
    if failed { None } else { bytes.first().copied() }
}

/// Writes words in capitals where the sender's font showed capitals: all ASCII letters of `QU¶NG` are, so `¶` is `Ả`.
fn recased(letters: impl Iterator<Item = (char, bool)>) -> String {
    let mut text = String::new();
    let mut word: Vec<(char, bool)> = Vec::new();
    let flush = |word: &mut Vec<(char, bool)>, text: &mut String| {
        let ascii = || word.iter().filter(|(c, _)| c.is_ascii());
        let is_shouted = ascii().count() >= CAPITALS && ascii().all(|(c, _)| c.is_ascii_uppercase());
        for (c, is_mapped) in word.drain(..) {
            if is_shouted && is_mapped { text.extend(c.to_uppercase()) } else { text.push(c) }
        }
    };
    for (c, is_mapped) in letters {
        if c.is_alphabetic() || is_mapped {
            word.push((c, is_mapped));
        } else {
            flush(&mut word, &mut text);
            text.push(c);
        }
    }
    flush(&mut word, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::encoding::letters;

    #[test]
    fn every_letter_of_both_cases_has_one_byte() {
        for letter in letters().into_iter().flat_map(|c| c.to_uppercase().chain([c])) {
            let high = UPPER.iter().filter(|known| **known == letter).count();
            let low = LOWER.iter().filter(|(_, known)| *known == letter).count();
            assert_eq!(high + low, 1, "{letter}");
        }
    }

    #[test]
    fn text_of_the_font_is_read_whichever_way_it_came() {
        assert_eq!(decode(b"Qu\xb6ng Ng\xb7i, \xa7\xaac Ph\xe6"), "Quảng Ngãi, Đêc Phổ");
        assert_eq!(reread("Tr\u{ad}êng tiÓu häc S¬n TÞnh"), "Trường tiểu học Sơn Tịnh");
        assert_eq!(decode(b"\x80\x01\x17 a\xb3"), "ÀÚỴ a\u{301}");
    }

    #[test]
    fn small_letters_under_a_font_of_capitals_become_capitals() {
        assert_eq!(reread("TØNH QU¶NG NG·I, Hµ Néi, Hå, §µ N½ng"), "TỈNH QUẢNG NGÃI, Hà Nội, Hồ, Đà Nẵng");
    }
}
