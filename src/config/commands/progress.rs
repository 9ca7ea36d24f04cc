//! How far a long work is: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::export::ExportProgress;
use crate::import::Progress;

/// Between two drawings of the bar.
const BAR_EVERY: Duration = Duration::from_millis(200);
/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows the progress of a work until it is dropped.
pub(super) struct Shown {
    task: JoinHandle<()>,
    bar: ProgressBar,
}

/// How far a work is: of how much, how much is done, and what else there is to say.
struct Now {
    done: u64,
    total: u64,
    message: String,
}

impl Shown {
    /// Shows the progress of reading the files, by their bytes.
    pub fn start(what: String, files: &[PathBuf], progress: Arc<Progress>) -> Self {
        let sizes = files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len());
        let total = sizes.sum::<u64>();
        let started = Instant::now();
        Self::of(what, move || {
            let message = told(total, &progress, started);
            Now { done: progress.bytes_read().min(total), total, message }
        })
    }

    /// Shows the progress of writing a file.
    pub fn of_export(what: String, progress: Arc<ExportProgress>) -> Self {
        let started = Instant::now();
        Self::of(what, move || {
            let (done, total) = (progress.done(), progress.total());
            let rate = done as f64 / started.elapsed().as_secs_f64().max(0.001);
            Now { done, total, message: format!("{done} of {total}, {rate:.0}/s") }
        })
    }

    fn of(what: String, now: impl Fn() -> Now + Send + 'static) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { task: tokio::spawn(lines(what, now)), bar: ProgressBar::hidden() };
        }
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {percent:>3} % {msg}");
        let bar = ProgressBar::new(0).with_prefix(what);
        if let Ok(style) = style {
            bar.set_style(style);
        }
        let task = tokio::spawn(draw(bar.clone(), now));
        Self { task, bar }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.task.abort();
        self.bar.finish_and_clear();
    }
}

async fn draw(bar: ProgressBar, now: impl Fn() -> Now + Send + 'static) {
    loop {
        let Now { done, total, message } = now();
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(message);
        tokio::time::sleep(BAR_EVERY).await;
    }
}

async fn lines(what: String, now: impl Fn() -> Now + Send + 'static) {
    loop {
        tokio::time::sleep(LINE_EVERY).await;
        let Now { done, total, message } = now();
        let percent = done * 100 / total.max(1);
        let _ = writeln!(std::io::stderr(), "{what}: {percent} %, {message}");
    }
}

fn told(total: u64, progress: &Progress, started: Instant) -> String {
    let rows = progress.rows();
    let rate = rows as f64 / started.elapsed().as_secs_f64().max(0.001);
    let storing = if progress.bytes_read() >= total { ", storing" } else { "" };
    format!("{rows} rows, {rate:.0} rows/s{storing}")
}
