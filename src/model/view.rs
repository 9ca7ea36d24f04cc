use serde::{Deserialize, Serialize};

use super::{Field, Layer};

/// How widely a layer or a field may be shown, from the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// To everyone.
    Public,
    /// To the province's own staff.
    Internal,
    /// To the department that keeps it.
    Restricted,
}

/// What this caller may see. Every read takes one; there is no read without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct View {
    most: Classification,
}

impl View {
    /// The view of a caller on the machine itself: everything.
    pub const EVERYTHING: Self = Self { most: Classification::Restricted };
    /// The view of a caller of whom nothing is known.
    pub const PUBLIC: Self = Self { most: Classification::Public };

    /// Whether the layer exists for this caller.
    pub fn sees(self, layer: &Layer) -> bool {
        layer.classification <= self.most
    }

    /// Whether the field's values are shown to this caller. The layer itself is asked with [`View::sees`].
    pub fn sees_field(self, field: &Field) -> bool {
        field.classification.is_none_or(|classification| classification <= self.most)
    }

    /// The most guarded classification in what this caller sees: decides how shared caches may keep an answer.
    pub fn most(self) -> Classification {
        self.most
    }
}
