//! Sums of doubles without rounding, so that a total does not depend on the order of rows, on parts or on the store.

/// A sum of doubles without rounding: the same in whatever order they come, and rounded once at the end.
///
/// Mantissas are added up as whole numbers, those of one exponent together: real data has few exponents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExactSum {
    /// Biased exponents, and the sum of the signed mantissas that have it. A mantissa has 53 bits: 2⁷⁴ of them fit.
    parts: Vec<(u16, i128)>,
}

/// Bits of a double's fraction.
const FRACTION: u32 = 52;
/// Words of the fixed-point number: units of 2⁻¹⁰⁷⁴, up to 2¹⁰²³ times 2⁷⁵, and a sign.
const WORDS: usize = 36;

impl ExactSum {
    /// Adds a finite number.
    pub fn add(&mut self, number: f64) {
        let bits = number.to_bits();
        let exponent = (bits >> FRACTION & 0x7ff) as u16;
        let fraction = (bits & ((1 << FRACTION) - 1)) as i128;
        // Numbers below the least normal one have no hidden bit, and the exponent of the next.
        let mantissa = fraction | i128::from(exponent > 0) << FRACTION;
        self.add_scaled(exponent, if number.is_sign_negative() { -mantissa } else { mantissa });
    }

    /// Adds mantissas that have a biased exponent.
    pub fn add_scaled(&mut self, exponent: u16, mantissas: i128) {
        let exponent = exponent.max(1);
        match self.parts.iter_mut().find(|(known, _)| *known == exponent) {
            Some((_, sum)) => *sum += mantissas,
            None => self.parts.push((exponent, mantissas)),
        }
    }

    /// Adds another sum.
    pub fn join(&mut self, other: &Self) {
        other.parts.iter().for_each(|(exponent, mantissas)| self.add_scaled(*exponent, *mantissas));
    }

    /// The sum as the nearest double, ties to even; none beyond all doubles.
    pub fn rounded(&self) -> Option<f64> {
        let mut words = [0_u64; WORDS];
        for (exponent, mantissas) in &self.parts {
            add_shifted(&mut words, *mantissas, usize::from(*exponent) - 1);
        }
        let is_negative = words[WORDS - 1] >> 63 == 1;
        if is_negative {
            negate(&mut words);
        }
        let magnitude = nearest(&words)?;
        Some(if is_negative { -magnitude } else { magnitude })
    }
}

/// Adds `number` × 2^`shift` in two's complement.
fn add_shifted(words: &mut [u64; WORDS], number: i128, shift: usize) {
    let (first, bits) = (shift / 64, shift % 64);
    let sign = if number < 0 { u64::MAX } else { 0 };
    let (low, high) = (number as u64, (number >> 64) as u64);
    // The number's words and its sign for ever after, moved up by fewer than 64 bits.
    let word = |index: usize| [low, high].get(index).copied().unwrap_or(sign);
    let mut carry = false;
    for (index, sum) in words.iter_mut().skip(first).enumerate() {
        let below = if index == 0 || bits == 0 { 0 } else { word(index - 1) >> (64 - bits) };
        let (with, one) = sum.overflowing_add(word(index) << bits | below);
        let (with, two) = with.overflowing_add(u64::from(carry));
        (*sum, carry) = (with, one || two);
    }
}

fn negate(words: &mut [u64; WORDS]) {
    let mut carry = true;
    for word in words {
        (*word, carry) = (!*word).overflowing_add(u64::from(carry));
    }
}

/// The double nearest to a number in units of 2⁻¹⁰⁷⁴.
fn nearest(words: &[u64; WORDS]) -> Option<f64> {
    let bit = |index: usize| words.get(index / 64).map_or(0, |word| word >> (index % 64) & 1);
    let Some(top) = (0..WORDS * 64).rev().find(|index| bit(*index) == 1) else { return Some(0.0) };
    if top <= FRACTION as usize {
        // So few units are their own bits.
        return Some(f64::from_bits(words[0]));
    }
    let shift = top - FRACTION as usize;
    let kept = (shift..=top).rev().fold(0_u64, |kept, index| kept << 1 | bit(index));
    let half = bit(shift - 1) == 1;
    let more = (0..shift - 1).any(|index| bit(index) == 1);
    let up = half && (more || kept & 1 == 1);
    // The hidden bit counts one up in the exponent, and so does a carry out of the fraction.
    let bits = ((shift as u64) << FRACTION) + kept + u64::from(up);
    Some(f64::from_bits(bits)).filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(numbers: &[f64]) -> Option<f64> {
        let mut sum = ExactSum::default();
        for number in numbers {
            sum.add(*number);
        }
        sum.rounded()
    }

    fn finite() -> impl Strategy<Value = f64> {
        let bits = proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO;
        prop_oneof![bits, -1e6..1e6_f64]
    }

    #[test]
    fn a_sum_is_rounded_once() {
        for (numbers, expected) in [
            (&[][..], Some(0.0)),
            (&[0.1; 10], Some(1.0)),
            (&[1e16, 1.0, 1.0, -1e16], Some(2.0)),
            (&[1e308, 1e308, -1e308], Some(1e308)),
            (&[f64::MAX, f64::MAX], None),
            (&[-f64::MAX, -f64::MAX], None),
            (&[5e-324, -5e-324, 5e-324], Some(5e-324)),
            (&[1.0, f64::EPSILON / 2.0], Some(1.0)),
            (&[1.0, f64::EPSILON / 2.0, 5e-324], Some(1.0 + f64::EPSILON)),
            (&[-1.0, 1e-300], Some(-1.0)),
        ] {
            assert_eq!(sum(numbers), expected, "{numbers:?}");
        }
    }

    proptest! {
        #[test]
        fn one_number_is_itself_and_two_are_what_the_processor_adds(a in finite(), b in finite()) {
            prop_assert_eq!(sum(&[a]), Some(a));
            prop_assert_eq!(sum(&[a, b]), Some(a + b).filter(|sum| sum.is_finite()));
        }

        #[test]
        fn order_and_grouping_do_not_matter(mut numbers in proptest::collection::vec(finite(), 0..40), cut in 0..40_usize) {
            let whole = sum(&numbers);
            let (mut left, mut right) = (ExactSum::default(), ExactSum::default());
            for (index, number) in numbers.iter().enumerate() {
                if index < cut { left.add(*number) } else { right.add(*number) }
            }
            right.join(&left);
            prop_assert_eq!(right.rounded(), whole);
            numbers.reverse();
            prop_assert_eq!(sum(&numbers), whole);
        }
    }
}
