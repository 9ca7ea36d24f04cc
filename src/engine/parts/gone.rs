//! The rows that are gone from a part: columns never change, this does.

use std::ops::Range;
use std::sync::Arc;

use crate::engine::columns::{BLOCK, Bits};

/// Blocks in a page: 4,096 rows.
const PAGE_BLOCKS: usize = 64;
const PAGE_ROWS: usize = PAGE_BLOCKS * BLOCK;

type Page = [u64; PAGE_BLOCKS];

/// The rows of a part that are no longer there, a bit each.
///
/// Kept in pages that copies share until one of them changes: a change costs its pages, not the part.
#[derive(Debug, Clone, Default)]
pub struct Gone {
    pages: Vec<Option<Arc<Page>>>,
    rows: usize,
}

impl Gone {
    /// How many rows are gone.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether every row is there.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether the row is gone.
    pub fn contains(&self, row: usize) -> bool {
        self.word(row / BLOCK) >> (row % BLOCK) & 1 == 1
    }

    /// The rows of a block that are gone: bit i for row `block × 64 + i`.
    pub fn word(&self, block: usize) -> u64 {
        let page = self.pages.get(block / PAGE_BLOCKS).and_then(Option::as_ref);
        page.map_or(0, |page| page[block % PAGE_BLOCKS])
    }

    /// Marks a row.
    pub fn insert(&mut self, row: usize) {
        let page = row / PAGE_ROWS;
        if self.pages.len() <= page {
            self.pages.resize(page + 1, None);
        }
        let page = self.pages[page].get_or_insert_with(|| Arc::new([0; PAGE_BLOCKS]));
        let word = &mut Arc::make_mut(page)[row % PAGE_ROWS / BLOCK];
        let bit = 1 << (row % BLOCK);
        self.rows += usize::from(*word & bit == 0);
        *word |= bit;
    }

    /// How many rows of the range are gone.
    pub fn count(&self, rows: Range<usize>) -> usize {
        if self.rows == 0 { 0 } else { self.rows_in(rows).count() }
    }

    /// The rows of the range that are gone, ascending. Costs the pages with any, not the range.
    pub fn rows_in(&self, rows: Range<usize>) -> impl Iterator<Item = usize> {
        let pages = rows.start / PAGE_ROWS..rows.end.div_ceil(PAGE_ROWS).min(self.pages.len());
        let written = pages.filter(|page| self.pages[*page].is_some());
        let blocks = written.flat_map(|page| page * PAGE_BLOCKS..(page + 1) * PAGE_BLOCKS);
        let found = blocks.flat_map(|block| Bits(self.word(block)).map(move |bit| block * BLOCK + bit));
        found.filter(move |row| rows.contains(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_was_marked_is_gone_and_nothing_else(
            marked in proptest::collection::btree_set(0_usize..20_000, 0..60),
            (a, b) in (0_usize..20_000, 0_usize..20_000),
        ) {
            let mut gone = Gone::default();
            let before = gone.clone();
            for row in marked.iter().chain(&marked) {
                gone.insert(*row);
            }
            let rows = a.min(b)..a.max(b);
            let inside: BTreeSet<usize> = marked.iter().copied().filter(|row| rows.contains(row)).collect();
            prop_assert_eq!(gone.len(), marked.len());
            prop_assert_eq!(gone.count(rows.clone()), inside.len());
            prop_assert_eq!(gone.rows_in(rows).collect::<BTreeSet<_>>(), inside);
            prop_assert!(marked.iter().all(|row| gone.contains(*row) && !before.contains(*row)));
        }
    }
}
