//! From a checked filter to tests of columns: ranges of one column become one, cheap tests come first.

use super::Node;
use super::batch::{Real, Text, Whole, WholeColumn, literal};
use super::dictionary::TextLeaf;
use super::equalities::{of_all, of_any};
use super::leaf::{Leaf, NullTest, Nulls, RealRange, WholeRange};
use super::listed::{RealList, WholeList};
use super::shape::Places;
use super::text_test::TextTest;
use crate::engine::columns::{Column, Columns};
use crate::engine::cql2::like::Pattern;
use crate::model::filter::{Comparison, Condition, Filter, Folding, Scalar};
use crate::model::{FieldType, Value};

/// Up to so many numbers are compared with a column one after the other, many rows at once; more of them are looked up for each row.
const FEW: usize = 8;
/// Stands for the id among the fields' indices.
const ID: usize = usize::MAX;

pub(super) fn plan<'a>(filter: &Filter, columns: &'a Columns) -> Node<'a> {
    Planner { filter, columns }.node(&filter.condition, Nulls::AreFalse)
}

struct Planner<'a, 'f> {
    filter: &'f Filter,
    columns: &'a Columns,
}

impl<'a> Planner<'a, '_> {
    fn node(&self, condition: &Condition, nulls: Nulls) -> Node<'a> {
        let inner = |condition| Box::new(self.node(condition, Nulls::AreUnknown));
        match condition {
            Condition::Always(truth) => Node::Always(*truth),
            Condition::And(parts) => self.and(parts, nulls),
            Condition::Or(parts) => {
                let mut nodes: Vec<_> = of_any(parts).iter().map(|part| self.node(part, nulls)).collect();
                nodes.sort_by_key(cost);
                Node::Or(nodes)
            }
            Condition::Not(condition) => Node::Not(inner(condition)),
            Condition::IsUnknown(condition) => Node::IsUnknown(inner(condition)),
            Condition::Truth(scalar) => {
                self.compare(Comparison::Equal, scalar, &Scalar::Literal(Value::Boolean(true)), nulls)
            }
            Condition::Compare(comparison, left, right) => self.compare(*comparison, left, right, nulls),
            Condition::In(value, list) => self.one_of(value, list, nulls),
            Condition::Like(value, pattern) => match Pattern::new(pattern) {
                Some(pattern) => self.like(value, pattern),
                None => Node::Always(false),
            },
            Condition::IsNull(scalar) => Node::Leaf(Leaf::IsNull(self.null_test(scalar))),
            Condition::Position(test, geometry) => Node::Leaf(Leaf::Place(Places::new(*test, geometry, self.columns))),
        }
    }

    fn and(&self, parts: &[Condition], nulls: Nulls) -> Node<'a> {
        let mut nodes: Vec<Node<'a>> = Vec::new();
        for part in of_all(parts) {
            match self.node(&part, nulls) {
                Node::And(inner) => inner.into_iter().for_each(|node| join(&mut nodes, node)),
                node => join(&mut nodes, node),
            }
        }
        nodes.sort_by_key(cost);
        Node::And(nodes)
    }

    fn compare(&self, comparison: Comparison, left: &Scalar, right: &Scalar, nulls: Nulls) -> Node<'a> {
        if matches!(left, Scalar::Literal(_)) && !matches!(right, Scalar::Literal(_)) {
            return self.compare(comparison.turned(), right, left, nulls);
        }
        if let Scalar::Literal(literal) = right
            && let Some(node) = self.compare_literal(comparison, left, literal, nulls)
        {
            return node;
        }
        let (filter, columns) = (self.filter, self.columns);
        Node::Leaf(match left.kind() {
            FieldType::Text | FieldType::Code => {
                Leaf::CompareText(comparison, Text::new(left, columns), Text::new(right, columns))
            }
            FieldType::Real => {
                Leaf::CompareReal(comparison, Real::new(left, filter, columns), Real::new(right, filter, columns))
            }
            _ => Leaf::CompareWhole(comparison, Whole::new(left, filter, columns), Whole::new(right, filter, columns)),
        })
    }

    /// A column with a literal.
    fn compare_literal(&self, comparison: Comparison, left: &Scalar, right: &Value, nulls: Nulls) -> Option<Node<'a>> {
        if let Value::Text(text) = right {
            return self.text_leaf(left, TextTest::Compare(comparison, text.clone()));
        }
        // Not equal is the contrary of a range.
        if comparison == Comparison::NotEqual {
            let equal = self.compare_literal(Comparison::Equal, left, right, Nulls::AreUnknown)?;
            return Some(Node::Not(Box::new(equal)));
        }
        if let (Scalar::Field(source, FieldType::Real), Value::Real(bound)) = (left, right) {
            let Some(Column::Real(values)) = self.columns.fields.get(*source) else { return None };
            let (low, high) = match comparison {
                Comparison::Less => (f64::NEG_INFINITY, bound.next_down()),
                Comparison::LessOrEqual => (f64::NEG_INFINITY, *bound),
                Comparison::Greater => (bound.next_up(), f64::INFINITY),
                Comparison::GreaterOrEqual => (*bound, f64::INFINITY),
                _ => (*bound, *bound),
            };
            return Some(Node::Leaf(Leaf::RealRange(RealRange { source: *source, values, low, high })));
        }
        let (source, column) = match left {
            Scalar::Field(field, kind) if *kind != FieldType::Real => (*field, WholeColumn::of(*field, self.columns)),
            Scalar::Id => (ID, WholeColumn::Numbers(&self.columns.ids)),
            _ => return None,
        };
        let bound = literal(right)?;
        let nothing = (i64::MAX, i64::MIN);
        let (low, high) = match comparison {
            Comparison::Less => bound.checked_sub(1).map_or(nothing, |high| (i64::MIN, high)),
            Comparison::LessOrEqual => (i64::MIN, bound),
            Comparison::Greater => bound.checked_add(1).map_or(nothing, |low| (low, i64::MAX)),
            Comparison::GreaterOrEqual => (bound, i64::MAX),
            _ => (bound, bound),
        };
        Some(Node::Leaf(Leaf::WholeRange(WholeRange { source, column, low, high, nulls })))
    }

    fn one_of(&self, value: &Scalar, list: &[Scalar], nulls: Nulls) -> Node<'a> {
        let texts = of_each(list, |item| if let Value::Text(text) = item { Some(text.clone()) } else { None });
        if let Some(node) = texts.and_then(|texts| self.text_leaf(value, TextTest::one_of(texts))) {
            return node;
        }
        let one_by_one =
            || Node::Or(list.iter().map(|item| self.compare(Comparison::Equal, value, item, nulls)).collect());
        if list.len() <= FEW && matches!(value, Scalar::Field(..) | Scalar::Id) {
            return one_by_one();
        }
        if let Some(wholes) = of_each(list, literal) {
            return Node::Leaf(Leaf::WholeIn(WholeList::new(Whole::new(value, self.filter, self.columns), &wholes)));
        }
        if let Some(reals) = of_each(list, |item| if let Value::Real(number) = item { Some(*number) } else { None }) {
            return Node::Leaf(Leaf::RealIn(RealList::new(Real::new(value, self.filter, self.columns), &reals)));
        }
        one_by_one()
    }

    fn like(&self, value: &Scalar, pattern: Pattern) -> Node<'a> {
        self.text_leaf(value, TextTest::Like(pattern.clone()))
            .unwrap_or_else(|| Node::Leaf(Leaf::Like(Text::new(value, self.columns), pattern)))
    }

    /// A test of a column's texts, which may be folded; none where the scalar is something else.
    fn text_leaf(&self, scalar: &Scalar, test: TextTest) -> Option<Node<'a>> {
        let mut foldings: Vec<Folding> = Vec::new();
        let mut inner = scalar;
        while let Scalar::Folded(folding, folded) = inner {
            foldings.push(*folding);
            inner = folded;
        }
        foldings.reverse();
        let Scalar::Field(field, _) = inner else { return None };
        let leaf = TextLeaf::new(self.columns.fields.get(*field)?, foldings, test)?;
        Some(Node::Leaf(Leaf::Text(leaf)))
    }

    fn null_test(&self, scalar: &Scalar) -> NullTest<'a> {
        match scalar {
            Scalar::Field(field, _) => self.columns.fields.get(*field).map_or(NullTest::Nothing, NullTest::Column),
            Scalar::Folded(_, inner) => self.null_test(inner),
            Scalar::Literal(Value::Text(_)) => NullTest::Whole(Whole::Literal(0)),
            scalar if scalar.kind() == FieldType::Real => NullTest::Real(Real::new(scalar, self.filter, self.columns)),
            scalar => NullTest::Whole(Whole::new(scalar, self.filter, self.columns)),
        }
    }
}

/// Something of each of a list of literals; none where one is no literal, or has it not.
fn of_each<T>(list: &[Scalar], of: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    let item = |item: &Scalar| if let Scalar::Literal(value) = item { of(value) } else { None };
    list.iter().map(item).collect()
}

/// Adds a part of an AND; two ranges of one column become one.
fn join<'a>(nodes: &mut Vec<Node<'a>>, node: Node<'a>) {
    for known in &mut *nodes {
        match (known, &node) {
            (Node::Leaf(Leaf::WholeRange(known)), Node::Leaf(Leaf::WholeRange(range)))
                if known.source == range.source =>
            {
                known.low = known.low.max(range.low);
                known.high = known.high.min(range.high);
                return;
            }
            (Node::Leaf(Leaf::RealRange(known)), Node::Leaf(Leaf::RealRange(range)))
                if known.source == range.source =>
            {
                known.low = known.low.max(range.low);
                known.high = known.high.min(range.high);
                return;
            }
            _ => {}
        }
    }
    nodes.push(node);
}

/// What a part costs, roughly: the cheapest decides first.
fn cost(node: &Node<'_>) -> u8 {
    match node {
        Node::Always(_) => 0,
        Node::Leaf(leaf) => leaf.cost(),
        Node::Not(inner) | Node::IsUnknown(inner) => cost(inner),
        Node::And(parts) | Node::Or(parts) => parts.iter().map(cost).max().unwrap_or(0),
    }
}
