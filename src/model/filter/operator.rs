/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The comparison with its sides exchanged.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    /// Whether it holds between values that are ordered so.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `div`
    WholeDivide,
    /// `%`
    Remainder,
    /// `^`
    Power,
}

/// How two geometries lie to each other (DE-9IM).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the standard's own names")]
pub enum SpatialRelation {
    Intersects,
    Equals,
    Disjoint,
    Touches,
    Within,
    Overlaps,
    Crosses,
    Contains,
}

/// How two times lie to each other (OWL-Time).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the standard's own names")]
pub enum TemporalRelation {
    After,
    Before,
    Contains,
    Disjoint,
    During,
    Equals,
    FinishedBy,
    Finishes,
    Intersects,
    Meets,
    MetBy,
    OverlappedBy,
    Overlaps,
    StartedBy,
    Starts,
}

/// How two lists, taken as sets, lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the standard's own names")]
pub enum ArrayRelation {
    Equals,
    Contains,
    ContainedBy,
    Overlaps,
}

/// Everything that CQL2 itself does with operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Two or more operands.
    And,
    /// Two or more operands.
    Or,
    /// One operand.
    Not,
    /// Two operands.
    Compare(Comparison),
    /// Text and pattern.
    Like,
    /// Value, least and most, both included.
    Between,
    /// Value and [`super::ExprKind::Array`].
    In,
    /// One operand.
    IsNull,
    /// Case folding of one text.
    CaseI,
    /// One text without its accents.
    AccentI,
    /// Two numbers.
    Arithmetic(Arithmetic),
    /// Two geometries.
    Spatial(SpatialRelation),
    /// Two times.
    Temporal(TemporalRelation),
    /// Two lists.
    Array(ArrayRelation),
}

/// Every operator with its name in CQL2 JSON; functions have the same name, in any case, in text.
const NAMES: [(&str, Operator); 49] = [
    ("and", Operator::And),
    ("or", Operator::Or),
    ("not", Operator::Not),
    ("=", Operator::Compare(Comparison::Equal)),
    ("<>", Operator::Compare(Comparison::NotEqual)),
    ("<", Operator::Compare(Comparison::Less)),
    ("<=", Operator::Compare(Comparison::LessOrEqual)),
    (">", Operator::Compare(Comparison::Greater)),
    (">=", Operator::Compare(Comparison::GreaterOrEqual)),
    ("like", Operator::Like),
    ("between", Operator::Between),
    ("in", Operator::In),
    ("isNull", Operator::IsNull),
    ("casei", Operator::CaseI),
    ("accenti", Operator::AccentI),
    ("+", Operator::Arithmetic(Arithmetic::Add)),
    ("-", Operator::Arithmetic(Arithmetic::Subtract)),
    ("*", Operator::Arithmetic(Arithmetic::Multiply)),
    ("/", Operator::Arithmetic(Arithmetic::Divide)),
    ("div", Operator::Arithmetic(Arithmetic::WholeDivide)),
    ("%", Operator::Arithmetic(Arithmetic::Remainder)),
    ("^", Operator::Arithmetic(Arithmetic::Power)),
    ("s_intersects", Operator::Spatial(SpatialRelation::Intersects)),
    ("s_equals", Operator::Spatial(SpatialRelation::Equals)),
    ("s_disjoint", Operator::Spatial(SpatialRelation::Disjoint)),
    ("s_touches", Operator::Spatial(SpatialRelation::Touches)),
    ("s_within", Operator::Spatial(SpatialRelation::Within)),
    ("s_overlaps", Operator::Spatial(SpatialRelation::Overlaps)),
    ("s_crosses", Operator::Spatial(SpatialRelation::Crosses)),
    ("s_contains", Operator::Spatial(SpatialRelation::Contains)),
    ("t_after", Operator::Temporal(TemporalRelation::After)),
    ("t_before", Operator::Temporal(TemporalRelation::Before)),
    ("t_contains", Operator::Temporal(TemporalRelation::Contains)),
    ("t_disjoint", Operator::Temporal(TemporalRelation::Disjoint)),
    ("t_during", Operator::Temporal(TemporalRelation::During)),
    ("t_equals", Operator::Temporal(TemporalRelation::Equals)),
    ("t_finishedBy", Operator::Temporal(TemporalRelation::FinishedBy)),
    ("t_finishes", Operator::Temporal(TemporalRelation::Finishes)),
    ("t_intersects", Operator::Temporal(TemporalRelation::Intersects)),
    ("t_meets", Operator::Temporal(TemporalRelation::Meets)),
    ("t_metBy", Operator::Temporal(TemporalRelation::MetBy)),
    ("t_overlappedBy", Operator::Temporal(TemporalRelation::OverlappedBy)),
    ("t_overlaps", Operator::Temporal(TemporalRelation::Overlaps)),
    ("t_startedBy", Operator::Temporal(TemporalRelation::StartedBy)),
    ("t_starts", Operator::Temporal(TemporalRelation::Starts)),
    ("a_equals", Operator::Array(ArrayRelation::Equals)),
    ("a_contains", Operator::Array(ArrayRelation::Contains)),
    ("a_containedBy", Operator::Array(ArrayRelation::ContainedBy)),
    ("a_overlaps", Operator::Array(ArrayRelation::Overlaps)),
];

impl Operator {
    /// Its name in CQL2 JSON.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }

    /// The operator of a name in CQL2 JSON, letters in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, operator)| *operator)
    }

    /// Whether it is written in text as a function, with its name and its operands in parentheses.
    pub fn is_function(self) -> bool {
        matches!(self, Self::CaseI | Self::AccentI | Self::Spatial(_) | Self::Temporal(_) | Self::Array(_))
    }

    /// The least and the greatest number of operands.
    pub fn operands(self) -> (usize, usize) {
        match self {
            Self::And | Self::Or => (2, usize::MAX),
            Self::Not | Self::IsNull | Self::CaseI | Self::AccentI => (1, 1),
            Self::Between => (3, 3),
            _ => (2, 2),
        }
    }
}
