use super::as_of::{Answers, Holding};
use super::columns::{BLOCK, mask};
use super::parts::{Bits, Parts, Row};
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

/// The selected rows whose answer of the join is picked: the answers of a block are looked at together, and only where one is
/// picked is asked whether the row is selected.
pub fn rows_held(selected: &Selected<'_>, answers: &Answers, picks: impl Fn(Holding) -> bool) -> Vec<Row> {
    let picked: Vec<bool> = answers.table().iter().map(|holding| picks(*holding)).collect();
    let mut rows = Vec::new();
    let mut indexes = [0_u32; BLOCK];
    for (part, selection) in selected.iter() {
        let columns = selection.columns();
        for block in 0..columns.len().div_ceil(BLOCK) {
            let first = block * BLOCK;
            let indexes = &mut indexes[..BLOCK.min(columns.len() - first)];
            answers.indexes(columns, first, indexes);
            let held = mask(indexes, |index| picked.get(index as usize).copied().unwrap_or(false));
            let word = if held == 0 { 0 } else { held & selection.word(block) };
            rows.extend(Bits(word).map(|bit| Row { part, row: (first + bit) as u32 }));
        }
    }
    rows
}
