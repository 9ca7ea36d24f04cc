//! The plainest evaluation of a filter there can be: row by row, value by value.

use bandoso::engine::cql2::fold;
use bandoso::model::filter::{Arithmetic, Condition, Filter, Function, PlaceTest, Scalar};
use bandoso::model::{Day, Feature, Instant, Value};
use geo::{Contains, Intersects};
use geo_types::{Geometry, Point};

/// Whether the filter is true for a row: row by row, value by value.
pub fn takes(filter: &Filter, row: &Feature) -> bool {
    truth(filter, &filter.condition, row) == Some(true)
}

fn truth(filter: &Filter, condition: &Condition, row: &Feature) -> Option<bool> {
    let of = |condition: &Condition| truth(filter, condition, row);
    let value = |scalar: &Scalar| value_of(filter, scalar, row);
    match condition {
        Condition::Always(truth) => Some(*truth),
        Condition::And(parts) => {
            let parts: Vec<_> = parts.iter().map(of).collect();
            if parts.contains(&Some(false)) { Some(false) } else { (!parts.contains(&None)).then_some(true) }
        }
        Condition::Or(parts) => {
            let parts: Vec<_> = parts.iter().map(of).collect();
            if parts.contains(&Some(true)) { Some(true) } else { (!parts.contains(&None)).then_some(false) }
        }
        Condition::Not(inner) => of(inner).map(|truth| !truth),
        Condition::IsUnknown(inner) => Some(of(inner).is_none()),
        Condition::Truth(scalar) => match value(scalar)? {
            Value::Boolean(truth) => Some(truth),
            other => panic!("{other:?} is no truth value"),
        },
        Condition::Compare(comparison, left, right) => Some(comparison.holds(order(&value(left)?, &value(right)?))),
        Condition::In(left, list) => {
            let equal = |item: &Scalar| Some(order(&value(left)?, &value(item)?).is_eq());
            let equal: Vec<_> = list.iter().map(equal).collect();
            if equal.contains(&Some(true)) { Some(true) } else { (!equal.contains(&None)).then_some(false) }
        }
        Condition::Like(scalar, pattern) => match value(scalar)? {
            Value::Text(text) => Some(like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())),
            other => panic!("{other:?} is no text"),
        },
        Condition::IsNull(scalar) => Some(value(scalar).is_none()),
        Condition::Position(test, geometry) => {
            let at = Point::new(row.at.lon, row.at.lat);
            let boundary = |geometry: &Geometry<f64>| geometry.intersects(&at) && !geometry.contains(&at);
            Some(match test {
                PlaceTest::Meets => geometry.intersects(&at),
                PlaceTest::Inside => geometry.contains(&at),
                PlaceTest::Boundary => boundary(geometry),
            })
        }
    }
}

fn order(one: &Value, other: &Value) -> std::cmp::Ordering {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Real(one), Value::Real(other)) => one.partial_cmp(other).expect("numbers"),
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Timestamp(one), Value::Timestamp(other)) => one.cmp(other),
        other => panic!("not of one type: {other:?}"),
    }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['%', rest @ ..], _) => (0..=text.len()).any(|skipped| like(&text[skipped..], rest)),
        (['_', rest @ ..], [_, text @ ..]) => like(text, rest),
        (['\\', wanted, rest @ ..] | [wanted, rest @ ..], [found, text @ ..]) => wanted == found && like(text, rest),
        _ => false,
    }
}

fn value_of(filter: &Filter, scalar: &Scalar, row: &Feature) -> Option<Value> {
    let inner = |scalar: &Scalar| value_of(filter, scalar, row);
    let value = match scalar {
        Scalar::Field(index, _) => row.values[*index].clone(),
        Scalar::Id => Value::Integer(row.id as i64),
        Scalar::Literal(value) => value.clone(),
        Scalar::Folded(folding, text) => match inner(text)? {
            Value::Text(text) => Value::Text(fold(*folding, &text)),
            other => panic!("{other:?} is no text"),
        },
        Scalar::Real(number) => match inner(number)? {
            Value::Integer(number) => Value::Real(number as f64),
            other => panic!("{other:?} is no whole number"),
        },
        Scalar::DayStart(day) | Scalar::DayEnd(day) => match inner(day)? {
            Value::Date(day) if matches!(scalar, Scalar::DayStart(_)) => Value::Timestamp(day.start(&filter.zone)),
            Value::Date(day) => Value::Timestamp(Instant(Day(day.0 + 1).start(&filter.zone).0 - 1)),
            other => panic!("{other:?} is no date"),
        },
        Scalar::Call(function, argument) => called(filter, *function, &inner(argument)?)?,
        Scalar::Arithmetic(operator, left, right) => calculated(*operator, &inner(left)?, &inner(right)?)?,
    };
    (value != Value::Null).then_some(value)
}

fn called(filter: &Filter, function: Function, argument: &Value) -> Option<Value> {
    let clock = match argument {
        Value::Date(day) => day.to_date().at(0, 0, 0, 0),
        Value::Timestamp(at) => filter.zone.to_datetime(jiff::Timestamp::from_microsecond(at.0).expect("in range")),
        _ => jiff::civil::DateTime::default(),
    };
    Some(match (function, argument) {
        (Function::Length, Value::Text(text)) => Value::Integer(text.chars().count() as i64),
        (Function::Abs, Value::Integer(number)) if *number == i64::MIN => return None,
        (Function::Abs, Value::Integer(number)) => Value::Integer(number.abs()),
        (Function::Abs, Value::Real(number)) => Value::Real(number.abs()),
        (Function::Round, Value::Real(number)) => Value::Real(number.round_ties_even()),
        (Function::Floor, Value::Real(number)) => Value::Real(number.floor()),
        (Function::Ceil, Value::Real(number)) => Value::Real(number.ceil()),
        (Function::Round | Function::Floor | Function::Ceil, Value::Integer(number)) => Value::Integer(*number),
        (Function::Year, _) => Value::Integer(clock.year().into()),
        (Function::Month, _) => Value::Integer(clock.month().into()),
        (Function::Day, _) => Value::Integer(clock.day().into()),
        (Function::Weekday, _) => Value::Integer(clock.weekday().to_monday_one_offset().into()),
        (Function::Hour, _) => Value::Integer(clock.hour().into()),
        other => panic!("{other:?} do not fit"),
    })
}

fn calculated(operator: Arithmetic, left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => {
            let (left, right) = (i128::from(*left), i128::from(*right));
            let result = match operator {
                Arithmetic::Add => left + right,
                Arithmetic::Subtract => left - right,
                Arithmetic::Multiply => left * right,
                Arithmetic::WholeDivide => left.checked_div(right)?,
                Arithmetic::Remainder => left.checked_rem(right)?,
                other => panic!("{other:?} is for doubles"),
            };
            i64::try_from(result).ok().map(Value::Integer)
        }
        (Value::Real(left), Value::Real(right)) => {
            let (left, right) = (*left, *right);
            let small = |number: f64| number == 0.0 || (1e-150..=1e150).contains(&number.abs());
            let both_small = small(left) && small(right);
            let result = match operator {
                Arithmetic::Add if left.abs() <= 1e300 && right.abs() <= 1e300 => left + right,
                Arithmetic::Subtract if left.abs() <= 1e300 && right.abs() <= 1e300 => left - right,
                Arithmetic::Multiply if both_small => left * right,
                Arithmetic::Divide if both_small && right != 0.0 => left / right,
                Arithmetic::WholeDivide if both_small && right != 0.0 => (left / right).trunc(),
                Arithmetic::Remainder if both_small && right != 0.0 => left - (left / right).trunc() * right,
                Arithmetic::Power if both_small && (left == 0.0 || (right * left.abs().ln()).abs() <= 690.0) => {
                    left.powf(right)
                }
                _ => return None,
            };
            result.is_finite().then_some(Value::Real(result))
        }
        other => panic!("not of one type: {other:?}"),
    }
}
