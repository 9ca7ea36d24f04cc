//! What an import did, in a file for programs.

use std::path::Path;

use super::failure::Failure;
use crate::config::cli::ImportArgs;
use crate::import::features::{Ending, FeatureReport, OnFault};
use crate::import::report::{Asked, json};

/// Writes the report of an import as one JSON object.
pub(super) fn write(path: &Path, layer: &str, args: &ImportArgs, report: &FeatureReport) -> Result<(), Failure> {
    let asked = Asked {
        layer: layer.to_owned(),
        ending: if args.dry_run { Ending::DryRun } else { Ending::Commit },
        on_fault: if args.strict { OnFault::Refuse } else { OnFault::Store },
    };
    let mut text =
        serde_json::to_vec_pretty(&json(&asked, report)).map_err(|error| Failure::Fault(error.to_string()))?;
    text.push(b'\n');
    std::fs::write(path, text).map_err(|error| Failure::Usage(format!("--report: {}: {error}", path.display())))
}
