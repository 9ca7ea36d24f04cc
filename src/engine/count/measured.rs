//! Sum, mean, least and greatest of a numeric field, put together from rows, parts or SQL alike.

use crate::engine::columns::Column;
use crate::engine::exact::ExactSum;
use crate::model::{Function, Value};

/// What is known of a numeric field's values over some features. Nulls leave no trace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// How many values.
    pub values: u64,
    /// Of a field of whole numbers.
    pub whole: i128,
    /// Of a field of real ones.
    pub real: ExactSum,
    /// Least and greatest value.
    pub range: Option<(Value, Value)>,
}

impl Measured {
    /// Takes in a row of a numeric column.
    pub fn take(&mut self, column: &Column, row: usize) {
        let value = column.value(row);
        match value {
            Value::Integer(number) => self.whole += i128::from(number),
            Value::Real(number) => self.real.add(number),
            _ => return,
        }
        self.values += 1;
        self.widen(&value, &value);
    }

    /// Takes in others.
    pub fn join(&mut self, other: &Self) {
        self.values += other.values;
        self.whole += other.whole;
        self.real.join(&other.real);
        if let Some((least, greatest)) = &other.range {
            self.widen(least, greatest);
        }
    }

    fn widen(&mut self, low: &Value, high: &Value) {
        let Some((least, greatest)) = &mut self.range else {
            self.range = Some((low.clone(), high.clone()));
            return;
        };
        if is_below(low, least) {
            *least = low.clone();
        }
        if is_below(greatest, high) {
            *greatest = high.clone();
        }
    }

    /// What a function gives; null where there is no value, or beyond all doubles.
    pub fn value(&self, function: Function) -> Value {
        let Some((least, greatest)) = &self.range else { return Value::Null };
        let is_whole = matches!(least, Value::Integer(_));
        match function {
            Function::Min => least.clone(),
            Function::Max => greatest.clone(),
            Function::Sum if is_whole => {
                i64::try_from(self.whole).map_or(Value::Real(self.whole as f64), Value::Integer)
            }
            Function::Avg if is_whole => Value::Real(self.whole as f64 / self.values as f64),
            Function::Sum => self.real.rounded().map_or(Value::Null, Value::Real),
            Function::Avg => self.real.rounded().map_or(Value::Null, |sum| Value::Real(sum / self.values as f64)),
        }
    }
}

fn is_below(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a < b,
        (Value::Real(a), Value::Real(b)) => a < b,
        _ => false,
    }
}
