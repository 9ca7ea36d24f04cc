use geo_types::MultiPolygon;
use serde::Serialize;

use super::{Day, DayInterval, Invalid};

/// A store's own number for a unit: from 1, never reused within a store. The unit's identity for people is
/// (level, code, `valid.from`): codes alone were reused in 2025, and Lý Sơn's 536 was a district and stood in for a commune.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub i32);

/// Rank of an administrative unit, largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Tỉnh, thành phố trực thuộc trung ương.
    Province,
    /// Huyện, quận, thị xã, thành phố thuộc tỉnh (until 2025-06-30).
    District,
    /// Xã, phường, thị trấn, đặc khu.
    Commune,
}

impl Level {
    /// All levels, largest first.
    pub const ALL: [Self; 3] = [Self::Province, Self::District, Self::Commune];

    /// The level's name in files, tables and parameters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::District => "district",
            Self::Commune => "commune",
        }
    }

    /// Reads a level's name.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| Invalid::new(parameter, format!("province, district or commune, found {text:?}")))
    }
}

/// How a point belongs to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Inside, border included.
    Covered,
    /// Beyond all units, this one nearest and within 200 m.
    Near,
    /// In no unit and near none.
    Outside,
}

/// An administrative unit with the time for which its name, code and borders were in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// The store's number; 0 before a store has given it one.
    pub id: UnitId,
    /// Rank.
    pub level: Level,
    /// Official code, text: leading zeros count.
    pub code: String,
    /// Name without its kind: `Cẩm Thành`.
    pub name: String,
    /// Name with its kind: `Phường Cẩm Thành`.
    pub full_name: String,
    /// `xã`, `phường`, `đặc khu`, `huyện`, …
    pub kind: String,
    /// Code of the unit above, valid at the same time.
    pub parent: Option<String>,
    /// Days in force.
    pub valid: DayInterval,
    /// Its lines are a drawing, not a survey: say "sơ đồ / schematic" wherever they are shown.
    pub schematic: bool,
    /// Degrees WGS 84, exactly as published, invalid rings included.
    pub geometry: MultiPolygon<f64>,
}

impl Unit {
    /// What tells it from every other unit of any date; units are kept and told in its order.
    pub fn identity(&self) -> (Level, &str, Option<Day>) {
        (self.level, &self.code, self.valid.from)
    }
}

/// One line of a table of changes: an old unit went, whole or in part, into a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitChange {
    /// Code until the change.
    pub old_code: String,
    /// Code since the change.
    pub new_code: String,
    /// First day of the new unit.
    pub date: Day,
    /// The whole old unit went there, or a part of it.
    pub whole: bool,
}
