//! Holds a filter against a layer: names, types, and everything that is the same for every feature is worked out.

mod array;
mod scalar;
mod spatial;
mod temporal;

use jiff::tz::TimeZone;

use super::Fault;
use super::like::Pattern;
use crate::model::filter::{AskedFilter, Comparison, Condition, Expr, ExprKind, Filter, Operator, Scalar};
use crate::model::{FieldType, Invalid, Layer, Value, View};

/// The filter for a layer as the view sees it; days are of the zone. [`Invalid`] names the `parameter`, the place in the filter
/// and the field; a field that the view does not see is told from one that is not there by nothing.
pub fn check(
    parameter: &str,
    asked: &AskedFilter,
    layer: &Layer,
    view: View,
    zone: &TimeZone,
) -> Result<Filter, Invalid> {
    let checker = Checker { layer, view, zone };
    let condition = checker.condition(asked.tree()).map_err(|fault| fault.of(parameter))?;
    Ok(Filter { condition, zone: zone.clone() })
}

pub(super) struct Checker<'a> {
    layer: &'a Layer,
    view: View,
    zone: &'a TimeZone,
}

impl Checker<'_> {
    fn condition(&self, expr: &Expr) -> Result<Condition, Fault> {
        match &expr.kind {
            ExprKind::Boolean(truth) => Ok(Condition::Always(*truth)),
            ExprKind::Apply(operator, operands) => self.apply(expr, *operator, operands),
            ExprKind::Property(_) | ExprKind::Function(..) => {
                let scalar = self.scalar(expr)?;
                match scalar.kind() {
                    FieldType::Boolean => Ok(Condition::Truth(scalar)),
                    kind => {
                        Err(Fault::new(&expr.at, format!("expected a condition, {} is {}", name(expr), article(kind))))
                    }
                }
            }
            _ => Err(Fault::new(&expr.at, format!("expected a condition, found {}", name(expr)))),
        }
    }

    fn apply(&self, expr: &Expr, operator: Operator, operands: &[Expr]) -> Result<Condition, Fault> {
        match (operator, operands) {
            (Operator::And, parts) => self.conditions(parts).map(Condition::And),
            (Operator::Or, parts) => self.conditions(parts).map(Condition::Or),
            (Operator::Not, [inner]) => self.condition(inner).map(Condition::negated),
            (Operator::Compare(comparison), [left, right]) => {
                let (left, right) = self.pair(left, right)?;
                Ok(Condition::Compare(comparison, left, right))
            }
            (Operator::Between, [value, least, most]) => {
                let (above, least) = self.pair(value, least)?;
                let (below, most) = self.pair(value, most)?;
                Ok(Condition::And(vec![
                    Condition::Compare(Comparison::GreaterOrEqual, above, least),
                    Condition::Compare(Comparison::LessOrEqual, below, most),
                ]))
            }
            (Operator::In, [value, list]) => self.one_of(value, list),
            (Operator::Like, [value, pattern]) => self.like(value, pattern),
            (Operator::IsNull, [operand]) => self.is_null(operand),
            (Operator::Spatial(relation), [left, right]) => self.spatial(relation, left, right),
            (Operator::Temporal(relation), [left, right]) => self.temporal(expr, relation, left, right),
            (Operator::Array(relation), [left, right]) => self.array(relation, left, right),
            _ => Err(Fault::new(&expr.at, format!("expected a condition, found {}", name(expr)))),
        }
    }

    fn conditions(&self, parts: &[Expr]) -> Result<Vec<Condition>, Fault> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    /// One type for all: the values are compared one by one where whole numbers and doubles, or dates and times, are mixed.
    fn one_of(&self, value: &Expr, list: &Expr) -> Result<Condition, Fault> {
        let items = match &list.kind {
            ExprKind::Array(items) => items.as_slice(),
            _ => std::slice::from_ref(list),
        };
        let pairs = items.iter().map(|item| self.pair(value, item)).collect::<Result<Vec<_>, _>>()?;
        match pairs.first() {
            Some((first, _)) if pairs.iter().all(|(left, _)| left == first) => {
                let first = first.clone();
                Ok(Condition::In(first, pairs.into_iter().map(|(_, right)| right).collect()))
            }
            _ => {
                let equal = |(left, right)| Condition::Compare(Comparison::Equal, left, right);
                Ok(Condition::Or(pairs.into_iter().map(equal).collect()))
            }
        }
    }

    fn like(&self, value: &Expr, pattern: &Expr) -> Result<Condition, Fault> {
        let text = self.of_type(value, FieldType::Text)?;
        let Scalar::Literal(Value::Text(steps)) = self.of_type(pattern, FieldType::Text)? else {
            return Err(Fault::new(&pattern.at, "expected a pattern between single quotes"));
        };
        match Pattern::new(&steps) {
            Some(_) => Ok(Condition::Like(text, steps)),
            None => Err(Fault::new(&pattern.at, "a pattern ends after what its last backslash escapes")),
        }
    }

    fn is_null(&self, operand: &Expr) -> Result<Condition, Fault> {
        match &operand.kind {
            ExprKind::Geometry(_) | ExprKind::Bbox(_) => Ok(Condition::Always(false)),
            ExprKind::Property(_) if self.is_position(operand) => Ok(Condition::Always(false)),
            ExprKind::Interval(ends) => {
                let ends = ends.iter().filter(|end| !matches!(end.kind, ExprKind::Open));
                ends.map(|end| self.scalar(end).map(Condition::IsNull)).collect::<Result<_, _>>().map(Condition::Or)
            }
            ExprKind::Apply(operator, _)
                if !matches!(operator, Operator::CaseI | Operator::AccentI | Operator::Arithmetic(_)) =>
            {
                self.condition(operand).map(|inner| Condition::IsUnknown(Box::new(inner)))
            }
            _ => self.scalar(operand).map(Condition::IsNull),
        }
    }
}

/// What an expression is called in a message.
fn name(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Property(name) | ExprKind::Function(name, _) => format!("{name:.64}"),
        ExprKind::Boolean(_) => "a truth value".to_owned(),
        ExprKind::Integer(_) | ExprKind::Real(_) | ExprKind::Apply(Operator::Arithmetic(_), _) => "a number".to_owned(),
        ExprKind::Text(_) | ExprKind::Open | ExprKind::Apply(Operator::CaseI | Operator::AccentI, _) => {
            "a text".to_owned()
        }
        ExprKind::Date(_) => "a date".to_owned(),
        ExprKind::Timestamp(_) => "a timestamp".to_owned(),
        ExprKind::Interval(_) => "an interval".to_owned(),
        ExprKind::Geometry(_) | ExprKind::Bbox(_) => "a geometry".to_owned(),
        ExprKind::Array(_) => "a list".to_owned(),
        ExprKind::Apply(..) => "a condition".to_owned(),
    }
}

/// What a value of the type is called in a message.
fn article(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text | FieldType::Code => "a text",
        FieldType::Integer | FieldType::Real => "a number",
        FieldType::Boolean => "a truth value",
        FieldType::Date => "a date",
        FieldType::Timestamp => "a timestamp",
    }
}
