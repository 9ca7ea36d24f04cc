//! Pages of rows in an order that is asked for: by values, then by ids.
//!
//! Texts are ordered by the bytes of their first [`SORTED_CHARACTERS`](crate::model::SORTED_CHARACTERS) characters, codes too; false
//! is before true; what has no value is last, in either direction. PostGIS is told the same (`store/postgis/ask/sort.rs`).

use std::cmp::Ordering;

use super::columns::{Bits, Column, Columns};
use super::page::RowPage;
use super::parts::{Parts, Row};
use super::select::{Selected, SelectedBlock};
use crate::model::{After, Day, Direction, Instant, SortKey, Value, sorted_part};

/// A value that rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place<'a> {
    Text(&'a str),
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Date(Day),
    Timestamp(Instant),
    /// None, or one of another type, which no column holds.
    Null,
}

impl<'a> Place<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) => Self::Text(sorted_part(text)),
            Value::Integer(number) => Self::Integer(*number),
            Value::Real(number) => Self::Real(*number),
            Value::Boolean(truth) => Self::Boolean(*truth),
            Value::Date(day) => Self::Date(*day),
            Value::Timestamp(instant) => Self::Timestamp(*instant),
        }
    }

    fn is_null(self) -> bool {
        self == Self::Null
    }

    /// As columns keep it.
    fn number(self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(number),
            Self::Date(day) => Some(i64::from(day.0)),
            Self::Timestamp(instant) => Some(instant.0),
            _ => None,
        }
    }

    fn compare(self, other: Self, direction: Direction) -> Ordering {
        let ascending = match (self, other) {
            (Self::Null, Self::Null) => return Ordering::Equal,
            (Self::Null, _) => return Ordering::Greater,
            (_, Self::Null) => return Ordering::Less,
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            // Numbers of columns are finite, and the two zeros are one number.
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(&b),
            (Self::Date(a), Self::Date(b)) => a.cmp(&b),
            (Self::Timestamp(a), Self::Timestamp(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        };
        if direction == Direction::Descending { ascending.reverse() } else { ascending }
    }
}

fn place(parts: &Parts, row: Row, key: SortKey) -> Place<'_> {
    let (columns, at) = (parts.columns(row), row.row as usize);
    let Some(field) = key.field else { return Place::Integer(columns.ids.number(at)) };
    let Some(column) = columns.fields.get(field) else { return Place::Null };
    match column {
        Column::Text { texts, .. } | Column::Code { texts, .. } => {
            column.code(at).map_or(Place::Null, |code| Place::Text(sorted_part(texts.text(code))))
        }
        Column::Integer(numbers) => numbers.value(at).map_or(Place::Null, Place::Integer),
        other => match other.value(at) {
            Value::Real(number) => Place::Real(number),
            Value::Boolean(truth) => Place::Boolean(truth),
            Value::Date(day) => Place::Date(day),
            Value::Timestamp(instant) => Place::Timestamp(instant),
            _ => Place::Null,
        },
    }
}

/// Cuts the page after a place out of the rows: a place is what the last row before it was sorted by and its id, so pages neither skip
/// nor repeat features that stay as they are, whatever comes and goes between them.
///
/// All rows are looked at; only those that may be of the page are sorted.
pub fn sorted_page(
    parts: &Parts,
    rows: Vec<Row>,
    keys: &[SortKey],
    (after, limit): (Option<&After>, usize),
) -> RowPage {
    let matched = rows.len() as u64;
    let mut first = First::new(parts, keys, (after, limit));
    for row in rows {
        first.offer(row);
    }
    first.page(matched)
}

/// The page after a place of all selected rows: of 64 together is known whether one may be of it, where the first key is a number.
pub fn sorted_page_of_all(
    selected: &Selected<'_>,
    keys: &[SortKey],
    (after, limit): (Option<&After>, usize),
) -> RowPage {
    let (mut matched, mut first) = (0, First::new(selected.parts(), keys, (after, limit)));
    for (part, selection) in selected.iter() {
        let columns = selection.columns();
        for SelectedBlock { block, first: start, word, .. } in selection.blocks() {
            matched += u64::from(word.count_ones());
            let may_be = Bits(word & first.may_take(columns, block));
            may_be.for_each(|bit| first.offer(Row { part, row: (start + bit) as u32 }));
        }
    }
    first.page(matched)
}

/// The first rows after a place, of those that were offered.
struct First<'a> {
    parts: &'a Parts,
    keys: &'a [SortKey],
    after: Option<&'a After>,
    limit: usize,
    /// All of them, and up to as many again that may not be.
    rows: Vec<Row>,
    /// A row that has as many before it as are wanted: whatever is behind it is not.
    last: Option<Row>,
    /// What the first key is between where that is known, in the order that is asked for.
    between: (Option<Place<'a>>, Option<Place<'a>>),
}

impl<'a> First<'a> {
    fn new(parts: &'a Parts, keys: &'a [SortKey], (after, limit): (Option<&'a After>, usize)) -> Self {
        let from = after.and_then(|after| after.values.first()).map(Place::of);
        Self { parts, keys, after, limit: limit.max(1), rows: Vec::new(), last: None, between: (from, None) }
    }

    fn offer(&mut self, row: Row) {
        if self.last.is_some_and(|last| self.compare(row, last).is_gt()) || !self.is_after(row) {
            return;
        }
        self.rows.push(row);
        if self.rows.len() >= self.limit.saturating_mul(2) {
            self.cut();
        }
    }

    /// Leaves out those that are not wanted.
    fn cut(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        let (_, last, _) = rows.select_nth_unstable_by(self.limit - 1, |a, b| self.compare(*a, *b));
        self.last = Some(*last);
        self.between.1 = self.keys.first().map(|key| place(self.parts, *last, *key));
        rows.truncate(self.limit);
        self.rows = rows;
    }

    fn is_after(&self, row: Row) -> bool {
        let Some(after) = self.after else { return true };
        let each = self.keys.iter().zip(&after.values);
        let mut compared =
            each.map(|(key, value)| place(self.parts, row, *key).compare(Place::of(value), key.direction));
        let differs = compared.find(|order| order.is_ne());
        differs.unwrap_or_else(|| self.parts.id(row).cmp(&after.id)).is_gt()
    }

    fn compare(&self, a: Row, b: Row) -> Ordering {
        let parts = self.parts;
        let mut compared =
            self.keys.iter().map(|key| place(parts, a, *key).compare(place(parts, b, *key), key.direction));
        compared.find(|order| order.is_ne()).unwrap_or_else(|| parts.id(a).cmp(&parts.id(b)))
    }

    /// The rows of a block that may be wanted, by their first key. Bits past the last row mean nothing.
    fn may_take(&self, columns: &Columns, block: usize) -> u64 {
        let Some(key) = self.keys.first() else { return u64::MAX };
        let numbers = match key.field.map(|field| columns.fields.get(field)) {
            None => &columns.ids,
            Some(Some(Column::Integer(numbers) | Column::Date(numbers) | Column::Timestamp(numbers))) => numbers,
            Some(_) => return u64::MAX,
        };
        let (from, to) = self.between;
        // What has no value is last in either direction.
        let nulls = if to.is_none_or(Place::is_null) { !numbers.known(block) } else { 0 };
        if from.is_some_and(Place::is_null) {
            return nulls;
        }
        let (low, high) = if key.direction == Direction::Descending { (to, from) } else { (from, to) };
        let bound = |place: Option<Place<'_>>| place.and_then(Place::number);
        nulls | numbers.between(block, bound(low).unwrap_or(i64::MIN), bound(high).unwrap_or(i64::MAX))
    }

    fn page(mut self, matched: u64) -> RowPage {
        let more = self.last.is_some() || self.rows.len() > self.limit;
        if self.rows.len() > self.limit {
            self.cut();
        }
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable_by(|a, b| self.compare(*a, *b));
        let next = if more { rows.last().map(|row| self.parts.id(*row)) } else { None };
        RowPage { matched, rows, next }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::engine::made_up::{changed_parts, features, parts};
    use crate::model::{Feature, TimeInterval};

    /// The order as it is promised, of whole features.
    fn before(a: &Feature, b: &Feature, keys: &[SortKey]) -> Ordering {
        let value = |feature: &Feature, key: &SortKey| match key.field {
            Some(field) => feature.values[field].clone(),
            None => Value::Integer(feature.id as i64),
        };
        let compared = keys.iter().map(|key| match (value(a, key), value(b, key)) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (Value::Text(a), Value::Text(b)) if key.direction == Direction::Ascending => a.cmp(&b),
            (Value::Text(a), Value::Text(b)) => b.cmp(&a),
            (a, b) => {
                let number = |value| match value {
                    Value::Integer(number) | Value::Timestamp(Instant(number)) => number,
                    other => panic!("{other:?} is not of the made-up layer"),
                };
                let ascending = number(a).cmp(&number(b));
                if key.direction == Direction::Ascending { ascending } else { ascending.reverse() }
            }
        });
        compared.fold(Ordering::Equal, Ordering::then).then(a.id.cmp(&b.id))
    }

    #[test]
    fn pages_one_after_the_other_are_all_features_in_their_order() {
        use Direction::{Ascending, Descending};
        let all = features(700);
        let interval = TimeInterval { from: Some(Instant(400_000_000_000_000)), to: None };
        for parts in [parts(&all), changed_parts(&all)] {
            for (interval, limit) in [(None, 1), (None, 90), (Some(interval), 7), (Some(interval), usize::MAX)] {
                for keys in [
                    &[(None, Descending)][..],
                    &[(Some(3), Ascending)],
                    &[(Some(3), Descending), (Some(0), Ascending)],
                    &[(Some(1), Descending)],
                    &[(Some(0), Descending), (Some(1), Ascending)],
                    &[(Some(2), Ascending)],
                ] {
                    let keys: Vec<SortKey> =
                        keys.iter().map(|&(field, direction)| SortKey { field, direction }).collect();
                    let selected = Selected::in_time(&parts, Some(1), interval, &TimeZone::UTC);
                    let mut sorted: Vec<Feature> = selected.rows().map(|row| parts.feature(row)).collect();
                    sorted.sort_by(|a, b| before(a, b, &keys));
                    let (mut seen, mut after) = (Vec::new(), None);
                    loop {
                        let page = sorted_page_of_all(&selected, &keys, (after.as_ref(), limit));
                        let rows = selected.rows().collect();
                        assert_eq!(page, sorted_page(&parts, rows, &keys, (after.as_ref(), limit)), "{keys:?}");
                        assert_eq!(page.matched, sorted.len() as u64);
                        seen.extend(page.rows.iter().map(|row| parts.feature(*row)));
                        let Some(last) = page.next.and_then(|id| parts.row_of(id)) else { break };
                        after = Some(After::feature(&parts.feature(last), &keys));
                    }
                    assert!(seen == sorted, "{keys:?} by {limit}");
                }
            }
        }
    }
}
