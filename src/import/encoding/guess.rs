use super::Encoding;
use super::syllable::is_syllable;

/// Bytes at the start of a file by which its encoding is guessed.
pub(in crate::import) const GUESS_BYTES: usize = 1 << 20;
/// Words with letters beyond ASCII that are looked at.
const WORDS: usize = 5_000;
/// How many of the words must be spelled as Vietnamese ones for a guess.
const LEAST_SHARE: f64 = 0.5;
/// UTF-8 sequences for each broken one in a file that is UTF-8 nevertheless.
const SOUND_FOR_BROKEN: usize = 4;

/// Guesses by the first bytes of a file; none where no encoding gives Vietnamese words.
pub(in crate::import) fn guess(start: &[u8]) -> Option<Encoding> {
    match start {
        [0xef, 0xbb, 0xbf, ..] => return Some(Encoding::Utf8),
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, ..] => return Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] => return Some(Encoding::Utf16Be),
        _ => {}
    }
    if let Some(wide) = utf16_without_mark(start) {
        return Some(wide);
    }
    let (sound, broken) = sequences(start);
    if broken == 0 || sound >= SOUND_FOR_BROKEN * broken {
        return Some(Encoding::Utf8);
    }
    let ranked = [Encoding::Windows1258, Encoding::Tcvn3, Encoding::Vni].map(|encoding| {
        let text = encoding.decode(start);
        (encoding, share(&text))
    });
    best(ranked)
}

/// Guesses whether text that a program saved as Unicode was typed in an old font; none where it was not.
pub(in crate::import) fn guess_text(text: &str) -> Option<Encoding> {
    let unicode = share(text);
    let ranked = [Encoding::Tcvn3, Encoding::Vni].map(|encoding| (encoding, share(&encoding.reread(text))));
    best(ranked).filter(|encoding| ranked.iter().any(|(known, share)| known == encoding && *share > unicode))
}

fn best<const N: usize>(ranked: [(Encoding, f64); N]) -> Option<Encoding> {
    let mut best: Option<(Encoding, f64)> = None;
    for (encoding, share) in ranked {
        if share >= LEAST_SHARE && best.is_none_or(|(_, most)| share > most) {
            best = Some((encoding, share));
        }
    }
    best.map(|(encoding, _)| encoding)
}

/// The share of words beyond ASCII that are spelled as Vietnamese syllables; 0 where there are none.
fn share(text: &str) -> f64 {
    let is_part = |c: char| c.is_alphanumeric() || !c.is_ascii();
    let words = text.split(|c| !is_part(c)).filter(|word| !word.is_ascii()).take(WORDS);
    let (all, good) = words.fold((0, 0), |(all, good), word| (all + 1, good + usize::from(is_syllable(word))));
    if all == 0 { 0.0 } else { f64::from(all).recip() * good as f64 }
}

/// ASCII in UTF-16 has a zero in every second byte.
fn utf16_without_mark(start: &[u8]) -> Option<Encoding> {
    let start = start.get(..start.len().min(4096))?;
    let zeros = |at: usize| start.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), start.len() / 2);
    if half == 0 {
        return None;
    }
    match (even * 10 > half * 4, odd * 10 > half * 4) {
        (false, true) if even * 20 < half => Some(Encoding::Utf16Le),
        (true, false) if odd * 20 < half => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Sequences of more than one byte that are sound UTF-8, and broken ones. One that is cut off at the end is neither.
fn sequences(bytes: &[u8]) -> (usize, usize) {
    let mut chunks = bytes.utf8_chunks().peekable();
    let (mut sound, mut broken) = (0, 0);
    while let Some(chunk) = chunks.next() {
        sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        let is_cut = chunks.peek().is_none() && bytes.len() >= GUESS_BYTES;
        broken += usize::from(!chunk.invalid().is_empty() && !is_cut);
    }
    (sound, broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Trường tiểu học Đức Phổ, phường Nguyễn Nghiêm, thị xã Quảng Ngãi";

    #[test]
    fn an_encoding_is_told_by_the_words_that_it_gives() {
        assert_eq!(guess(TEXT.as_bytes()), Some(Encoding::Utf8));
        assert_eq!(guess(b"plain,ascii"), Some(Encoding::Utf8));
        let wide: Vec<u8> = "Quảng Ngãi, plain".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(guess(&wide), Some(Encoding::Utf16Le));
        let tcvn: &[u8] = b"Tr\xad\xeang ti\xd3u h\xe4c \xa7\xf8c Ph\xe6";
        assert_eq!(guess(tcvn), Some(Encoding::Tcvn3));
        let vni: &[u8] = b"Tr\xf6\xf4\xf8ng tie\xe5u ho\xefc \xd1\xf6\xf9c Pho\xe5";
        assert_eq!(guess(vni), Some(Encoding::Vni));
        let windows: &[u8] = b"Tr\xfd\xf5\xccng ti\xea\xd2u ho\xf2c \xd0\xfd\xecc Ph\xf4\xd2";
        assert_eq!(guess(windows), Some(Encoding::Windows1258));
        assert_eq!(guess(b"na\xefve caf\xe9 \xfcber stra\xdfe"), None);
    }

    #[test]
    fn a_broken_letter_does_not_make_utf8_something_else() {
        let mut text = TEXT.as_bytes().to_vec();
        text.extend_from_slice(b" \xff ");
        assert_eq!(guess(&text), Some(Encoding::Utf8));
    }

    #[test]
    fn text_of_an_old_font_is_told_from_unicode() {
        assert_eq!(guess_text(TEXT), None);
        assert_eq!(guess_text("Tr\u{ad}êng tiÓu häc S¬n TÞnh"), Some(Encoding::Tcvn3));
        assert_eq!(guess_text("Tröôøng tieåu hoïc Sôn Tònh"), Some(Encoding::Vni));
        assert_eq!(guess_text("plain"), None);
    }
}
