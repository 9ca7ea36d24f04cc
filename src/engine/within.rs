use super::as_of::Holding;
use super::columns::Columns;
use super::select::Selection;

/// A page of rows in the order of their ids, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPage {
    /// All that were asked for, on every page.
    pub matched: u64,
    /// This page's.
    pub rows: Vec<usize>,
    /// The id after which the next page begins, where there is one.
    pub next: Option<u64>,
}

/// Cuts the page after the cursor `after` out of the rows: a cursor is an id, so pages neither skip nor repeat when
/// features come and go between them.
pub fn page(
    columns: &Columns,
    mut rows: Vec<usize>,
    selection: &Selection<'_>,
    (after, limit): (Option<u64>, usize),
) -> RowPage {
    if !selection.is_everything() {
        rows.retain(|row| selection.takes(*row));
    }
    let matched = rows.len() as u64;
    if let Some(after) = after {
        rows.retain(|row| columns.ids[*row] > after);
    }
    let more = rows.len() > limit;
    if more {
        rows.select_nth_unstable_by_key(limit, |row| columns.ids[*row]);
        rows.truncate(limit);
    }
    rows.sort_unstable_by_key(|row| columns.ids[*row]);
    let next = if more { rows.last().map(|row| columns.ids[*row]) } else { None };
    RowPage { matched, rows, next }
}

/// All rows whose answer of the join is picked.
pub fn rows_held(
    columns: &Columns,
    holdings: &super::as_of::Holdings<'_>,
    picks: impl Fn(Holding) -> bool,
) -> Vec<usize> {
    let picked: Vec<bool> = holdings.table().iter().map(|holding| picks(*holding)).collect();
    (0..columns.len()).filter(|row| picked[holdings.index(*row)]).collect()
}
