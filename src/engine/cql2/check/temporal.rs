//! Relations of times, taken apart into comparisons of their ends (OWL-Time; intervals hold both ends).

use super::{Checker, article, name};
use crate::engine::cql2::Fault;
use crate::model::filter::{Comparison, Condition, Expr, ExprKind, Operator, Scalar, TemporalRelation};
use crate::model::{FieldType, Value};

/// One end of a time.
#[derive(Clone)]
enum End {
    /// Before all times.
    Past,
    At(Scalar),
    /// After all times.
    Future,
}

/// Its first and its last moment.
struct Span {
    start: End,
    end: End,
    is_interval: bool,
}

impl Checker<'_> {
    pub(super) fn temporal(
        &self,
        expr: &Expr,
        relation: TemporalRelation,
        left: &Expr,
        right: &Expr,
    ) -> Result<Condition, Fault> {
        let (mut one, mut other) = (self.span(left)?, self.span(right)?);
        let for_instants = matches!(
            relation,
            TemporalRelation::After
                | TemporalRelation::Before
                | TemporalRelation::Disjoint
                | TemporalRelation::Equals
                | TemporalRelation::Intersects
        );
        let intervals = one.is_interval && other.is_interval;
        if !(for_instants || intervals) {
            let function = Operator::Temporal(relation).name().to_ascii_uppercase();
            return Err(Fault::new(&expr.at, format!("{function} compares two intervals, such as INTERVAL(a, b)")));
        }
        if one.has_instant() || other.has_instant() {
            one = self.by_instants(one);
            other = self.by_instants(other);
        }
        Ok(related(relation, &one, &other))
    }

    fn span(&self, expr: &Expr) -> Result<Span, Fault> {
        let ExprKind::Interval(ends) = &expr.kind else {
            let at = End::At(self.time(expr)?);
            return Ok(Span { start: at.clone(), end: at, is_interval: false });
        };
        let end = |end: Option<&Expr>, open: End| match end {
            Some(end) if !matches!(end.kind, ExprKind::Open) => self.time(end).map(End::At),
            _ => Ok(open),
        };
        let span =
            Span { start: end(ends.first(), End::Past)?, end: end(ends.get(1), End::Future)?, is_interval: true };
        if let (End::At(Scalar::Literal(start)), End::At(Scalar::Literal(end))) = (&span.start, &span.end) {
            let reversed = match (start, end) {
                (Value::Date(start), Value::Date(end)) => end < start,
                (Value::Timestamp(start), Value::Timestamp(end)) => end < start,
                _ => false,
            };
            if reversed {
                return Err(Fault::new(&expr.at, "an interval's end is not before its start"));
            }
        }
        Ok(span)
    }

    fn time(&self, expr: &Expr) -> Result<Scalar, Fault> {
        let scalar = self.scalar(expr)?;
        match scalar.kind() {
            FieldType::Date | FieldType::Timestamp => Ok(scalar),
            kind => Err(Fault::new(
                &expr.at,
                format!("expected a date or a timestamp, {} is {}", name(expr), article(kind)),
            )),
        }
    }

    /// Dates as the instants at which they begin and end.
    fn by_instants(&self, span: Span) -> Span {
        let start = match span.start {
            End::At(scalar) if scalar.kind() == FieldType::Date => End::At(self.day_start(scalar)),
            other => other,
        };
        let end = match span.end {
            End::At(scalar) if scalar.kind() == FieldType::Date => End::At(Scalar::DayEnd(Box::new(scalar))),
            other => other,
        };
        Span { start, end, ..span }
    }
}

impl Span {
    fn has_instant(&self) -> bool {
        [&self.start, &self.end]
            .iter()
            .any(|end| matches!(end, End::At(scalar) if scalar.kind() == FieldType::Timestamp))
    }
}

fn related(relation: TemporalRelation, one: &Span, other: &Span) -> Condition {
    use Comparison::{Equal, Greater, Less};
    let and = |parts: Vec<Condition>| Condition::And(parts);
    let before = |one: &Span, other: &Span| compared(Less, &one.end, &other.start);
    let start = |comparison| compared(comparison, &one.start, &other.start);
    let end = |comparison| compared(comparison, &one.end, &other.end);
    match relation {
        TemporalRelation::After => before(other, one),
        TemporalRelation::Before => before(one, other),
        TemporalRelation::Disjoint => Condition::Or(vec![before(one, other), before(other, one)]),
        TemporalRelation::Intersects => Condition::Or(vec![before(one, other), before(other, one)]).negated(),
        TemporalRelation::Equals => and(vec![start(Equal), end(Equal)]),
        TemporalRelation::Contains => and(vec![start(Less), end(Greater)]),
        TemporalRelation::During => and(vec![start(Greater), end(Less)]),
        TemporalRelation::FinishedBy => and(vec![start(Less), end(Equal)]),
        TemporalRelation::Finishes => and(vec![start(Greater), end(Equal)]),
        TemporalRelation::Meets => compared(Equal, &one.end, &other.start),
        TemporalRelation::MetBy => compared(Equal, &one.start, &other.end),
        TemporalRelation::Overlaps => and(vec![start(Less), compared(Greater, &one.end, &other.start), end(Less)]),
        TemporalRelation::OverlappedBy => {
            and(vec![start(Greater), compared(Less, &one.start, &other.end), end(Greater)])
        }
        TemporalRelation::StartedBy => and(vec![start(Equal), end(Greater)]),
        TemporalRelation::Starts => and(vec![start(Equal), end(Less)]),
    }
}

fn compared(comparison: Comparison, one: &End, other: &End) -> Condition {
    let rank = |end: &End| match end {
        End::Past => 0,
        End::At(_) => 1,
        End::Future => 2,
    };
    match (one, other) {
        (End::At(one), End::At(other)) => Condition::Compare(comparison, one.clone(), other.clone()),
        _ => Condition::Always(comparison.holds(rank(one).cmp(&rank(other)))),
    }
}
