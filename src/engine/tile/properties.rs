use super::encode::{LayerEncoder, PropertyValue};
use crate::engine::as_of::Holdings;
use crate::engine::columns::{Column, Columns};
use crate::engine::unit_map::UnitMap;
use crate::model::{Layer, Value, View};

/// Writes the properties of rows: the fields that the view sees, and the unit.
///
/// Texts are looked up by their dictionary code, so that a text is hashed at most once a tile, however many features have it.
pub struct Properties<'a> {
    columns: &'a Columns,
    fields: Vec<FieldWriter<'a>>,
    id_key: u32,
    units: UnitWriter<'a>,
}

struct FieldWriter<'a> {
    key: u32,
    column: &'a Column,
    /// Dictionary code → value index, `UNKNOWN` until written; empty where the dictionary is larger than the tile.
    written: Vec<u32>,
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
    pub fn new(
        encoder: &mut LayerEncoder,
        (layer, columns): (&Layer, &'a Columns),
        (units, holdings): (&'a UnitMap, Holdings<'a>),
        (view, rows): (View, usize),
    ) -> Self {
        let id_key = encoder.key("id");
        let fields = layer.fields.iter().zip(&columns.fields).filter(|(field, _)| view.sees_field(field));
        let fields = fields
            .map(|(field, column)| {
                let size = column.texts().map_or(0, crate::engine::columns::Texts::len);
                // A table much larger than the tile would cost more to clear than it saves.
                let written = if size <= rows * 4 + 64 { vec![UNKNOWN; size] } else { Vec::new() };
                FieldWriter { key: encoder.key(&field.name), column, written }
            })
            .collect();
        let written = vec![UNKNOWN; holdings.table().len()];
        let key = encoder.key("unit");
        Self { columns, fields, id_key, units: UnitWriter { key, holdings, units, written } }
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

impl FieldWriter<'_> {
    fn value(&mut self, encoder: &mut LayerEncoder, row: usize) -> Option<u32> {
        if let Some(texts) = self.column.texts() {
            let code = self.column.code(row)?;
            return Some(match self.written.get_mut(code as usize) {
                Some(written) => {
                    if *written == UNKNOWN {
                        *written = encoder.value(PropertyValue::Text(texts.text(code)));
                    }
                    *written
                }
                None => encoder.value(PropertyValue::Text(texts.text(code))),
            });
        }
        Some(match self.column.value(row) {
            Value::Null => return None,
            Value::Text(text) => encoder.value(PropertyValue::Text(&text)),
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
