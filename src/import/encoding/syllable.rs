//! Whether a word is spelled as Vietnamese syllables are: the statistic by which encodings are told apart.

use unicode_normalization::UnicodeNormalization;

const ONSETS: [&str; 28] = [
    "ngh", "ng", "nh", "gh", "gi", "kh", "ph", "qu", "th", "tr", "ch", "b", "c", "d", "đ", "g", "h", "k", "l", "m",
    "n", "p", "r", "s", "t", "v", "x", "",
];

/// Rimes without their tone.
const RIMES: &str = " a ac ach ai ak am an ang anh ao ap at au ay ă ăc ăk ăm ăn ăng ăp ăt â âc âk âm ân âng âp ât âu ây \
    e ec ek em en eng eo ep et ê êch êk êm ên êng ênh êp êt êu i ia ich im in inh ip it iu iê iêc iêm iên iêng iêp iêt iêu \
    o oc oi ok om on ong op ot oong ooc oa oac oach oai oam oan oang oanh oao oap oat oay oă oăc oăm oăn oăng oăt \
    oe oem oen oeo oet ô ôc ôi ôk ôm ôn ông ôp ôt ơ ơi ơk ơm ơn ơng ơp ơt u ua uc ui uk um un ung up ut uâ uân uâng uât uây \
    uê uêch uênh uô uôc uôi uôm uôn uông uôp uôt uơ uy uya uych uyên uyêt uyn uynh uyp uyt uyu \
    ư ưa ưc ưi ưm ưn ưng ưt ưu ươ ươc ươi ươm ươn ương ươp ươt ươu y yêm yên yêng yêt yêu ych yn ynh yt yu ";

/// Whether a word can be a syllable; any case, marks in any form.
pub(super) fn is_syllable(word: &str) -> bool {
    let mut tones = 0;
    let plain = word.nfd().filter(|c| {
        let is_tone = matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}');
        tones += usize::from(is_tone);
        !is_tone
    });
    let plain: String = plain.nfc().collect();
    let is_cased = plain.chars().skip(1).all(char::is_lowercase) || !plain.chars().any(char::is_lowercase);
    let plain = plain.to_lowercase();
    tones <= 1
        && is_cased
        && ONSETS.iter().any(|onset| {
            plain.strip_prefix(onset).is_some_and(|rime| !rime.is_empty() && RIMES.contains(&format!(" {rime} ")))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_syllables_are_told_from_what_other_encodings_make_of_them() {
        for word in ["Quảng", "Ngãi", "ĐỨC", "nghiêng", "Giếng", "quyết", "gì", "Ủy", "ước", "ổ", "Phổ", "khuỷu", "Đắk"]
        {
            assert!(is_syllable(word), "{word}");
        }
        for word in ["Qu¶ng", "Ngããi", "tröôøng", "tr\u{ad}êng", "quảngx", "b", "", "ngÃi", "Phoå", "häc"] {
            assert!(!is_syllable(word), "{word}");
        }
    }
}
