use foldhash::{HashMap, HashMapExt};
use jiff::tz::TimeZone;

use super::as_of::{Answers, Holding};
use super::columns::{BLOCK, Column, Columns};
use super::parts::{Bits, Parts};
use super::select::Selected;
use super::unit_map::UnitMap;
use crate::model::{CountKey, CountRow, Day, Instant, Layer};

/// What a count is asked of.
#[derive(Clone, Copy)]
pub struct CountSource<'a> {
    /// What the layer is.
    pub layer: &'a Layer,
    /// The units of all dates.
    pub units: &'a UnitMap,
    /// The zone of days and months.
    pub zone: &'a TimeZone,
}

/// What a count is broken down by.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// The units of these answers.
    Unit(&'a Answers),
    /// Codes of the layer's main field.
    Category,
    /// Months of the layer's time field.
    Month,
}

/// Counts the selected rows by the keys: exact, every row in one line of the table. Lines are in the order of their keys:
/// units by code, then `near`, then `outside`; codes in the field's order, then null.
pub fn count(source: &CountSource<'_>, by: &[Key<'_>], selected: &Selected<'_>) -> (u64, Vec<CountRow>) {
    let keyers: Vec<Keyer<'_>> = by.iter().map(|key| Keyer::new(source, *key, selected.parts())).collect();
    if keyers.is_empty() {
        let rows = selected.iter().map(|(_, selection)| selection.count(0..selection.columns().len()));
        return (rows.sum(), Vec::new());
    }
    let size: Option<usize> = keyers.iter().try_fold(1_usize, |size, keyer| size.checked_mul(keyer.size()));
    let mut tally = Tally::new(size);
    for (part, selection) in selected.iter() {
        let columns = selection.columns();
        let slotters: Vec<(usize, Slotter<'_>)> =
            keyers.iter().map(|keyer| (keyer.size(), keyer.slotter(part as usize, columns))).collect();
        let mut slots = [0_u64; BLOCK];
        for block in 0..columns.len().div_ceil(BLOCK) {
            let first = block * BLOCK;
            let slots = &mut slots[..BLOCK.min(columns.len() - first)];
            let word = selection.word(block) & (u64::MAX >> (BLOCK - slots.len()));
            if word == 0 {
                continue;
            }
            slots.fill(0);
            for (size, slotter) in &slotters {
                slotter.add(columns, first, (*size as u64, slots));
            }
            Bits(word).for_each(|bit| tally.add(slots[bit]));
        }
    }
    lines(source, &keyers, tally)
}

/// Largest table of counts that is kept as an array, in slots.
const MOST_SLOTS: usize = 1 << 20;

/// Counts by slot: an array where it is small, else a map.
enum Tally {
    Array(Vec<u64>),
    Map(HashMap<u64, u64>),
}

impl Tally {
    fn new(size: Option<usize>) -> Self {
        match size {
            Some(size) if size <= MOST_SLOTS => Self::Array(vec![0; size]),
            _ => Self::Map(HashMap::new()),
        }
    }

    fn add(&mut self, slot: u64) {
        match self {
            Self::Array(counts) => counts[slot as usize] += 1,
            Self::Map(counts) => *counts.entry(slot).or_insert(0) += 1,
        }
    }

    fn into_counts(self) -> Vec<(u64, u64)> {
        match self {
            Self::Array(counts) => {
                counts.into_iter().enumerate().filter(|(_, n)| *n > 0).map(|(slot, n)| (slot as u64, n)).collect()
            }
            Self::Map(counts) => counts.into_iter().collect(),
        }
    }
}

/// Slots of different index may have one key (a unit is reached through many sets of links): they are added up.
fn lines(source: &CountSource<'_>, keyers: &[Keyer<'_>], tally: Tally) -> (u64, Vec<CountRow>) {
    let mut total = 0;
    let mut counts: HashMap<Vec<CountKey>, u64> = HashMap::new();
    for (slot, count) in tally.into_counts() {
        let mut rest = slot;
        let mut keys: Vec<CountKey> = Vec::with_capacity(keyers.len());
        for keyer in keyers.iter().rev() {
            keys.push(keyer.key((rest % keyer.size() as u64) as usize));
            rest /= keyer.size() as u64;
        }
        keys.reverse();
        total += count;
        *counts.entry(keys).or_insert(0) += count;
    }
    let mut rows: Vec<CountRow> = counts.into_iter().map(|(keys, count)| CountRow { keys, count }).collect();
    sort(source, &mut rows);
    (total, rows)
}

/// Puts lines in the order of their keys.
pub fn sort(source: &CountSource<'_>, rows: &mut [CountRow]) {
    rows.sort_by_cached_key(|row| row.keys.iter().map(|key| rank(source, key)).collect::<Vec<_>>());
}

/// A key's place in the order of lines.
fn rank(source: &CountSource<'_>, key: &CountKey) -> (u8, usize, String) {
    match key {
        CountKey::Unit(id) => {
            let unit = source.units.unit(*id);
            let from = unit
                .and_then(|unit| unit.valid.from)
                .map_or(0, |day| (i64::from(day.0) - i64::from(i32::MIN)) as usize);
            (0, 0, unit.map_or_else(String::new, |unit| format!("{}\u{0}{from:020}", unit.code)))
        }
        CountKey::Code(code) => {
            let codes = source.layer.category_field().map_or(&[][..], |field| &field.codes);
            (0, codes.iter().position(|listed| listed.code == *code).unwrap_or(usize::MAX), code.clone())
        }
        CountKey::Month(month) => (0, 0, month.clone()),
        CountKey::Near => (1, 0, String::new()),
        CountKey::Outside => (2, 0, String::new()),
        CountKey::Null => (3, 0, String::new()),
    }
}

/// Gives each row a small number, the same in every part, and each number its key.
enum Keyer<'a> {
    /// Numbers of keys by place in the table of answers: many answers are one unit.
    Unit { answers: &'a Answers, keys: Vec<CountKey>, slots: Vec<u32> },
    /// Codes met in any part, and for each part its dictionary's place in them.
    Code { field: Option<usize>, codes: Vec<String>, slots: Vec<Vec<u32>> },
    /// Months by a table of all days between the first and the last.
    Month { first: i32, months: Vec<u32>, names: Vec<String> },
}

/// A keyer of one part.
enum Slotter<'a> {
    Unit { answers: &'a Answers, slots: &'a [u32] },
    Code { column: Option<&'a Column>, slots: &'a [u32] },
    Month { days: &'a [Day], first: i32, months: &'a [u32] },
}

impl<'a> Keyer<'a> {
    fn new(source: &CountSource<'_>, key: Key<'a>, parts: &Parts) -> Self {
        match key {
            Key::Unit(answers) => Self::units(answers),
            Key::Category => Self::codes(source.layer.category, parts),
            Key::Month => Self::months(source.zone, parts.time_range()),
        }
    }

    fn units(answers: &'a Answers) -> Self {
        let mut keys: Vec<CountKey> = Vec::new();
        let mut known = HashMap::new();
        let slot = |holding: &Holding| {
            let key = match holding {
                Holding::Covered(id) => CountKey::Unit(*id),
                Holding::Near(_) => CountKey::Near,
                Holding::Outside => CountKey::Outside,
            };
            *known.entry(key.clone()).or_insert_with(|| {
                keys.push(key);
                keys.len() as u32 - 1
            })
        };
        let slots = answers.table().iter().map(slot).collect();
        Self::Unit { answers, keys, slots }
    }

    fn codes(field: Option<usize>, parts: &Parts) -> Self {
        let mut codes: Vec<String> = Vec::new();
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut slots = Vec::new();
        for part in parts.iter() {
            let texts = field.and_then(|field| part.columns.fields.get(field)).and_then(Column::texts);
            let texts = texts.into_iter().flat_map(|texts| (0..texts.len() as u32).map(|index| texts.text(index)));
            let slot = |text: &str| {
                *known.entry(text.to_owned()).or_insert_with(|| {
                    codes.push(text.to_owned());
                    codes.len() as u32
                })
            };
            slots.push(texts.map(slot).collect());
        }
        Self::Code { field, codes, slots }
    }

    fn months(zone: &TimeZone, range: Option<(Instant, Instant)>) -> Self {
        let (first, last) = range.map_or((0, -1), |(first, last)| (first.day(zone).0, last.day(zone).0));
        let mut names: Vec<String> = Vec::new();
        let mut months = Vec::new();
        for number in first..=last {
            let date = Day(number).to_date();
            if names.is_empty() || date.day() == 1 {
                names.push(format!("{:04}-{:02}", date.year(), date.month()));
            }
            months.push(names.len() as u32);
        }
        Self::Month { first, months, names }
    }

    fn size(&self) -> usize {
        match self {
            Self::Unit { keys, .. } => keys.len().max(1),
            Self::Code { codes, .. } => codes.len() + 1,
            Self::Month { names, .. } => names.len() + 1,
        }
    }

    fn slotter<'s>(&'s self, part: usize, columns: &'s Columns) -> Slotter<'s> {
        match self {
            Self::Unit { answers, slots, .. } => Slotter::Unit { answers, slots },
            Self::Code { field, slots, .. } => Slotter::Code {
                column: field.and_then(|field| columns.fields.get(field)),
                slots: slots.get(part).map_or(&[], Vec::as_slice),
            },
            Self::Month { first, months, .. } => Slotter::Month { days: &columns.days, first: *first, months },
        }
    }

    /// The key of a number; 0 is null for codes and months.
    fn key(&self, slot: usize) -> CountKey {
        match self {
            Self::Unit { keys, .. } => keys.get(slot).cloned().unwrap_or(CountKey::Outside),
            Self::Code { codes, .. } => slot
                .checked_sub(1)
                .and_then(|code| codes.get(code))
                .map_or(CountKey::Null, |code| CountKey::Code(code.clone())),
            Self::Month { names, .. } => slot
                .checked_sub(1)
                .and_then(|month| names.get(month))
                .map_or(CountKey::Null, |name| CountKey::Month(name.clone())),
        }
    }
}

impl Slotter<'_> {
    /// Adds its number to the slots of the rows from `first` on, after making room for it: slots × size + number. Column by
    /// column, not row by row: 64 rows at once cost a third of 64 rows one by one.
    fn add(&self, columns: &Columns, first: usize, (size, slots): (u64, &mut [u64])) {
        let count = slots.len();
        let rows = first..first + count;
        let mut put = |index: usize, number: u32| slots[index] = slots[index] * size + u64::from(number);
        match self {
            Self::Unit { answers, slots: numbers } => {
                let mut indexes = [0; BLOCK];
                let indexes = &mut indexes[..rows.len()];
                answers.indexes(columns, first, indexes);
                indexes.iter().enumerate().for_each(|(row, index)| put(row, numbers[*index as usize]));
            }
            Self::Code { column: Some(Column::Code { codes, .. }), slots: numbers } => {
                // Null is beyond the dictionary.
                let number = |code: &u16| numbers.get(usize::from(*code)).copied().unwrap_or(0);
                codes[rows].iter().enumerate().for_each(|(row, code)| put(row, number(code)));
            }
            Self::Code { column, slots: numbers } => rows.enumerate().for_each(|(index, row)| {
                let code = column.and_then(|column| column.code(row));
                put(index, code.and_then(|code| numbers.get(code as usize)).copied().unwrap_or(0));
            }),
            Self::Month { days, first, months } => {
                // A missing day is before the first.
                let place = |day: &Day| usize::try_from(i64::from(day.0) - i64::from(*first)).ok();
                let number = |day: &Day| place(day).and_then(|place| months.get(place)).copied().unwrap_or(0);
                match days.get(rows) {
                    Some(days) => days.iter().enumerate().for_each(|(row, day)| put(row, number(day))),
                    None => (0..count).for_each(|row| put(row, 0)),
                }
            }
        }
    }
}
