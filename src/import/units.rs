//! Administrative units and the table of their changes, from files.
//!
//! ```no_run
//! use bandoso::import::units::{UnitReader, ValidTo};
//! # fn main() -> Result<(), bandoso::import::ImportError> {
//! let mut reader = UnitReader::new(ValidTo::Auto);
//! reader.read_units("communes.geojson", &include_bytes!("../../fixtures/communes_2025.geojson")[..])?;
//! reader.read_changes("changes.csv", &include_bytes!("../../fixtures/changes_2025.csv")[..])?;
//! assert_eq!(reader.units.len(), 96);
//! # Ok(())
//! # }
//! ```

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::changes::read_changes;
use super::input::{self, Format};
use super::scan::FeatureScanner;
use super::unit_file::read_unit;
use super::{FindingLog, ImportError};
use crate::engine::coverage::comparison_findings;
use crate::model::{Day, Finding, FindingKind, Invalid, Level, Unit, UnitChange};
use crate::store::UnitTable;

pub use super::unit_checks::{check_units, survey_units};

/// Largest file of units, unpacked.
pub const MAX_UNIT_FILE_BYTES: u64 = 1 << 30;
/// Largest unit in a file: the longest coast of Vietnam in full detail has some 5 MB.
pub const MAX_UNIT_BYTES: usize = 64 << 20;
/// Most units in one import: all of Vietnam before and after 2025 are some 15,000.
pub const MAX_UNITS: usize = 200_000;

/// What a file's `valid_to` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValidTo {
    /// The last day in force where it ends a month, the first day after it otherwise.
    #[default]
    Auto,
    /// The last day in force.
    Inclusive,
    /// The first day no longer in force.
    Exclusive,
}

impl ValidTo {
    /// Reads the option `--valid-to`.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        match text {
            "auto" => Ok(Self::Auto),
            "inclusive" => Ok(Self::Inclusive),
            "exclusive" => Ok(Self::Exclusive),
            text => Err(Invalid::new(parameter, format!("auto, inclusive or exclusive, found {text:?}"))),
        }
    }
}

/// Reads files of units and of changes into one set, no two of one identity.
pub struct UnitReader {
    /// The units read so far, ids 0.
    pub units: Vec<Unit>,
    /// The changes read so far.
    pub changes: Vec<UnitChange>,
    /// What is wrong with them.
    pub findings: FindingLog,
    valid_to: ValidTo,
    seen: HashSet<(Level, String, Option<Day>)>,
    seen_changes: HashMap<(String, String, Day), usize>,
}

impl UnitReader {
    /// A reader with nothing read yet.
    pub fn new(valid_to: ValidTo) -> Self {
        Self {
            units: Vec::new(),
            changes: Vec::new(),
            findings: FindingLog::default(),
            valid_to,
            seen: HashSet::new(),
            seen_changes: HashMap::new(),
        }
    }

    /// Reads a file of units (GeoJSON) or of changes (CSV), plain or gzip, by what is in it.
    pub fn read_file(&mut self, path: &Path) -> Result<(), ImportError> {
        let mut opened = input::open(path, MAX_UNIT_FILE_BYTES, Arc::new(AtomicU64::new(0)))?;
        let place = path.display().to_string();
        match input::format(path, &mut opened)? {
            Format::GeoJson => self.read_units(&place, opened),
            Format::Csv => self.read_changes(&place, opened),
        }
    }

    /// Reads units from GeoJSON. `place` names the file in findings; their lines are those on which the features begin.
    pub fn read_units(&mut self, place: &str, input: impl BufRead) -> Result<(), ImportError> {
        let mut scanner = FeatureScanner::new(input, MAX_UNIT_BYTES);
        let mut guessed = 0_u64;
        loop {
            let next = scanner.next().map_err(|error| ImportError::Unreadable {
                file: place.to_owned(),
                line: Some(error.line),
                cause: error.cause,
            })?;
            let Some((line, json)) = next else { break };
            match read_unit((line, json), self.valid_to) {
                Ok(read) => {
                    guessed += u64::from(read.inclusive_valid_to);
                    if read.unclosed_rings > 0 {
                        let message = format!(
                            "unit {}: {} rings do not end where they begin; they are closed with a straight line",
                            read.unit.code, read.unclosed_rings
                        );
                        self.find(FindingKind::InvalidRing, place, (Some(line), message));
                    }
                    self.add_unit(read.unit, place, line)?;
                }
                Err(fault) => self.findings.add(fault.at(place, Some(line))),
            }
        }
        if guessed > 0 {
            let message = format!(
                "{guessed} units have a valid_to that ends a month; it is read as the last day in force \
                 (--valid-to inclusive or exclusive says which it is)"
            );
            self.find(FindingKind::InclusiveValidTo, place, (None, message));
        }
        Ok(())
    }

    /// Reads a table of changes from CSV with the columns `old_code`, `new_code`, `share` and `new_valid_from` (or `date`).
    pub fn read_changes(&mut self, place: &str, input: impl BufRead) -> Result<(), ImportError> {
        for change in read_changes(place, input, &mut self.findings)? {
            let key = (change.old_code.clone(), change.new_code.clone(), change.date);
            match self.seen_changes.entry(key) {
                Entry::Occupied(known) => {
                    if let Some(known) = self.changes.get_mut(*known.get()) {
                        *known = change;
                    }
                }
                Entry::Vacant(free) => {
                    free.insert(self.changes.len());
                    self.changes.push(change);
                }
            }
        }
        Ok(())
    }

    /// Findings about the set as a whole, together with what a store already has: see [`check_units`] and [`survey_units`].
    pub fn check_against(&mut self, stored: &UnitTable) {
        let findings = check_units(&self.units, &self.changes, stored);
        self.findings.extend(findings);
        self.findings.extend(survey_units(&self.units, stored));
        self.findings.extend(comparison_findings(&self.units, &stored.units));
    }

    fn add_unit(&mut self, unit: Unit, place: &str, line: u64) -> Result<(), ImportError> {
        if self.units.len() >= MAX_UNITS {
            let cause = format!("more than {MAX_UNITS} units: divide the import");
            return Err(ImportError::Unreadable { file: place.to_owned(), line: Some(line), cause });
        }
        if self.seen.insert((unit.level, unit.code.clone(), unit.valid.from)) {
            self.units.push(unit);
            return Ok(());
        }
        let since = unit.valid.from.map_or_else(|| "an unknown day".to_owned(), |day| day.to_string());
        let message =
            format!("{} {} since {since} stood earlier in this import; left out", unit.level.name(), unit.code);
        self.find(FindingKind::DuplicateId, place, (Some(line), message));
        Ok(())
    }

    fn find(&mut self, kind: FindingKind, place: &str, (line, message): (Option<u64>, String)) {
        self.findings.add(Finding::new(kind, place, message).on_line(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Option<UnitReader> {
        let shared = std::env::var_os("BANDOSO_SHARED")
            .map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data").into(), std::path::PathBuf::from);
        let path = shared.join(file);
        if !path.exists() {
            assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
            println!("skipped: {} is missing", path.display());
            return None;
        }
        let mut reader = UnitReader::new(ValidTo::Auto);
        reader.read_file(&path).unwrap();
        Some(reader)
    }

    #[test]
    fn both_ways_of_writing_valid_to_give_the_same_last_day() {
        let day = |text| Day::parse("day", text).unwrap();
        for (file, units, findings) in [
            ("boundaries/quang_ngai_kon_tum_communes_before_2025-07.geojson", 273, 1),
            ("registry/communes_before_2025-07_schematic_from_registry.geojson", 270, 0),
        ] {
            let Some(reader) = read(file) else { return };
            assert_eq!(reader.units.len(), units, "{file}");
            assert_eq!(reader.findings.faults(), findings, "{file}");
            for unit in &reader.units {
                assert_eq!(unit.level, Level::Commune);
                assert!(unit.valid.contains(day("2025-06-30")) && !unit.valid.contains(day("2025-07-01")));
            }
        }
    }

    #[test]
    fn a_name_is_there_whether_or_not_the_file_has_it() {
        for file in
            ["boundaries/quang_ngai_communes_2025.geojson", "registry/communes_2025_schematic_from_registry.geojson"]
        {
            let Some(reader) = read(file) else { return };
            let unit = reader.units.iter().find(|unit| unit.code == "21025").unwrap();
            assert_eq!((unit.name.as_str(), unit.full_name.as_str()), ("Cẩm Thành", "Phường Cẩm Thành"));
            assert_eq!(unit.schematic, file.starts_with("registry"));
        }
    }

    #[test]
    fn every_line_of_the_table_of_changes_is_read_and_one_unit_is_divided() {
        let Some(reader) = read("mapping/commune_changes_2025.csv") else { return };
        assert_eq!((reader.changes.len(), reader.findings.faults()), (274, 0));
        let parts: Vec<_> = reader.changes.iter().filter(|change| !change.whole).collect();
        assert_eq!(parts.iter().map(|change| change.new_code.as_str()).collect::<Vec<_>>(), ["21136", "21157"]);
        assert!(parts.iter().all(|change| change.old_code == "21142" && change.date == Day(20_270)));
    }

    #[test]
    fn a_unit_that_stands_twice_is_stored_once_and_told() {
        let file = &include_bytes!("../../fixtures/provinces.geojson")[..];
        let mut reader = UnitReader::new(ValidTo::Auto);
        reader.read_units("a.geojson", file).unwrap();
        reader.read_units("b.geojson", file).unwrap();
        assert_eq!(reader.units.len(), 3);
        assert_eq!(reader.findings.counts().get(&FindingKind::DuplicateId), Some(&3));
        assert_eq!(reader.findings.kept().first().unwrap().place, "b.geojson");
    }

    #[test]
    fn a_file_cut_off_gives_its_line() {
        let text = "{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\"";
        let error = UnitReader::new(ValidTo::Auto).read_units("cut.geojson", text.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("cut.geojson:2: the file ends in the middle"), "{error}");
    }
}
