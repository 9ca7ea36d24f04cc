//! What an import did, for programs.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use crate::config::cli::ImportArgs;
use crate::import::FindingLog;
use crate::import::features::{FeatureReport, FileReading};

/// Writes the report of an import as one JSON object.
pub(super) fn write(path: &Path, layer: &str, args: &ImportArgs, report: &FeatureReport) -> Result<(), Failure> {
    let done = report.imported;
    let stored = if done.is_some() { report.rows - report.left_out } else { 0 };
    let object = json!({
        "program": concat!("bandoso ", env!("CARGO_PKG_VERSION")),
        "layer": layer,
        "dry_run": args.dry_run,
        "strict": args.strict,
        "written": done.is_some(),
        "rows": report.rows,
        "stored": stored,
        "rejected": report.left_out,
        "added": done.map(|done| done.added),
        "changed": done.map(|done| done.changed),
        "unchanged": done.map(|done| done.unchanged),
        "outside": done.map(|done| done.outside),
        "version": done.map(|done| done.version),
        "refusals": report.refusals,
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "findings": counts(&report.findings),
        "faults": report.findings.faults(),
        "first_findings": report.findings.kept(),
    });
    let mut text = serde_json::to_vec_pretty(&object).map_err(|error| Failure::Fault(error.to_string()))?;
    text.push(b'\n');
    std::fs::write(path, text).map_err(|error| Failure::Usage(format!("--report: {}: {error}", path.display())))
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
