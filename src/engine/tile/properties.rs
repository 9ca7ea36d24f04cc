use foldhash::{HashMap, HashMapExt};

use super::encode::{LayerEncoder, PropertyValue};
use super::points::PointsSource;
use crate::engine::as_of::Holdings;
use crate::engine::columns::{Column, Columns, Texts};
use crate::engine::unit_map::UnitMap;
use crate::model::Value;

/// Writes the properties of rows: the fields that the view sees, and the unit.
///
/// A text is written once a tile, found again by its dictionary code: no text is ever hashed.
pub struct Properties<'a> {
    columns: &'a Columns,
    fields: Vec<FieldWriter<'a>>,
    id_key: u32,
    units: UnitWriter<'a>,
}

struct FieldWriter<'a> {
    key: u32,
    column: &'a Column,
    written: Written,
}

/// Dictionary code → index of the value in the tile.
enum Written {
    /// `UNKNOWN` until written.
    Table(Vec<u32>),
    /// For dictionaries so much larger than the tile that clearing a table would cost more than it saves.
    Map(HashMap<u32, u32>),
}

struct UnitWriter<'a> {
    key: u32,
    holdings: Holdings<'a>,
    units: &'a UnitMap,
    written: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;
/// The feature has no such property.
const ABSENT: u32 = u32::MAX - 1;

impl<'a> Properties<'a> {
    /// Writers for the layer's visible fields. `rows` is about how many will be written.
    pub fn new(encoder: &mut LayerEncoder, source: &PointsSource<'a>, rows: usize) -> Self {
        let id_key = encoder.key("id");
        let fields = source.layer.fields.iter().zip(&source.columns.fields);
        let fields = fields
            .filter(|(field, _)| source.view.sees_field(field))
            .map(|(field, column)| FieldWriter {
                key: encoder.key(&field.name),
                column,
                written: Written::new(column.texts().map_or(0, Texts::len), rows),
            })
            .collect();
        let written = vec![UNKNOWN; source.communes.table().len()];
        let key = encoder.key("unit");
        let units = UnitWriter { key, holdings: source.communes, units: source.units, written };
        Self { columns: source.columns, fields, id_key, units }
    }

    /// Gives the feature to come the row's properties.
    pub fn write(&mut self, encoder: &mut LayerEncoder, row: usize) {
        let id = encoder.new_value(PropertyValue::Unsigned(self.columns.ids[row]));
        encoder.tag(self.id_key, id);
        for field in &mut self.fields {
            if let Some(value) = field.value(encoder, row) {
                encoder.tag(field.key, value);
            }
        }
        let slot = self.units.holdings.index(row);
        if self.units.written[slot] == UNKNOWN {
            self.units.written[slot] = self.units.value(encoder, slot);
        }
        if self.units.written[slot] != ABSENT {
            encoder.tag(self.units.key, self.units.written[slot]);
        }
    }
}

impl Written {
    fn new(texts: usize, rows: usize) -> Self {
        if texts <= rows * 4 + 64 { Self::Table(vec![UNKNOWN; texts]) } else { Self::Map(HashMap::new()) }
    }

    fn index(&mut self, code: u32, write: impl FnOnce() -> u32) -> u32 {
        match self {
            Self::Map(known) => *known.entry(code).or_insert_with(write),
            Self::Table(known) => {
                let index = &mut known[code as usize];
                if *index == UNKNOWN {
                    *index = write();
                }
                *index
            }
        }
    }
}

impl FieldWriter<'_> {
    fn value(&mut self, encoder: &mut LayerEncoder, row: usize) -> Option<u32> {
        if let Some(texts) = self.column.texts() {
            let code = self.column.code(row)?;
            return Some(self.written.index(code, || encoder.new_value(PropertyValue::Text(texts.text(code)))));
        }
        Some(match self.column.value(row) {
            Value::Null | Value::Text(_) => return None,
            Value::Integer(number) => encoder.value(PropertyValue::Signed(number)),
            Value::Real(number) => encoder.value(PropertyValue::Real(number)),
            Value::Boolean(truth) => encoder.value(PropertyValue::Boolean(truth)),
            Value::Date(day) => encoder.value(PropertyValue::Text(&day.to_string())),
            Value::Timestamp(instant) => encoder.value(PropertyValue::Text(&instant.to_string())),
        })
    }
}

impl UnitWriter<'_> {
    fn value(&self, encoder: &mut LayerEncoder, slot: usize) -> u32 {
        let unit = self.holdings.table()[slot].unit().and_then(|id| self.units.unit(id));
        unit.map_or(ABSENT, |unit| encoder.value(PropertyValue::Text(&unit.code)))
    }
}
