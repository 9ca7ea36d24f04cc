use super::narrow::{Narrow, Width, by_width};
use super::{BLOCK, block_of, mask};

/// Whole numbers of which any may occur, so nulls are kept beside them. Kept is how far each is from the least one: that needs as
/// many bytes as the numbers lie apart, wherever they lie.
#[derive(Debug, Default)]
pub struct Numbers {
    least: i64,
    /// Zero where null. Up to 2⁶⁴ − 1: no 64 bits with a sign would hold that.
    above: Narrow,
    /// One bit a row, set where null; may end before the rows do.
    nulls: Vec<u64>,
}

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
        let known = row < self.len() && self.known(row / BLOCK) >> (row % BLOCK) & 1 == 1;
        known.then(|| self.number(row))
    }

    /// The row's number where none is null.
    pub fn number(&self, row: usize) -> i64 {
        self.least.wrapping_add(self.above.get(row) as i64)
    }

    /// The rows of a block that are not null. Bits past the last row mean nothing.
    pub fn known(&self, block: usize) -> u64 {
        !self.nulls.get(block).copied().unwrap_or(0)
    }

    /// Writes the numbers of a block.
    pub fn load(&self, block: usize, out: &mut [i64; BLOCK]) {
        by_width!(&self.above, above => add(self.least, block_of(above, block), out));
    }

    /// The rows of a block whose numbers are from `low` to `high`, both included.
    pub fn between(&self, block: usize, low: i64, high: i64) -> u64 {
        if high < self.least {
            return 0;
        }
        let above = |number: i64| number.max(self.least).wrapping_sub(self.least) as u64;
        let (low, high) = (above(low), above(high));
        self.known(block) & by_width!(&self.above, above => within(block_of(above, block), low, high))
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
        let known = (0..self.len()).filter_map(|row| self.value(row));
        let range = known.fold(None, |range, number| {
            let (least, most) = range.unwrap_or((number, number));
            Some((least.min(number), most.max(number)))
        });
        let (least, most) = range.unwrap_or_default();
        let above = |number: i64| number.wrapping_sub(least) as u64;
        let rows = order.iter().map(|row| self.value(*row as usize).map_or(0, above));
        let mut sorted = Self { least, above: Narrow::new(above(most), rows), nulls: Vec::new() };
        if !self.nulls.is_empty() {
            let is_null = |row: &u32| self.value(*row as usize).is_none();
            order.iter().enumerate().filter(|(_, row)| is_null(row)).for_each(|(row, _)| sorted.set_null(row));
        }
        sorted
    }
}

fn add<T: Width>(least: i64, above: &[T], out: &mut [i64; BLOCK]) {
    out.iter_mut().zip(above).for_each(|(out, above)| *out = least.wrapping_add((*above).into() as i64));
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
        values.iter().for_each(|value| numbers.push(*value));
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
        assert_eq!(width(&[None; 70]), 1, "nulls are not far from anything");
        assert_eq!(numbers(&[None; 70]).between(0, i64::MIN, i64::MAX), 0);
    }

    proptest! {
        #[test]
        fn a_block_answers_as_its_rows_do(
            values in proptest::collection::vec(
                proptest::option::weighted(0.8, prop_oneof![1_i64..6, -130_i64..130, Just(i64::MIN), Just(i64::MAX), any::<i64>()]),
                0..150,
            ),
            narrow in any::<bool>(),
            (low, high) in (prop_oneof![-140_i64..140, any::<i64>()], prop_oneof![-140_i64..140, any::<i64>()]),
        ) {
            let kept = |value: &i64| !narrow || (-130..130).contains(value);
            let values: Vec<Option<i64>> = values.into_iter().map(|value| value.filter(kept)).collect();
            let numbers = numbers(&values);
            for (row, value) in values.iter().enumerate() {
                let (block, bit) = (row / BLOCK, row % BLOCK);
                let mut loaded = [0; BLOCK];
                numbers.load(block, &mut loaded);
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
