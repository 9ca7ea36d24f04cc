//! How far a long work is: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::import::Progress;

/// Between two drawings of the bar.
const BAR_EVERY: Duration = Duration::from_millis(200);
/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows an import's progress until it is dropped.
pub(super) struct Shown {
    task: JoinHandle<()>,
    bar: ProgressBar,
}

impl Shown {
    /// Shows the progress of reading the files, by their bytes.
    pub fn start(what: String, files: &[PathBuf], progress: Arc<Progress>) -> Self {
        let sizes = files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len());
        let total = sizes.sum::<u64>();
        if !std::io::stderr().is_terminal() {
            let task = tokio::spawn(lines(what, total, progress));
            return Self { task, bar: ProgressBar::hidden() };
        }
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {percent:>3} % {msg}");
        let bar = ProgressBar::new(total).with_prefix(what);
        if let Ok(style) = style {
            bar.set_style(style);
        }
        let task = tokio::spawn(draw(bar.clone(), total, progress));
        Self { task, bar }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.task.abort();
        self.bar.finish_and_clear();
    }
}

async fn draw(bar: ProgressBar, total: u64, progress: Arc<Progress>) {
    let started = Instant::now();
    loop {
        bar.set_position(progress.bytes_read().min(total));
        bar.set_message(told(total, &progress, started));
        tokio::time::sleep(BAR_EVERY).await;
    }
}

async fn lines(what: String, total: u64, progress: Arc<Progress>) {
    let started = Instant::now();
    loop {
        tokio::time::sleep(LINE_EVERY).await;
        let percent = progress.bytes_read().min(total) * 100 / total.max(1);
        let line = told(total, &progress, started);
        let _ = writeln!(std::io::stderr(), "{what}: {percent} %, {line}");
    }
}

fn told(total: u64, progress: &Progress, started: Instant) -> String {
    let rows = progress.rows();
    let rate = rows as f64 / started.elapsed().as_secs_f64().max(0.001);
    let storing = if progress.bytes_read() >= total { ", storing" } else { "" };
    format!("{rows} rows, {rate:.0} rows/s{storing}")
}
