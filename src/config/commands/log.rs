use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::failure::Failure;
use crate::config::cli::{LogFormat, Shared};

/// What kind of program the command is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Server,
    Tool,
}

/// Starts the log on the standard error. A server tells of its work, a command only of trouble, unless the filter says more.
pub(super) fn start(shared: &Shared, kind: Kind) -> Result<(), Failure> {
    let usual = match kind {
        Kind::Server => "info",
        Kind::Tool => "warn",
    };
    let told = shared.log.clone().or_else(|| std::env::var("RUST_LOG").ok()).filter(|filter| !filter.is_empty());
    let filter = EnvFilter::try_new(told.as_deref().unwrap_or(usual))
        .map_err(|error| Failure::Usage(format!("--log: expected a filter such as warn or bandoso=debug: {error}")))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match shared.log_format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
    };
    started.map_err(|error| Failure::Fault(error.to_string()))
}
