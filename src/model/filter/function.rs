use crate::model::FieldType;

/// A function of one value that is none of CQL2's own. Texts are made alike by [`super::Folding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Characters (Unicode scalar values) of a text.
    Length,
    /// A number without its sign; null where 64 bits do not hold it.
    Abs,
    /// The nearest whole number, of two the even one.
    Round,
    /// The greatest whole number that is not greater.
    Floor,
    /// The least whole number that is not less.
    Ceil,
    /// Of a date, or of a timestamp in the filter's zone.
    Year,
    /// 1 to 12.
    Month,
    /// Of the month, 1 to 31.
    Day,
    /// 1, Monday, to 7, Sunday.
    Weekday,
    /// Of a timestamp in the filter's zone, 0 to 23.
    Hour,
}

impl Function {
    /// The type of its result for an argument of a type.
    pub fn returns(self, argument: FieldType) -> FieldType {
        match self {
            Self::Abs | Self::Round | Self::Floor | Self::Ceil => argument,
            Self::Length | Self::Year | Self::Month | Self::Day | Self::Weekday | Self::Hour => FieldType::Integer,
        }
    }
}
