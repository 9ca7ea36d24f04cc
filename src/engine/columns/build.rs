use std::borrow::Cow;
use std::mem;
use std::sync::Arc;

use hashbrown::HashTable;
use jiff::tz::TimeZone;
use rayon::prelude::*;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{BLOCK, CodeSums, Column, Columns, LinkSets, NO_CODE, NO_DAY, Numbers, Texts};
use crate::engine::morton::Cell;
use crate::model::{Bbox, Day, Feature, FieldType, Instant, Layer, Value, World};

/// Takes features in any order and makes columns of them.
pub struct ColumnsBuilder {
    keys: Vec<u64>,
    ids: Vec<u64>,
    lons: Vec<f64>,
    lats: Vec<f64>,
    fields: Vec<Growing>,
    links: Vec<u32>,
    link_sets: Arc<LinkSets>,
    category: Option<usize>,
    days: Option<(usize, TimeZone, Vec<Day>)>,
    bbox: Bbox,
    time_range: Option<(Instant, Instant)>,
    fingerprint: u64,
}

/// A column while it grows: texts still have their dictionary.
struct Growing {
    column: Column,
    known: HashTable<u32>,
}

impl ColumnsBuilder {
    /// Columns for the layer's fields; days are of the zone.
    pub fn new(layer: &Layer, zone: &TimeZone) -> Self {
        Self::beside(layer, zone, Arc::default())
    }

    /// Columns beside others of the layer, which have these lists of units.
    pub fn beside(layer: &Layer, zone: &TimeZone, link_sets: Arc<LinkSets>) -> Self {
        Self {
            keys: Vec::new(),
            ids: Vec::new(),
            lons: Vec::new(),
            lats: Vec::new(),
            fields: layer.fields.iter().map(Growing::new).collect(),
            links: Vec::new(),
            link_sets,
            category: layer.category,
            days: layer.time.map(|field| (field, zone.clone(), Vec::new())),
            bbox: Bbox::EMPTY,
            time_range: None,
            fingerprint: 0,
        }
    }

    /// Adds a feature. Values that do not fit the field's type are null: stores never give such.
    pub fn push(&mut self, feature: &Feature) {
        self.keys.push(Cell::from_world(World::from_lon_lat(feature.at)).key());
        self.ids.push(feature.id);
        self.lons.push(feature.at.lon);
        self.lats.push(feature.at.lat);
        self.bbox.extend(feature.at);
        let mut hash = hash_of(feature);
        for (index, field) in self.fields.iter_mut().enumerate() {
            let value = field.fitting(feature.values.get(index).unwrap_or(&Value::Null));
            feed(&mut hash, &value);
            field.push(&value);
        }
        self.fingerprint = self.fingerprint.wrapping_add(hash.digest());
        // Shared with other parts: copied only when a list is new.
        let known = self.link_sets.find(&feature.units);
        let set = known.unwrap_or_else(|| Arc::make_mut(&mut self.link_sets).intern(&feature.units));
        self.links.push(set);
        if let Some((field, zone, days)) = &mut self.days {
            let (day, instants) = match feature.values.get(*field) {
                Some(Value::Timestamp(instant)) => (instant.day(zone), Some((*instant, *instant))),
                Some(Value::Date(day)) => (*day, Some((day.start(zone), day.start(zone)))),
                _ => (NO_DAY, None),
            };
            days.push(day);
            if let Some((from, to)) = instants {
                let (first, last) = self.time_range.unwrap_or((from, to));
                self.time_range = Some((first.min(from), last.max(to)));
            }
        }
    }

    /// Number of features so far.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Sorts by key, then id, and gives the columns, with the lists of units of this part and those beside it.
    pub fn finish(mut self) -> (Columns, Arc<LinkSets>) {
        let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
        let (keys, ids) = (&self.keys, &self.ids);
        order.par_sort_unstable_by_key(|row| (keys[*row as usize], ids[*row as usize]));
        // Column by column, so that only one is held twice at a time.
        let keys = sorted(mem::take(&mut self.keys), &order);
        let ids = sorted(mem::take(&mut self.ids), &order);
        let mut by_id: Vec<u32> = (0..ids.len() as u32).collect();
        by_id.par_sort_unstable_by_key(|row| ids[*row as usize]);
        let fields: Vec<Column> = self.fields.into_iter().map(|field| field.finish(&order)).collect();
        let category = self.category.and_then(|field| fields.get(field));
        let columns = Columns {
            samples: keys.iter().step_by(BLOCK).copied().collect(),
            sums: category.map_or_else(CodeSums::default, CodeSums::new),
            keys,
            ids,
            by_id,
            lons: sorted(mem::take(&mut self.lons), &order),
            lats: sorted(mem::take(&mut self.lats), &order),
            fields,
            links: sorted(self.links, &order),
            days: self.days.map_or_else(Vec::new, |(_, _, days)| sorted(days, &order)),
            bbox: self.bbox,
            time_range: self.time_range,
            fingerprint: self.fingerprint,
        };
        (columns, self.link_sets)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "frees the unsorted column before the next one is sorted")]
fn sorted<T: Copy>(values: Vec<T>, order: &[u32]) -> Vec<T> {
    order.iter().map(|row| values[*row as usize]).collect()
}

/// A number that differs, but for one case in 2⁶⁴, when anything of the feature does. The feature's values fit its fields.
pub fn fingerprint(feature: &Feature) -> u64 {
    let mut hash = hash_of(feature);
    feature.values.iter().for_each(|value| feed(&mut hash, value));
    hash.digest()
}

/// Of id, place and units.
fn hash_of(feature: &Feature) -> Xxh3 {
    let mut hash = Xxh3::new();
    hash.update(&feature.id.to_le_bytes());
    hash.update(&feature.at.lon.to_bits().to_le_bytes());
    hash.update(&feature.at.lat.to_bits().to_le_bytes());
    for link in &feature.units {
        hash.update(&link.to_stored().to_le_bytes());
    }
    hash
}

fn feed(hash: &mut Xxh3, value: &Value) {
    match value {
        Value::Null => hash.update(&[0]),
        Value::Text(text) => {
            hash.update(&[1]);
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        Value::Integer(number) => hash.update(&number.to_le_bytes()),
        Value::Real(number) => hash.update(&number.to_bits().to_le_bytes()),
        Value::Boolean(truth) => hash.update(&[2 + u8::from(*truth)]),
        Value::Date(day) => hash.update(&day.0.to_le_bytes()),
        Value::Timestamp(instant) => hash.update(&instant.0.to_le_bytes()),
    }
}

impl Growing {
    fn new(field: &crate::model::Field) -> Self {
        let mut known = HashTable::new();
        let mut texts = Texts::default();
        let column = match field.kind {
            FieldType::Code => {
                for code in &field.codes {
                    intern(&mut known, &mut texts, &code.code);
                }
                Column::Code { codes: Vec::new(), texts }
            }
            FieldType::Text => Column::Text { codes: Vec::new(), texts },
            FieldType::Integer => Column::Integer(Numbers::default()),
            FieldType::Real => Column::Real(Vec::new()),
            FieldType::Boolean => Column::Boolean(Vec::new()),
            FieldType::Date => Column::Date(Vec::new()),
            FieldType::Timestamp => Column::Timestamp(Vec::new()),
        };
        Self { column, known }
    }

    /// The value as the column will give it back: null where it does not fit.
    fn fitting<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        let fits = match (&self.column, value) {
            (Column::Real(_), Value::Integer(number)) => return Cow::Owned(Value::Real(*number as f64)),
            (Column::Real(_), Value::Real(number)) => !number.is_nan(),
            (Column::Date(_), Value::Date(day)) => *day != NO_DAY,
            (Column::Timestamp(_), Value::Timestamp(instant)) => instant.0 != i64::MIN,
            (Column::Text { .. } | Column::Code { .. }, Value::Text(_))
            | (Column::Integer(_), Value::Integer(_))
            | (Column::Boolean(_), Value::Boolean(_)) => true,
            _ => false,
        };
        Cow::Borrowed(if fits { value } else { &Value::Null })
    }

    fn push(&mut self, value: &Value) {
        let known = &mut self.known;
        let mut overflow = None;
        match &mut self.column {
            Column::Text { codes, texts } => codes.push(code_of(known, texts, value)),
            Column::Code { codes, texts } => match code_of(known, texts, value) {
                NO_CODE => codes.push(u16::MAX),
                code if code < u32::from(u16::MAX) => codes.push(code as u16),
                code => overflow = Some(code),
            },
            Column::Integer(numbers) => numbers.push(match value {
                Value::Integer(number) => Some(*number),
                _ => None,
            }),
            Column::Real(values) => values.push(match value {
                Value::Real(number) => *number,
                _ => f64::NAN,
            }),
            Column::Boolean(values) => values.push(match value {
                Value::Boolean(truth) => u8::from(*truth),
                _ => 2,
            }),
            Column::Date(days) => days.push(match value {
                Value::Date(day) => *day,
                _ => NO_DAY,
            }),
            Column::Timestamp(instants) => instants.push(match value {
                Value::Timestamp(instant) => *instant,
                _ => Instant(i64::MIN),
            }),
        }
        if let Some(code) = overflow {
            self.widen(code);
        }
    }

    /// A code column with more distinct values than 16 bits hold (data with codes that no list knows) becomes a text column.
    fn widen(&mut self, last: u32) {
        if let Column::Code { codes, texts } = &mut self.column {
            let mut wide: Vec<u32> =
                codes.iter().map(|code| if *code == u16::MAX { NO_CODE } else { u32::from(*code) }).collect();
            wide.push(last);
            self.column = Column::Text { codes: wide, texts: mem::take(texts) };
        }
    }

    fn finish(self, order: &[u32]) -> Column {
        match self.column {
            Column::Text { codes, texts } => {
                let mut codes = sorted(codes, order);
                let texts = texts.in_order_of(&mut codes);
                Column::Text { codes, texts }
            }
            Column::Code { codes, mut texts } => {
                texts.shrink();
                Column::Code { codes: sorted(codes, order), texts }
            }
            Column::Integer(numbers) => Column::Integer(numbers.sorted(order)),
            Column::Real(values) => Column::Real(sorted(values, order)),
            Column::Boolean(values) => Column::Boolean(sorted(values, order)),
            Column::Date(days) => Column::Date(sorted(days, order)),
            Column::Timestamp(instants) => Column::Timestamp(sorted(instants, order)),
        }
    }
}

/// The text's index, added when it is new. The table holds indexes only and compares with the texts themselves: a column of
/// a million different titles would else be held twice while it is built.
fn intern(known: &mut HashTable<u32>, texts: &mut Texts, text: &str) -> u32 {
    let hash = xxh3_64(text.as_bytes());
    if let Some(code) = known.find(hash, |code| texts.text(*code) == text) {
        return *code;
    }
    let Some(code) = texts.push(text) else { return NO_CODE };
    known.insert_unique(hash, code, |code| xxh3_64(texts.text(*code).as_bytes()));
    code
}

fn code_of(known: &mut HashTable<u32>, texts: &mut Texts, value: &Value) -> u32 {
    match value {
        Value::Text(text) => intern(known, texts, text),
        _ => NO_CODE,
    }
}

impl Numbers<i64> {
    fn push(&mut self, number: Option<i64>) {
        let row = self.values.len();
        self.values.push(number.unwrap_or(0));
        if number.is_none() {
            self.nulls.resize(self.nulls.len().max(row / 64 + 1), 0);
            self.nulls[row / 64] |= 1 << (row % 64);
        }
    }

    fn sorted(&self, order: &[u32]) -> Self {
        let mut result = Self::default();
        result.values.reserve_exact(order.len());
        for row in order {
            result.push(self.value(*row as usize));
        }
        result
    }
}
