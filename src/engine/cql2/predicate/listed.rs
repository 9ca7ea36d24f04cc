//! Numbers of a list: whether a row has one of them.

use foldhash::HashSet;

use super::batch::{Real, Whole, WholeColumn};
use super::{Truths, each};
use crate::engine::columns::{BLOCK, mask};

/// Lists of numbers that lie no farther apart have a bit for each number between; of others it is a bit for all that are so far apart.
const NEAR: u64 = 1 << 16;

/// Whether a whole number is one of a list.
pub(super) struct WholeList<'a> {
    value: Whole<'a>,
    least: i64,
    most: i64,
    members: Members,
}

/// By how far they are above the least, modulo [`NEAR`].
struct Members {
    bits: Box<[u64]>,
    /// Where the bit does not say all.
    far: Option<HashSet<i64>>,
}

/// Whether a double is one of a list.
pub(super) struct RealList<'a> {
    value: Real<'a>,
    least: f64,
    most: f64,
    members: HashSet<u64>,
}

impl<'a> WholeList<'a> {
    pub(super) fn new(value: Whole<'a>, list: &[i64]) -> Self {
        let least = list.iter().copied().min().unwrap_or(i64::MAX);
        let most = list.iter().copied().max().unwrap_or(i64::MIN);
        Self { value, least, most, members: Members::new(list, least, most) }
    }

    pub(super) fn truths(&self, block: usize, wanted: u64) -> Truths {
        let mut values = [0; BLOCK];
        if let Whole::Column(column) = &self.value
            && let WholeColumn::Numbers(numbers) = column
        {
            // Most rows are beyond all of the list's numbers, or few are not.
            let near = numbers.between(block, self.least, self.most) & wanted;
            let yes = if near == 0 {
                0
            } else {
                numbers.load(block, &mut values);
                self.members.among(near, &values, self.least)
            };
            return Truths { yes, known: numbers.known(block) };
        }
        let known = self.value.load(block, wanted, &mut values);
        let near = known & mask(&values, |value| self.least <= value && value <= self.most);
        Truths { yes: self.members.among(near, &values, self.least), known }
    }
}

impl Members {
    fn new(list: &[i64], least: i64, most: i64) -> Self {
        let apart = most.wrapping_sub(least) as u64;
        let mut bits = vec![0; apart.min(NEAR - 1) as usize / BLOCK + 1].into_boxed_slice();
        for number in list {
            let place = place(*number, least);
            if let Some(word) = bits.get_mut(place / BLOCK) {
                *word |= 1 << (place % BLOCK);
            }
        }
        let far = (apart >= NEAR).then(|| list.iter().copied().collect());
        Self { bits, far }
    }

    /// The wanted rows whose values are members; none of these is below the least or above the most.
    fn among(&self, wanted: u64, values: &[i64; BLOCK], least: i64) -> u64 {
        each(wanted, |row| {
            let Some(value) = values.get(row) else { return false };
            let place = place(*value, least);
            let may_be = self.bits.get(place / BLOCK).is_some_and(|word| word >> (place % BLOCK) & 1 == 1);
            may_be && self.far.as_ref().is_none_or(|far| far.contains(value))
        })
    }
}

fn place(number: i64, least: i64) -> usize {
    (number.wrapping_sub(least) as u64 % NEAR) as usize
}

impl<'a> RealList<'a> {
    pub(super) fn new(value: Real<'a>, list: &[f64]) -> Self {
        Self {
            value,
            least: list.iter().copied().fold(f64::INFINITY, f64::min),
            most: list.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            members: list.iter().map(|number| key(*number)).collect(),
        }
    }

    pub(super) fn truths(&self, block: usize, wanted: u64) -> Truths {
        let mut values = [0.0; BLOCK];
        let known = self.value.load(block, wanted, &mut values);
        let near = known & mask(&values, |value| self.least <= value && value <= self.most);
        let yes = each(near, |row| values.get(row).is_some_and(|value| self.members.contains(&key(*value))));
        Truths { yes, known }
    }
}

/// Both zeros as one.
fn key(number: f64) -> u64 {
    (number + 0.0).to_bits()
}
