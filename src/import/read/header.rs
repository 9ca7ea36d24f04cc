//! Which row of a table has the columns' names.

/// Rows at the start of a table among which the names are looked for.
pub(super) const HEADER_ROWS: usize = 50;
/// The row of names has at least so many tenths of the cells of the fullest row; titles above it have fewer.
const LEAST_TENTHS: usize = 6;

/// What a cell looks like to who looks for names.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Look {
    Blank,
    Name(String),
    /// A number or date, as text: a name only in the row of names.
    Value(String),
}

/// The rows of names, and the names.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// Index of the first row behind the names.
    pub behind: usize,
    /// Index of the row of names.
    pub row: usize,
    pub names: Vec<String>,
}

/// Finds the names among the first rows; `told` is the index of their row where the caller says it. None where there are no rows.
pub(super) fn find(rows: &[Vec<Look>], told: Option<usize>) -> Option<Found> {
    let filled = |row: &Vec<Look>| row.iter().filter(|look| **look != Look::Blank).count();
    let most = rows.iter().map(filled).max().filter(|most| *most > 0)?;
    let row =
        told.unwrap_or_else(|| rows.iter().position(|row| filled(row) * 10 >= most * LEAST_TENTHS).unwrap_or_default());
    let names: Vec<String> = rows.get(row)?.iter().map(name).collect();
    let width = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    let under = rows.get(row + 1).filter(|under| told.is_none() && divides(&names, under));
    let Some(under) = under else {
        return Some(Found { behind: row + 1, row, names: names.into_iter().take(width).collect() });
    };
    // `Toạ độ` over `X` and `Y`: one cell over several, of which only the first has text.
    let mut above = "";
    let mut joined = Vec::new();
    for column in 0..under.len().max(width) {
        let own = names.get(column).map_or("", String::as_str);
        above = if own.is_empty() { above } else { own };
        joined.push(match under.get(column).map(name).unwrap_or_default() {
            below if below.is_empty() => own.to_owned(),
            below if above.is_empty() => below,
            below => format!("{above} {below}"),
        });
    }
    Some(Found { behind: row + 2, row, names: joined })
}

fn name(look: &Look) -> String {
    match look {
        Look::Blank => String::new(),
        Look::Name(text) | Look::Value(text) => text.clone(),
    }
}

/// Whether a row under the names divides them: it has names only, under every gap between them, and not under all of them.
fn divides(names: &[String], under: &[Look]) -> bool {
    let at = |column: usize| under.get(column).unwrap_or(&Look::Blank);
    let gaps = || (1..under.len()).filter(|column| names.get(*column).is_none_or(String::is_empty));
    let whole = (0..names.len()).filter(|column| names.get(*column).is_some_and(|name| !name.is_empty()));
    gaps().next().is_some()
        && !under.iter().any(|look| matches!(look, Look::Value(_)))
        && gaps().all(|column| matches!(at(column), Look::Name(_)))
        && whole.clone().any(|column| *at(column) == Look::Blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<Look>> {
        let look = |cell: &str| match cell.trim() {
            "" => Look::Blank,
            text if text.parse::<f64>().is_ok() => Look::Value(text.into()),
            text => Look::Name(text.into()),
        };
        text.lines().map(|line| line.split('|').map(look).collect()).collect()
    }

    #[test]
    fn titles_above_the_names_are_passed_over() {
        let found = find(&rows("DANH SÁCH||\n||\nTT|Tên|X\n1|a|3"), None).unwrap();
        assert_eq!((found.row, found.behind), (2, 3));
        assert_eq!(found.names, ["TT", "Tên", "X"]);
        assert_eq!(find(&rows("a|b\n1|2"), None).unwrap().row, 0);
        assert_eq!(find(&rows("a|b\nc|d\n1|2"), Some(1)).unwrap().names, ["c", "d"]);
        assert_eq!(find(&rows("|\n|"), None), None);
    }

    #[test]
    fn names_in_two_rows_are_joined() {
        let found = find(&rows("TT|Tên|Toạ độ|\n||X|Y\n1|a|3|4"), None).unwrap();
        assert_eq!(
            (found.names, found.behind),
            (vec!["TT", "Tên", "Toạ độ X", "Toạ độ Y"].into_iter().map(String::from).collect(), 2)
        );
        assert_eq!(find(&rows("a|b|c\nx|y|z"), None).unwrap().behind, 1, "a row of texts is data");
        assert_eq!(find(&rows("a||c\nx||z"), None).unwrap().behind, 1);
    }
}
