//! One field's values by row, each type in its own form; texts by a dictionary.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Narrow, Numbers};
use crate::model::filter::Folding;
use crate::model::{Day, Instant, Value};

/// Largest dictionary that is kept in a folded form as well, bytes: a column of a million titles has about half of it.
const MOST_FOLDED_BYTES: usize = 64 << 20;
/// In how many ways folded a dictionary is kept, those that were asked for last.
const MOST_FOLDED: usize = 2;

/// Stands for null in dictionary codes.
pub const NO_CODE: u32 = u32::MAX;

/// One field's values.
#[derive(Debug)]
pub enum Column {
    /// Dictionary-coded text; `NO_CODE` is null.
    Text {
        /// Index into the texts.
        codes: Vec<u32>,
        /// Distinct texts.
        texts: Texts,
    },
    /// Text of few distinct values: the field's codes first, in their order.
    Code {
        /// Index into the texts, in a byte or two; the greatest is null.
        codes: Narrow,
        /// The field's codes, then others that were found in the data.
        texts: Texts,
    },
    /// Whole numbers.
    Integer(Numbers),
    /// Finite numbers; NaN is null.
    Real(Vec<f64>),
    /// 0 false, 1 true, 2 null.
    Boolean(Vec<u8>),
    /// Days.
    Date(Numbers),
    /// Instants, microseconds.
    Timestamp(Numbers),
}

/// Distinct texts, one after the other in one allocation.
#[derive(Debug, Default)]
pub struct Texts {
    bytes: String,
    ends: Vec<u32>,
    /// The same texts folded, made when they are asked for; the last asked for first.
    folded: Mutex<Vec<(Vec<Folding>, Arc<Texts>)>>,
}

impl Texts {
    /// Texts one after the other, and where each ends.
    pub fn new(bytes: String, ends: Vec<u32>) -> Self {
        Self { bytes, ends, folded: Mutex::default() }
    }

    /// Adds a text and gives its index. `None` when 4 GiB of text are full.
    pub fn push(&mut self, text: &str) -> Option<u32> {
        let end = u32::try_from(self.bytes.len() + text.len()).ok()?;
        let index = u32::try_from(self.ends.len()).ok().filter(|index| *index != NO_CODE)?;
        self.bytes.push_str(text);
        self.ends.push(end);
        Some(index)
    }

    /// The text at an index; empty when there is none.
    pub fn text(&self, index: u32) -> &str {
        let index = index as usize;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.bytes.get(start as usize..end as usize).unwrap_or("")
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The same texts in the order in which the codes first name them, and the codes made to fit. What none names is left out.
    ///
    /// Rows beside each other on the map then have texts beside each other in memory, and a tile reads a stretch of them.
    pub(super) fn in_order_of(&self, codes: &mut [u32]) -> Self {
        let mut places = vec![NO_CODE; self.len()];
        let bytes = String::with_capacity(self.bytes.len());
        let mut texts = Self::new(bytes, Vec::with_capacity(self.len()));
        for code in codes.iter_mut().filter(|code| **code != NO_CODE) {
            let place = &mut places[*code as usize];
            if *place == NO_CODE {
                // There is room for it: it was there before.
                *place = texts.push(self.text(*code)).unwrap_or(NO_CODE);
            }
            *code = *place;
        }
        texts
    }

    /// The indexes of the texts that hold a piece, ascending.
    pub fn holding(&self, piece: &str) -> Vec<u32> {
        let finder = memchr::memmem::Finder::new(piece);
        let (mut found, mut index, mut from) = (Vec::new(), 0, 0);
        while let Some(at) = self.bytes.as_bytes().get(from..).and_then(|rest| finder.find(rest)).map(|at| from + at) {
            while self.ends.get(index).is_some_and(|end| *end as usize <= at) {
                index += 1;
            }
            let Some(end) = self.ends.get(index).map(|end| *end as usize) else { break };
            // A piece across the end of a text is in neither.
            if at + piece.len() <= end {
                found.push(index as u32);
            }
            from = end;
        }
        found
    }

    /// Memory that the texts take, bytes.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * 4
    }

    /// The same texts folded, kept when they are asked for: `fold` makes them. None for a dictionary that is too large to be kept
    /// twice, or whose folded texts are.
    pub fn folded(&self, foldings: &[Folding], fold: impl FnOnce() -> Option<Self>) -> Option<Arc<Self>> {
        if self.size() > MOST_FOLDED_BYTES {
            return None;
        }
        // Who asks meanwhile waits, and does not fold them as well.
        let mut kept = self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.iter().position(|(of, _)| of == foldings) {
            kept[..=index].rotate_right(1);
        } else {
            kept.insert(0, (foldings.to_vec(), Arc::new(fold()?)));
            kept.truncate(MOST_FOLDED);
        }
        kept.first().map(|(_, texts)| Arc::clone(texts))
    }

    /// Gives back what was allocated ahead.
    pub(in crate::engine) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

impl Column {
    /// The dictionary code of a row of a text or code column; none for null and for other columns.
    pub fn code(&self, row: usize) -> Option<u32> {
        match self {
            Self::Text { codes, .. } => codes.get(row).copied().filter(|code| *code != NO_CODE),
            Self::Code { codes, .. } => codes.code(row),
            _ => None,
        }
    }

    /// The dictionary of a text or code column.
    pub fn texts(&self) -> Option<&Texts> {
        match self {
            Self::Text { texts, .. } | Self::Code { texts, .. } => Some(texts),
            _ => None,
        }
    }

    /// The row's value.
    pub fn value(&self, row: usize) -> Value {
        match self {
            Self::Text { texts, .. } | Self::Code { texts, .. } => {
                self.code(row).map_or(Value::Null, |code| Value::Text(texts.text(code).to_owned()))
            }
            Self::Integer(numbers) => numbers.value(row).map_or(Value::Null, Value::Integer),
            Self::Real(values) => match values.get(row) {
                Some(value) if !value.is_nan() => Value::Real(*value),
                _ => Value::Null,
            },
            Self::Boolean(values) => match values.get(row) {
                Some(0) => Value::Boolean(false),
                Some(1) => Value::Boolean(true),
                _ => Value::Null,
            },
            Self::Date(days) => days.value(row).map_or(Value::Null, |day| Value::Date(Day(day as i32))),
            Self::Timestamp(_) => self.instant(row).map_or(Value::Null, Value::Timestamp),
        }
    }

    /// The row's instant, of a timestamp column.
    pub fn instant(&self, row: usize) -> Option<Instant> {
        match self {
            Self::Timestamp(instants) => instants.value(row).map(Instant),
            _ => None,
        }
    }
}
