//! Features written one by one.

use super::ImportId;
use crate::engine::stamp::{Stamp, Stamper};
use crate::model::{Feature, LonLat, Value};

/// One step of an edit.
#[derive(Debug, Clone)]
pub enum Edit {
    /// A feature that was not there.
    Create {
        /// Its own number, or its sender's key, which must be free; or the store's next free number.
        id: ImportId,
        /// Where it is.
        at: LonLat,
        /// One value for each of the layer's fields, in their order.
        values: Vec<Value>,
    },
    /// Another place, or other values, of a feature that is there.
    Change {
        /// Which one.
        id: u64,
        /// Its new place; none where it stays.
        at: Option<LonLat>,
        /// Its new values, in the order of the layer's fields; none for a field that stays as it is.
        values: Vec<Option<Value>>,
        /// As what it must be there.
        when: When,
    },
    /// A feature that goes.
    Remove {
        /// Which one.
        id: u64,
        /// As what it must be there.
        when: When,
    },
}

/// As what a feature must be stored for an edit to happen: decided in the transaction that writes.
#[derive(Debug, Clone, Default)]
pub enum When {
    /// As anything.
    #[default]
    Always,
    /// With one of these stamps.
    Stamped(Stamper, Vec<Stamp>),
}

impl When {
    /// Whether a feature that is stored so may be edited.
    pub fn holds(&self, at: LonLat, values: &[Value]) -> bool {
        match self {
            Self::Always => true,
            Self::Stamped(stamper, stamps) => stamps.contains(&stamper.stamp(at, values)),
        }
    }
}

/// What an edit did.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// For each step the feature as it is stored now; none where it is gone.
    pub features: Vec<Option<Feature>>,
    /// The layer's version afterwards.
    pub version: u64,
    /// Its batch in the history.
    pub batch: Option<u64>,
}

/// Why a store does not write what it was asked to. Nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The layer takes no edits at all.
    #[error("{layer} cannot be written: {why}")]
    ReadOnly {
        /// The layer.
        layer: String,
        /// Why.
        why: String,
    },
    /// There is no such feature.
    #[error("{layer} has no feature {id}")]
    NotThere {
        /// The layer.
        layer: String,
        /// The id asked for.
        id: u64,
    },
    /// The feature is not what the edit was made from.
    #[error("feature {id} of {layer} was changed meanwhile")]
    Differs {
        /// The layer.
        layer: String,
        /// Its id.
        id: u64,
    },
    /// The id or key that a new feature brings is another one's.
    #[error("{layer} has a feature with the id or key {id:?} already")]
    Taken {
        /// The layer.
        layer: String,
        /// The id or key.
        id: String,
    },
    /// More features are missing from an import than may go.
    #[error(
        "{missing} features of {layer} are missing from the import, and {at_most} may be removed: nothing was written"
    )]
    TooManyMissing {
        /// The layer.
        layer: String,
        /// How many are missing.
        missing: u64,
        /// How many may go.
        at_most: u64,
    },
    /// There is no such batch.
    #[error("there is no batch {batch}")]
    NoBatch {
        /// Its number.
        batch: u64,
    },
    /// The batch is undone already.
    #[error("batch {batch} is undone already")]
    Undone {
        /// Its number.
        batch: u64,
    },
    /// Rows of the batch were changed since.
    #[error(
        "batch {batch} cannot be undone: {count} of its features were changed since: {}{}",
        rows.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
        if *count > rows.len() as u64 { ", …" } else { "" }
    )]
    ChangedSince {
        /// Its number.
        batch: u64,
        /// The first of the rows, [`super::MOST_NAMED`] at most.
        rows: Vec<u64>,
        /// How many there are.
        count: u64,
    },
}
