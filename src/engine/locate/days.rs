//! Days in force, as half-open spans.

use crate::model::{Day, DayInterval};

/// Half-open `[from, to)`, open ends at the ends of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    from: i32,
    to: i32,
}

impl Span {
    pub(super) fn new(interval: DayInterval) -> Self {
        Self { from: interval.from.map_or(i32::MIN, |day| day.0), to: interval.to.map_or(i32::MAX, |day| day.0) }
    }

    pub(super) fn contains(self, day: Day) -> bool {
        self.from <= day.0 && day.0 < self.to
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.from.max(other.from) < self.to.min(other.to)
    }
}

/// The days that are in some span, as spans in order, none touching the next.
pub(super) fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.from < span.to);
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(span),
        }
    }
    joined
}

/// The days of `all` (a [`union`]) that are in none of `taken`.
pub(super) fn without(all: &[Span], mut taken: Vec<Span>) -> Vec<Span> {
    taken.sort_unstable();
    let mut left = Vec::new();
    for &span in all {
        let mut from = span.from;
        for taken in taken.iter().filter(|taken| taken.meets(span)) {
            if from < taken.from {
                left.push(Span { from, to: taken.from });
            }
            from = from.max(taken.to);
        }
        if from < span.to {
            left.push(Span { from, to: span.to });
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span((from, to): (i32, i32)) -> Span {
        Span { from, to }
    }

    #[test]
    fn days_taken_away_leave_the_others() {
        let all = union([(0, 10), (20, 30), (10, 12), (5, 5), (40, i32::MAX)].map(span).to_vec());
        assert_eq!(all, [(0, 12), (20, 30), (40, i32::MAX)].map(span));
        for (taken, left) in [
            (vec![], vec![(0, 12), (20, 30), (40, i32::MAX)]),
            (vec![(i32::MIN, i32::MAX)], vec![]),
            (vec![(5, 25)], vec![(0, 5), (25, 30), (40, i32::MAX)]),
            (vec![(22, 24), (0, 12), (23, 26)], vec![(20, 22), (26, 30), (40, i32::MAX)]),
            (vec![(0, 30), (3, 4), (60, i32::MAX)], vec![(40, 60)]),
        ] {
            let left: Vec<Span> = left.into_iter().map(span).collect();
            assert_eq!(without(&all, taken.iter().copied().map(span).collect()), left, "{taken:?}");
        }
    }
}
