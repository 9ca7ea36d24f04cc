//! What people are told beside the answer: findings.

use std::io::{self, Write};

use crate::import::FindingLog;
use crate::model::FindingKind;

/// Writes the findings that were kept, how many more there are of each kind, and the numbers.
pub(super) fn findings(out: &mut dyn Write, log: &FindingLog) -> io::Result<()> {
    for finding in log.kept() {
        writeln!(out, "{finding}")?;
    }
    for (kind, count) in log.counts() {
        if let Some(more) = count.checked_sub(FindingLog::KEPT_OF_A_KIND).filter(|more| *more > 0) {
            writeln!(out, "… {more} more {}", kind.name())?;
        }
    }
    if !log.counts().is_empty() {
        let numbers: Vec<String> =
            log.counts().iter().map(|(kind, count)| format!("{count} {}", told(*kind))).collect();
        writeln!(out, "findings: {}", numbers.join(", "))?;
    }
    Ok(())
}

/// The same on the standard error, where nobody may be listening.
pub(super) fn findings_aside(log: &FindingLog) {
    let mut aside = io::stderr().lock();
    let _ = advice(&mut aside, log).and_then(|()| findings(&mut aside, log));
}

/// What each kind is called and what is to be done, in both languages.
fn advice(out: &mut dyn Write, log: &FindingLog) -> io::Result<()> {
    for (kind, count) in log.counts() {
        let ([vi, en], [advice_vi, advice_en]) = (kind.title(), kind.advice());
        writeln!(out, "{count} × {}: {vi}: {advice_vi} / {en}: {advice_en}", kind.name())?;
    }
    Ok(())
}

fn told(kind: FindingKind) -> String {
    let note = if kind.is_note() { " (no fault)" } else { "" };
    format!("{}{note}", kind.name())
}
