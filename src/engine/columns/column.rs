//! One field's values by row, each type in its own form; texts by a dictionary.

use super::{Narrow, Numbers, Texts};
use crate::model::{Day, Instant, Value};

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

    /// Memory that it takes, bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text { codes, texts } => codes.capacity() * size_of::<u32>() + texts.bytes(),
            Self::Code { codes, texts } => codes.bytes() + texts.bytes(),
            Self::Integer(numbers) | Self::Date(numbers) | Self::Timestamp(numbers) => numbers.bytes(),
            Self::Real(values) => values.capacity() * size_of::<f64>(),
            Self::Boolean(values) => values.capacity(),
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
