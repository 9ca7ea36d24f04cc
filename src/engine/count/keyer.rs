//! Keys of a count as small numbers, so that counting is adding one in an array.

use foldhash::{HashMap, HashMapExt};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{CountSource, Key, rank};
use crate::engine::as_of::{Answers, Holding};
use crate::engine::columns::{BLOCK, Column, Columns, NO_DAY, Numbers, Width, by_width};
use crate::engine::parts::Parts;
use crate::model::{CountKey, Day, Instant, TimePart};

/// Gives each row a small number, the same in every part, and each number its key.
pub(super) enum Keyer<'a> {
    /// Numbers of keys by place in the table of answers: many answers are one unit.
    Unit { answers: &'a Answers, keys: Vec<CountKey>, slots: Vec<u32> },
    /// Codes met in any part, and for each part its dictionary's place in them.
    Code { field: usize, codes: Vec<String>, slots: Vec<Vec<u32>> },
    /// False, true, null.
    Truth { field: usize },
    /// Periods and weekdays by a table of all days between the first and the last.
    Days { first: i32, numbers: Vec<u32>, values: Vec<i32> },
    /// Hours by the offsets of the zone: each from an instant on, in microseconds.
    Hours { field: usize, offsets: Vec<(i64, i64)> },
}

/// A keyer of one part.
pub(super) enum Slotter<'a> {
    Unit { answers: &'a Answers, slots: &'a [u32] },
    Code { column: Option<&'a Column>, slots: &'a [u32] },
    Truth { values: &'a [u8] },
    Days { first: i32, numbers: &'a [u32] },
    Hours { instants: Option<&'a Numbers>, offsets: &'a [(i64, i64)] },
}

/// Days that have a place in the table: those of jiff's years −9999 to 9999.
const LEAST_DAY: i32 = -4_371_587;
const GREATEST_DAY: i32 = 2_932_896;
const HOUR_US: i64 = 3_600_000_000;

impl<'a> Keyer<'a> {
    pub(super) fn new(source: &CountSource<'_>, key: Key<'a>, parts: &Parts) -> Self {
        match key {
            Key::Unit(answers) => Self::units(answers),
            Key::Field(field) => {
                let is_truth = |part: &crate::engine::parts::Part| {
                    matches!(part.columns.fields.get(field), Some(Column::Boolean(_)))
                };
                if parts.iter().any(is_truth) { Self::Truth { field } } else { Self::codes(field, parts) }
            }
            Key::Time(TimePart::Hour) => {
                let offsets = offsets(source.zone, parts.time_span());
                Self::Hours { field: source.layer.time.unwrap_or(usize::MAX), offsets }
            }
            Key::Time(part) => Self::days(part, source.zone, parts),
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

    fn codes(field: usize, parts: &Parts) -> Self {
        let mut codes: Vec<String> = Vec::new();
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut slots = Vec::new();
        for part in parts.iter() {
            let texts = part.columns.fields.get(field).and_then(Column::texts);
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

    fn days(part: TimePart, zone: &TimeZone, parts: &Parts) -> Self {
        let inside = |instant: Instant| inside(instant.day(zone));
        let (first, last) = parts.time_span().map_or((0, -1), |(first, last)| (inside(first), inside(last)));
        let span = usize::try_from(i64::from(last) - i64::from(first) + 1).unwrap_or(0);
        let mut numbers = vec![0_u32; span];
        let mut values: Vec<i32> = Vec::new();
        let (mut number, mut end) = (0, i32::MIN);
        let mut tell = |day: i32| {
            // A period is told by its first day once.
            if !part.is_period() || day >= end {
                let value = part.of_day(Day(day));
                end = part.end(Day(value)).0;
                let known = if part.is_period() { None } else { values.iter().position(|known| *known == value) };
                number = known.unwrap_or_else(|| {
                    values.push(value);
                    values.len() - 1
                }) as u32
                    + 1;
            }
            if let Some(place) = usize::try_from(day - first).ok().and_then(|place| numbers.get_mut(place)) {
                *place = number;
            }
        };
        // One wild date makes the span millions of days: then only those are told that some row has.
        if span > parts.len() {
            days_met(parts).into_iter().for_each(&mut tell);
        } else {
            (first..=last).for_each(&mut tell);
        }
        Self::Days { first, numbers, values }
    }

    /// How many numbers there are.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Unit { keys, .. } => keys.len().max(1),
            Self::Code { codes, .. } => codes.len() + 1,
            Self::Truth { .. } => 3,
            Self::Days { values, .. } => values.len() + 1,
            Self::Hours { .. } => 25,
        }
    }

    pub(super) fn slotter<'s>(&'s self, part: usize, columns: &'s Columns) -> Slotter<'s> {
        match self {
            Self::Unit { answers, slots, .. } => Slotter::Unit { answers, slots },
            Self::Code { field, slots, .. } => {
                let slots = slots.get(part).map_or(&[][..], Vec::as_slice);
                Slotter::Code { column: columns.fields.get(*field), slots }
            }
            Self::Truth { field } => match columns.fields.get(*field) {
                Some(Column::Boolean(values)) => Slotter::Truth { values },
                _ => Slotter::Truth { values: &[] },
            },
            Self::Days { first, numbers, .. } => Slotter::Days { first: *first, numbers },
            Self::Hours { field, offsets } => match columns.fields.get(*field) {
                Some(Column::Timestamp(instants)) => Slotter::Hours { instants: Some(instants), offsets },
                _ => Slotter::Hours { instants: None, offsets },
            },
        }
    }

    /// The place of each number's key in the order of lines. No two numbers have one key.
    pub(super) fn places(&self, source: &CountSource<'_>, field: Option<usize>) -> Vec<u64> {
        let mut numbers: Vec<usize> = (0..self.size()).collect();
        numbers.sort_by_cached_key(|number| rank(source, field, &self.key(*number)));
        let mut places = vec![0; numbers.len()];
        (0..).zip(numbers).for_each(|(place, number)| places[number] = place);
        places
    }

    /// The key of a number; 0 is null for codes and times.
    pub(super) fn key(&self, slot: usize) -> CountKey {
        let place = slot.checked_sub(1);
        match self {
            Self::Unit { keys, .. } => keys.get(slot).cloned().unwrap_or(CountKey::Outside),
            Self::Code { codes, .. } => {
                place.and_then(|place| codes.get(place)).map_or(CountKey::Null, |code| CountKey::Code(code.clone()))
            }
            Self::Truth { .. } => match slot {
                0 => CountKey::Truth(false),
                1 => CountKey::Truth(true),
                _ => CountKey::Null,
            },
            Self::Days { values, .. } => {
                place.and_then(|place| values.get(place)).map_or(CountKey::Null, |value| CountKey::Time(*value))
            }
            Self::Hours { .. } => place.map_or(CountKey::Null, |hour| CountKey::Time(hour as i32)),
        }
    }
}

impl Slotter<'_> {
    /// The row's number.
    pub(super) fn number(&self, columns: &Columns, row: usize) -> u32 {
        match self {
            Self::Unit { answers, slots } => slots.get(answers.index(columns, row)).copied().unwrap_or(0),
            Self::Code { column, slots } => {
                let code = column.and_then(|column| column.code(row));
                code.and_then(|code| slots.get(code as usize)).copied().unwrap_or(0)
            }
            Self::Truth { values } => values.get(row).map_or(2, |value| u32::from(*value).min(2)),
            Self::Days { first, numbers } => day_number(columns.day(row), *first, numbers),
            Self::Hours { instants, offsets } => {
                let instant = instants.and_then(|instants| instants.value(row));
                instant.map_or(0, |instant| hour_number(Instant(instant), offsets))
            }
        }
    }

    /// Adds its number to the slots of the rows from `first` on, the first one of a block, after making room for it: slots × size +
    /// number. Column by column, not row by row: 64 rows at once cost a third of 64 rows one by one.
    pub(super) fn add(&self, columns: &Columns, first: usize, size: u64, slots: &mut [u64]) {
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
                by_width!(codes, codes => code_numbers(&codes[rows], numbers, put));
            }
            Self::Code { column, slots: numbers } => rows.enumerate().for_each(|(index, row)| {
                let code = column.and_then(|column| column.code(row));
                put(index, code.and_then(|code| numbers.get(code as usize)).copied().unwrap_or(0));
            }),
            Self::Truth { values } => match values.get(rows) {
                Some(values) => values.iter().enumerate().for_each(|(row, value)| put(row, u32::from(*value).min(2))),
                None => (0..count).for_each(|row| put(row, 2)),
            },
            Self::Days { first: from, numbers } => {
                let days = columns.days.block(first / BLOCK, 0, |day| day_number(Day(day as i32), *from, numbers));
                (0..count).zip(days).for_each(|(row, number)| put(row, number));
            }
            Self::Hours { instants, offsets } => {
                let hour = |instant| hour_number(Instant(instant), offsets);
                let hours = instants.map_or([0; BLOCK], |instants| instants.block(first / BLOCK, 0, hour));
                (0..count).zip(hours).for_each(|(row, number)| put(row, number));
            }
        }
    }
}

/// The numbers of codes.
fn code_numbers<T: Width>(codes: &[T], numbers: &[u32], mut put: impl FnMut(usize, u32)) {
    // Null is beyond the dictionary.
    let number = |code: &T| numbers.get((*code).into() as usize).copied().unwrap_or(0);
    codes.iter().enumerate().for_each(|(row, code)| put(row, number(code)));
}

/// The day, or the nearest one that has a place in the table.
fn inside(day: Day) -> i32 {
    day.0.clamp(LEAST_DAY, GREATEST_DAY)
}

/// The days of all rows, ascending, each once.
fn days_met(parts: &Parts) -> Vec<i32> {
    let days = parts.iter().flat_map(|part| (0..part.columns.len()).map(|row| part.columns.day(row)));
    let mut days: Vec<i32> = days.filter(|day| *day != NO_DAY).map(inside).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// The number of a day.
fn day_number(day: Day, first: i32, numbers: &[u32]) -> u32 {
    let place = usize::try_from(i64::from(day.0) - i64::from(first)).ok();
    let number = place.and_then(|place| numbers.get(place)).copied();
    number.unwrap_or_else(|| beyond(day, first, numbers))
}

/// The number of a day that is not in the table: none is before all, and days beyond the years of the calendar are its last.
#[cold]
fn beyond(day: Day, first: i32, numbers: &[u32]) -> u32 {
    let nearest = if day.0 < first { numbers.first() } else { numbers.last() };
    nearest.copied().filter(|_| day != NO_DAY).unwrap_or(0)
}

/// The offsets of a zone between two instants, each with its first.
fn offsets(zone: &TimeZone, range: Option<(Instant, Instant)>) -> Vec<(i64, i64)> {
    let Some((Instant(first), Instant(last))) = range else { return Vec::new() };
    let start = Timestamp::from_microsecond(first).unwrap_or(Timestamp::MIN);
    let mut offsets = vec![(i64::MIN, i64::from(zone.to_offset(start).seconds()) * 1_000_000)];
    let later = zone.following(start).take_while(|change| change.timestamp().as_microsecond() <= last);
    offsets.extend(
        later.map(|change| (change.timestamp().as_microsecond(), i64::from(change.offset().seconds()) * 1_000_000)),
    );
    offsets
}

/// The hour's number: 1 for the hour from midnight on, for 0 is null.
fn hour_number(instant: Instant, offsets: &[(i64, i64)]) -> u32 {
    let offset_us = match offsets {
        [(_, only)] => *only,
        several => {
            let before = several.partition_point(|(from, _)| *from <= instant.0);
            before.checked_sub(1).and_then(|index| several.get(index)).map_or(0, |(_, offset)| *offset)
        }
    };
    (instant.0.saturating_add(offset_us).div_euclid(HOUR_US).rem_euclid(24)) as u32 + 1
}
