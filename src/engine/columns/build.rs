//! Makes columns of features that come in any order: values are taken in as they come, then all is put in the order of the keys.

use std::borrow::Cow;
use std::mem;
use std::sync::{Arc, OnceLock};

use hashbrown::HashTable;
use jiff::tz::TimeZone;
use rayon::prelude::*;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use super::{BLOCK, CodeSums, Column, Columns, LinkSets, NO_CODE, NO_DAY, Narrow, Numbers, Texts};
use crate::engine::morton::Cell;
use crate::model::{Bbox, Feature, FieldType, Instant, Layer, Value, World};

/// Features from which on it pays to use several cores for them.
const MANY: usize = 512;

/// Takes features in any order and makes columns of them.
pub struct ColumnsBuilder {
    places: Places,
    fields: Vec<Growing>,
    category: Option<usize>,
}

/// What a feature has besides the values of its fields, while it grows.
struct Places {
    keys: Vec<u64>,
    ids: Numbers,
    lons: Vec<f64>,
    lats: Vec<f64>,
    links: Narrow,
    link_sets: Arc<LinkSets>,
    days: Option<(usize, TimeZone, Numbers)>,
    bbox: Bbox,
    time_range: Option<(Instant, Instant)>,
    fingerprint: u64,
}

/// A column while it grows: texts still have their dictionary.
struct Growing {
    column: Column,
    known: HashTable<u32>,
    fingerprint: u64,
}

impl ColumnsBuilder {
    /// Columns for the layer's fields; days are of the zone.
    pub fn new(layer: &Layer, zone: &TimeZone) -> Self {
        Self::beside(layer, zone, Arc::default())
    }

    /// Columns beside others of the layer, which have these lists of units.
    pub fn beside(layer: &Layer, zone: &TimeZone, link_sets: Arc<LinkSets>) -> Self {
        let places = Places {
            keys: Vec::new(),
            ids: Numbers::default(),
            lons: Vec::new(),
            lats: Vec::new(),
            links: Narrow::default(),
            link_sets,
            days: layer.time.map(|field| (field, zone.clone(), Numbers::default())),
            bbox: Bbox::EMPTY,
            time_range: None,
            fingerprint: 0,
        };
        Self { places, fields: layer.fields.iter().map(Growing::new).collect(), category: layer.category }
    }

    /// Adds features. Values that do not fit the field's type are null: stores never give such.
    ///
    /// Where a layer is loaded this is most of the work: fields are taken in at the same time, on all cores.
    pub fn push(&mut self, features: &[Feature]) {
        let Self { places, fields, .. } = self;
        let take_in = |index: usize, field: &mut Growing| {
            for feature in features {
                field.take(feature.id, index, feature.values.get(index).unwrap_or(&Value::Null));
            }
        };
        if features.len() < MANY {
            for feature in features {
                places.push(feature);
            }
            fields.iter_mut().enumerate().for_each(|(index, field)| take_in(index, field));
            return;
        }
        rayon::join(
            || features.iter().for_each(|feature| places.push(feature)),
            || fields.par_iter_mut().enumerate().for_each(|(index, field)| take_in(index, field)),
        );
    }

    /// Sorts by key, then id, and gives the columns, with the lists of units of this part and those beside it.
    pub fn finish(self) -> (Columns, Arc<LinkSets>) {
        let Self { mut places, fields, category } = self;
        let ids = mem::take(&mut places.ids);
        let order = order_of(places.keys.iter().copied(), |row| ids.number(row as usize) as u64);
        // Few columns at a time, so that only those are held twice.
        let keys = sorted(mem::take(&mut places.keys), &order);
        let ids = ids.sorted(&order);
        let fingerprint = fields.iter().fold(places.fingerprint, |sum, field| sum.wrapping_add(field.fingerprint));
        let fields: Vec<Column> = fields.into_par_iter().map(|field| field.finish(&order)).collect();
        let (time, days) = match places.days {
            Some((field, zone, days)) => (Some((field, zone)), days.sorted(&order)),
            None => (None, Numbers::default()),
        };
        let main = category.and_then(|field| fields.get(field));
        let columns = Columns {
            samples: keys.iter().step_by(BLOCK).copied().collect(),
            sums: main.map_or_else(CodeSums::default, CodeSums::new),
            by_id: order_of((0..ids.len()).map(|row| ids.number(row) as u64), |_| 0),
            keys,
            ids,
            lons: sorted(places.lons, &order),
            lats: sorted(places.lats, &order),
            fields,
            links: places.links.sorted(&order),
            days,
            time,
            bbox: places.bbox,
            time_range: places.time_range,
            fingerprint,
            names: OnceLock::new(),
        };
        (columns, places.link_sets)
    }
}

impl Places {
    fn push(&mut self, feature: &Feature) {
        self.fingerprint = self.fingerprint.wrapping_add(place_print(feature));
        self.keys.push(Cell::from_world(World::from_lon_lat(feature.at)).key());
        self.ids.push(Some(feature.id as i64));
        self.lons.push(feature.at.lon);
        self.lats.push(feature.at.lat);
        self.bbox.extend(feature.at);
        // Shared with other parts: copied only when a list is new.
        let known = self.link_sets.find(&feature.units);
        let set = known.unwrap_or_else(|| Arc::make_mut(&mut self.link_sets).intern(&feature.units));
        self.links.push(u64::from(set));
        if let Some((field, zone, days)) = &mut self.days {
            let (day, instants) = match feature.values.get(*field) {
                Some(Value::Timestamp(instant)) => (instant.day(zone), Some((*instant, *instant))),
                Some(Value::Date(day)) => (*day, Some((day.start(zone), day.start(zone)))),
                _ => (NO_DAY, None),
            };
            days.push((day != NO_DAY).then_some(i64::from(day.0)));
            if let Some((from, to)) = instants {
                let (first, last) = self.time_range.unwrap_or((from, to));
                self.time_range = Some((first.min(from), last.max(to)));
            }
        }
    }
}

/// Rows in the order of their keys, where those are equal of their ids. Keys are sorted together with their rows: looked up for
/// each comparison they would be all over memory.
fn order_of(keys: impl Iterator<Item = u64>, id: impl Fn(u32) -> u64 + Sync) -> Vec<u32> {
    let mut order: Vec<(u64, u32)> = keys.zip(0..).collect();
    order.par_sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then_with(|| id(*one).cmp(&id(*other))));
    order.into_iter().map(|(_, row)| row).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "frees the unsorted column before the next one is sorted")]
fn sorted<T: Copy>(values: Vec<T>, order: &[u32]) -> Vec<T> {
    order.iter().map(|row| values[*row as usize]).collect()
}

/// A number that differs, but for one case in 2⁶⁴, when anything of the feature does. The feature's values fit its fields.
///
/// A sum over place and values, each with the id: so each column adds up its own, and a layer's is the sum of all.
pub fn fingerprint(feature: &Feature) -> u64 {
    let values = feature.values.iter().enumerate().map(|(field, value)| value_print(feature.id, field, value));
    values.fold(place_print(feature), u64::wrapping_add)
}

fn place_print(feature: &Feature) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&feature.id.to_le_bytes());
    hash.update(&feature.at.lon.to_bits().to_le_bytes());
    hash.update(&feature.at.lat.to_bits().to_le_bytes());
    for link in &feature.units {
        hash.update(&link.to_stored().to_le_bytes());
    }
    hash.digest()
}

fn value_print(id: u64, field: usize, value: &Value) -> u64 {
    let seed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(field as u64);
    match value {
        Value::Null => xxh3_64_with_seed(&[0], seed),
        Value::Text(text) => xxh3_64_with_seed(text.as_bytes(), seed ^ 1 << 32),
        Value::Integer(number) => xxh3_64_with_seed(&number.to_le_bytes(), seed),
        Value::Real(number) => xxh3_64_with_seed(&number.to_bits().to_le_bytes(), seed),
        Value::Boolean(truth) => xxh3_64_with_seed(&[2 + u8::from(*truth)], seed),
        Value::Date(day) => xxh3_64_with_seed(&day.0.to_le_bytes(), seed),
        Value::Timestamp(instant) => xxh3_64_with_seed(&instant.0.to_le_bytes(), seed),
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
                Column::Code { codes: Narrow::default(), texts }
            }
            FieldType::Text => Column::Text { codes: Vec::new(), texts },
            FieldType::Integer => Column::Integer(Numbers::default()),
            FieldType::Real => Column::Real(Vec::new()),
            FieldType::Boolean => Column::Boolean(Vec::new()),
            FieldType::Date => Column::Date(Numbers::default()),
            FieldType::Timestamp => Column::Timestamp(Numbers::default()),
        };
        Self { column, known, fingerprint: 0 }
    }

    fn take(&mut self, id: u64, field: usize, value: &Value) {
        let value = self.fitting(value);
        self.fingerprint = self.fingerprint.wrapping_add(value_print(id, field, &value));
        self.push(&value);
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
        match &mut self.column {
            Column::Text { codes, texts } => codes.push(code_of(known, texts, value)),
            // While they grow, one more than they are: so null is 0, whatever their width.
            Column::Code { codes, texts } => codes.push(u64::from(code_of(known, texts, value).wrapping_add(1))),
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
                Value::Date(day) => Some(i64::from(day.0)),
                _ => None,
            }),
            Column::Timestamp(instants) => instants.push(match value {
                Value::Timestamp(instant) => Some(instant.0),
                _ => None,
            }),
        }
    }

    fn finish(self, order: &[u32]) -> Column {
        match self.column {
            Column::Text { codes, texts } => text_column(sorted(codes, order), &texts),
            Column::Code { codes, mut texts } => {
                let codes = order.iter().map(|row| (codes.get(*row as usize) as u32).wrapping_sub(1));
                // Data with codes that no list knows.
                if texts.len() > usize::from(u16::MAX) {
                    return text_column(codes.collect(), &texts);
                }
                texts.shrink();
                // One width for the codes and for null, which is cut to the greatest number of that width.
                Column::Code { codes: Narrow::new(texts.len() as u64, codes.map(u64::from)), texts }
            }
            Column::Integer(numbers) => Column::Integer(numbers.sorted(order)),
            Column::Real(values) => Column::Real(sorted(values, order)),
            Column::Boolean(values) => Column::Boolean(sorted(values, order)),
            Column::Date(days) => Column::Date(days.sorted(order)),
            Column::Timestamp(instants) => Column::Timestamp(instants.sorted(order)),
        }
    }
}

fn text_column(mut codes: Vec<u32>, texts: &Texts) -> Column {
    let texts = texts.in_order_of(&mut codes);
    Column::Text { codes, texts }
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
