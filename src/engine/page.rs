//! Pages of rows in the order of ids, cut by a cursor.

use super::columns::BLOCK;
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

/// The page after the cursor of all selected rows. Where many are selected it walks along the ids until the page is full; where
/// few are, that could be most of the layer, and it looks for them first.
pub fn page_of_all(selected: &Selected<'_>, (after, limit): (Option<u64>, usize)) -> RowPage {
    let parts = selected.parts();
    let matched: u64 = selected.iter().map(|(_, selection)| selection.count(0..selection.columns().len())).sum();
    let many = selected.iter().all(|(_, selection)| selection.is_everything())
        || matched > (BLOCK as u64).saturating_mul(limit as u64);
    if !many {
        return page(parts, selected.rows().collect(), (after, limit));
    }
    let mut rows = Vec::new();
    for (part, selection) in selected.iter() {
        let columns = selection.columns();
        let taken = columns.rows_after(after).filter(|row| selection.takes(*row)).take(limit.saturating_add(1));
        rows.extend(taken.map(|row| Row { part, row: row as u32 }));
    }
    RowPage { matched, ..page(parts, rows, (after, limit)) }
}
