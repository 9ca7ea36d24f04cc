use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Classification, Clock, Day, Field, Invalid, Title, Value};

/// `department.layer`, such as `police.incidents`. Both halves are `[a-z][a-z0-9_]*`, so an id is also a safe table name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct LayerId(String);

impl LayerId {
    /// Longest id that is accepted, in bytes: both halves are SQL identifiers of at most 63.
    pub const MAX_BYTES: usize = 120;

    /// Reads `department.layer`.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        let word = |part: &str| {
            part.len() <= 60
                && part.starts_with(|first: char| first.is_ascii_lowercase())
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        match text.split_once('.') {
            Some((department, name)) if word(department) && word(name) => Ok(Self(text.to_owned())),
            _ => Err(Invalid::new(
                parameter,
                "a layer id \"department.layer\" of lower-case letters, digits and underscores, such as police.incidents",
            )),
        }
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The department's id: the schema of its tables.
    pub fn department(&self) -> &str {
        self.0.split_once('.').map_or("", |(department, _)| department)
    }

    /// The layer's own name: its table within the schema.
    pub fn name(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, name)| name)
    }
}

impl fmt::Display for LayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The shape of a layer's features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeometryKind {
    /// One position a feature.
    Point,
}

/// The zooms at which a layer has tiles, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoomRange {
    /// First zoom with tiles.
    pub min: u8,
    /// Last zoom with tiles.
    pub max: u8,
}

impl ZoomRange {
    /// Whether there are tiles of the zoom.
    pub fn contains(self, z: u8) -> bool {
        (self.min..=self.max).contains(&z)
    }
}

/// An existing PostGIS table or view that is a layer as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// `schema.table`.
    pub table: String,
    /// The column with a whole number unique to each row.
    pub key: String,
    /// The column with the points.
    pub geometry_column: String,
}

/// Where a layer's questions are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Residency {
    /// From columns in memory, loaded at the start and kept up to date.
    #[default]
    Memory,
    /// By the database, for layers too large for memory. Answers are the same, and take their time.
    Database,
}

/// A department's layer: what its features are and how they are shown. Checked when it is made from its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// `department.layer`.
    pub id: LayerId,
    /// Name for people.
    pub title: Title,
    /// Shape of its features.
    pub geometry: GeometryKind,
    /// Who may see it.
    pub classification: Classification,
    /// Index in `fields` of the time that `datetime` and dated joins use.
    pub time: Option<usize>,
    /// Index in `fields` of the main code field: colours and `count_<code>`.
    pub category: Option<usize>,
    /// Index in `fields` of the text that is a feature's name, by which people look for it.
    pub name: Option<usize>,
    /// Zooms with tiles.
    pub zoom: ZoomRange,
    /// Above this number of features a tile holds counts per grid cell.
    pub max_features: u32,
    /// Where it is an existing table.
    pub published: Option<Published>,
    /// Where its questions are answered.
    pub residency: Residency,
    /// Within how many days its owner promises to bring it up to date; none where nothing is promised.
    pub update_days: Option<u32>,
    /// `#rrggbb` where no code has a colour of its own.
    pub colour: String,
    /// Name of the drawing of its points: `circle`, `square`, `triangle`, `diamond`, `star` or `drop`.
    pub symbol: String,
    /// Its properties, in order.
    pub fields: Vec<Field>,
}

impl Layer {
    /// The field with the given name, and its index.
    pub fn field(&self, name: &str) -> Option<(usize, &Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// The time field.
    pub fn time_field(&self) -> Option<&Field> {
        self.time.and_then(|index| self.fields.get(index))
    }

    /// A feature's own date: the day of its time field in the clock's zone, today where it has none.
    pub fn own_day(&self, values: &[Value], clock: &Clock) -> Day {
        match self.time.and_then(|index| values.get(index)) {
            Some(Value::Timestamp(instant)) => instant.day(&clock.zone),
            Some(Value::Date(day)) => *day,
            _ => clock.today,
        }
    }

    /// The main code field.
    pub fn category_field(&self) -> Option<&Field> {
        self.category.and_then(|index| self.fields.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_id_is_always_a_safe_table_name() {
        for text in ["police", "police.", ".x", "Police.x", "a.b.c", "a.b;drop", "a.\"b\"", "1a.b", "a.é", ""] {
            assert!(LayerId::parse("layer", text).is_err(), "{text}");
        }
        let id = LayerId::parse("layer", "police.fire_water_sources").expect("a good id");
        assert_eq!((id.department(), id.name()), ("police", "fire_water_sources"));
    }
}
