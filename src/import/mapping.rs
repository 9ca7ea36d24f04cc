//! A sender's way of writing, kept in a file: once corrected, it holds for every file that he sends.
//!
//! ```toml
//! x = "Kinh độ"
//! y = "Vĩ độ"
//! encoding = "tcvn3"
//! decimal = "comma"
//! dates = "day-first"
//! [fields]
//! id = "Mã số"
//! category = "Loại vụ"
//! [codes.category]
//! "Trộm cắp vặt" = "theft"
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::columns::KEY;
use super::features::FeatureOptions;
use super::read::delimiter;
use super::written::{DateOrder, Decimal};
use super::{Encoding, ReadOptions};
use crate::engine::coordinates::Order;
use crate::engine::crs::Crs;
use crate::model::{Invalid, Layer};

/// Largest file of a mapping.
pub const MAX_MAPPING_BYTES: usize = 1 << 20;

/// How the files of one sender become rows. What is left out is guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The layer that it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// Reference system of the positions, such as `EPSG:4326`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crs: Option<String>,
    /// Order of the two numbers of a position: `east-north` or `north-east`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xy: Option<String>,
    /// Column of the longitude, or of the easting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Column of the latitude, or of the northing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Encoding of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Between the columns: one character, or `tab`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// Sheet of a spreadsheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Row of the columns' names, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u64>,
    /// Table of a file that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Sign before decimals, in all columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Decimal>,
    /// Order of dates of numbers, in all columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
    /// Fields (or `id`, or `source_id`) and the columns that they are taken from.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Columns that no field is taken from, whatever they are called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
    /// Of code fields: the sender's words and the codes that they mean.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
}

impl Mapping {
    /// Reads a mapping file's text.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_MAPPING_BYTES {
            return Err(Invalid::new(parameter, format!("a file of at most {MAX_MAPPING_BYTES} bytes")));
        }
        toml::from_str(text).map_err(|error| Invalid::new(parameter, format!("a mapping in TOML: {error}")))
    }

    /// The mapping as a file.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// The options that it makes. Refuses fields and codes that the layer does not have.
    pub fn options(&self, parameter: &str, layer: &Layer) -> Result<FeatureOptions, Invalid> {
        if let Some(other) = self.layer.as_deref().filter(|id| *id != layer.id.as_str()) {
            return Err(Invalid::new(parameter, format!("a mapping for {}, found one for {other}", layer.id)));
        }
        let field = |name: &str| layer.fields.iter().find(|field| field.name == name);
        for name in self.fields.keys().filter(|name| !["id", KEY].contains(&name.as_str())).chain(self.codes.keys()) {
            if field(name).is_none() {
                return Err(Invalid::new(parameter, format!("fields of {}, found {name:?}", layer.id)));
            }
        }
        for (name, words) in &self.codes {
            let known =
                |code: &String| field(name).is_some_and(|field| field.codes.iter().any(|known| known.code == *code));
            if let Some((word, code)) = words.iter().find(|(_, code)| !known(code)) {
                return Err(Invalid::new(parameter, format!("a code of {name} for {word:?}, found {code:?}")));
            }
        }
        Ok(FeatureOptions {
            map: self.fields.iter().map(|(field, column)| (field.clone(), column.clone())).collect(),
            crs: self.crs.as_deref().map(|text| crs(parameter, text)).transpose()?,
            xy: self.xy.as_deref().map(|text| Order::parse(parameter, text)).transpose()?,
            x: self.x.clone(),
            y: self.y.clone(),
            read: ReadOptions {
                encoding: self.encoding.as_deref().map(|name| Encoding::parse(parameter, name)).transpose()?,
                delimiter: self.delimiter.as_deref().map(|text| delimiter(parameter, text)).transpose()?,
                sheet: self.sheet.clone(),
                header_row: self.header_row,
                table: self.table.clone(),
            },
            leave_out: self.leave_out.clone(),
            decimal: self.decimal,
            dates: self.dates,
            codes: self.codes.clone(),
            ..FeatureOptions::default()
        })
    }
}

fn crs(parameter: &str, text: &str) -> Result<Crs, Invalid> {
    Crs::parse(text).ok_or_else(|| Invalid::new(parameter, format!("a known reference system, found {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tests::layer;

    #[test]
    fn a_mapping_is_what_it_was_when_it_was_saved() {
        let text = "x = \"Kinh độ\"\nencoding = \"tcvn3\"\ndecimal = \"comma\"\n[fields]\nid = \"Mã\"\n[codes.category]\n\"Trộm vặt\" = \"theft\"\n";
        let mapping = Mapping::parse("--mapping", text).unwrap();
        assert_eq!(Mapping::parse("--mapping", &mapping.to_toml()), Ok(mapping.clone()));
        let options = mapping.options("--mapping", &layer()).unwrap();
        assert_eq!((options.x.as_deref(), options.decimal), (Some("Kinh độ"), Some(Decimal::Comma)));
        assert_eq!(options.read.encoding, Some(Encoding::Tcvn3));
    }

    #[test]
    fn what_a_layer_does_not_have_is_refused() {
        for text in [
            "layer = \"a.b\"",
            "[fields]\ncolour = \"x\"",
            "[codes.category]\nx = \"arson\"",
            "encoding = \"x\"",
            "delimiter = \"ab\"",
        ] {
            let mapping = Mapping::parse("--mapping", text).unwrap();
            assert!(mapping.options("--mapping", &layer()).is_err(), "{text}");
        }
        assert!(Mapping::parse("--mapping", "colour = 1").is_err());
    }
}
