//! The properties of points: each value is written once a tile, and found again by its number, not by its text.

use foldhash::{HashMap, HashMapExt};

use super::encode::{LayerEncoder, PropertyValue};
use super::points::PointsSource;
use crate::engine::as_of::Answers;
use crate::engine::columns::{BLOCK, Column, Columns, Texts, by_width, code};
use crate::engine::parts::{Parts, Row};
use crate::engine::unit_map::UnitMap;
use crate::model::{FieldType, Value};

/// Finds the properties of rows: those asked for of the fields that the view sees, the id and the unit.
///
/// A block of rows at a time, and column by column, so that what a column is like is looked at once. A text is written once a tile,
/// found again by its dictionary code: no field's text is ever hashed where one part is drawn.
pub struct Properties<'a> {
    properties: Vec<Property<'a>>,
}

struct Property<'a> {
    key: u32,
    source: Source<'a>,
    /// The index of each row's value in the tile; `ABSENT` where it has none.
    values: [u32; BLOCK],
}

enum Source<'a> {
    Id,
    Field(Box<FieldWriter<'a>>),
    Unit(UnitWriter<'a>),
}

struct FieldWriter<'a> {
    /// Of each part.
    columns: Vec<(&'a Column, Written)>,
    /// Texts written so far, where several parts have dictionaries of their own.
    texts: Option<HashMap<&'a str, u32>>,
    /// Days, instants and whole numbers written so far, found again before they are formatted.
    numbers: Numbers,
}

/// Dictionary code → index of the value in the tile.
enum Written {
    /// `UNKNOWN` until written.
    Table(Vec<u32>),
    /// For dictionaries so much larger than the tile that clearing a table would cost more than it saves.
    Map(HashMap<u32, u32>),
}

struct UnitWriter<'a> {
    communes: &'a Answers,
    units: &'a UnitMap,
    written: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;
/// Instants for which room is made beforehand: a filter may leave few of very many rows.
const MOST_FORESEEN: usize = 1 << 14;
/// The feature has no such property.
const ABSENT: u32 = u32::MAX - 1;

impl<'a> Properties<'a> {
    /// Writers for the layer's visible fields. `rows` is about how many will be written.
    pub fn new(encoder: &mut LayerEncoder, source: &PointsSource<'a>, parts: &'a Parts, rows: usize) -> Self {
        let asked = |name: &str| source.fields.is_none_or(|fields| fields.iter().any(|field| field == name));
        let several = parts.count() > 1;
        let fields = source.layer.fields.iter().enumerate();
        let fields = fields.filter(|(_, field)| source.view.sees_field(field) && asked(&field.name));
        let fields = fields.map(|(index, field)| {
            let columns = parts.iter().filter_map(|part| part.columns.fields.get(index));
            let writer = FieldWriter {
                columns: columns.map(|column| (column, Written::new(column, rows))).collect(),
                texts: several.then(HashMap::new),
                numbers: Numbers::new(field.kind, rows),
            };
            (field.name.as_str(), Source::Field(Box::new(writer)))
        });
        let id = asked("id").then_some(("id", Source::Id));
        let unit = asked("unit").then(|| {
            let written = vec![UNKNOWN; source.communes.table().len()];
            ("unit", Source::Unit(UnitWriter { communes: source.communes, units: source.units, written }))
        });
        let all = id.into_iter().chain(fields).chain(unit);
        let property = |(name, source)| Property { key: encoder.key(name), source, values: [ABSENT; BLOCK] };
        Self { properties: all.map(property).collect() }
    }

    /// Finds the values of some rows, a block of them at most.
    pub fn find(&mut self, encoder: &mut LayerEncoder, parts: &Parts, rows: &[Row]) {
        for Property { source, values, .. } in &mut self.properties {
            let values = values.iter_mut().zip(rows);
            match source {
                Source::Id => {
                    values.for_each(|(value, row)| *value = encoder.new_value(PropertyValue::Unsigned(parts.id(*row))));
                }
                Source::Field(field) => field.find(encoder, values),
                Source::Unit(unit) => {
                    values.for_each(|(value, row)| *value = unit.value(encoder, parts.columns(*row), row.row as usize));
                }
            }
        }
    }

    /// Keys and values of one of the rows that were found last.
    pub fn tags(&self, index: usize) -> impl Iterator<Item = (u32, u32)> + Clone {
        let tags = self.properties.iter().map(move |property| (property.key, property.values[index]));
        tags.filter(|(_, value)| *value != ABSENT)
    }
}

impl Written {
    fn new(column: &Column, rows: usize) -> Self {
        let texts = column.texts().map_or(0, Texts::len);
        if texts <= rows * 4 + 64 { Self::Table(vec![UNKNOWN; texts]) } else { Self::Map(HashMap::new()) }
    }

    fn index(&mut self, code: u32, write: impl FnOnce() -> u32) -> u32 {
        match self {
            Self::Map(known) => *known.entry(code).or_insert_with(write),
            Self::Table(known) => table_index(known, code, write),
        }
    }
}

#[inline]
fn table_index(known: &mut [u32], code: u32, write: impl FnOnce() -> u32) -> u32 {
    let index = &mut known[code as usize];
    if *index == UNKNOWN {
        *index = write();
    }
    *index
}

impl FieldWriter<'_> {
    fn find<'v>(&mut self, encoder: &mut LayerEncoder, values: impl Iterator<Item = (&'v mut u32, &'v Row)>) {
        // Most fields are such: what they are like is looked at once, and nothing is called for a row.
        if let [(Column::Code { codes, texts }, Written::Table(known))] = &mut self.columns[..] {
            by_width!(codes, codes => values.for_each(|(value, row)| {
                *value = code(codes, row.row as usize).map_or(ABSENT, |code| {
                    table_index(known, code, || encoder.new_value(PropertyValue::Text(texts.text(code))))
                });
            }));
            return;
        }
        values.for_each(|(value, row)| *value = self.value(encoder, *row).unwrap_or(ABSENT));
    }

    fn value(&mut self, encoder: &mut LayerEncoder, Row { part, row }: Row) -> Option<u32> {
        let (column, written) = self.columns.get_mut(part as usize)?;
        let row = row as usize;
        if let Some(texts) = column.texts() {
            let code = column.code(row)?;
            let shared = &mut self.texts;
            return Some(written.index(code, || {
                let text = texts.text(code);
                let mut write = || encoder.new_value(PropertyValue::Text(text));
                match shared {
                    Some(known) => *known.entry(text).or_insert_with(write),
                    None => write(),
                }
            }));
        }
        Some(match column.value(row) {
            Value::Null | Value::Text(_) => return None,
            Value::Integer(number) => self.numbers.index(number, || encoder.value(PropertyValue::Signed(number))),
            Value::Real(number) => encoder.value(PropertyValue::Real(number)),
            Value::Boolean(truth) => encoder.value(PropertyValue::Boolean(truth)),
            Value::Date(day) => {
                let write = || encoder.new_value(PropertyValue::Text(&day.to_string()));
                self.numbers.index(i64::from(day.0), write)
            }
            Value::Timestamp(instant) => {
                self.numbers.index(instant.0, || encoder.new_value(PropertyValue::Text(&instant.to_string())))
            }
        })
    }
}

/// Number → index of the value in the tile.
struct Numbers {
    /// Of small numbers from 0: most numbers of people and things are.
    small: [u32; 64],
    others: HashMap<i64, u32>,
}

impl Numbers {
    /// Of a field of this type of so many rows.
    fn new(kind: FieldType, rows: usize) -> Self {
        // Hardly two features have an instant in common: a map that grew row by row would move them again and again.
        let unlike = if kind == FieldType::Timestamp { rows.min(MOST_FORESEEN) } else { 0 };
        Self { small: [UNKNOWN; 64], others: HashMap::with_capacity(unlike) }
    }

    fn index(&mut self, number: i64, write: impl FnOnce() -> u32) -> u32 {
        match usize::try_from(number).ok().and_then(|small| self.small.get_mut(small)) {
            Some(index) => {
                if *index == UNKNOWN {
                    *index = write();
                }
                *index
            }
            None => *self.others.entry(number).or_insert_with(write),
        }
    }
}

impl UnitWriter<'_> {
    fn value(&mut self, encoder: &mut LayerEncoder, columns: &Columns, row: usize) -> u32 {
        let slot = self.communes.index(columns, row);
        if self.written[slot] == UNKNOWN {
            let unit = self.communes.table()[slot].unit().and_then(|id| self.units.unit(id));
            self.written[slot] = unit.map_or(ABSENT, |unit| encoder.value(PropertyValue::Text(&unit.code)));
        }
        self.written[slot]
    }
}
