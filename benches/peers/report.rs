//! The table of figures, for the terminal and for docs/performance.md.

use std::fmt::Write as _;
use std::path::Path;

/// A median with the least and the most of its runs.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    pub median: f64,
    least: f64,
    most: f64,
}

impl Figure {
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        // Of an even number the mean of the two in the middle.
        let middle = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
        let median = f64::midpoint(middle(values.len().saturating_sub(1) / 2), middle(values.len() / 2));
        Self {
            median,
            least: values.first().copied().unwrap_or(f64::NAN),
            most: values.last().copied().unwrap_or(f64::NAN),
        }
    }

    pub fn one(value: f64) -> Self {
        Self { median: value, least: value, most: value }
    }

    fn shown(self) -> String {
        // Also where there is none: the least is not a number then.
        if self.least == self.most || self.least.is_nan() {
            return number(self.median);
        }
        format!("{} ({}–{})", number(self.median), number(self.least), number(self.most))
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    let decimals = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else if value.abs() >= 1.0 {
        2
    } else {
        3
    };
    format!("{value:.decimals$}")
}

/// What a figure is held to.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// So many times the peer's figure, or more.
    TimesPeer(f64),
    /// At most this.
    AtMost(f64),
    /// Told, not judged.
    Told,
}

/// One line of the table.
pub struct Row {
    pub what: String,
    pub unit: &'static str,
    pub ours: Figure,
    pub peer: Option<Figure>,
    pub goal: Goal,
    pub note: String,
}

impl Row {
    /// How many times better we are: more a second, or less of anything else.
    fn ratio(&self) -> Option<f64> {
        let peer = self.peer.filter(|_| !self.ours.median.is_nan())?.median;
        Some(if self.unit.ends_with("/s") { self.ours.median / peer } else { peer / self.ours.median })
    }

    fn holds(&self) -> Option<bool> {
        match self.goal {
            Goal::TimesPeer(times) => Some(self.ratio()? >= times),
            Goal::AtMost(most) => Some(self.ours.median <= most),
            Goal::Told => None,
        }
    }

    fn line(&self) -> String {
        let goal = match self.goal {
            Goal::TimesPeer(times) => format!("≥ {times} ×"),
            Goal::AtMost(most) => format!("≤ {most} {}", self.unit),
            Goal::Told => String::new(),
        };
        let holds = self.holds().map_or("", |holds| if holds { "yes" } else { "**no**" });
        let ratio = self.ratio().map_or_else(String::new, |ratio| format!("{} ×", number(ratio)));
        let peer = self.peer.map_or_else(String::new, Figure::shown);
        let Self { what, unit, ours, note, .. } = self;
        format!("| {what} | {unit} | {} | {peer} | {ratio} | {goal} | {holds} | {note} |", ours.shown())
    }
}

/// All lines so far; each is also told at once.
#[derive(Default)]
pub struct Report(Vec<Row>);

const HEAD: &str =
    "| what | unit | Bandoso | peer | better by | target | holds | remarks |\n|---|---|---|---|---|---|---|---|";

impl Report {
    pub fn add(&mut self, row: Row) {
        if self.0.is_empty() {
            println!("{HEAD}");
        }
        println!("{}", row.line());
        self.0.push(row);
    }

    /// Writes the table with its conditions; gives the number of targets that are missed.
    pub fn write(&self, file: &Path, conditions: &str) -> usize {
        let mut text = format!("{conditions}\n\n{HEAD}\n");
        for row in &self.0 {
            let _ = writeln!(text, "{}", row.line());
        }
        std::fs::write(file, text).unwrap();
        self.0.iter().filter(|row| row.holds() == Some(false)).count()
    }
}
