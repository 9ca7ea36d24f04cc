//! Counts of the main field's codes by block, so that a cell of a dense tile is a subtraction.

use std::ops::Range;

use super::{BLOCK, Column, Width, by_width};

/// Codes of the main field that are counted on their own: the first eight of its list.
pub const MOST_CODES: usize = 8;

/// How many rows have each of the main field's first eight codes, summed up to the beginning of each block: the count in any
/// range of rows is a subtraction and the rows of two blocks. Half a byte a row.
#[derive(Debug, Default)]
pub struct CodeSums {
    sums: Vec<[u32; MOST_CODES]>,
}

impl CodeSums {
    /// Sums over a code column.
    pub fn new(column: &Column) -> Self {
        let Column::Code { codes, .. } = column else { return Self::default() };
        by_width!(codes, codes => Self::over(codes))
    }

    /// Memory that they take, bytes.
    pub(super) fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<[u32; MOST_CODES]>()
    }

    fn over<T: Width>(codes: &[T]) -> Self {
        let mut sums = Vec::with_capacity(codes.len() / BLOCK + 2);
        let mut sum = [0_u32; MOST_CODES];
        sums.push(sum);
        for block in codes.chunks(BLOCK) {
            tally(block, &mut sum);
            sums.push(sum);
        }
        Self { sums }
    }

    /// Adds the rows of each code in the range to the counts.
    pub fn add(&self, column: &Column, rows: Range<usize>, counts: &mut [u64; MOST_CODES]) {
        let Column::Code { codes, .. } = column else { return };
        by_width!(codes, codes => self.add_of(codes, rows, counts));
    }

    fn add_of<T: Width>(&self, codes: &[T], rows: Range<usize>, counts: &mut [u64; MOST_CODES]) {
        let (first, last) = (rows.start.div_ceil(BLOCK), rows.end / BLOCK);
        let mut few = [0_u32; MOST_CODES];
        if first < last {
            for (count, (from, to)) in counts.iter_mut().zip(self.sums[first].iter().zip(&self.sums[last])) {
                *count += u64::from(to - from);
            }
            tally(&codes[rows.start..first * BLOCK], &mut few);
            tally(&codes[last * BLOCK..rows.end], &mut few);
        } else {
            tally(&codes[rows], &mut few);
        }
        for (count, few) in counts.iter_mut().zip(few) {
            *count += u64::from(few);
        }
    }
}

fn tally<T: Width>(codes: &[T], counts: &mut [u32; MOST_CODES]) {
    // One slot more takes every other code: no branch in the loop.
    let mut all = [0_u32; MOST_CODES + 1];
    for code in codes {
        all[((*code).into() as usize).min(MOST_CODES)] += 1;
    }
    for (count, more) in counts.iter_mut().zip(all) {
        *count += more;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Narrow, Texts};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_subtraction_counts_what_a_scan_counts(
            codes in proptest::collection::vec(prop_oneof![0_u16..12, Just(u16::MAX)], 0..400),
            most in prop_oneof![Just(u8::MAX.into()), Just(u16::MAX.into())],
            (a, b) in (0_usize..400, 0_usize..400),
        ) {
            let (a, b) = (a.min(codes.len()), b.min(codes.len()));
            let rows = a.min(b)..a.max(b);
            let scan: Vec<u64> =
                (0..8).map(|code| codes[rows.clone()].iter().filter(|found| **found == code).count() as u64).collect();
            let codes = Narrow::new(most, codes.into_iter().map(u64::from));
            let column = Column::Code { codes, texts: Texts::default() };
            let mut counts = [0; MOST_CODES];
            CodeSums::new(&column).add(&column, rows, &mut counts);
            prop_assert_eq!(counts.to_vec(), scan);
        }
    }
}
