//! The tests that conditions are made of.

use std::cmp::Ordering;

use super::batch::{Real, Text, Whole, WholeColumn};
use super::dictionary::TextLeaf;
use super::listed::{RealList, WholeList};
use super::shape::Places;
use super::{Truths, each};
use crate::engine::columns::{BLOCK, Column, block_of, mask, packed};
use crate::engine::cql2::like::Pattern;
use crate::model::filter::Comparison;

/// One test.
pub(super) enum Leaf<'a> {
    WholeRange(WholeRange<'a>),
    RealRange(RealRange<'a>),
    Text(TextLeaf<'a>),
    Place(Places<'a>),
    IsNull(NullTest<'a>),
    CompareWhole(Comparison, Whole<'a>, Whole<'a>),
    CompareReal(Comparison, Real<'a>, Real<'a>),
    CompareText(Comparison, Text<'a>, Text<'a>),
    WholeIn(WholeList<'a>),
    RealIn(RealList<'a>),
    Like(Text<'a>, Pattern),
}

/// Whether a column lies from `low` to `high`, both included.
pub(super) struct WholeRange<'a> {
    /// Tells columns apart.
    pub(super) source: usize,
    pub(super) column: WholeColumn<'a>,
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) nulls: Nulls,
}

/// The same for doubles.
pub(super) struct RealRange<'a> {
    pub(super) source: usize,
    pub(super) values: &'a [f64],
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Whether it matters that a test of null is unknown and not false: only below a NOT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    AreUnknown,
    AreFalse,
}

/// Whose values may be null.
pub(super) enum NullTest<'a> {
    Column(&'a Column),
    Whole(Whole<'a>),
    Real(Real<'a>),
    /// No row has a value.
    Nothing,
}

impl Leaf<'_> {
    pub(super) fn truths(&self, block: usize, wanted: u64) -> Truths {
        match self {
            Self::WholeRange(range) => range.truths(block),
            Self::RealRange(range) => {
                let values = block_of(range.values, block);
                let (low, high) = (range.low, range.high);
                let yes = mask(values, |value| low <= value && value <= high);
                Truths { yes, known: mask(values, |value| !value.is_nan()) }
            }
            Self::Text(leaf) => leaf.truths(block, wanted),
            Self::Place(places) => Truths { yes: places.word(block, wanted), known: u64::MAX },
            Self::IsNull(test) => Truths { yes: !test.known(block, wanted), known: u64::MAX },
            Self::CompareWhole(comparison, left, right) => {
                let (mut one, mut other) = ([0; BLOCK], [0; BLOCK]);
                let known = left.load(block, wanted, &mut one) & right.load(block, wanted, &mut other);
                compared(*comparison, known, &one, &other, i64::cmp)
            }
            Self::CompareReal(comparison, left, right) => {
                let (mut one, mut other) = ([0.0; BLOCK], [0.0; BLOCK]);
                let known = left.load(block, wanted, &mut one) & right.load(block, wanted, &mut other);
                // Known ones are no NaN.
                compared(*comparison, known, &one, &other, |one, other| {
                    one.partial_cmp(other).unwrap_or(Ordering::Equal)
                })
            }
            Self::CompareText(comparison, left, right) => text_truths(block, wanted, |row| {
                Some(comparison.holds(left.text(row)?.as_bytes().cmp(right.text(row)?.as_bytes())))
            }),
            Self::Like(text, pattern) => text_truths(block, wanted, |row| Some(pattern.matches(&text.text(row)?))),
            Self::WholeIn(list) => list.truths(block, wanted),
            Self::RealIn(list) => list.truths(block, wanted),
        }
    }

    /// What a row costs, roughly, compared with other tests.
    pub(super) fn cost(&self) -> u8 {
        match self {
            Self::WholeRange(_) | Self::RealRange(_) | Self::IsNull(NullTest::Column(_)) => 1,
            Self::Text(_) => 2,
            Self::Place(_) => 3,
            Self::IsNull(_) | Self::CompareWhole(..) | Self::CompareReal(..) | Self::WholeIn(_) | Self::RealIn(_) => 4,
            Self::CompareText(..) | Self::Like(..) => 5,
        }
    }
}

fn compared<T>(
    comparison: Comparison,
    known: u64,
    one: &[T; BLOCK],
    other: &[T; BLOCK],
    order: impl Fn(&T, &T) -> Ordering,
) -> Truths {
    let mut bytes = [0_u8; BLOCK];
    for ((byte, one), other) in bytes.iter_mut().zip(one).zip(other) {
        *byte = u8::from(comparison.holds(order(one, other)));
    }
    Truths { yes: packed(&bytes) & known, known }
}

fn text_truths(block: usize, wanted: u64, test: impl Fn(usize) -> Option<bool>) -> Truths {
    let mut known = 0;
    let yes = each(wanted, |bit| {
        let truth = test(block.saturating_mul(BLOCK).saturating_add(bit));
        known |= u64::from(truth.is_some()) << bit;
        truth == Some(true)
    });
    Truths { yes, known }
}

impl WholeRange<'_> {
    fn truths(&self, block: usize) -> Truths {
        let (low, high) = (self.low, self.high);
        let yes = match self.column {
            WholeColumn::Numbers(numbers) => numbers.between(block, low, high),
            WholeColumn::Booleans(values) => {
                mask(block_of(values, block), |value| value < 2 && low <= i64::from(value) && i64::from(value) <= high)
            }
            WholeColumn::Nothing => 0,
        };
        match self.nulls {
            Nulls::AreFalse => Truths { yes, known: u64::MAX },
            Nulls::AreUnknown => Truths { yes, known: self.column.known(block) },
        }
    }
}

impl NullTest<'_> {
    /// The rows that have a value.
    fn known(&self, block: usize, wanted: u64) -> u64 {
        match self {
            Self::Column(Column::Text { codes, .. }) => mask(block_of(codes, block), |code| code != u32::MAX),
            Self::Column(Column::Code { codes, .. }) => codes.coded(block),
            Self::Column(Column::Real(values)) => mask(block_of(values, block), |value| !value.is_nan()),
            Self::Column(Column::Integer(numbers) | Column::Date(numbers) | Column::Timestamp(numbers)) => {
                numbers.known(block)
            }
            Self::Column(Column::Boolean(values)) => WholeColumn::Booleans(values).known(block),
            Self::Whole(whole) => whole.load(block, wanted, &mut [0; BLOCK]),
            Self::Real(real) => real.load(block, wanted, &mut [0.0; BLOCK]),
            Self::Nothing => 0,
        }
    }
}
