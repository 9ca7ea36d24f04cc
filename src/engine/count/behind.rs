//! The rows behind a line of a table, found by the keyers that counted it: the list is as long as the number.

use super::keyer::Keyer;
use super::{CountSource, Key};
use crate::engine::columns::{BLOCK, Columns};
use crate::engine::parts::Parts;
use crate::model::CountKey;

/// The rows behind a line of a table, whichever are selected: a bit for each row of each part. For each key the line may have
/// any of several: units that share a code.
pub fn rows_behind(source: &CountSource<'_>, line: &[(Key<'_>, Vec<CountKey>)], parts: &Parts) -> Vec<Vec<u64>> {
    let all = |columns: &Columns| vec![u64::MAX; columns.len().div_ceil(BLOCK)];
    let mut words: Vec<Vec<u64>> = parts.iter().map(|part| all(&part.columns)).collect();
    for (key, wanted) in line {
        let keyer = Keyer::new(source, *key, parts);
        let is_wanted: Vec<bool> = (0..keyer.size()).map(|number| wanted.contains(&keyer.key(number))).collect();
        for ((index, part), words) in parts.iter().enumerate().zip(&mut words) {
            let columns = &part.columns;
            let slotter = keyer.slotter(index, columns);
            let mut slots = [0_u64; BLOCK];
            for ((_, rows), word) in columns.blocks().zip(words) {
                let slots = &mut slots[..rows.len()];
                slots.fill(0);
                slotter.add(columns, rows.start, 1, slots);
                let bit = |(bit, number): (usize, &u64)| {
                    u64::from(is_wanted.get(*number as usize).copied().unwrap_or(false)) << bit
                };
                *word &= slots.iter().enumerate().map(bit).fold(0, |word, bit| word | bit);
            }
        }
    }
    words
}
