//! Whole numbers with nulls, kept as distances from the least of them.

use super::narrow::{Narrow, Width, by_width};
use super::{BLOCK, Bits, block_of, mask};

/// Whole numbers, days or microseconds of which any may occur, so nulls are kept beside them. Kept is how far each is from the
/// least one: that needs as many bytes as the numbers lie apart, wherever they lie.
#[derive(Debug, Default)]
pub struct Numbers {
    least: i64,
    /// Zero where null. Up to 2⁶⁴ − 1: no 64 bits with a sign would hold that.
    above: Narrow,
    step: Step,
    /// One bit a row, set where null; may end before the rows do.
    nulls: Vec<u64>,
}

/// What the distances are counted in.
#[derive(Debug, Clone, Copy, Default)]
enum Step {
    #[default]
    One,
    /// Instants are microseconds and mostly whole seconds: in these, 136 years need four bytes.
    Million,
}

const MILLION: u64 = 1_000_000;

impl Numbers {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.above.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.above.is_empty()
    }

    /// The row's number.
    pub fn value(&self, row: usize) -> Option<i64> {
        let above = self.above.find(row)?;
        if self.is_null(row) { None } else { Some(self.above_least(above)) }
    }

    /// The row's number where none is null.
    pub fn number(&self, row: usize) -> i64 {
        self.above_least(self.above.get(row))
    }

    fn above_least(&self, above: u64) -> i64 {
        let above = match self.step {
            Step::One => above,
            Step::Million => above.wrapping_mul(MILLION),
        };
        self.least.wrapping_add(above as i64)
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.get(row / BLOCK).is_some_and(|nulls| nulls >> (row % BLOCK) & 1 == 1)
    }

    /// The rows of a block that are not null. Bits past the last row mean nothing.
    pub fn known(&self, block: usize) -> u64 {
        !self.nulls.get(block).copied().unwrap_or(0)
    }

    /// Writes the numbers of a block.
    pub fn load(&self, block: usize, out: &mut [i64; BLOCK]) {
        self.write(block, out, |number| number);
    }

    /// The numbers of a block as something else, with what stands for null and for what is past the last row.
    pub fn block<O: Copy>(&self, block: usize, null: O, convert: impl Fn(i64) -> O) -> [O; BLOCK] {
        let mut out = [null; BLOCK];
        self.write(block, &mut out, convert);
        Bits(!self.known(block)).for_each(|bit| out[bit] = null);
        out
    }

    fn write<O>(&self, block: usize, out: &mut [O; BLOCK], convert: impl Fn(i64) -> O) {
        let least = self.least;
        match self.step {
            Step::One => {
                let number = |above| convert(least.wrapping_add(above as i64));
                by_width!(&self.above, above => put(block_of(above, block), out, number));
            }
            Step::Million => {
                let number = |above: u64| convert(least.wrapping_add(above.wrapping_mul(MILLION) as i64));
                by_width!(&self.above, above => put(block_of(above, block), out, number));
            }
        }
    }

    /// The rows of a block whose numbers are from `low` to `high`, both included.
    pub fn between(&self, block: usize, low: i64, high: i64) -> u64 {
        if high < self.least {
            return 0;
        }
        let above = |number: i64| number.max(self.least).wrapping_sub(self.least) as u64;
        let (low, high) = match self.step {
            Step::One => (above(low), above(high)),
            Step::Million => (above(low).div_ceil(MILLION), above(high) / MILLION),
        };
        self.known(block) & by_width!(&self.above, above => within(block_of(above, block), low, high))
    }

    /// Memory that they take, bytes.
    pub(super) fn bytes(&self) -> usize {
        self.above.bytes() + self.nulls.capacity() * size_of::<u64>()
    }

    /// Bytes a number.
    #[cfg(test)]
    pub(super) fn width(&self) -> usize {
        self.above.width()
    }

    /// While they grow, the least is zero: one below it takes all its bits.
    pub(super) fn push(&mut self, number: Option<i64>) {
        let row = self.len();
        self.above.push(number.unwrap_or(0) as u64);
        if number.is_none() {
            self.set_null(row);
        }
    }

    fn set_null(&mut self, row: usize) {
        self.nulls.resize(self.nulls.len().max(row / BLOCK + 1), 0);
        self.nulls[row / BLOCK] |= 1 << (row % BLOCK);
    }

    /// In another order, as narrow as they are.
    pub(super) fn sorted(self, order: &[u32]) -> Self {
        by_width!(&self.above, grown => self.narrowed(grown, order))
    }

    fn narrowed<T: Width>(&self, grown: &[T], order: &[u32]) -> Self {
        let number = |row: usize| if self.is_null(row) { None } else { Some(grown[row].into() as i64) };
        let range = (0..grown.len()).filter_map(number).fold(None, |range, number| {
            let (least, most) = range.unwrap_or((number, number));
            Some((least.min(number), most.max(number)))
        });
        let (least, most) = range.unwrap_or_default();
        let above = |number: i64| number.wrapping_sub(least) as u64;
        let by_million = above(most) > u64::from(u32::MAX)
            && (0..grown.len()).filter_map(number).all(|number| above(number).is_multiple_of(MILLION));
        let (step, size) = if by_million { (Step::Million, MILLION) } else { (Step::One, 1) };
        let rows = order.iter().map(|row| number(*row as usize).map_or(0, above) / size);
        let mut sorted = Self { least, above: Narrow::new(above(most) / size, rows), step, nulls: Vec::new() };
        if !self.nulls.is_empty() {
            let nulls = order.iter().enumerate().filter(|(_, row)| self.is_null(**row as usize));
            nulls.for_each(|(row, _)| sorted.set_null(row));
        }
        sorted
    }
}

fn put<T: Width, O>(above: &[T], out: &mut [O; BLOCK], number: impl Fn(u64) -> O) {
    out.iter_mut().zip(above).for_each(|(out, above)| *out = number((*above).into()));
}

fn within<T: Width>(above: &[T], low: u64, high: u64) -> u64 {
    let Ok(low) = T::try_from(low) else { return 0 };
    let high = T::try_from(high).unwrap_or(T::MAX);
    mask(above, |number| low <= number && number <= high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(values: &[Option<i64>]) -> Numbers {
        let mut numbers = Numbers::default();
        for value in values {
            numbers.push(*value);
        }
        let order: Vec<u32> = (0..values.len() as u32).collect();
        numbers.sorted(&order)
    }

    #[test]
    fn numbers_take_as_many_bytes_as_they_lie_apart_wherever_they_lie() {
        let width = |values: &[Option<i64>]| {
            let numbers = numbers(values);
            assert!(values.iter().enumerate().all(|(row, value)| numbers.value(row) == *value), "{values:?}");
            numbers.width()
        };
        for least in [0, -1, -128, i64::MIN, i64::from(u32::MAX), i64::MAX - (1 << 40)] {
            let apart = |by: i64| width(&[Some(least), None, Some(least + by)]);
            assert_eq!((apart(255), apart(256)), (1, 2), "from {least}");
            assert_eq!((apart(65_535), apart(65_536)), (2, 4), "from {least}");
            assert_eq!((apart((1 << 32) - 1), apart(1 << 32)), (4, 8), "from {least}");
        }
        assert_eq!(width(&[Some(i64::MIN), None, Some(i64::MAX)]), 8);
        let second = |second: i64| Some(-7 + second * 1_000_000);
        assert_eq!(width(&[second(0), None, second(4_000_000_000)]), 4, "whole seconds of 126 years");
        assert_eq!(width(&[second(0), second(1).map(|us| us + 1), second(5000)]), 8, "a microsecond more");
        assert_eq!(width(&[second(0), None, second(1 << 32)]), 8, "whole seconds of too many years");
        assert_eq!(width(&[None; 70]), 1, "nulls are not far from anything");
        assert_eq!(numbers(&[None; 70]).between(0, i64::MIN, i64::MAX), 0);
    }

    fn bound() -> impl Strategy<Value = i64> {
        prop_oneof![-140_i64..140, -140_000_000_i64..140_000_000, any::<i64>()]
    }

    proptest! {
        #[test]
        fn a_block_answers_as_its_rows_do(
            values in proptest::collection::vec(
                proptest::option::weighted(0.8, prop_oneof![
                    1_i64..6,
                    -130_i64..130,
                    Just(i64::MIN),
                    Just(i64::MAX),
                    any::<i64>(),
                ]),
                0..150,
            ),
            (narrow, seconds) in any::<(bool, bool)>(),
            (low, high) in (bound(), bound()),
        ) {
            let kept = |value: &i64| !narrow || (-130..130).contains(value);
            let whole = |value: i64| if seconds { value.wrapping_rem(9_000_000_000_000) * 1_000_000 } else { value };
            let values: Vec<Option<i64>> = values.into_iter().map(|value| value.filter(kept).map(whole)).collect();
            let numbers = numbers(&values);
            for (row, value) in values.iter().enumerate() {
                let (block, bit) = (row / BLOCK, row % BLOCK);
                let mut loaded = [0; BLOCK];
                numbers.load(block, &mut loaded);
                prop_assert_eq!(numbers.block(block, None, Some)[bit], *value);
                prop_assert_eq!(numbers.value(row), *value);
                prop_assert_eq!(numbers.known(block) >> bit & 1 == 1, value.is_some());
                prop_assert!(value.is_none_or(|value| loaded[bit] == value));
                let inside = value.is_some_and(|value| low <= value && value <= high);
                prop_assert_eq!(numbers.between(block, low, high) >> bit & 1 == 1, inside);
            }
            prop_assert_eq!(numbers.value(values.len()), None);
        }
    }
}
