use std::fmt;

use serde::Serialize;

/// The stable names of faults in data. Programs match on them: rename none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A row without a position.
    MissingPosition,
    /// A position that is no place on earth.
    InvalidPosition,
    /// A geometry of another kind than the layer's.
    WrongGeometry,
    /// Text that is not of the field's type.
    InvalidValue,
    /// A code that the field does not list.
    UnknownCode,
    /// A column or property that the layer has no field for.
    UnknownField,
    /// A row that cannot be read at all.
    UnreadableRow,
    /// An id that stood earlier in the same file.
    DuplicateId,
    /// An id that is neither a whole number nor a short text.
    InvalidId,
    /// A position beyond all units.
    OutsideUnits,
    /// A ring that crosses itself or has no area.
    InvalidRing,
    /// Two units of one level and date that share area.
    Overlap,
    /// A hole between units of one level and date.
    Gap,
    /// A last day in force where the first day after it belongs; read as such.
    InclusiveValidTo,
    /// A unit whose parent is not known for its dates.
    UnknownParent,
    /// A change of units that names a unit not known.
    UnknownUnit,
    /// A table that does not have a layer's column, or has it with another type.
    ColumnMismatch,
}

impl FindingKind {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingPosition => "missing_position",
            Self::InvalidPosition => "invalid_position",
            Self::WrongGeometry => "wrong_geometry",
            Self::InvalidValue => "invalid_value",
            Self::UnknownCode => "unknown_code",
            Self::UnknownField => "unknown_field",
            Self::UnreadableRow => "unreadable_row",
            Self::DuplicateId => "duplicate_id",
            Self::InvalidId => "invalid_id",
            Self::OutsideUnits => "outside_units",
            Self::InvalidRing => "invalid_ring",
            Self::Overlap => "overlap",
            Self::Gap => "gap",
            Self::InclusiveValidTo => "inclusive_valid_to",
            Self::UnknownParent => "unknown_parent",
            Self::UnknownUnit => "unknown_unit",
            Self::ColumnMismatch => "column_mismatch",
        }
    }
}

/// A named fault in data, with the place where it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// File, table or unit that holds it.
    pub place: String,
    /// Line in a text file, number of the feature in a GeoJSON file; from 1.
    pub line: Option<u64>,
    /// The fault and the advice, a sentence for people.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}", self.kind.name(), self.message)
    }
}
