//! All units of all dates by id, with what became of them.

use std::collections::BTreeSet;

use foldhash::HashMap;
use xxhash_rust::xxh3::Xxh3;

use crate::model::{Day, Level, Unit, UnitChange, UnitId};

/// All units of all dates, looked up by id.
#[derive(Debug, Default)]
pub struct UnitMap {
    units: Vec<Unit>,
    /// Places in `units`. Ids are a store's own, and may be any.
    by_id: HashMap<UnitId, usize>,
    changes: Vec<UnitChange>,
    bounds: Vec<Day>,
    version: u64,
    joins: u64,
    fingerprint: u64,
}

impl UnitMap {
    /// From what a store knows. Units are kept in the order of level, code and first day.
    pub fn new(mut units: Vec<Unit>, changes: Vec<UnitChange>, version: u64) -> Self {
        units.sort_by(|a, b| a.identity().cmp(&b.identity()));
        let by_id = units.iter().enumerate().map(|(index, unit)| (unit.id, index)).collect();
        let mut bounds = BTreeSet::new();
        let (mut joins, mut names) = (Xxh3::new(), Xxh3::new());
        for unit in &units {
            bounds.extend(unit.valid.from);
            bounds.extend(unit.valid.to);
            feed(&mut joins, unit);
            let words = (&unit.name, &unit.full_name, &unit.kind, &unit.parent, unit.schematic);
            names.update(format!("{words:?}").as_bytes());
        }
        let joins = joins.digest();
        names.update(&joins.to_le_bytes());
        let (bounds, fingerprint) = (bounds.into_iter().collect(), names.digest());
        Self { units, by_id, changes, bounds, version, joins, fingerprint }
    }

    /// The unit with this id.
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.units.get(*self.by_id.get(&id)?)
    }

    /// All units, by level, code and first day.
    pub fn all(&self) -> &[Unit] {
        &self.units
    }

    /// The units of a level in force on a day, by code.
    pub fn valid(&self, level: Level, day: Day) -> impl Iterator<Item = &Unit> {
        self.units.iter().filter(move |unit| unit.level == level && unit.valid.contains(day))
    }

    /// The units of a level that have a code, at one time or another, by first day.
    pub fn of_code(&self, level: Level, code: &str) -> &[Unit] {
        let first = self.units.partition_point(|unit| (unit.level, unit.code.as_str()) < (level, code));
        let rest = self.units.get(first..).unwrap_or(&[]);
        let count = rest.iter().take_while(|unit| unit.level == level && unit.code == code).count();
        rest.get(..count).unwrap_or(&[])
    }

    /// The changes of units.
    pub fn changes(&self) -> &[UnitChange] {
        &self.changes
    }

    /// The days on which some unit's validity begins or ends, ascending: between two of them nothing changes.
    pub fn bounds(&self) -> &[Day] {
        &self.bounds
    }

    /// First days of units, ascending: the dates worth offering to people.
    pub fn dates(&self) -> Vec<Day> {
        let firsts: BTreeSet<Day> = self.units.iter().filter_map(|unit| unit.valid.from).collect();
        firsts.into_iter().collect()
    }

    /// The store's version of the units.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Changes with what decides which units hold a place: their levels, codes, days and borders.
    pub fn joins(&self) -> u64 {
        self.joins
    }

    /// Changes with anything of any unit.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

/// What of a unit decides what it holds.
fn feed(hash: &mut Xxh3, unit: &Unit) {
    hash.update(format!("{:?}", (unit.id.0, unit.level, &unit.code, unit.valid)).as_bytes());
    for coord in unit.geometry.iter().flat_map(|polygon| {
        polygon.exterior().coords().chain(polygon.interiors().iter().flat_map(geo_types::LineString::coords))
    }) {
        hash.update(&coord.x.to_bits().to_le_bytes());
        hash.update(&coord.y.to_bits().to_le_bytes());
    }
}
