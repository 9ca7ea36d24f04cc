use serde::Serialize;

use crate::import::encoding::Encoding;
use crate::model::Invalid;

/// How a file is read, as far as the caller says; what is left out is guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReadOptions {
    /// Of text files and dBase tables; of spreadsheets the old font that they were typed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Between the columns of a CSV file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Name of a spreadsheet's sheet, or its number from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Row that has the columns' names, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u64>,
    /// Table of a `GeoPackage`, or layer of a file that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

/// Reads a delimiter: one ASCII character, or its name where it cannot be typed.
pub fn delimiter(parameter: &str, text: &str) -> Result<char, Invalid> {
    let mut chars = text.chars();
    match (text, chars.next(), chars.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(c), None) if c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '"' | '\n' | '\r') => Ok(c),
        _ => Err(Invalid::new(parameter, format!("one character such as ; or tab, found {text:?}"))),
    }
}
