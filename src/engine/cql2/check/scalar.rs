//! Values: what a name stands for, and two sides brought to one type.

use super::{Checker, article, name};
use crate::engine::cql2::Fault;
use crate::engine::cql2::fold::fold;
use crate::engine::cql2::functions::{FUNCTIONS, Makes, known};
use crate::engine::cql2::literal::{day, instant};
use crate::model::filter::{Arithmetic, Expr, ExprKind, Folding, Operator, Scalar};
use crate::model::{Day, FieldType, Value};

/// Names of the feature's position.
const POSITION: [&str; 2] = ["geom", "geometry"];
/// Name of the feature's id.
const ID: &str = "id";

impl Checker<'_> {
    /// The field of a name, if there is one that the view sees.
    fn field(&self, name: &str) -> Option<Scalar> {
        let (index, field) = self.layer.field(name)?;
        self.view.sees_field(field).then_some(Scalar::Field(index, field.kind))
    }

    /// Whether it names the feature's position.
    pub(super) fn is_position(&self, expr: &Expr) -> bool {
        matches!(&expr.kind, ExprKind::Property(name)
            if POSITION.contains(&name.as_str()) && self.field(name).is_none())
    }

    /// Any single value.
    pub(super) fn scalar(&self, expr: &Expr) -> Result<Scalar, Fault> {
        Ok(match &expr.kind {
            ExprKind::Boolean(truth) => Scalar::Literal(Value::Boolean(*truth)),
            ExprKind::Integer(number) => Scalar::Literal(Value::Integer(*number)),
            ExprKind::Real(number) => Scalar::Literal(Value::Real(*number)),
            ExprKind::Text(text) => Scalar::Literal(Value::Text(text.clone())),
            ExprKind::Date(day) => Scalar::Literal(Value::Date(*day)),
            ExprKind::Timestamp(instant) => Scalar::Literal(Value::Timestamp(*instant)),
            ExprKind::Property(name) => self.property(expr, name)?,
            ExprKind::Function(name, operands) => self.called(expr, name, operands)?,
            ExprKind::Apply(Operator::CaseI, operands) => self.folded(Folding::Case, operands)?,
            ExprKind::Apply(Operator::AccentI, operands) => self.folded(Folding::Accents, operands)?,
            ExprKind::Apply(Operator::Arithmetic(operator), operands) => self.arithmetic(*operator, operands)?,
            _ => return Err(Fault::new(&expr.at, format!("expected a single value, found {}", name(expr)))),
        })
    }

    fn property(&self, expr: &Expr, name: &str) -> Result<Scalar, Fault> {
        match self.field(name) {
            Some(field) => Ok(field),
            None if name == ID => Ok(Scalar::Id),
            None if self.is_position(expr) => {
                let what = format!("{name} is the position of a feature: compare it with S_INTERSECTS and the like");
                Err(Fault::new(&expr.at, what))
            }
            None => {
                let seen = self.layer.fields.iter().filter(|field| self.view.sees_field(field));
                let names: Vec<_> = seen.map(|field| field.name.as_str()).chain([ID, POSITION[0]]).collect();
                let what = format!("{} has no field {name:.64}; it has {}", self.layer.id, names.join(", "));
                Err(Fault::new(&expr.at, what))
            }
        }
    }

    fn folded(&self, folding: Folding, operands: &[Expr]) -> Result<Scalar, Fault> {
        let mut texts = operands.iter().map(|operand| self.of_type(operand, FieldType::Text));
        Ok(match texts.next().transpose()? {
            Some(Scalar::Literal(Value::Text(text))) => Scalar::Literal(Value::Text(fold(folding, &text))),
            Some(text) => Scalar::Folded(folding, Box::new(text)),
            None => Scalar::Literal(Value::Null),
        })
    }

    /// A function of one value.
    fn called(&self, expr: &Expr, name: &str, operands: &[Expr]) -> Result<Scalar, Fault> {
        let Some(function) = known(name) else {
            let names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
            let what = format!(
                "there is no function {name:.64}; there are {}, and CASEI, ACCENTI, S_…, T_… and A_…",
                names.join(", ")
            );
            return Err(Fault::new(&expr.at, what));
        };
        let [operand] = operands else {
            let what = format!("{} takes 1 operand, found {}", function.name, operands.len());
            return Err(Fault::new(&expr.at, what));
        };
        let argument = self.scalar(operand)?;
        if !function.takes.contains(&argument.kind()) {
            let wanted = function.takes.first().map_or("nothing", |kind| article(*kind));
            let what =
                format!("{} takes {wanted}, {} is {}", function.name, super::name(operand), article(argument.kind()));
            return Err(Fault::new(&operand.at, what));
        }
        Ok(match (function.makes, argument) {
            (Makes::Text(folding), Scalar::Literal(Value::Text(text))) => {
                Scalar::Literal(Value::Text(fold(folding, &text)))
            }
            (Makes::Text(folding), argument) => Scalar::Folded(folding, Box::new(argument)),
            (Makes::Value(function), argument) => Scalar::Call(function, Box::new(argument)),
        })
    }

    fn arithmetic(&self, operator: Arithmetic, operands: &[Expr]) -> Result<Scalar, Fault> {
        let [left, right] = operands else { return Ok(Scalar::Literal(Value::Null)) };
        let (mut left, mut right) = (self.number(left)?, self.number(right)?);
        let whole = left.kind() == FieldType::Integer && right.kind() == FieldType::Integer;
        if !whole || matches!(operator, Arithmetic::Divide | Arithmetic::Power) {
            (left, right) = (real(left), real(right));
        }
        Ok(Scalar::Arithmetic(operator, Box::new(left), Box::new(right)))
    }

    fn number(&self, expr: &Expr) -> Result<Scalar, Fault> {
        let scalar = self.scalar(expr)?;
        match scalar.kind() {
            FieldType::Integer | FieldType::Real => Ok(scalar),
            kind => Err(Fault::new(&expr.at, format!("expected a number, {} is {}", name(expr), article(kind)))),
        }
    }

    /// A value that must be of the type.
    pub(super) fn of_type(&self, expr: &Expr, kind: FieldType) -> Result<Scalar, Fault> {
        let scalar = self.scalar(expr)?;
        if scalar.kind() == kind {
            return Ok(scalar);
        }
        let what = format!("expected {}, {} is {}", article(kind), name(expr), article(scalar.kind()));
        Err(Fault::new(&expr.at, what))
    }

    /// Two values brought to one type: whole numbers and doubles become doubles, dates and times times, and a text written
    /// where a date or time must be is read as one.
    pub(super) fn pair(&self, left: &Expr, right: &Expr) -> Result<(Scalar, Scalar), Fault> {
        let (first, second) = (self.scalar(left)?, self.scalar(right)?);
        let first = cast_text(left, first, second.kind())?;
        let second = cast_text(right, second, first.kind())?;
        match (first.kind(), second.kind()) {
            (one, other) if one == other => Ok((first, second)),
            (FieldType::Integer, FieldType::Real) | (FieldType::Real, FieldType::Integer) => {
                Ok((real(first), real(second)))
            }
            (FieldType::Date, FieldType::Timestamp) => Ok((self.day_start(first), second)),
            (FieldType::Timestamp, FieldType::Date) => Ok((first, self.day_start(second))),
            (one, other) => {
                let what = format!(
                    "{} is {}, {} is {}: they cannot be compared",
                    name(left),
                    article(one),
                    name(right),
                    article(other)
                );
                Err(Fault::new(&right.at, what))
            }
        }
    }

    /// The first instant of a date.
    pub(super) fn day_start(&self, scalar: Scalar) -> Scalar {
        match scalar {
            Scalar::Literal(Value::Date(day)) => Scalar::Literal(Value::Timestamp(day.start(self.zone))),
            other => Scalar::DayStart(Box::new(other)),
        }
    }
}

/// A text literal as the date or time that it is compared with.
pub(super) fn cast_text(expr: &Expr, scalar: Scalar, wanted: FieldType) -> Result<Scalar, Fault> {
    let Scalar::Literal(Value::Text(text)) = &scalar else { return Ok(scalar) };
    // GDAL writes a day as `2025-07-01T`.
    let date = Day::parse("", text.strip_suffix('T').unwrap_or(text)).ok();
    Ok(match (wanted, date) {
        (FieldType::Date | FieldType::Timestamp, Some(day)) => Scalar::Literal(Value::Date(day)),
        (wanted, _) => typed(expr, scalar, wanted)?,
    })
}

fn typed(expr: &Expr, scalar: Scalar, wanted: FieldType) -> Result<Scalar, Fault> {
    let Scalar::Literal(Value::Text(text)) = &scalar else { return Ok(scalar) };
    Ok(match wanted {
        FieldType::Date => Scalar::Literal(Value::Date(day(&expr.at, text)?)),
        FieldType::Timestamp => Scalar::Literal(Value::Timestamp(instant(&expr.at, text)?)),
        _ => scalar,
    })
}

fn real(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Literal(Value::Integer(number)) => Scalar::Literal(Value::Real(number as f64)),
        scalar if scalar.kind() == FieldType::Integer => Scalar::Real(Box::new(scalar)),
        other => other,
    }
}
