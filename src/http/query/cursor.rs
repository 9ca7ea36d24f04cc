//! Where the next page begins: opaque to callers, of one question only.

use crate::model::Invalid;

/// Changes when a cursor's meaning does.
const VERSION: u8 = 1;

/// The cursor after the feature with this id, for the question with this fingerprint.
pub fn write(after: u64, question: u64) -> String {
    format!("{VERSION:02x}{after:016x}{:08x}", question as u32)
}

/// The id that the page comes after. A cursor of another question is refused: it would skip features in silence.
pub fn read(text: &str, question: u64) -> Result<u64, Invalid> {
    let part = |range| text.get(range).filter(|part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let number = |range| part(range).and_then(|part| u64::from_str_radix(part, 16).ok());
    match (text.len(), number(0..2), number(2..18), number(18..26)) {
        (26, Some(version), Some(after), Some(check))
            if version == u64::from(VERSION) && check == u64::from(question as u32) =>
        {
            Ok(after)
        }
        _ => Err(Invalid::new("cursor", "the cursor in the link `next` of the page before, with the same question")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_question() {
        let cursor = write(u64::MAX, 7);
        assert_eq!(read(&cursor, 7), Ok(u64::MAX));
        assert!(read(&cursor, 8).is_err());
    }

    #[test]
    fn a_cursor_that_nobody_gave_is_refused() {
        for text in [
            "",
            "1",
            "zz00000000000000000000000a",
            "010000000000000000000000",
            "020000000000000001000000070",
            "ééééééééééééé",
        ] {
            assert_eq!(read(text, 7).map_err(|invalid| invalid.parameter), Err("cursor".to_owned()), "{text}");
        }
    }
}
