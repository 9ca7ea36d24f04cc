use std::io;

use crate::atlas::AtlasError;
use crate::model::Invalid;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is asked does not fit the layer or the format.
    #[error("{}: expected {}", .0.parameter, .0.expected)]
    Invalid(#[from] Invalid),
    /// The atlas gives no rows, or no more.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
    /// The file cannot be written.
    #[error("{what}: {cause}")]
    Unwritable {
        /// Which file, or what of it.
        what: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The file would be larger than it may be.
    #[error("the file would have more than {most_bytes} bytes")]
    TooLarge {
        /// How large it may be.
        most_bytes: u64,
    },
    /// A feature has what the format cannot hold.
    #[error("feature {id}: {cause}")]
    Unfit {
        /// The feature.
        id: u64,
        /// What it has, and what to do.
        cause: String,
    },
    /// A library that writes the format refused.
    #[error("writing {format}: {cause}")]
    Format {
        /// The format's name.
        format: &'static str,
        /// What it said.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<io::Error> for ExportError {
    fn from(cause: io::Error) -> Self {
        Self::Unwritable { what: "the output".to_owned(), cause }
    }
}
