//! What two numbers give. `bandoso.calculated` is the same in SQL, where a result out of bounds would else end the query.

use crate::model::filter::Arithmetic;

/// Doubles between these, and zero, can be multiplied, divided and raised: no result overflows or underflows.
const LEAST: f64 = 1e-150;
const MOST: f64 = 1e150;
/// Doubles up to this can be added.
const MOST_TERM: f64 = 1e300;
/// Greatest logarithm of a power.
const MOST_LOGARITHM: f64 = 690.0;

/// Whole numbers: exact, null where 64 bits do not hold the result and when divided by zero. A quotient is cut off towards
/// zero, a remainder has the sign of the dividend. [`Arithmetic::Divide`] and [`Arithmetic::Power`] are for doubles.
#[inline]
pub(super) fn whole(operator: Arithmetic, left: i64, right: i64) -> Option<i64> {
    match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::WholeDivide => left.checked_div(right),
        Arithmetic::Remainder if right == -1 => Some(0),
        Arithmetic::Remainder => left.checked_rem(right),
        Arithmetic::Divide | Arithmetic::Power => None,
    }
}

/// Doubles: null where an operand is out of bounds, when divided by zero, and for powers that are no real number.
pub(super) fn real(operator: Arithmetic, left: f64, right: f64) -> Option<f64> {
    if matches!(operator, Arithmetic::Add | Arithmetic::Subtract) {
        let sum = if operator == Arithmetic::Add { left + right } else { left - right };
        return (left.abs() <= MOST_TERM && right.abs() <= MOST_TERM).then_some(sum);
    }
    let bounded = |number: f64| number == 0.0 || (LEAST..=MOST).contains(&number.abs());
    if !bounded(left) || !bounded(right) {
        return None;
    }
    let divides = matches!(operator, Arithmetic::Divide | Arithmetic::WholeDivide | Arithmetic::Remainder);
    if divides && right == 0.0 {
        return None;
    }
    match operator {
        Arithmetic::Multiply => Some(left * right),
        Arithmetic::Divide => Some(left / right),
        Arithmetic::WholeDivide => Some((left / right).trunc()),
        Arithmetic::Remainder => Some(left - right * (left / right).trunc()),
        _ => power(left, right),
    }
}

fn power(base: f64, exponent: f64) -> Option<f64> {
    if base == 0.0 {
        return if exponent > 0.0 { Some(0.0) } else { (exponent == 0.0).then_some(1.0) };
    }
    let is_real = base > 0.0 || exponent == exponent.floor();
    (is_real && (exponent * base.abs().ln()).abs() <= MOST_LOGARITHM).then(|| base.powf(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_result_is_null() {
        use Arithmetic::{Add, Divide, Multiply, Power, Remainder, Subtract, WholeDivide};
        for (operator, left, right) in [
            (Add, i64::MAX, 1),
            (Subtract, i64::MIN, 1),
            (Multiply, i64::MAX, 2),
            (WholeDivide, 1, 0),
            (Remainder, 1, 0),
            (WholeDivide, i64::MIN, -1),
        ] {
            assert_eq!(whole(operator, left, right), None, "{operator:?} {left} {right}");
        }
        assert_eq!(whole(Remainder, i64::MIN, -1), Some(0));
        assert_eq!((whole(WholeDivide, -7, 2), whole(Remainder, -7, 2)), (Some(-3), Some(-1)));
        for (operator, left, right) in [
            (Divide, 1.0, 0.0),
            (Power, 0.0, -1.0),
            (Power, -8.0, 0.5),
            (Power, 10.0, 400.0),
            (Multiply, 1e200, 2.0),
            (Add, 1e301, 0.0),
        ] {
            assert_eq!(real(operator, left, right), None, "{operator:?} {left} {right}");
        }
        assert_eq!((real(Power, -2.0, 3.0), real(Remainder, -7.5, 2.0)), (Some(-8.0), Some(-1.5)));
    }
}
