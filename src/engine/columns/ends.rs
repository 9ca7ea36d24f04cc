//! Where texts end that lie one after the other: two bytes a text where they are not very long.

/// Texts that share a place from which their ends are counted.
const BLOCK: usize = 64;

/// The end of each text. Whoever adds to them has four bytes a text, until they are packed.
#[derive(Debug)]
pub(super) enum Ends {
    Wide(Vec<u32>),
    Packed(Packed),
}

/// Ends counted from where their block begins.
#[derive(Debug)]
pub(super) struct Packed {
    starts: Vec<u32>,
    above: Vec<u16>,
}

impl Default for Ends {
    fn default() -> Self {
        Self::Wide(Vec::new())
    }
}

impl Ends {
    /// Adds the end of one text more.
    pub(super) fn push(&mut self, end: u32) {
        match self {
            Self::Wide(ends) => ends.push(end),
            Self::Packed(_) => {
                let mut ends = Vec::with_capacity(self.len() + 1);
                self.each(|_, end| ends.push(end as u32));
                ends.push(end);
                *self = Self::Wide(ends);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Wide(ends) => ends.len(),
            Self::Packed(packed) => packed.above.len(),
        }
    }

    /// Where a text begins and ends; none past the last one.
    #[inline]
    pub(super) fn of(&self, index: usize) -> Option<(usize, usize)> {
        match self {
            Self::Wide(ends) => {
                let end = *ends.get(index)?;
                let start = index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
                Some((start as usize, end as usize))
            }
            Self::Packed(packed) => packed.of(index),
        }
    }

    /// The number and the end of each, in their order.
    #[inline]
    pub(super) fn each(&self, mut take: impl FnMut(usize, usize)) {
        match self {
            Self::Wide(ends) => ends.iter().enumerate().for_each(|(index, end)| take(index, *end as usize)),
            Self::Packed(packed) => {
                let mut index = 0;
                for (start, above) in packed.starts.iter().zip(packed.above.chunks(BLOCK)) {
                    for above in above {
                        take(index, *start as usize + usize::from(*above));
                        index += 1;
                    }
                }
            }
        }
    }

    /// The first text from `from` on that ends after a place; what is before it is known to end before.
    pub(super) fn ending_after(&self, mut from: usize, place: usize) -> usize {
        if let Self::Packed(packed) = self {
            // Whole blocks first.
            let mut block = from / BLOCK;
            while packed.starts.get(block + 1).is_some_and(|start| *start as usize <= place) {
                block += 1;
            }
            from = from.max(block * BLOCK);
        }
        while self.of(from).is_some_and(|(_, end)| end <= place) {
            from += 1;
        }
        from
    }

    /// As narrow as they can be.
    pub(super) fn pack(&mut self) {
        let Self::Wide(ends) = self else { return };
        let block_of = |index: usize| index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
        let starts: Vec<u32> = (0..ends.len()).step_by(BLOCK).map(block_of).collect();
        let mut above = Vec::with_capacity(ends.len());
        for (start, ends) in starts.iter().zip(ends.chunks(BLOCK)) {
            for end in ends {
                let Ok(end) = u16::try_from(end - start) else {
                    // Texts of a thousand bytes each: two more for the end are little.
                    return self.shrink();
                };
                above.push(end);
            }
        }
        *self = Self::Packed(Packed { starts, above });
    }

    fn shrink(&mut self) {
        if let Self::Wide(ends) = self {
            ends.shrink_to_fit();
        }
    }

    /// Memory that they take, bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Wide(ends) => ends.capacity() * size_of::<u32>(),
            Self::Packed(packed) => {
                packed.starts.capacity() * size_of::<u32>() + packed.above.capacity() * size_of::<u16>()
            }
        }
    }
}

impl Packed {
    #[inline]
    fn of(&self, index: usize) -> Option<(usize, usize)> {
        let start = *self.starts.get(index / BLOCK)? as usize;
        let end = usize::from(*self.above.get(index)?);
        let before = if index.is_multiple_of(BLOCK) { 0 } else { usize::from(*self.above.get(index - 1)?) };
        Some((start + before, start + end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_ends_are_those_that_were_packed(
            lengths in proptest::collection::vec(prop_oneof![0_u32..40, Just(3_000)], 0..300),
            places in proptest::collection::vec(0_usize..20_000, 20),
        ) {
            let ends: Vec<u32> = lengths.iter().scan(0, |end, length| { *end += length; Some(*end) }).collect();
            let wide = Ends::Wide(ends.clone());
            let mut packed = Ends::Wide(ends.clone());
            packed.pack();
            prop_assert_eq!(packed.len(), ends.len());
            let mut found = Vec::new();
            packed.each(|index, end| found.push((index, end as u32)));
            prop_assert_eq!(found, ends.iter().copied().enumerate().collect::<Vec<_>>());
            for index in 0..ends.len() + 2 {
                prop_assert_eq!(packed.of(index), wide.of(index));
            }
            for place in places {
                let after = ends.iter().position(|end| *end as usize > place).unwrap_or(ends.len());
                for from in [0, after / 2, after] {
                    prop_assert_eq!(packed.ending_after(from, place), after);
                    prop_assert_eq!(wide.ending_after(from, place), after);
                }
            }
            packed.push(u32::MAX);
            prop_assert_eq!(packed.of(ends.len()).map(|(_, end)| end), Some(u32::MAX as usize));
        }
    }

    #[test]
    fn short_texts_have_two_bytes_for_their_end() {
        let mut ends = Ends::Wide((0..10_000).map(|index| index * 40).collect());
        ends.pack();
        assert!(ends.bytes() < 2 * 10_000 + 1_000, "{}", ends.bytes());
    }
}
