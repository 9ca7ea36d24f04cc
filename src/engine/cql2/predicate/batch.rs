//! Values of 64 rows at once.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::each;
use crate::engine::columns::{BLOCK, Column, Columns, Numbers, block_of, mask};
use crate::engine::cql2::arithmetic::{real, whole};
use crate::engine::cql2::fold::fold;
use crate::engine::cql2::functions::{length, of_day, of_instant, of_real, of_whole};
use crate::model::filter::{Arithmetic, Filter, Folding, Function, Scalar};
use crate::model::{Day, FieldType, Instant, Value};

/// A column of whole numbers, or of what is one underneath.
#[derive(Clone, Copy)]
pub(super) enum WholeColumn<'a> {
    Numbers(&'a Numbers),
    /// 0, 1, else null.
    Booleans(&'a [u8]),
    /// The layer has no such column here: all null.
    Nothing,
}

/// Whole numbers, days, microseconds, or 0 and 1.
pub(super) enum Whole<'a> {
    Column(WholeColumn<'a>),
    Literal(i64),
    Calculated(Arithmetic, Box<[Whole<'a>; 2]>),
    /// Of a whole number, a day, or an instant.
    Called(Function, Box<Whole<'a>>, Clockwork),
    Length(Text<'a>),
    DayStart(Box<Whole<'a>>, TimeZone),
    DayEnd(Box<Whole<'a>>, TimeZone),
}

/// What a function of a whole value reads it as.
pub(super) enum Clockwork {
    Number,
    Day,
    Instant(TimeZone),
}

/// Doubles.
pub(super) enum Real<'a> {
    Column(&'a [f64]),
    Literal(f64),
    Whole(Whole<'a>),
    Called(Function, Box<Real<'a>>),
    Calculated(Arithmetic, Box<[Real<'a>; 2]>),
}

/// Texts.
pub(super) enum Text<'a> {
    Column(&'a Column),
    Literal(String),
    Folded(Folding, Box<Text<'a>>),
    Nothing,
}

impl<'a> WholeColumn<'a> {
    pub(super) fn of(field: usize, columns: &'a Columns) -> Self {
        match columns.fields.get(field) {
            Some(Column::Integer(numbers) | Column::Date(numbers) | Column::Timestamp(numbers)) => {
                Self::Numbers(numbers)
            }
            Some(Column::Boolean(values)) => Self::Booleans(values),
            _ => Self::Nothing,
        }
    }

    /// The rows that are not null.
    pub(super) fn known(self, block: usize) -> u64 {
        match self {
            Self::Numbers(numbers) => numbers.known(block),
            Self::Booleans(values) => mask(block_of(values, block), |value| value < 2),
            Self::Nothing => 0,
        }
    }

    fn load(self, block: usize, out: &mut [i64; BLOCK]) {
        match self {
            Self::Numbers(numbers) => numbers.load(block, out),
            Self::Booleans(values) => copied(block_of(values, block), out, i64::from),
            Self::Nothing => {}
        }
    }
}

fn copied<T: Copy, O>(values: &[T], out: &mut [O; BLOCK], convert: impl Fn(T) -> O) {
    out.iter_mut().zip(values).for_each(|(out, value)| *out = convert(*value));
}

impl<'a> Whole<'a> {
    /// Makes a scalar of a whole type ready.
    pub(super) fn new(scalar: &Scalar, filter: &Filter, columns: &'a Columns) -> Self {
        let inner = |scalar: &Scalar| Box::new(Self::new(scalar, filter, columns));
        match scalar {
            Scalar::Field(field, _) => Self::Column(WholeColumn::of(*field, columns)),
            Scalar::Id => Self::Column(WholeColumn::Numbers(&columns.ids)),
            Scalar::Literal(value) => literal(value).map_or(Self::Column(WholeColumn::Nothing), Self::Literal),
            Scalar::Arithmetic(operator, left, right) => {
                let sides = [Self::new(left, filter, columns), Self::new(right, filter, columns)];
                Self::Calculated(*operator, Box::new(sides))
            }
            Scalar::Call(Function::Length, text) => Self::Length(Text::new(text, columns)),
            Scalar::Call(function, argument) => {
                let clockwork = match argument.kind() {
                    FieldType::Date => Clockwork::Day,
                    FieldType::Timestamp => Clockwork::Instant(filter.zone.clone()),
                    _ => Clockwork::Number,
                };
                Self::Called(*function, inner(argument), clockwork)
            }
            Scalar::DayStart(day) => Self::DayStart(inner(day), filter.zone.clone()),
            Scalar::DayEnd(day) => Self::DayEnd(inner(day), filter.zone.clone()),
            // Of another type; a checked filter has none here.
            Scalar::Folded(..) | Scalar::Real(_) => Self::Column(WholeColumn::Nothing),
        }
    }

    /// Writes the block's values, and tells which of the wanted ones are not null.
    pub(super) fn load(&self, block: usize, wanted: u64, out: &mut [i64; BLOCK]) -> u64 {
        match self {
            Self::Column(column) => {
                column.load(block, out);
                column.known(block) & wanted
            }
            Self::Literal(value) => {
                out.fill(*value);
                wanted
            }
            Self::Calculated(operator, sides) => {
                let [left, right] = &**sides;
                let mut other = [0; BLOCK];
                let known = left.load(block, wanted, out) & right.load(block, wanted, &mut other);
                let sides = (out, &other);
                // Of the operators that are met most, each has a loop that knows it.
                match operator {
                    Arithmetic::Add => combined(known, sides, |left, right| whole(Arithmetic::Add, left, right)),
                    Arithmetic::Subtract => {
                        combined(known, sides, |left, right| whole(Arithmetic::Subtract, left, right))
                    }
                    Arithmetic::Multiply => {
                        combined(known, sides, |left, right| whole(Arithmetic::Multiply, left, right))
                    }
                    other => combined(known, sides, |left, right| whole(*other, left, right)),
                }
            }
            Self::Called(function, argument, clockwork) => {
                let known = argument.load(block, wanted, out);
                each(known, |row| {
                    replace(out, row, |value| match clockwork {
                        Clockwork::Number => of_whole(*function, value),
                        Clockwork::Day => Some(of_day(*function, Day(value as i32))),
                        Clockwork::Instant(zone) => Some(of_instant(*function, Instant(value), zone)),
                    })
                })
            }
            Self::Length(text) => each(wanted, |row| {
                let found = text.text(block.saturating_mul(BLOCK).saturating_add(row));
                replace(out, row, |_| found.map(|text| length(&text)))
            }),
            Self::DayStart(day, zone) => {
                let known = day.load(block, wanted, out);
                each(known, |row| replace(out, row, |day| Some(Day(day as i32).start(zone).0)))
            }
            Self::DayEnd(day, zone) => {
                let known = day.load(block, wanted, out);
                each(known, |row| replace(out, row, |day| Some(day_end(Day(day as i32), zone).0)))
            }
        }
    }
}

/// The last microsecond of a day.
pub(super) fn day_end(day: Day, zone: &TimeZone) -> Instant {
    Instant(Day(day.0.saturating_add(1)).start(zone).0.saturating_sub(1))
}

/// Puts what two numbers give in the place of the first one; gives the rows that have a result.
fn combined(
    known: u64,
    (out, other): (&mut [i64; BLOCK], &[i64; BLOCK]),
    result: impl Fn(i64, i64) -> Option<i64>,
) -> u64 {
    each(known, |row| replace(out, row, |left| result(left, *other.get(row)?)))
}

/// Puts a result in the place of a value; false where there is none.
fn replace<T: Copy>(values: &mut [T; BLOCK], row: usize, result: impl FnOnce(T) -> Option<T>) -> bool {
    let Some(value) = values.get_mut(row) else { return false };
    match result(*value) {
        Some(result) => {
            *value = result;
            true
        }
        None => false,
    }
}

/// A literal of a whole type.
pub(super) fn literal(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Boolean(truth) => Some(i64::from(*truth)),
        Value::Date(day) => Some(i64::from(day.0)),
        Value::Timestamp(instant) => Some(instant.0),
        Value::Null | Value::Text(_) | Value::Real(_) => None,
    }
}

impl<'a> Real<'a> {
    /// Makes a scalar of doubles ready.
    pub(super) fn new(scalar: &Scalar, filter: &Filter, columns: &'a Columns) -> Self {
        match scalar {
            Scalar::Field(field, FieldType::Real) => match columns.fields.get(*field) {
                Some(Column::Real(values)) => Self::Column(values),
                _ => Self::Column(&[]),
            },
            Scalar::Literal(Value::Real(number)) => Self::Literal(*number),
            Scalar::Real(inner) => Self::Whole(Whole::new(inner, filter, columns)),
            Scalar::Arithmetic(operator, left, right) => {
                let sides = [Self::new(left, filter, columns), Self::new(right, filter, columns)];
                Self::Calculated(*operator, Box::new(sides))
            }
            Scalar::Call(function, argument) if argument.kind() == FieldType::Real => {
                Self::Called(*function, Box::new(Self::new(argument, filter, columns)))
            }
            other => Self::Whole(Whole::new(other, filter, columns)),
        }
    }

    /// Writes the block's values, and tells which of the wanted ones are not null.
    pub(super) fn load(&self, block: usize, wanted: u64, out: &mut [f64; BLOCK]) -> u64 {
        match self {
            Self::Column(values) => {
                let values = block_of(values, block);
                copied(values, out, |value| value);
                mask(values, |value| !value.is_nan()) & wanted
            }
            Self::Literal(value) => {
                out.fill(*value);
                wanted
            }
            Self::Whole(inner) => {
                let mut wholes = [0; BLOCK];
                let known = inner.load(block, wanted, &mut wholes);
                copied(&wholes, out, |value| value as f64);
                known
            }
            Self::Called(function, argument) => {
                let known = argument.load(block, wanted, out);
                for value in out.iter_mut() {
                    *value = of_real(*function, *value);
                }
                known
            }
            Self::Calculated(operator, sides) => {
                let [left, right] = &**sides;
                let mut other = [0.0; BLOCK];
                let known = left.load(block, wanted, out) & right.load(block, wanted, &mut other);
                each(known, |row| replace(out, row, |left| real(*operator, left, *other.get(row)?)))
            }
        }
    }
}

impl<'a> Text<'a> {
    /// Makes a scalar of texts ready.
    pub(super) fn new(scalar: &Scalar, columns: &'a Columns) -> Self {
        match scalar {
            Scalar::Field(field, _) => columns.fields.get(*field).map_or(Self::Nothing, Self::Column),
            Scalar::Literal(Value::Text(text)) => Self::Literal(text.clone()),
            Scalar::Folded(folding, inner) => Self::Folded(*folding, Box::new(Self::new(inner, columns))),
            _ => Self::Nothing,
        }
    }

    /// The row's text.
    pub(super) fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Column(column) => {
                column.code(row).zip(column.texts()).map(|(code, texts)| Cow::Borrowed(texts.text(code)))
            }
            Self::Literal(text) => Some(Cow::Borrowed(text)),
            Self::Folded(folding, inner) => inner.text(row).map(|text| Cow::Owned(fold(*folding, &text))),
            Self::Nothing => None,
        }
    }
}
