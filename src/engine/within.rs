use super::as_of::{Answers, Holding};
use super::parts::{Parts, Row};
use super::select::Selected;

/// A page of rows in the order of their ids, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPage {
    /// All that were asked for, on every page.
    pub matched: u64,
    /// This page's.
    pub rows: Vec<Row>,
    /// The id after which the next page begins, where there is one.
    pub next: Option<u64>,
}

/// Cuts the page after the cursor `after` out of the rows: a cursor is an id, so pages neither skip nor repeat when
/// features come and go between them.
pub fn page(parts: &Parts, rows: Vec<Row>, (after, limit): (Option<u64>, usize)) -> RowPage {
    let matched = rows.len() as u64;
    let mut rows: Vec<(u64, Row)> = rows.into_iter().map(|row| (parts.id(row), row)).collect();
    if let Some(after) = after {
        rows.retain(|(id, _)| *id > after);
    }
    let more = rows.len() > limit;
    if more {
        rows.select_nth_unstable(limit);
        rows.truncate(limit);
    }
    rows.sort_unstable();
    let next = if more { rows.last().map(|(id, _)| *id) } else { None };
    RowPage { matched, rows: rows.into_iter().map(|(_, row)| row).collect(), next }
}

/// The selected rows whose answer of the join is picked.
pub fn rows_held(selected: &Selected<'_>, answers: &Answers, picks: impl Fn(Holding) -> bool) -> Vec<Row> {
    let picked: Vec<bool> = answers.table().iter().map(|holding| picks(*holding)).collect();
    let parts = selected.parts();
    selected.rows().filter(|row| picked[answers.index(parts.columns(*row), row.row as usize)]).collect()
}
