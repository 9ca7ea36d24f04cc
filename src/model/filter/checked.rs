use geo_types::Geometry;
use jiff::tz::TimeZone;

use super::{Arithmetic, Comparison, Function};
use crate::model::{FieldType, Value};

/// A filter that fits a layer: every name is a field that the view sees, every type is right.
///
/// A feature is taken when the condition is true for it; where it is unknown (a value is null) it is not, as in SQL.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// What must be true.
    pub condition: Condition,
    /// Where days begin when they are compared with instants.
    pub zone: TimeZone,
}

/// True, false or unknown for each feature.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The same for every feature.
    Always(bool),
    /// True when all are, false when one is.
    And(Vec<Condition>),
    /// True when one is, false when all are.
    Or(Vec<Condition>),
    /// Unknown where the condition is.
    Not(Box<Condition>),
    /// A boolean itself.
    Truth(Scalar),
    /// Both sides are of one type, except that a code is a text. Unknown where either is null.
    Compare(Comparison, Scalar, Scalar),
    /// Equal to one of some values of its type: the same as the `Or` of as many comparisons.
    In(Scalar, Vec<Scalar>),
    /// The text matches a pattern: `%` any characters, `_` one, `\` takes the next one as it is.
    Like(Scalar, String),
    /// Never unknown.
    IsNull(Scalar),
    /// Whether a condition is unknown.
    IsUnknown(Box<Condition>),
    /// How the feature's position lies to a geometry, in degrees WGS 84: points, lines or polygons, no collection.
    Position(PlaceTest, Geometry<f64>),
}

/// Where the feature's position must lie. What two geometries can be to each other comes down to this when one is a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceTest {
    /// In its interior or on its boundary.
    Meets,
    /// In its interior: inside a polygon, on a line but not at its ends, at a point.
    Inside,
    /// On its boundary: a polygon's rings, a line's ends.
    Boundary,
}

/// A value of each feature, or null.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A field by its index in the layer.
    Field(usize, FieldType),
    /// The feature's id, a whole number.
    Id,
    /// The same for every feature; never null.
    Literal(Value),
    /// A text folded.
    Folded(Folding, Box<Scalar>),
    /// A function of a value whose type it takes.
    Call(Function, Box<Scalar>),
    /// Two numbers of one type; null where the result is none (division by zero, no longer a number of the type).
    Arithmetic(Arithmetic, Box<Scalar>, Box<Scalar>),
    /// A whole number as a double.
    Real(Box<Scalar>),
    /// The first instant of a date in the filter's zone.
    DayStart(Box<Scalar>),
    /// The last microsecond of a date in the filter's zone.
    DayEnd(Box<Scalar>),
}

/// What is made alike before texts are compared. `engine::cql2` defines both to the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// Letters' case.
    Case,
    /// Diacritical marks, and the bar of `đ`.
    Accents,
    /// All letters are made small.
    Lower,
    /// All letters are made capital.
    Upper,
}

impl Scalar {
    /// The type of its values; a code is a text.
    pub fn kind(&self) -> FieldType {
        match self {
            Self::Field(_, FieldType::Code) | Self::Folded(..) | Self::Literal(Value::Text(_)) => FieldType::Text,
            Self::Field(_, kind) => *kind,
            Self::Id | Self::Literal(Value::Integer(_)) => FieldType::Integer,
            Self::Literal(Value::Real(_) | Value::Null) | Self::Real(_) => FieldType::Real,
            Self::Literal(Value::Boolean(_)) => FieldType::Boolean,
            Self::Literal(Value::Date(_)) => FieldType::Date,
            Self::Literal(Value::Timestamp(_)) | Self::DayStart(_) | Self::DayEnd(_) => FieldType::Timestamp,
            Self::Arithmetic(_, left, _) => left.kind(),
            Self::Call(function, argument) => function.returns(argument.kind()),
        }
    }
}

impl Condition {
    /// The condition's contrary.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Always(truth) => Self::Always(!truth),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }
}
