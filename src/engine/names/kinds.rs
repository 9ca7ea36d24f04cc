//! Words before a name that say what a unit is: tỉnh, huyện, xã, and how senders shorten them.

use std::sync::LazyLock;

use super::fold::{plain, spelling};
use crate::model::Level;

/// A word that senders write before the name of a unit.
#[derive(Debug)]
pub(super) struct Kind {
    /// As it is written in full.
    pub name: &'static str,
    /// Levels whose units have it. A unit of another level may too: an island district without communes stands among communes.
    pub levels: &'static [Level],
    short: &'static [&'static str],
}

static KINDS: [Kind; 9] = [
    Kind { name: "tỉnh", levels: &[Level::Province], short: &["t"] },
    Kind { name: "thành phố", levels: &[Level::Province, Level::District], short: &["tp", "t p", "thanhpho"] },
    Kind { name: "huyện", levels: &[Level::District], short: &["h"] },
    Kind { name: "quận", levels: &[Level::District], short: &["q"] },
    Kind { name: "thị xã", levels: &[Level::District], short: &["tx", "t x", "thixa"] },
    Kind { name: "thị trấn", levels: &[Level::Commune], short: &["tt", "t t", "thitran"] },
    Kind { name: "đặc khu", levels: &[Level::Commune], short: &["dk", "d k", "dackhu"] },
    Kind { name: "phường", levels: &[Level::Commune], short: &["p", "f", "ph"] },
    Kind { name: "xã", levels: &[Level::Commune], short: &["x"] },
];

/// English words after a name.
const ENGLISH: [(&str, &[Level]); 7] = [
    ("province", &[Level::Province]),
    ("district", &[Level::District]),
    ("city", &[Level::Province, Level::District]),
    ("commune", &[Level::Commune]),
    ("ward", &[Level::Commune]),
    ("township", &[Level::Commune]),
    ("town", &[Level::District, Level::Commune]),
];

/// Plain form and spelling of a kind's words, one or two; no spelling of what is short.
struct Written {
    plain: Vec<String>,
    spelling: Option<Vec<String>>,
    kind: &'static Kind,
}

static WRITTEN: LazyLock<Vec<Written>> = LazyLock::new(|| {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut written: Vec<Written> = Vec::new();
    for kind in &KINDS {
        let in_full = Written { plain: words(&plain(kind.name)), spelling: Some(words(&spelling(kind.name))), kind };
        written.push(in_full);
        written.extend(kind.short.iter().map(|short| Written { plain: words(short), spelling: None, kind }));
    }
    // `thị xã` before `thị`, `t p` before `t`.
    written.sort_by_key(|written| std::cmp::Reverse(written.plain.len()));
    written
});

/// One way to read some words: a name, and what was said of its unit besides.
#[derive(Debug, Clone)]
pub(super) struct Reading<'a> {
    /// Spelled words of the name.
    pub name: &'a [String],
    /// The kind said.
    pub kind: Option<&'static Kind>,
    /// Levels that the unit may have by what was said.
    pub levels: &'a [Level],
}

/// The words of a text by their spelling.
pub(super) fn spelled_words(text: &str) -> Vec<String> {
    spelling(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// All ways to read spelled words as the name of a unit: as they are, and without a kind before or after them.
pub(super) fn readings(words: &[String]) -> Vec<Reading<'_>> {
    let mut readings = vec![Reading { name: words, kind: None, levels: &Level::ALL }];
    if let Some((kind, length)) = kind_at(words)
        && words.len() > length
    {
        readings.push(Reading { name: &words[length..], kind: Some(kind), levels: kind.levels });
    }
    if let Some((last, name)) = words.split_last()
        && let Some((_, levels)) = ENGLISH.iter().find(|(word, _)| plain(word) == plain(last))
        && !name.is_empty()
    {
        readings.push(Reading { name, kind: None, levels });
    }
    readings
}

/// The kind with which the words begin, and how many words it takes.
///
/// `tinh` may be a `tỉnh`, `Tịnh` is none: who writes accents must write the kind's.
pub(super) fn kind_at(words: &[String]) -> Option<(&'static Kind, usize)> {
    let is = |written: &Written| {
        let Some(first) = words.get(..written.plain.len()) else { return false };
        first.iter().enumerate().all(|(index, word)| {
            let form = plain(word);
            let as_spelled = written.spelling.as_ref().and_then(|spelling| spelling.get(index)) == Some(word);
            written.plain.get(index) == Some(&form) && (as_spelled || *word == form || word.is_ascii())
        })
    };
    WRITTEN.iter().find(|written| is(written)).map(|written| (written.kind, written.plain.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(&'static str, String)> {
        let words = spelled_words(text);
        let readings = readings(&words);
        readings.iter().find_map(|reading| Some((reading.kind?.name, plain(&reading.name.join(" ")))))
    }

    #[test]
    fn kinds_are_known_in_full_and_in_short() {
        for (text, kind, name) in [
            ("Xã Ba Tơ", "xã", "ba to"),
            ("xa ba to", "xã", "ba to"),
            ("X.Ba Tơ", "xã", "ba to"),
            ("P. Cẩm Thành", "phường", "cam thanh"),
            ("TP.Quảng Ngãi", "thành phố", "quang ngai"),
            ("T.P Quảng Ngãi", "thành phố", "quang ngai"),
            ("Thành  phố Quảng Ngãi", "thành phố", "quang ngai"),
            ("tx Đức Phổ", "thị xã", "duc pho"),
            ("thi xa duc pho", "thị xã", "duc pho"),
            ("TT. Ba Tơ", "thị trấn", "ba to"),
            ("Đặc khu Lý Sơn", "đặc khu", "li son"),
            ("H. Ba Tơ", "huyện", "ba to"),
            ("tỉnh Quảng Ngãi", "tỉnh", "quang ngai"),
        ] {
            assert_eq!(read(text), Some((kind, name.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_name_that_looks_like_a_kind_is_one_when_its_accents_say_so() {
        assert_eq!(read("Tịnh Kỳ"), None);
        assert_eq!(read("Tinh Ky"), Some(("tỉnh", "ki".to_owned())), "one of two readings");
        assert_eq!(read("Xã"), None);
    }
}
