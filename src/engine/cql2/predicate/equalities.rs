//! Equalities of one column among the parts of an OR, and inequalities among those of an AND, become one list.
//!
//! `a = 1 OR a = 2` and `a IN (1, 2)` are true, false and unknown for the same rows, as are `a <> 1 AND a <> 2` and
//! `a NOT IN (1, 2)`: but a list is looked up in once, however long it is.

use std::borrow::Cow;

use crate::model::filter::{Comparison, Condition, Scalar};

/// A column, and what it is compared with.
struct Listed<'c> {
    of: &'c Scalar,
    items: Vec<&'c Scalar>,
}

/// The parts of an OR.
pub(super) fn of_any(parts: &[Condition]) -> Vec<Cow<'_, Condition>> {
    let mut flat = Vec::new();
    flatten(parts, &mut flat, |condition| if let Condition::Or(parts) = condition { Some(parts) } else { None });
    joined(flat, equalities, |list| list)
}

/// The parts of an AND.
pub(super) fn of_all(parts: &[Condition]) -> Vec<Cow<'_, Condition>> {
    let mut flat = Vec::new();
    flatten(parts, &mut flat, |condition| if let Condition::And(parts) = condition { Some(parts) } else { None });
    joined(flat, inequalities, Condition::negated)
}

fn flatten<'c>(
    parts: &'c [Condition],
    flat: &mut Vec<&'c Condition>,
    inner: fn(&'c Condition) -> Option<&'c Vec<Condition>>,
) {
    for part in parts {
        match inner(part) {
            Some(parts) => flatten(parts, flat, inner),
            None => flat.push(part),
        }
    }
}

fn joined<'c>(
    parts: Vec<&'c Condition>,
    read: fn(&'c Condition) -> Option<Listed<'c>>,
    made: fn(Condition) -> Condition,
) -> Vec<Cow<'c, Condition>> {
    let mut others = Vec::new();
    // By column, and how many parts it came from: few columns are named in a filter, however long it is.
    let mut lists: Vec<(Listed<'c>, &'c Condition, usize)> = Vec::new();
    for part in parts {
        let Some(listed) = read(part) else {
            others.push(Cow::Borrowed(part));
            continue;
        };
        match lists.iter_mut().find(|(known, ..)| known.of == listed.of) {
            Some((known, _, count)) => {
                known.items.extend(listed.items);
                *count += 1;
            }
            None => lists.push((listed, part, 1)),
        }
    }
    let lists = lists.into_iter().map(|(Listed { of, items }, part, count)| match count {
        1 => Cow::Borrowed(part),
        _ => Cow::Owned(made(Condition::In(of.clone(), items.into_iter().cloned().collect()))),
    });
    lists.chain(others).collect()
}

/// What a condition compares one column with, if it is true where that is equal to one of some literals.
fn equalities(condition: &Condition) -> Option<Listed<'_>> {
    match condition {
        Condition::Compare(Comparison::Equal, left, right) => equal(left, right),
        Condition::In(of, items) if is_column(of) && items.iter().all(is_literal) => {
            Some(Listed { of, items: items.iter().collect() })
        }
        Condition::Or(parts) => {
            let mut all: Option<Listed<'_>> = None;
            for part in parts {
                let listed = equalities(part)?;
                match &mut all {
                    Some(all) if all.of == listed.of => all.items.extend(listed.items),
                    Some(_) => return None,
                    None => all = Some(listed),
                }
            }
            all
        }
        _ => None,
    }
}

/// The same where the condition is false there, and true elsewhere.
fn inequalities(condition: &Condition) -> Option<Listed<'_>> {
    match condition {
        Condition::Compare(Comparison::NotEqual, left, right) => equal(left, right),
        Condition::Not(inner) => equalities(inner),
        _ => None,
    }
}

fn equal<'c>(left: &'c Scalar, right: &'c Scalar) -> Option<Listed<'c>> {
    let (of, item) = if is_literal(left) { (right, left) } else { (left, right) };
    (is_column(of) && is_literal(item)).then(|| Listed { of, items: vec![item] })
}

fn is_literal(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::Literal(_))
}

fn is_column(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Field(..) | Scalar::Id => true,
        Scalar::Folded(_, inner) | Scalar::Real(inner) => is_column(inner),
        _ => false,
    }
}
