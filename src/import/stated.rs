//! The units that rows name themselves, and whether they are where they say.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::fault::Fault;
use super::position_columns::folded;
use super::record::Record;
use super::text::normal;
use super::values::shown;
use crate::engine::borders::label_of;
use crate::engine::locate::{NEAR_M, UnitIndex};
use crate::engine::names::{Resolved, UnitAsked, UnitNames};
use crate::engine::unit_map::UnitMap;
use crate::model::{Day, FindingKind, Invalid, Level, LonLat, Unit, UnitChange, UnitId};

/// Most texts whose units are remembered.
const MOST_REMEMBERED: usize = 50_000;
/// Most candidates that a finding names.
const MOST_NAMED: usize = 5;

const COMMUNES: [&str; 17] = [
    "xa",
    "xaphuong",
    "phuongxa",
    "xaphuongthitran",
    "phuong",
    "tenxa",
    "maxa",
    "maxaphuong",
    "tenxaphuong",
    "commune",
    "communecode",
    "communename",
    "communecode2025",
    "communename2025",
    "ward",
    "wardcode",
    "wardname",
];
const DISTRICTS: [&str; 9] = [
    "huyen",
    "quanhuyen",
    "huyenthixathanhpho",
    "huyenthixatp",
    "tenhuyen",
    "mahuyen",
    "district",
    "districtcode",
    "districtname",
];
const PROVINCES: [&str; 8] =
    ["tinh", "tinhthanh", "tinhthanhpho", "tentinh", "matinh", "province", "provincecode", "provincename"];
const UNITS: [&str; 6] = ["donvi", "donvihanhchinh", "unitcode", "unitname", "diaban", "dvhc"];

/// What is known of units, prepared when a file first names one.
pub(super) struct KnownUnits {
    map: UnitMap,
    prepared: OnceLock<(UnitNames, UnitIndex)>,
}

impl KnownUnits {
    pub fn new(units: Vec<Unit>, changes: Vec<UnitChange>) -> Self {
        Self { map: UnitMap::new(units, changes, 0), prepared: OnceLock::new() }
    }

    /// All of them.
    pub fn all(&self) -> &[Unit] {
        self.map.all()
    }

    fn prepared(&self) -> &(UnitNames, UnitIndex) {
        self.prepared.get_or_init(|| (UnitNames::new(&self.map), UnitIndex::new(self.map.all())))
    }

    /// Whether a unit covers a place.
    pub fn covers(&self, unit: UnitId, at: LonLat) -> bool {
        self.prepared().1.covers(unit, at)
    }

    fn name(&self, id: UnitId) -> String {
        self.map.unit(id).map_or_else(String::new, |unit| format!("{} ({})", unit.full_name, unit.code))
    }
}

/// The columns in which a file names units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct UnitColumns {
    /// The lowest level first; none where the column does not say which level.
    columns: Vec<(Option<Level>, usize)>,
}

impl UnitColumns {
    /// By the usual names, or those that the caller tells as `LEVEL=COL` or `COL`.
    pub fn find(names: &[String], told: &[String]) -> Result<Self, Invalid> {
        let levels = [Some(Level::Commune), Some(Level::District), Some(Level::Province), None];
        if told.is_empty() {
            let plain: Vec<String> = names.iter().map(|name| folded(name)).collect();
            let of = |known: &[&str]| known.iter().find_map(|known| plain.iter().position(|name| name == known));
            let found = [of(&COMMUNES), of(&DISTRICTS), of(&PROVINCES), of(&UNITS)];
            let mut columns: Vec<_> =
                levels.into_iter().zip(found).filter_map(|(level, column)| Some((level, column?))).collect();
            // A column of whatever unit says nothing beside one of communes.
            if columns.len() > 1 {
                columns.retain(|(level, _)| level.is_some());
            }
            return Ok(Self { columns });
        }
        let mut columns = Vec::new();
        for text in told {
            let (level, name) = match text.split_once('=') {
                Some((level, name)) => (Some(Level::parse("--unit", level.trim())?), name.trim()),
                None => (None, text.trim()),
            };
            let column = names.iter().position(|known| normal(known).to_lowercase() == name.to_lowercase());
            let missing = || Invalid::new("--unit", format!("a column of the file, found {name:?}"));
            columns.push((level, column.ok_or_else(missing)?));
        }
        columns.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
        Ok(Self { columns })
    }

    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// A fault of the unit that a row names, with the column and what it says there.
    pub fn blamed(&self, fault: Fault, record: &Record) -> Fault {
        let mut columns = self.columns.iter().map(|(_, column)| *column);
        let Some(column) = columns.find(|column| !record.cells.cell(*column).is_blank()) else { return fault };
        let name = record.columns.get(column).map_or("", String::as_str);
        fault.in_column(name, &record.cells.cell(column).text())
    }

    /// Whether the column is one of them.
    pub fn contains(&self, column: usize) -> bool {
        self.columns.iter().any(|(_, own)| *own == column)
    }
}

/// What a row says about its unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stated {
    /// Nothing, or the file has no such column.
    Nothing,
    /// One unit in force on the row's day.
    Unit(UnitId),
    /// Something that is no unit, or may be several: what is to be told unless the position decides.
    Unclear(Fault, Vec<UnitId>),
}

/// Reads units of rows; remembers what texts mean.
#[derive(Default)]
pub(super) struct StatedUnits {
    known: HashMap<(String, Day), Resolved>,
}

impl StatedUnits {
    /// What the record says, as of a day.
    pub fn read(&mut self, units: &KnownUnits, columns: &UnitColumns, record: &Record, day: Day) -> Stated {
        let said: Vec<(Option<Level>, String)> = columns
            .columns
            .iter()
            .map(|(level, column)| (*level, normal(&record.cells.cell(*column).text()).into_owned()))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        let Some((level, own)) = said.first() else { return Stated::Nothing };
        let whole = said.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(", ");
        let mut found = self.resolve(units, &whole, *level, day);
        if found == Resolved::None && said.len() > 1 {
            // Codes, or a unit above that is called otherwise.
            found = self.resolve(units, own, *level, day);
        }
        match found {
            Resolved::One { unit, .. } => Stated::Unit(unit),
            Resolved::Several(candidates) => {
                let names: Vec<String> = candidates.iter().take(MOST_NAMED).map(|id| units.name(*id)).collect();
                let more = if candidates.len() > MOST_NAMED { ", …" } else { "" };
                let message = format!("{} may be {}{more}", shown(&whole), names.join(", "));
                Stated::Unclear(Fault::new(FindingKind::AmbiguousUnit, message), candidates)
            }
            Resolved::None => {
                let message = format!("no unit in force on {day} is called {}", shown(&whole));
                Stated::Unclear(Fault::new(FindingKind::UnknownUnit, message), Vec::new())
            }
        }
    }

    fn resolve(&mut self, units: &KnownUnits, text: &str, level: Option<Level>, day: Day) -> Resolved {
        let key = (text.to_owned(), day);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let resolved = units.prepared().0.resolve(&units.map, UnitAsked { text, level, day });
        if self.known.len() >= MOST_REMEMBERED {
            self.known.clear();
        }
        self.known.insert(key, resolved.clone());
        resolved
    }
}

impl Stated {
    /// What is to be told of a row at this place. Within 200 m of its unit it is where it says.
    pub fn fault(&self, units: &KnownUnits, at: LonLat) -> Option<Fault> {
        let index = &units.prepared().1;
        match self {
            Self::Nothing => None,
            Self::Unclear(_, candidates) if candidates.iter().any(|unit| index.covers(*unit, at)) => None,
            Self::Unclear(fault, _) => Some(fault.clone()),
            Self::Unit(unit) if index.covers(*unit, at) => None,
            Self::Unit(unit) => {
                let away_m = index.distance_m(*unit, at)?;
                if away_m <= NEAR_M {
                    return None;
                }
                let message = format!(
                    "the position is {:.1} km outside {}; stored where it is",
                    away_m / 1000.0,
                    units.name(*unit)
                );
                Some(Fault::new(FindingKind::UnitDisagrees, message))
            }
        }
    }

    /// Why it is not plain which unit is meant.
    pub fn unclear(self) -> Option<Fault> {
        if let Self::Unclear(fault, _) = self { Some(fault) } else { None }
    }

    /// The middle of the unit, where it is plain which one is meant.
    pub fn centre(&self, units: &KnownUnits) -> Option<LonLat> {
        match self {
            Self::Unit(unit) => units.map.unit(*unit).and_then(label_of),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str], told: &[&str]) -> Result<Vec<(Option<Level>, usize)>, Invalid> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        UnitColumns::find(&owned(names), &owned(told)).map(|found| found.columns)
    }

    #[test]
    fn columns_of_units_are_known_by_their_usual_names_or_told() {
        let (commune, district, province) = (Some(Level::Commune), Some(Level::District), Some(Level::Province));
        assert_eq!(
            columns(&["id", "Huyện", "Xã/Phường", "Tỉnh"], &[]),
            Ok(vec![(commune, 2), (district, 1), (province, 3)])
        );
        assert_eq!(columns(&["Đơn vị", "b"], &[]), Ok(vec![(None, 0)]));
        assert_eq!(columns(&["Đơn vị", "Mã xã"], &[]), Ok(vec![(commune, 1)]));
        assert_eq!(columns(&["a", "B"], &["province=a", "commune=b"]), Ok(vec![(commune, 1), (province, 0)]));
        assert_eq!(columns(&["a"], &["b"]).unwrap_err().parameter, "--unit");
        assert_eq!(columns(&["a"], &["village=a"]).unwrap_err().parameter, "--unit");
        assert_eq!(columns(&["a", "b"], &[]), Ok(vec![]));
    }
}
