//! The table of figures, for the terminal and for docs/performance.md.

use std::fmt::Write as _;
use std::path::Path;

/// The median of some runs.
#[derive(Debug, Clone)]
pub struct Figure {
    pub median: f64,
    /// In the order in which they were measured.
    runs: Vec<f64>,
}

impl Figure {
    pub fn of(runs: Vec<f64>) -> Self {
        Self { median: median(&runs), runs }
    }

    pub fn one(value: f64) -> Self {
        Self::of(vec![value])
    }

    /// How many times larger it is than another: the median of the ratios of runs that took turns, for a machine may be half as
    /// fast the next minute.
    fn over(&self, other: &Self) -> f64 {
        if self.runs.len() != other.runs.len() {
            return self.median / other.median;
        }
        median(&self.runs.iter().zip(&other.runs).map(|(own, other)| own / other).collect::<Vec<_>>())
    }

    fn shown(&self) -> String {
        let least = self.runs.iter().copied().fold(f64::NAN, f64::min);
        let most = self.runs.iter().copied().fold(f64::NAN, f64::max);
        // Also where there is none: the least is not a number then.
        if least == most || least.is_nan() {
            return number(self.median);
        }
        format!("{} ({}–{})", number(self.median), number(least), number(most))
    }
}

/// Of an even number the mean of the two in the middle; not a number where there is none.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = |at: usize| sorted.get(at).copied().unwrap_or(f64::NAN);
    f64::midpoint(middle(sorted.len().saturating_sub(1) / 2), middle(sorted.len() / 2))
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
        let peer = self.peer.as_ref().filter(|_| !self.ours.median.is_nan())?;
        Some(if self.unit.ends_with("/s") { self.ours.over(peer) } else { peer.over(&self.ours) })
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
        let peer = self.peer.as_ref().map_or_else(String::new, Figure::shown);
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
