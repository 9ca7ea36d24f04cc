//! Exact tables of counts: each row is in one line, and the lines add up to the total.
//!
//! Each key gives a row a small number (`keyer`); their product is its slot, counted and measured by slot (`tally`, `measured`).
//! The way back from a line to its rows is `behind`. A map of units is counted by itself (`by_unit`).

mod behind;
mod by_unit;
mod keyer;
mod measured;
mod tally;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

pub use self::behind::rows_behind;
pub use self::by_unit::{by_unit, count_by_unit};
use self::keyer::{Keyer, Slotter};
pub use self::measured::Measured;
use self::tally::{Measures, Tally};
use super::as_of::Answers;
use super::columns::{BLOCK, Bits, Columns};
use super::select::{Selected, SelectedBlock};
use super::unit_map::UnitMap;
use crate::model::{CountKey, CountRow, Function, Layer, TimePart};

/// Below so many rows of a block, those are looked at one by one: that costs three times as much a row as all 64 at once.
const FEW: u32 = 20;
/// Most lines of a table.
pub const MOST_LINES: usize = 100_000;

/// What a count is asked of.
#[derive(Clone, Copy)]
pub struct CountSource<'a> {
    /// What the layer is.
    pub layer: &'a Layer,
    /// The units of all dates.
    pub units: &'a UnitMap,
    /// The zone of days and hours.
    pub zone: &'a TimeZone,
}

/// What a count is broken down by.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// The units of these answers.
    Unit(&'a Answers),
    /// Values of a code or boolean field, by its index.
    Field(usize),
    /// Parts of the layer's time field.
    Time(TimePart),
}

impl Key<'_> {
    fn field(&self) -> Option<usize> {
        match self {
            Self::Field(field) => Some(*field),
            _ => None,
        }
    }
}

/// A line's keys and count, and one [`Measured`] for each field that was measured.
pub type Line = (CountRow, Vec<Measured>);

/// Counts the selected rows by the keys, and measures the numeric fields with these indices: exact, every row in one line of the
/// table. First the total, then the lines in the order of their keys: units by code, then `near`, then `outside`; codes in the
/// field's order, then null. None where there would be more than [`MOST_LINES`].
pub fn count(
    source: &CountSource<'_>,
    by: &[Key<'_>],
    fields: &[usize],
    selected: &Selected<'_>,
) -> Option<(Line, Vec<Line>)> {
    let keyers: Vec<Keyer<'_>> = by.iter().map(|key| Keyer::new(source, *key, selected.parts())).collect();
    if keyers.is_empty() && fields.is_empty() {
        let rows = selected.iter().map(|(_, selection)| selection.count(0..selection.columns().len()));
        return Some(((total_of(rows.sum()), Vec::new()), Vec::new()));
    }
    let size: Option<usize> = keyers.iter().try_fold(1_usize, |size, keyer| size.checked_mul(keyer.size()));
    let (mut tally, mut measures) = (Tally::new(size), Measures::of(fields));
    for (part, selection) in selected.iter() {
        let columns = selection.columns();
        let slotters = Slotters::new(&keyers, part as usize, columns);
        let mut slots = [0_u64; BLOCK];
        for SelectedBlock { first, rows, word, .. } in selection.blocks() {
            let slots = &mut slots[..rows];
            if word.count_ones() < FEW {
                Bits(word).for_each(|bit| slots[bit] = slotters.slot(columns, first + bit));
            } else {
                slotters.write(columns, first, slots);
            }
            Bits(word).for_each(|bit| tally.add(slots[bit]));
            if !measures.is_empty() {
                Bits(word).for_each(|bit| measures.add(slots[bit], columns, first + bit));
            }
            if tally.is_over(MOST_LINES) {
                return None;
            }
        }
    }
    lines(source, by, (&keyers, tally, &measures))
}

fn total_of(count: u64) -> CountRow {
    CountRow { count, ..CountRow::default() }
}

/// The keyers of one part with their sizes.
struct Slotters<'a>(Vec<(u64, Slotter<'a>)>);

impl<'a> Slotters<'a> {
    fn new(keyers: &'a [Keyer<'_>], part: usize, columns: &'a Columns) -> Self {
        Self(keyers.iter().map(|keyer| (keyer.size() as u64, keyer.slotter(part, columns))).collect())
    }

    /// The slot of a row.
    fn slot(&self, columns: &Columns, row: usize) -> u64 {
        self.0.iter().fold(0, |slot, (size, slotter)| slot * size + u64::from(slotter.number(columns, row)))
    }

    /// The slots of the rows from `first` on.
    fn write(&self, columns: &Columns, first: usize, slots: &mut [u64]) {
        slots.fill(0);
        for (size, slotter) in &self.0 {
            slotter.add(columns, first, *size, slots);
        }
    }
}

fn lines(
    source: &CountSource<'_>,
    by: &[Key<'_>],
    (keyers, tally, measures): (&[Keyer<'_>], Tally, &Measures<'_>),
) -> Option<(Line, Vec<Line>)> {
    let mut counts = tally.into_counts();
    if counts.len() > MOST_LINES {
        return None;
    }
    let places: Vec<Vec<u64>> = keyers.iter().zip(by).map(|(keyer, key)| keyer.places(source, key.field())).collect();
    counts.sort_by_cached_key(|(slot, _)| {
        let keys = keyers.iter().zip(&places).zip(numbers_of(*slot, keyers));
        keys.fold(0, |place, ((keyer, places), number)| place * keyer.size() as u64 + places[number])
    });
    let mut total: Line = (total_of(0), Vec::new());
    let mut lines: Vec<Line> = Vec::with_capacity(counts.len());
    for (slot, count) in counts {
        let measured = measures.of_slot(slot);
        add_to(&mut total, count, &measured);
        let keys = keyers.iter().zip(numbers_of(slot, keyers)).map(|(keyer, number)| keyer.key(number));
        lines.push((CountRow { keys: keys.collect(), count, measured: Vec::new() }, measured));
    }
    if by.is_empty() {
        lines.clear();
    }
    Some((total, lines))
}

/// The numbers that a slot is made of, one for each key.
fn numbers_of(slot: u64, keyers: &[Keyer<'_>]) -> impl Iterator<Item = usize> {
    let below = move |index: usize| keyers[index + 1..].iter().map(|keyer| keyer.size() as u64).product::<u64>();
    keyers.iter().enumerate().map(move |(index, keyer)| (slot / below(index) % keyer.size() as u64) as usize)
}

/// Adds features and what was measured of them to a line.
pub fn add_to((row, all): &mut Line, count: u64, measured: &[Measured]) {
    row.count += count;
    all.resize_with(all.len().max(measured.len()), Measured::default);
    all.iter_mut().zip(measured).for_each(|(all, one)| all.join(one));
}

/// A line with its functions of fields: each the index of its field among those measured.
pub fn with_functions((row, measured): Line, functions: &[(Function, usize)]) -> CountRow {
    let none = Measured::default();
    let value = |(function, field): &(Function, usize)| measured.get(*field).unwrap_or(&none).value(*function);
    CountRow { measured: functions.iter().map(value).collect(), ..row }
}

/// Puts lines in the order of their keys; `fields` are the indices of those that are fields.
pub fn sort(source: &CountSource<'_>, fields: &[Option<usize>], lines: &mut [Line]) {
    lines.sort_by_cached_key(|(row, _)| place(source, fields, &row.keys));
}

/// The place of a row's keys among all.
pub fn place(source: &CountSource<'_>, fields: &[Option<usize>], keys: &[CountKey]) -> Vec<(u8, usize, String)> {
    keys.iter().zip(fields).map(|(key, field)| rank(source, *field, key)).collect()
}

/// A key's place in the order of lines.
fn rank(source: &CountSource<'_>, field: Option<usize>, key: &CountKey) -> (u8, usize, String) {
    let from_least = |number: i32| (i64::from(number) - i64::from(i32::MIN)) as usize;
    match key {
        CountKey::Unit(id) => {
            let unit = source.units.unit(*id);
            let from = unit.and_then(|unit| unit.valid.from).map_or(0, |day| from_least(day.0));
            (0, 0, unit.map_or_else(String::new, |unit| format!("{}\u{0}{from:020}", unit.code)))
        }
        CountKey::Code(code) => {
            let codes = field.and_then(|field| source.layer.fields.get(field)).map_or(&[][..], |field| &field.codes);
            (0, codes.iter().position(|listed| listed.code == *code).unwrap_or(usize::MAX), code.clone())
        }
        CountKey::Truth(truth) => (0, usize::from(*truth), String::new()),
        CountKey::Time(value) => (0, from_least(*value), String::new()),
        CountKey::Near => (1, 0, String::new()),
        CountKey::Outside => (2, 0, String::new()),
        CountKey::Null => (3, 0, String::new()),
    }
}
