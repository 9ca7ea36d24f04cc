//! Numbers in as few bytes as the greatest needs, and loops over them that look at the width once.

use super::{block_of, mask};

/// Numbers without a sign, each in as many bytes as the greatest of them needs.
#[derive(Debug)]
pub enum Narrow {
    /// One byte each.
    U8(Vec<u8>),
    /// Two bytes each.
    U16(Vec<u16>),
    /// Four bytes each.
    U32(Vec<u32>),
    /// Eight bytes each.
    U64(Vec<u64>),
}

/// What a number is kept as.
pub trait Width: Copy + Ord + Into<u64> + TryFrom<u64> {
    /// The greatest: stands for null among codes.
    const MAX: Self;
}

impl Width for u8 {
    const MAX: Self = Self::MAX;
}
impl Width for u16 {
    const MAX: Self = Self::MAX;
}
impl Width for u32 {
    const MAX: Self = Self::MAX;
}
impl Width for u64 {
    const MAX: Self = Self::MAX;
}

/// Goes on with numbers of their own width: outside of a loop over rows, so that the loop has one width and no branch for it.
macro_rules! by_width {
    ($numbers:expr, $values:ident => $then:expr) => {
        match $numbers {
            $crate::engine::columns::Narrow::U8($values) => $then,
            $crate::engine::columns::Narrow::U16($values) => $then,
            $crate::engine::columns::Narrow::U32($values) => $then,
            $crate::engine::columns::Narrow::U64($values) => $then,
        }
    };
}
pub(in crate::engine) use by_width;

impl Default for Narrow {
    fn default() -> Self {
        Self::U8(Vec::new())
    }
}

impl Narrow {
    /// As wide as `most` needs; of greater numbers the lowest bits are kept.
    pub fn new(most: u64, numbers: impl Iterator<Item = u64>) -> Self {
        match most {
            0..=0xff => Self::U8(numbers.map(|number| number as u8).collect()),
            0x100..=0xffff => Self::U16(numbers.map(|number| number as u16).collect()),
            0x1_0000..=0xffff_ffff => Self::U32(numbers.map(|number| number as u32).collect()),
            _ => Self::U64(numbers.collect()),
        }
    }

    /// Adds a number; all become wider where it needs that.
    pub(super) fn push(&mut self, number: u64) {
        if !by_width!(self, values => pushed(values, number)) {
            *self = Self::new(number, (0..self.len()).map(|row| self.get(row)));
            self.push(number);
        }
    }

    /// In another order, as narrow as they are.
    pub(super) fn sorted(self, order: &[u32]) -> Self {
        let most = (0..self.len()).map(|row| self.get(row)).max();
        Self::new(most.unwrap_or(0), order.iter().map(|row| self.get(*row as usize)))
    }

    /// The row's number.
    pub fn get(&self, row: usize) -> u64 {
        by_width!(self, values => at(values, row))
    }

    /// The same; none past the last row.
    pub fn find(&self, row: usize) -> Option<u64> {
        by_width!(self, values => find(values, row))
    }

    /// The row's code, of codes: the greatest of their width stands for null.
    pub fn code(&self, row: usize) -> Option<u32> {
        by_width!(self, codes => code(codes, row))
    }

    /// The rows of a block that have a code.
    pub fn coded(&self, block: usize) -> u64 {
        by_width!(self, codes => coded(block_of(codes, block)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        by_width!(self, values => values.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory that they take, bytes.
    pub(super) fn bytes(&self) -> usize {
        by_width!(self, values => allocated(values))
    }

    /// Bytes a number.
    #[cfg(test)]
    pub(super) fn width(&self) -> usize {
        by_width!(self, values => size_of_val(values.as_slice()) / values.len().max(1))
    }
}

pub(super) fn allocated<T>(values: &Vec<T>) -> usize {
    values.capacity() * size_of::<T>()
}

fn at<T: Width>(values: &[T], row: usize) -> u64 {
    values[row].into()
}

fn find<T: Width>(values: &[T], row: usize) -> Option<u64> {
    values.get(row).map(|value| (*value).into())
}

fn pushed<T: Width>(values: &mut Vec<T>, number: u64) -> bool {
    T::try_from(number).map(|number| values.push(number)).is_ok()
}

/// [`Narrow::code`] of codes of one width.
pub fn code<T: Width>(codes: &[T], row: usize) -> Option<u32> {
    codes.get(row).filter(|code| **code != T::MAX).map(|code| (*code).into() as u32)
}

fn coded<T: Width>(codes: &[T]) -> u64 {
    mask(codes, |code| code != T::MAX)
}
