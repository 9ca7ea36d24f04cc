use std::io::{self, Write};
use std::process::ExitCode;

use crate::atlas::AtlasError;
use crate::demo::DemoError;
use crate::export::ExportError;
use crate::import::ImportError;
use crate::model::Invalid;
use crate::store::{Refusal, StoreError};

/// Why a command did not end well: the only place that knows exit codes.
#[derive(Debug)]
pub(super) enum Failure {
    /// The data has findings; they are told already.
    Findings,
    /// What is stored stands against it.
    Refused(String),
    /// The command line, a file that it names or the catalogue is at fault.
    Usage(String),
    /// The store cannot be reached or used.
    Store(StoreError),
    /// The caller gave it up.
    Interrupted(String),
    /// The answer cannot be written.
    Output(io::Error),
    /// A fault of the program.
    Fault(String),
}

impl Failure {
    /// Says why on the standard error, in one line where one is enough; gives the exit code.
    pub fn tell(self) -> ExitCode {
        let (code, message) = match self {
            Self::Findings => (1, None),
            Self::Refused(message) => (1, Some(message)),
            Self::Usage(message) => (2, Some(message)),
            Self::Store(error) => (3, Some(error.to_string())),
            Self::Interrupted(message) => (130, Some(message)),
            // `bandoso units list | head` has had what it wanted.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => (0, None),
            Self::Output(error) => (1, Some(format!("the answer cannot be written: {error}"))),
            Self::Fault(message) => (70, Some(format!("a fault of the program: {message}"))),
        };
        if let Some(message) = message {
            // Nobody may be listening; the exit code still speaks.
            let _ = writeln!(io::stderr(), "bandoso: {message}");
        }
        ExitCode::from(code)
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Usage(format!("{}: expected {}", invalid.parameter, invalid.expected))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            // Data that stands against it is told like findings.
            StoreError::Refused(refusal @ (Refusal::ChangedSince { .. } | Refusal::TooManyMissing { .. })) => {
                Self::Refused(refusal.to_string())
            }
            StoreError::Refused(refusal) => Self::Usage(refusal.to_string()),
            other => Self::Store(other),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Invalid(invalid) => invalid.into(),
            ImportError::Store(error) => error.into(),
            ImportError::Unreadable { .. } => Self::Usage(error.to_string()),
            ImportError::Interrupted => Self::Interrupted(error.to_string()),
        }
    }
}

impl From<AtlasError> for Failure {
    fn from(error: AtlasError) -> Self {
        match error {
            AtlasError::UnknownLayer(_) => Self::Usage(error.to_string()),
            AtlasError::Invalid(invalid) => invalid.into(),
            AtlasError::Unavailable { .. }
            | AtlasError::InUse { .. }
            | AtlasError::Unreadable { .. }
            | AtlasError::Overloaded { .. }
            | AtlasError::TooLong { .. }
            | AtlasError::Refused(_)
            | AtlasError::Fault(_) => Self::Fault(error.to_string()),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            // What the library calls a parameter is an option here.
            ExportError::Invalid(Invalid { parameter, expected })
            | ExportError::Atlas(AtlasError::Invalid(Invalid { parameter, expected })) => {
                let option = parameter.trim_start_matches('-').replace('_', "-");
                Self::Usage(format!("--{option}: expected {expected}"))
            }
            ExportError::Atlas(error) => error.into(),
            ExportError::Unwritable { cause, .. } if cause.kind() == io::ErrorKind::BrokenPipe => Self::Output(cause),
            ExportError::Unwritable { .. } | ExportError::Unfit { .. } | ExportError::TooLarge { .. } => {
                Self::Usage(error.to_string())
            }
            ExportError::Format { .. } => Self::Fault(error.to_string()),
        }
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Store(error) => error.into(),
            DemoError::Misfit { .. } => Self::Usage(error.to_string()),
            DemoError::Fixture { .. } => Self::Fault(error.to_string()),
        }
    }
}
