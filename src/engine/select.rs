//! Which rows a request asks for: by what is there, time and filter, 64 rows a word.

use std::ops::Range;

use jiff::tz::TimeZone;

use super::cancel::Cancel;
use super::columns::{BLOCK, Bits, Column, Columns, Numbers};
use super::cql2::Predicate;
use super::parts::{Part, Parts, Row};
use crate::model::filter::Filter;
use crate::model::{Day, Instant, TimeInterval};

/// The features that a request asks for: compiled once for a request and each part, asked 64 rows at a time.
pub struct Selected<'a> {
    parts: &'a Parts,
    each: Vec<PartSelection<'a>>,
    cancel: Cancel,
}

impl<'a> Selected<'a> {
    /// Every feature.
    pub fn everything(parts: &'a Parts) -> Self {
        Self::by(parts, |_| Times::Any)
    }

    /// Features whose time (the layer's field `time`) is in the interval: a day is its first instant in the zone. Features
    /// without a time are in no interval.
    pub fn in_time(parts: &'a Parts, time: Option<usize>, interval: Option<TimeInterval>, zone: &TimeZone) -> Self {
        Self::by(parts, |columns| Times::new(columns, time, interval, zone))
    }

    fn by(parts: &'a Parts, times: impl Fn(&'a Columns) -> Times<'a>) -> Self {
        let cancel = Cancel::default();
        let selection = |part: &'a Part| PartSelection {
            part,
            times: times(&part.columns),
            filter: None,
            kept: None,
            cancel: cancel.clone(),
        };
        let each = parts.iter().map(selection).collect();
        Self { parts, each, cancel }
    }

    /// The same until nobody waits any more: from then on nothing is selected, and whatever runs over it is soon at its end.
    #[must_use]
    pub fn until(mut self, cancel: &Cancel) -> Self {
        self.each.iter_mut().for_each(|selection| selection.cancel = cancel.clone());
        Self { cancel: cancel.clone(), ..self }
    }

    /// Whether nobody waits any more.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Of these, the features that the filter takes as well.
    #[must_use]
    pub fn filtered(mut self, filter: &Filter) -> Self {
        for selection in &mut self.each {
            selection.filter = Some(Predicate::new(filter, &selection.part.columns));
        }
        self
    }

    /// Of these, the rows whose bits are set: of each part a word for each block, bit i for row `block × 64 + i`; a block
    /// without a word has none.
    #[must_use]
    pub fn kept(mut self, words: Vec<Vec<u64>>) -> Self {
        for (selection, words) in self.each.iter_mut().zip(words) {
            selection.kept = Some(words);
        }
        self
    }

    /// The same rows, decided once: for whoever asks for the same ones very often.
    #[must_use]
    pub fn settled(self) -> Self {
        if self.each.iter().all(PartSelection::is_everything) { self } else { self.in_words() }
    }

    /// The same rows as bits, decided now.
    #[must_use]
    pub fn in_words(&self) -> Self {
        Self::everything(self.parts).kept(self.words()).until(&self.cancel)
    }

    /// The selected rows of each part, a word for each block: bit i for row `block × 64 + i`. Bits past the last row are clear.
    pub fn words(&self) -> Vec<Vec<u64>> {
        let words = |selection: &PartSelection<'_>| {
            let all = 0..selection.columns().len();
            blocks(&all).map(|block| selection.word(block) & inside(block, &all)).collect()
        };
        self.each.iter().map(words).collect()
    }

    /// What is selected from.
    pub fn parts(&self) -> &'a Parts {
        self.parts
    }

    /// The selection of each part.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &PartSelection<'a>)> {
        (0..).zip(&self.each)
    }

    /// All selected rows.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        self.iter().flat_map(|(part, selection)| {
            selection.rows(0..selection.columns().len()).map(move |row| Row { part, row: row as u32 })
        })
    }
}

/// The rows of a block that a request asks for.
#[derive(Debug, Clone, Copy)]
pub struct SelectedBlock {
    /// Its number.
    pub block: usize,
    /// Its first row.
    pub first: usize,
    /// How many rows it has, the others too.
    pub rows: usize,
    /// Bit i for row `first + i`; bits past the last are clear.
    pub word: u64,
}

/// The rows of one part that a request asks for.
pub struct PartSelection<'a> {
    part: &'a Part,
    times: Times<'a>,
    filter: Option<Predicate<'a>>,
    kept: Option<Vec<u64>>,
    cancel: Cancel,
}

enum Times<'a> {
    Any,
    None,
    /// First and last instant or day, both included.
    Between(&'a Numbers, i64, i64),
}

impl<'a> PartSelection<'a> {
    /// The part's columns.
    pub fn columns(&self) -> &'a Columns {
        &self.part.columns
    }

    /// The part.
    pub fn part(&self) -> &'a Part {
        self.part
    }

    /// Whether it asks for every row that is there.
    pub fn is_everything(&self) -> bool {
        matches!(self.times, Times::Any) && self.filter.is_none() && self.kept.is_none()
    }

    /// Whether the row is asked for.
    pub fn takes(&self, row: usize) -> bool {
        self.word(row / BLOCK) >> (row % BLOCK) & 1 == 1
    }

    /// The rows of a block that are asked for: bit i for row `block × 64 + i`. Bits past the last row mean nothing.
    pub fn word(&self, block: usize) -> u64 {
        let kept = self.kept.as_ref().map_or(u64::MAX, |kept| kept.get(block).copied().unwrap_or(0));
        let there = kept & !self.part.gone.word(block);
        if there == 0 || self.cancel.is_cancelled() {
            return 0;
        }
        let there = match &self.times {
            Times::Any => there,
            Times::None => 0,
            Times::Between(times, first, last) => there & times.between(block, *first, *last),
        };
        match &self.filter {
            Some(filter) if there != 0 => there & filter.word(block),
            _ => there,
        }
    }

    /// Its blocks of which a row is asked for.
    pub fn blocks(&self) -> impl Iterator<Item = SelectedBlock> {
        self.columns().blocks().filter_map(|(block, rows)| {
            let word = self.word(block) & inside(block, &rows);
            (word != 0).then_some(SelectedBlock { block, first: rows.start, rows: rows.len(), word })
        })
    }

    /// The rows of the range that are asked for, ascending.
    pub fn rows(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        blocks(&range)
            .flat_map(move |block| Bits(self.word(block) & inside(block, &range)).map(move |bit| block * BLOCK + bit))
    }

    /// The rows of the range that are asked for, descending.
    pub fn rows_down(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        blocks(&range).rev().flat_map(move |block| {
            let bits = (self.word(block) & inside(block, &range)).reverse_bits();
            Bits(bits).map(move |bit| block * BLOCK + (BLOCK - 1 - bit))
        })
    }

    /// How many rows of the range are asked for.
    pub fn count(&self, range: Range<usize>) -> u64 {
        if self.is_everything() {
            return (range.len() - self.part.gone.count(range.clone())) as u64;
        }
        blocks(&range).map(|block| u64::from((self.word(block) & inside(block, &range)).count_ones())).sum()
    }
}

/// The blocks that a range of rows touches.
fn blocks(range: &Range<usize>) -> Range<usize> {
    range.start / BLOCK..range.end.div_ceil(BLOCK)
}

/// The bits of a block that are in the range, which touches it.
fn inside(block: usize, range: &Range<usize>) -> u64 {
    let start = block * BLOCK;
    let from = range.start.saturating_sub(start);
    let to = (range.end - start).min(BLOCK);
    if from >= to { 0 } else { (u64::MAX >> (BLOCK - (to - from))) << from }
}

impl<'a> Times<'a> {
    fn new(columns: &'a Columns, time: Option<usize>, interval: Option<TimeInterval>, zone: &TimeZone) -> Self {
        let Some(interval) = interval else { return Self::Any };
        match time.and_then(|field| columns.fields.get(field)) {
            Some(Column::Timestamp(instants)) => {
                let first = interval.from.map_or(i64::MIN, |from| from.0);
                Self::Between(instants, first, interval.to.map_or(i64::MAX, |to| to.0.saturating_sub(1)))
            }
            Some(Column::Date(days)) => {
                let bound = |end: Instant| i64::from(first_day_from(end, zone).0);
                let first = interval.from.map_or(i64::MIN, bound);
                Self::Between(days, first, interval.to.map_or(i64::MAX, |to| bound(to) - 1))
            }
            _ => Self::None,
        }
    }
}

/// The first day that begins at or after the instant.
pub fn first_day_from(instant: Instant, zone: &TimeZone) -> Day {
    let day = instant.day(zone);
    if day.start(zone) < instant { Day(day.0 + 1) } else { day }
}
