//! The keys of a table's rows, written once each: a table has few keys and many rows.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::row::{escaped_members, written};
use crate::atlas::UnitMap;
use crate::model::{By, CountKey, Day, Unit};

/// What is written of each key.
pub struct KeyTexts<'a> {
    by: &'a [By],
    units: &'a UnitMap,
    known: HashMap<(usize, CountKey), Texts>,
}

/// A key in a row and in an address.
struct Texts {
    /// Members of a JSON object, commas between them.
    members: String,
    /// Members of a row in an address, escaped.
    escaped: String,
}

impl<'a> KeyTexts<'a> {
    /// None is known yet.
    pub fn new(by: &'a [By], units: &'a UnitMap) -> Self {
        Self { by, units, known: HashMap::new() }
    }

    /// Adds the keys of a row as members of an object.
    pub fn add_members(&mut self, keys: &[CountKey], out: &mut String) {
        self.add(keys, (",", |texts| &texts.members), out);
    }

    /// Adds the keys of a row as an address has them.
    pub fn add_escaped(&mut self, keys: &[CountKey], out: &mut String) {
        out.push_str("%7B");
        self.add(keys, (",", |texts| &texts.escaped), out);
        out.push_str("%7D");
    }

    fn add(&mut self, keys: &[CountKey], (between, pick): (&str, fn(&Texts) -> &String), out: &mut String) {
        for (index, (by, key)) in self.by.iter().zip(keys).enumerate() {
            out.push_str(if index > 0 { between } else { "" });
            let units = self.units;
            let texts = self.known.entry((index, key.clone())).or_insert_with(|| texts(by, key, units));
            out.push_str(pick(texts));
        }
    }
}

fn texts(by: &By, key: &CountKey, units: &UnitMap) -> Texts {
    let mut members = Map::from_iter([(by.name().to_owned(), written(by, key, units))]);
    if let Some(unit) = unit_of(key, units) {
        members.insert(format!("{}_name", by.name()), unit.full_name.as_str().into());
        members.insert(format!("{}_valid_from", by.name()), first_day(unit).into());
    }
    let object = Value::Object(members).to_string();
    let members = object.strip_prefix('{').and_then(|object| object.strip_suffix('}')).unwrap_or("").to_owned();
    Texts { members, escaped: escaped_members(by, key, units) }
}

/// The unit of a key, where it is one.
pub fn unit_of<'a>(key: &CountKey, units: &'a UnitMap) -> Option<&'a Unit> {
    match key {
        CountKey::Unit(id) => units.unit(*id),
        _ => None,
    }
}

/// The first day of a unit, where it is known.
pub fn first_day(unit: &Unit) -> Option<String> {
    unit.valid.from.as_ref().map(Day::to_string)
}
