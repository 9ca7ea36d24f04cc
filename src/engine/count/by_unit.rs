//! Counts by the unit that covers, for a map of units: no tables, no other keys.

use std::collections::BTreeMap;

use super::super::as_of::{Answers, Holding};
use super::super::columns::{BLOCK, Bits};
use super::super::select::Selected;
use crate::model::UnitId;

/// How many of the selected features each unit covers; units without any are left out.
pub fn count_by_unit(selected: &Selected<'_>, answers: &Answers) -> BTreeMap<UnitId, u64> {
    let mut by_answer = vec![0_u64; answers.table().len()];
    let mut indexes = [0_u32; BLOCK];
    for (_, selection) in selected.iter() {
        let columns = selection.columns();
        for block in selection.blocks() {
            answers.indexes(columns, block.first, &mut indexes[..block.rows]);
            Bits(block.word).for_each(|bit| by_answer[indexes[bit] as usize] += 1);
        }
    }
    by_unit(answers.table().iter().copied().zip(by_answer))
}

/// The counts of those that a unit covers, added up.
pub fn by_unit(counted: impl Iterator<Item = (Holding, u64)>) -> BTreeMap<UnitId, u64> {
    let mut by_unit = BTreeMap::new();
    for (held, count) in counted {
        if let (Holding::Covered(id), 1..) = (held, count) {
            *by_unit.entry(id).or_default() += count;
        }
    }
    by_unit
}
