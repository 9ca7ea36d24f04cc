//! The units that are built into the program.

use super::DemoError;
use crate::import::ImportError;
use crate::import::units::{UnitReader, ValidTo, check_units};
use crate::model::{Finding, Level, Unit, UnitChange, UnitId};
use crate::store::UnitTable;

/// Files of units in `fixtures/`.
const UNITS: [(&str, &str); 4] = [
    ("fixtures/provinces.geojson", include_str!("../../fixtures/provinces.geojson")),
    ("fixtures/districts_before_2025-07.geojson", include_str!("../../fixtures/districts_before_2025-07.geojson")),
    ("fixtures/communes_before_2025-07.geojson", include_str!("../../fixtures/communes_before_2025-07.geojson")),
    ("fixtures/communes_2025.geojson", include_str!("../../fixtures/communes_2025.geojson")),
];
const CHANGES: (&str, &str) = ("fixtures/changes_2025.csv", include_str!("../../fixtures/changes_2025.csv"));

/// The demonstration's units.
pub(super) struct Fixtures {
    /// Of all levels and dates, numbered from 1 in this order.
    pub(super) units: Vec<Unit>,
    /// Between units that are here.
    pub(super) changes: Vec<UnitChange>,
    /// Changes whose unit is not here, and whatever else is wrong.
    pub(super) findings: Vec<Finding>,
}

pub(super) fn fixtures() -> Result<Fixtures, DemoError> {
    let fault = |file| move |error: ImportError| DemoError::Fixture { file, cause: error.to_string() };
    let mut reader = UnitReader::new(ValidTo::Exclusive);
    for (file, text) in UNITS {
        reader.read_units(file, text.as_bytes()).map_err(fault(file))?;
    }
    let (file, text) = CHANGES;
    reader.read_changes(file, text.as_bytes()).map_err(fault(file))?;
    let mut findings = reader.findings.kept().to_vec();
    findings.extend(check_units(&reader.units, &reader.changes, &UnitTable::default()));
    let (mut units, mut changes) = (reader.units, reader.changes);
    for (unit, number) in units.iter_mut().zip(1..) {
        unit.id = UnitId(number);
    }
    // Three old communes have no cell. A store that knew of their change would report it for ever.
    let known = |code: &str| units.iter().any(|unit| unit.level == Level::Commune && unit.code == code);
    changes.retain(|change| known(&change.old_code) && known(&change.new_code));
    Ok(Fixtures { units, changes, findings })
}
