use serde::{Deserialize, Serialize};

use super::{Classification, Title};

/// What a field's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Unicode text, NFC.
    Text,
    /// A 64-bit whole number.
    Integer,
    /// A finite 64-bit number.
    Real,
    /// True or false.
    Boolean,
    /// A calendar day.
    Date,
    /// An instant, microseconds.
    Timestamp,
    /// One of the field's `codes`.
    Code,
}

impl FieldType {
    /// The type's name, as layer files and descriptions of tiles have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Code => "code",
        }
    }
}

/// One allowed value of a `code` field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The value as stored, lower-case ASCII.
    pub code: String,
    /// Vietnamese name.
    pub vi: String,
    /// English name.
    pub en: String,
    /// `#rrggbb`, where the map draws this code in a colour of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
}

/// A typed property of a layer's features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Name in tables, tiles and queries: `[a-z][a-z0-9_]*`.
    pub name: String,
    /// Name for people.
    pub title: Title,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Allowed values, of a `code` field only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Guards this field more than its layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<Classification>,
    /// Unit of measure for people, such as `m³`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Smallest number that is no mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest number that is no mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

impl Field {
    /// Whether a number may be one of its values.
    pub fn allows(&self, number: f64) -> bool {
        self.min.is_none_or(|min| min <= number) && self.max.is_none_or(|max| number <= max)
    }
}
