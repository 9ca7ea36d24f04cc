//! The features whose names fit best, for `/search`: the fits in their order, until enough are found.

use std::collections::BinaryHeap;

use super::asked::AskedName;
use super::fold::plain;
use super::index::{NameIndex, NameSet};
use crate::engine::columns::{BLOCK, Bits, Column, Texts, block_of, mask};
use crate::engine::nearest::nearest;
use crate::engine::parts::Row;
use crate::engine::select::{PartSelection, Selected};
use crate::model::{Fit, LonLat};

/// A row whose name fits what is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NamedRow {
    /// The row.
    pub row: Row,
    /// How well.
    pub fit: Fit,
    /// Geodesic metres from the place asked from.
    pub distance_m: Option<f64>,
}

/// The selected rows whose text in `field` fits best, `most` of them: by fit, then by distance from the place and id, or without
/// a place by plain name, name and id.
pub fn named(
    selected: &Selected<'_>,
    field: usize,
    asked: &AskedName,
    from: Option<LonLat>,
    most: usize,
) -> Vec<NamedRow> {
    let mut parts: Vec<PartNames<'_>> =
        selected.iter().filter_map(|(part, selection)| PartNames::new(part, selection, field, asked)).collect();
    let mut found = Vec::new();
    for fit in Fit::ALL {
        if found.len() >= most || selected.is_cancelled() {
            break;
        }
        let sets: Vec<NameSet> = parts.iter_mut().map(|part| part.names(fit, asked)).collect();
        let wanted = most - found.len();
        let rows = match from {
            Some(at) => nearest_of(selected, &parts, &sets, at, wanted),
            None => first_of(&parts, &sets, wanted),
        };
        found.extend(rows.into_iter().map(|(row, distance_m)| NamedRow { row, fit, distance_m }));
    }
    found
}

/// The names of one part, and which of them fit.
struct PartNames<'a> {
    part: u32,
    selection: &'a PartSelection<'a>,
    codes: &'a [u32],
    texts: &'a Texts,
    index: &'a NameIndex,
    exact: std::ops::Range<u32>,
    prefix: std::ops::Range<u32>,
    by_words: Option<NameSet>,
}

impl<'a> PartNames<'a> {
    fn new(part: u32, selection: &'a PartSelection<'a>, field: usize, asked: &AskedName) -> Option<Self> {
        let columns = selection.columns();
        let Some(Column::Text { codes, texts }) = columns.fields.get(field) else { return None };
        let index = columns.names(field)?;
        let (exact, prefix) = index.beginning(texts, asked);
        Some(Self { part, selection, codes, texts, index, exact, prefix, by_words: None })
    }

    /// The names that fit so, and no better.
    fn names(&mut self, fit: Fit, asked: &AskedName) -> NameSet {
        let mut names = NameSet::empty(self.index.len());
        match fit {
            Fit::Exact | Fit::Folded => {
                let spelled = |name: &u32| self.index.is_spelled(self.texts, *name, asked) == (fit == Fit::Exact);
                self.exact.clone().filter(spelled).for_each(|name| names.insert(name));
            }
            Fit::Prefix => (self.exact.end..self.prefix.end).for_each(|name| names.insert(name)),
            Fit::Words => {
                names = self.by_words.insert(self.index.by_words(asked)).clone();
                names.remove(self.prefix.clone());
            }
            Fit::Contained => {
                let better = self.by_words.take().unwrap_or_else(|| self.index.by_words(asked));
                names = self.index.by_pieces(asked).without(&better);
                names.remove(self.prefix.clone());
            }
        }
        names
    }

    /// For each block of rows, those whose text is one of these.
    fn rows_of<'s>(&'s self, wanted: &'s NameSet) -> impl Iterator<Item = (usize, u64)> + 's {
        let has = |code: u32| wanted.contains(code);
        (0..self.codes.len().div_ceil(BLOCK)).filter_map(move |block| {
            let rows = mask(block_of(self.codes, block), has);
            let rows = if rows == 0 { 0 } else { rows & self.selection.word(block) };
            (rows != 0).then_some((block, rows))
        })
    }

    fn codes_of(&self, names: impl Iterator<Item = u32>) -> NameSet {
        let mut codes = NameSet::empty(self.texts.len());
        names.for_each(|name| codes.insert(self.index.code(name)));
        codes
    }

    /// The first rows in the order of their names, then ids.
    fn first_rows(&self, names: &NameSet, most: usize) -> Vec<Row> {
        let mut found = Vec::new();
        let mut names = names.iter();
        // As many names as rows are wanted: each has a row, unless it is gone.
        let mut batch = most;
        while found.len() < most {
            let some: Vec<u32> = names.by_ref().take(batch).collect();
            if some.is_empty() {
                break;
            }
            found.extend(self.first_of_some(&some, most - found.len()));
            batch = batch.saturating_mul(8);
        }
        found
    }

    fn first_of_some(&self, names: &[u32], most: usize) -> Vec<Row> {
        let codes = self.codes_of(names.iter().copied());
        let mut places: Vec<(u32, u32)> = names.iter().map(|name| (self.index.code(*name), *name)).collect();
        places.sort_unstable();
        let name_of = |code: u32| {
            let place = places.binary_search_by_key(&code, |(code, _)| *code);
            place.ok().and_then(|place| places.get(place)).map_or(u32::MAX, |(_, name)| *name)
        };
        let columns = self.selection.columns();
        // The last of the best on top.
        let mut best: BinaryHeap<(u32, u64, u32)> = BinaryHeap::with_capacity(most + 1);
        for (block, rows) in self.rows_of(&codes) {
            for row in Bits(rows).map(|bit| block * BLOCK + bit) {
                let place = (name_of(self.codes[row]), columns.id(row), row as u32);
                if best.len() < most {
                    best.push(place);
                } else if best.peek().is_some_and(|last| place < *last) {
                    best.pop();
                    best.push(place);
                }
            }
        }
        best.into_sorted_vec().into_iter().map(|(_, _, row)| Row { part: self.part, row }).collect()
    }
}

fn first_of(parts: &[PartNames<'_>], sets: &[NameSet], most: usize) -> Vec<(Row, Option<f64>)> {
    let mut found: Vec<(String, &str, u64, Row)> = Vec::new();
    for (part, names) in parts.iter().zip(sets) {
        for row in part.first_rows(names, most) {
            let text = part.texts.text(part.codes[row.row as usize]);
            found.push((plain(text), text, part.selection.columns().id(row.row as usize), row));
        }
    }
    found.sort_unstable();
    found.into_iter().take(most).map(|(_, _, _, row)| (row, None)).collect()
}

fn nearest_of(
    selected: &Selected<'_>,
    parts: &[PartNames<'_>],
    sets: &[NameSet],
    at: LonLat,
    most: usize,
) -> Vec<(Row, Option<f64>)> {
    if sets.iter().all(NameSet::is_empty) {
        return Vec::new();
    }
    let mut rows: Vec<Vec<u64>> = selected.iter().map(|_| Vec::new()).collect();
    for (part, names) in parts.iter().zip(sets).filter(|(_, names)| !names.is_empty()) {
        let codes = part.codes_of(names.iter());
        let words = &mut rows[part.part as usize];
        words.resize(part.codes.len().div_ceil(BLOCK), 0);
        part.rows_of(&codes).for_each(|(block, rows)| words[block] = rows);
    }
    let found = nearest(&Selected::everything(selected.parts()).kept(rows), at, most);
    found.into_iter().map(|(row, distance_m)| (row, Some(distance_m))).collect()
}
