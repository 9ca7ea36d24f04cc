use foldhash::{HashMap, HashMapExt};
use jiff::tz::TimeZone;

use super::as_of::{Answers, Holding, Holdings};
use super::columns::{Column, Columns, NO_DAY};
use super::select::Selection;
use super::unit_map::UnitMap;
use crate::model::{CountKey, CountRow, Day, Layer};

/// What a count is asked of.
#[derive(Clone, Copy)]
pub struct CountSource<'a> {
    /// What the layer is.
    pub layer: &'a Layer,
    /// Its features.
    pub columns: &'a Columns,
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
pub fn count<'a>(source: &CountSource<'a>, by: &[Key<'a>], selection: &Selection<'_>) -> (u64, Vec<CountRow>) {
    let keyers: Vec<Keyer<'_>> = by.iter().map(|key| Keyer::new(source, *key)).collect();
    let size: Option<usize> = keyers.iter().try_fold(1_usize, |size, keyer| size.checked_mul(keyer.size()));
    let slot = |row: usize| keyers.iter().fold(0_u64, |slot, keyer| slot * keyer.size() as u64 + keyer.slot(row));
    let mut total = 0_u64;
    let mut tally = Tally::new(size);
    for row in (0..source.columns.len()).filter(|row| selection.takes(*row)) {
        total += 1;
        tally.add(slot(row));
    }
    if by.is_empty() {
        return (total, Vec::new());
    }
    (total, lines(source, &keyers, tally))
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
fn lines(source: &CountSource<'_>, keyers: &[Keyer<'_>], tally: Tally) -> Vec<CountRow> {
    let mut counts: HashMap<Vec<CountKey>, u64> = HashMap::new();
    for (slot, count) in tally.into_counts() {
        let mut rest = slot;
        let mut keys: Vec<CountKey> = Vec::with_capacity(keyers.len());
        for keyer in keyers.iter().rev() {
            keys.push(keyer.key((rest % keyer.size() as u64) as usize));
            rest /= keyer.size() as u64;
        }
        keys.reverse();
        *counts.entry(keys).or_insert(0) += count;
    }
    let mut rows: Vec<CountRow> = counts.into_iter().map(|(keys, count)| CountRow { keys, count }).collect();
    rows.sort_by_cached_key(|row| row.keys.iter().map(|key| rank(source, key)).collect::<Vec<_>>());
    rows
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

/// Gives each row a small number, and each number its key.
enum Keyer<'a> {
    Unit(Holdings<'a>),
    Code { column: Option<&'a Column>, size: usize },
    Month { days: &'a [Day], first: i32, months: Vec<u32>, names: Vec<String> },
}

impl<'a> Keyer<'a> {
    fn new(source: &CountSource<'a>, key: Key<'a>) -> Self {
        match key {
            Key::Unit(answers) => Self::Unit(Holdings::new(source.columns, answers)),
            Key::Category => {
                let column = source.layer.category.and_then(|field| source.columns.fields.get(field));
                let texts = column.and_then(Column::texts).map_or(0, super::columns::Texts::len);
                Self::Code { column, size: texts + 1 }
            }
            Key::Month => Self::months(source),
        }
    }

    /// Months by a table of all days between the first and the last.
    fn months(source: &CountSource<'a>) -> Self {
        let day = |instant: crate::model::Instant| instant.day(source.zone).0;
        let (first, last) = source.columns.time_range.map_or((0, -1), |(first, last)| (day(first), day(last)));
        let mut names: Vec<String> = Vec::new();
        let mut months = Vec::new();
        for number in first..=last {
            let date = Day(number).to_date();
            if names.is_empty() || date.day() == 1 {
                names.push(format!("{:04}-{:02}", date.year(), date.month()));
            }
            months.push(names.len() as u32);
        }
        Self::Month { days: &source.columns.days, first, months, names }
    }

    fn size(&self) -> usize {
        match self {
            Self::Unit(holdings) => holdings.table().len().max(1),
            Self::Code { size, .. } => *size,
            Self::Month { names, .. } => names.len() + 1,
        }
    }

    /// The row's number; 0 is null for codes and months.
    fn slot(&self, row: usize) -> u64 {
        match self {
            Self::Unit(holdings) => holdings.index(row) as u64,
            Self::Code { column, .. } => {
                column.and_then(|column| column.code(row)).map_or(0, |code| u64::from(code) + 1)
            }
            Self::Month { days, first, months, .. } => {
                let day = days.get(row).copied().filter(|day| *day != NO_DAY);
                let index = day.and_then(|day| usize::try_from(i64::from(day.0) - i64::from(*first)).ok());
                index.and_then(|index| months.get(index)).map_or(0, |month| u64::from(*month))
            }
        }
    }

    fn key(&self, slot: usize) -> CountKey {
        match self {
            Self::Unit(holdings) => match holdings.table().get(slot) {
                Some(Holding::Covered(id)) => CountKey::Unit(*id),
                Some(Holding::Near(_)) => CountKey::Near,
                Some(Holding::Outside) | None => CountKey::Outside,
            },
            Self::Code { column, .. } => slot.checked_sub(1).map_or(CountKey::Null, |code| {
                let texts = column.and_then(Column::texts);
                CountKey::Code(texts.map_or_else(String::new, |texts| texts.text(code as u32).to_owned()))
            }),
            Self::Month { names, .. } => slot
                .checked_sub(1)
                .and_then(|month| names.get(month))
                .map_or(CountKey::Null, |name| CountKey::Month(name.clone())),
        }
    }
}
