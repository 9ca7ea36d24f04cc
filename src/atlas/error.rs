use crate::model::Invalid;
use crate::store::Refusal;

/// Why the atlas gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AtlasError {
    /// There is no such layer, or the view does not see it: callers cannot tell which.
    #[error("no layer {0}")]
    UnknownLayer(String),
    /// The request does not fit the layer.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store cannot be reached.
    #[error("the store cannot be reached")]
    Unavailable {
        /// When to ask again.
        retry_after_ms: u64,
    },
    /// Others were writing to the store all the while, other programs or other writes here: nothing was written.
    #[error("others are writing to the store")]
    InUse {
        /// When to try again.
        retry_after_ms: u64,
    },
    /// The layer's table cannot be read: it is gone, or locked, or has other columns than it had.
    #[error("the layer {layer} cannot be read from the store")]
    Unreadable {
        /// The layer.
        layer: String,
        /// When to ask again.
        retry_after_ms: u64,
    },
    /// A layer in the database was asked for more than it answers in the time there is.
    #[error("the question took too long")]
    TooLong {
        /// When to ask again.
        retry_after_ms: u64,
    },
    /// More tiles and queries wait than may.
    #[error("too many requests wait for an answer")]
    Overloaded {
        /// When to ask again.
        retry_after_ms: u64,
    },
    /// What is stored does not allow the edit.
    #[error(transparent)]
    Refused(Refusal),
    /// The answer could not be made, through a fault of ours.
    #[error("{0}")]
    Fault(String),
}
