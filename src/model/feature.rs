use super::{Day, FieldType, Instant, LonLat, UnitId};

/// A property's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not known.
    Null,
    /// Unicode text; codes too.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Real(f64),
    /// True or false.
    Boolean(bool),
    /// A calendar day.
    Date(Day),
    /// An instant.
    Timestamp(Instant),
}

impl Value {
    /// Whether a field of this type can have it.
    pub fn is_of(&self, kind: FieldType) -> bool {
        matches!(
            (self, kind),
            (Self::Null, _)
                | (Self::Text(_), FieldType::Text | FieldType::Code)
                | (Self::Integer(_), FieldType::Integer)
                | (Self::Real(_), FieldType::Real)
                | (Self::Boolean(_), FieldType::Boolean)
                | (Self::Date(_), FieldType::Date)
                | (Self::Timestamp(_), FieldType::Timestamp)
        )
    }
}

/// One unit that a point belongs to, of any level and date: kept with the point, so that "as of" is a look-up, not a join.
///
/// A point's links are in the order of the join's rule: first the covering units by level and code, then the near ones by
/// level, distance and code. As of a date and for a level, the first link whose unit is valid then is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnitLink {
    /// The unit covers the point, border included.
    Covered(UnitId),
    /// The unit is within 200 m of a point that no unit of its level covers at some date of its validity.
    Near(UnitId),
}

impl UnitLink {
    /// As stores keep it: the unit's id, negative where near. Ids begin at 1.
    pub fn to_stored(self) -> i32 {
        match self {
            Self::Covered(UnitId(id)) => id,
            Self::Near(UnitId(id)) => -id,
        }
    }

    /// Back from what a store keeps.
    pub fn from_stored(stored: i32) -> Self {
        if stored < 0 { Self::Near(UnitId(stored.saturating_neg())) } else { Self::Covered(UnitId(stored)) }
    }

    /// The unit's id.
    pub fn unit(self) -> UnitId {
        match self {
            Self::Covered(id) | Self::Near(id) => id,
        }
    }
}

/// One point of a layer as a store gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Unique in its layer, stable, below 2⁶³.
    pub id: u64,
    /// Where it is, exactly as stored.
    pub at: LonLat,
    /// One value for each of the layer's fields, in their order.
    pub values: Vec<Value>,
    /// Its units by the join's rule.
    pub units: Vec<UnitLink>,
}
