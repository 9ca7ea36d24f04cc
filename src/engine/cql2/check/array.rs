//! Lists as sets. No field is a list, so both are written out and the answer is the same for every feature.

use super::{Checker, name};
use crate::engine::cql2::Fault;
use crate::model::filter::{ArrayRelation, Condition, Expr, ExprKind};

impl Checker<'_> {
    pub(super) fn array(&self, relation: ArrayRelation, left: &Expr, right: &Expr) -> Result<Condition, Fault> {
        let (left, right) = (self.list(left)?, self.list(right)?);
        let within = |some: &[Expr], all: &[Expr]| some.iter().all(|item| all.iter().any(|other| same(item, other)));
        Ok(Condition::Always(match relation {
            ArrayRelation::Equals => within(left, right) && within(right, left),
            ArrayRelation::Contains => within(right, left),
            ArrayRelation::ContainedBy => within(left, right),
            ArrayRelation::Overlaps => left.iter().any(|item| right.iter().any(|other| same(item, other))),
        }))
    }

    fn list<'a>(&self, expr: &'a Expr) -> Result<&'a [Expr], Fault> {
        match &expr.kind {
            ExprKind::Array(items) => {
                items.iter().try_for_each(literal)?;
                Ok(items)
            }
            ExprKind::Property(_) | ExprKind::Function(..) => {
                // An unknown name is told as such.
                if !self.is_position(expr) {
                    self.scalar(expr)?;
                }
                Err(Fault::new(&expr.at, format!("{} is no list; no field of a layer is one", name(expr))))
            }
            _ => Err(Fault::new(&expr.at, format!("expected a list such as ('a', 'b'), found {}", name(expr)))),
        }
    }
}

fn literal(expr: &Expr) -> Result<(), Fault> {
    match &expr.kind {
        ExprKind::Array(items) => items.iter().try_for_each(literal),
        ExprKind::Property(_) | ExprKind::Function(..) | ExprKind::Apply(..) => {
            let what = format!("{} is no value written out, as those of a list must be", name(expr));
            Err(Fault::new(&expr.at, what))
        }
        _ => Ok(()),
    }
}

fn same(one: &Expr, other: &Expr) -> bool {
    match (&one.kind, &other.kind) {
        (ExprKind::Integer(whole), ExprKind::Real(real)) | (ExprKind::Real(real), ExprKind::Integer(whole)) => {
            *whole as f64 == *real
        }
        _ => one == other,
    }
}
