//! Pages of rows in an order that is asked for: by values, then by ids.
//!
//! Texts are ordered by the bytes of their first [`SORTED_CHARACTERS`](crate::model::SORTED_CHARACTERS) characters, codes too; false
//! is before true; what has no value is last, in either direction. PostGIS is told the same (`store/postgis/ask/sort.rs`).

use std::cmp::Ordering;

use super::columns::Column;
use super::page::RowPage;
use super::parts::{Parts, Row};
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
/// All rows are looked at; only those of the page are sorted.
pub fn sorted_page(
    parts: &Parts,
    mut rows: Vec<Row>,
    keys: &[SortKey],
    (after, limit): (Option<&After>, usize),
) -> RowPage {
    let matched = rows.len() as u64;
    if let Some(after) = after {
        rows.retain(|row| {
            let each = keys.iter().zip(&after.values);
            let mut compared =
                each.map(|(key, value)| place(parts, *row, *key).compare(Place::of(value), key.direction));
            let differs = compared.find(|order| order.is_ne());
            differs.unwrap_or_else(|| parts.id(*row).cmp(&after.id)).is_gt()
        });
    }
    let compare = |a: &Row, b: &Row| {
        let mut compared = keys.iter().map(|key| place(parts, *a, *key).compare(place(parts, *b, *key), key.direction));
        compared.find(|order| order.is_ne()).unwrap_or_else(|| parts.id(*a).cmp(&parts.id(*b)))
    };
    let more = rows.len() > limit;
    if more {
        rows.select_nth_unstable_by(limit, compare);
        rows.truncate(limit);
    }
    rows.sort_unstable_by(compare);
    let next = if more { rows.last().map(|row| parts.id(*row)) } else { None };
    RowPage { matched, rows, next }
}
