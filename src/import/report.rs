//! What an import did, for programs: the same from the command line and over HTTP.

use serde_json::{Map, Value as Json, json};

use super::FindingLog;
use super::features::{Ending, FeatureReport, FileReading, OnFault};

/// What was asked of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The layer's id.
    pub layer: String,
    /// Whether it was to be written.
    pub ending: Ending,
    /// What findings were to lead to.
    pub on_fault: OnFault,
}

impl Asked {
    /// Whether nothing was to be written.
    pub fn is_dry(&self) -> bool {
        self.ending == Ending::DryRun
    }
}

/// The report of an import as one JSON object.
pub fn json(asked: &Asked, report: &FeatureReport) -> Json {
    let done = report.imported;
    let written = done.is_some_and(|done| done.batch.is_some());
    let stored = if written { report.rows - report.left_out } else { 0 };
    json!({
        "program": concat!("bandoso ", env!("CARGO_PKG_VERSION")),
        "layer": asked.layer,
        "dry_run": asked.is_dry(),
        "strict": asked.on_fault == OnFault::Refuse,
        "written": written,
        "batch": done.and_then(|done| done.batch),
        "rows": report.rows,
        "stored": stored,
        "rejected": report.left_out,
        "geocoded": report.geocoded,
        "added": done.map(|done| done.added),
        "changed": done.map(|done| done.changed),
        "unchanged": done.map(|done| done.unchanged),
        "missing": done.map(|done| done.missing),
        "removed": done.map(|done| done.removed),
        "outside": done.map(|done| done.outside),
        "version": done.map(|done| done.version),
        "refusals": report.refusals,
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "guesses": report.guesses,
        "first_rows": report.first_rows,
        "findings": counts(&report.findings),
        "faults": report.findings.faults(),
        "first_findings": report.findings.kept(),
    })
}

fn file(file: &FileReading) -> Json {
    let columns: Map<String, Json> = file.columns.iter().map(|(to, from)| (to.clone(), json!(from))).collect();
    json!({
        "file": file.file,
        "crs": file.reading.crs.code(),
        "crs_name": file.reading.crs.name(),
        "xy": file.reading.order.name(),
        "columns": columns,
    })
}

fn counts(log: &FindingLog) -> Map<String, Json> {
    log.counts().iter().map(|(kind, count)| (kind.name().to_owned(), json!(count))).collect()
}
