//! Encodings of text files: told by the caller, or guessed by what the text then looks like, and never silently.

mod guess;
mod syllable;
mod tcvn3;
mod transcode;
mod vni;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

pub(super) use guess::{GUESS_BYTES, guess, guess_text};
pub(super) use transcode::Transcoded;

use crate::model::Invalid;

/// How a text file stores its letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark; ASCII too.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1258: tone marks behind their letters.
    Windows1258,
    /// TCVN3 (ABC; fonts `.VnTime` and the like): TCVN 5712:1993, one byte a letter.
    Tcvn3,
    /// VNI Windows (fonts VNI-Times and the like): a letter and a mark.
    Vni,
    /// Windows-1252, of western Europe; read only where it is told.
    Windows1252,
}

impl Encoding {
    /// All that can be told.
    pub const ALL: [Self; 7] =
        [Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Windows1258, Self::Tcvn3, Self::Vni, Self::Windows1252];

    /// The name by which it is told and saved.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1258 => "windows-1258",
            Self::Tcvn3 => "tcvn3",
            Self::Vni => "vni",
            Self::Windows1252 => "windows-1252",
        }
    }

    /// Reads a name in the spellings that people use.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        let key: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        Ok(match key.as_str() {
            "utf8" | "unicode" | "ascii" | "65001" => Self::Utf8,
            "utf16" | "utf16le" => Self::Utf16Le,
            "utf16be" => Self::Utf16Be,
            "windows1258" | "cp1258" | "1258" => Self::Windows1258,
            "tcvn3" | "tcvn" | "abc" | "vntime" | "tcvn5712" | "tcvn57121" => Self::Tcvn3,
            "vni" | "vniwindows" | "vnitimes" => Self::Vni,
            "windows1252" | "cp1252" | "1252" | "latin1" | "iso88591" => Self::Windows1252,
            _ => {
                let known: Vec<&str> = Self::ALL.iter().map(|encoding| encoding.name()).collect();
                return Err(Invalid::new(parameter, format!("one of {}, found {text:?}", known.join(", "))));
            }
        })
    }

    /// Decodes bytes that are a whole; what cannot be read becomes U+FFFD.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16Le => encoding_rs::UTF_16LE.decode(bytes).0.into_owned(),
            Self::Utf16Be => encoding_rs::UTF_16BE.decode(bytes).0.into_owned(),
            Self::Windows1258 => encoding_rs::WINDOWS_1258.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Windows1252 => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Tcvn3 => tcvn3::decode(bytes),
            Self::Vni => vni::decode(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0),
        }
    }

    /// Text of an old font that some program took for western letters and saved as Unicode, as spreadsheets do: `Qu¶ng` in `.VnTime`
    /// is `Quảng`. Text of encodings that are no fonts is left as it is.
    pub(super) fn reread(self, text: &str) -> Cow<'_, str> {
        if text.is_ascii() {
            return Cow::Borrowed(text);
        }
        match self {
            Self::Tcvn3 => Cow::Owned(tcvn3::reread(text)),
            Self::Vni => Cow::Owned(vni::decode(text)),
            _ => Cow::Borrowed(text),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Encoding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Every letter of Vietnamese that is not ASCII, lower case: a vowel with each tone, and đ.
#[cfg(test)]
pub(super) fn letters() -> Vec<char> {
    use unicode_normalization::UnicodeNormalization;
    let tones = ["", "\u{300}", "\u{309}", "\u{303}", "\u{301}", "\u{323}"];
    let vowels = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"];
    let both = vowels.iter().flat_map(|vowel| tones.iter().map(move |tone| format!("{vowel}{tone}")));
    let composed = both.map(|text| text.nfc().collect::<String>());
    composed.filter(|text| !text.is_ascii()).filter_map(|text| text.chars().next()).chain(['đ']).collect()
}
