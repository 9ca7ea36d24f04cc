//! A filter over columns, 64 rows at a time.
//!
//! Every part answers for a block of rows with two words: the rows for which it is true, and those for which that is known.
//! AND, OR and NOT of three-valued logic are then a few operations on words.

mod batch;
mod dictionary;
mod equalities;
mod leaf;
mod listed;
mod plan;
mod shape;
mod text_test;

use self::leaf::Leaf;
use crate::engine::columns::{BLOCK, Columns};
use crate::model::filter::Filter;

/// A filter made ready for the rows of some columns.
pub struct Predicate<'a> {
    root: Node<'a>,
    rows: usize,
}

/// What is known of 64 rows, a bit each.
#[derive(Debug, Clone, Copy)]
struct Truths {
    /// True.
    yes: u64,
    /// True or false; the others are unknown. Holds all of `yes`.
    known: u64,
}

enum Node<'a> {
    Always(bool),
    And(Vec<Node<'a>>),
    Or(Vec<Node<'a>>),
    Not(Box<Node<'a>>),
    IsUnknown(Box<Node<'a>>),
    Leaf(Leaf<'a>),
}

impl<'a> Predicate<'a> {
    /// Makes a filter of the columns' layer ready. Costs as much as the filter is long, and for texts of few distinct values
    /// once as many comparisons.
    pub fn new(filter: &Filter, columns: &'a Columns) -> Self {
        Self { root: plan::plan(filter, columns), rows: columns.len() }
    }

    /// The rows of a block that the filter takes: bit `i` is row `block × 64 + i`. Rows past the end are not taken.
    pub fn word(&self, block: usize) -> u64 {
        let rows = self.rows.saturating_sub(block.saturating_mul(BLOCK));
        let there = if rows >= BLOCK { u64::MAX } else { (1 << rows) - 1 };
        if there == 0 { 0 } else { self.root.truths(block, there).yes & there }
    }
}

impl Node<'_> {
    /// The answers for the wanted rows; for others they mean nothing.
    fn truths(&self, block: usize, wanted: u64) -> Truths {
        match self {
            Self::Always(truth) => Truths { yes: if *truth { u64::MAX } else { 0 }, known: u64::MAX },
            Self::And(parts) => {
                let mut all = Truths { yes: u64::MAX, known: u64::MAX };
                for part in parts {
                    // What is false stays false.
                    let open = wanted & !(all.known & !all.yes);
                    if open == 0 {
                        break;
                    }
                    let one = part.truths(block, open);
                    let no = (all.known & !all.yes) | (one.known & !one.yes & open);
                    let yes = all.yes & one.yes & !no;
                    all = Truths { yes, known: no | yes };
                }
                all
            }
            Self::Or(parts) => {
                let mut any = Truths { yes: 0, known: u64::MAX };
                for part in parts {
                    let open = wanted & !any.yes;
                    if open == 0 {
                        break;
                    }
                    let one = part.truths(block, open);
                    let yes = any.yes | (one.yes & open);
                    any = Truths { yes, known: yes | (any.known & one.known) };
                }
                any
            }
            Self::Not(inner) => {
                let inner = inner.truths(block, wanted);
                Truths { yes: inner.known & !inner.yes, known: inner.known }
            }
            Self::IsUnknown(inner) => Truths { yes: !inner.truths(block, wanted).known, known: u64::MAX },
            Self::Leaf(leaf) => leaf.truths(block, wanted),
        }
    }
}

/// A bit for each wanted row for which the test is true.
fn each(wanted: u64, mut test: impl FnMut(usize) -> bool) -> u64 {
    let mut rest = wanted;
    let mut word = 0;
    while rest != 0 {
        let bit = rest.trailing_zeros();
        word |= u64::from(test(bit as usize)) << bit;
        rest &= rest - 1;
    }
    word
}
