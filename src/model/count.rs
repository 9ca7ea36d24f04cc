//! Tables of counts: what is counted by, what is summed, and the lines that come of it.

use super::filter::AskedFilter;
use super::{AsOf, Comparison, Day, LayerId, Level, TimeInterval, TimePart, UnitId, Value, Versions};

/// What a count is broken down by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum By {
    /// Units of a level.
    Level(Level),
    /// Codes of the layer's main code field.
    Category,
    /// Parts of the layer's time field, in the catalogue's time zone.
    Time(TimePart),
    /// A code or boolean field, by its name.
    Field(String),
}

impl By {
    /// The words that are no fields' names.
    pub const WORDS: &'static str = "province, district, commune, category, day, week, month, year, hour, weekday";

    /// Reads one word of `by`. What is no word of its own may be a field's name: the layer knows.
    pub fn parse(text: &str) -> Self {
        if text == "category" {
            return Self::Category;
        }
        let level = Level::ALL.into_iter().find(|level| level.name() == text).map(Self::Level);
        let part = TimePart::ALL.into_iter().find(|part| part.name() == text).map(Self::Time);
        level.or(part).unwrap_or_else(|| Self::Field(text.to_owned()))
    }

    /// The word, and the key in each row.
    pub fn name(&self) -> &str {
        match self {
            Self::Level(level) => level.name(),
            Self::Category => "category",
            Self::Time(part) => part.name(),
            Self::Field(name) => name,
        }
    }
}

/// What is told of a numeric field's values besides how many features there are. Nulls count for nothing, as in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// All values together: exact, then rounded once. Null where there is no value.
    Sum,
    /// The rounded sum divided by the number of values.
    Avg,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

impl Function {
    /// All of them, in the order of a row's columns.
    pub const ALL: [Self; 4] = [Self::Sum, Self::Avg, Self::Min, Self::Max];

    /// The parameter that asks for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// A function of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Measure {
    /// Which function.
    pub function: Function,
    /// The field's name.
    pub field: String,
}

impl Measure {
    /// Its key in each row, such as `sum_damage_vnd`.
    pub fn name(&self) -> String {
        format!("{}_{}", self.function.name(), self.field)
    }
}

/// A table of exact counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRequest {
    /// Whose features.
    pub layer: LayerId,
    /// Up to three, no two alike.
    pub by: Vec<By>,
    /// What is told besides the counts, no two alike.
    pub measures: Vec<Measure>,
    /// When.
    pub datetime: Option<TimeInterval>,
    /// Features for which it is true.
    pub filter: Option<AskedFilter>,
    /// Under which date's units.
    pub as_of: AsOf,
}

/// One key of a count's row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CountKey {
    /// The unit that covers the features.
    Unit(UnitId),
    /// Features near a unit, covered by none.
    Near,
    /// Features in and near no unit.
    Outside,
    /// A code.
    Code(String),
    /// A truth.
    Truth(bool),
    /// As [`TimePart`] numbers its values.
    Time(i32),
    /// The features have no value.
    Null,
}

/// A key of a row whose features are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePick {
    /// What it is a key of.
    pub by: By,
    /// The key.
    pub key: PickedKey,
}

/// A key as it is named from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickedKey {
    /// The units of a level that have the code.
    Unit {
        /// The code.
        code: String,
        /// Of several, those whose validity begins so.
        from: FirstDay,
    },
    /// Anything else.
    Key(CountKey),
}

/// How a unit's validity begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstDay {
    /// However it does.
    Any,
    /// With this day; none is unknown.
    Is(Option<Day>),
}

impl FirstDay {
    /// Whether a validity that begins with the day is meant.
    pub fn is(self, from: Option<Day>) -> bool {
        self == Self::Any || self == Self::Is(from)
    }
}

/// One row of a table of counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CountRow {
    /// One for each word of the request's `by`.
    pub keys: Vec<CountKey>,
    /// How many features.
    pub count: u64,
    /// One for each of the request's measures: a whole number, a real one, or null.
    pub measured: Vec<Value>,
}

/// A table of counts: the rows add up to `total`.
#[derive(Debug, Clone, PartialEq)]
pub struct CountTable {
    /// All features asked for; it has no keys.
    pub total: CountRow,
    /// In the order of their keys; rows of no feature are left out.
    pub rows: Vec<CountRow>,
    /// What it was read from.
    pub versions: Versions,
}

/// A row beside the same one of the interval before.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedRow {
    /// Now.
    pub now: CountRow,
    /// Before: the keys are those that it had then, the count may be 0.
    pub before: CountRow,
}

impl ComparedRow {
    /// By how many features more.
    pub fn change(&self) -> i64 {
        self.now.count as i64 - self.before.count as i64
    }

    /// The change in percent of the count before, to two decimals; none where that was 0.
    pub fn percent(&self) -> Option<f64> {
        let base = self.before.count;
        (base > 0).then(|| (self.change() as f64 / base as f64 * 10_000.0).round() / 100.0)
    }
}

/// Two tables of counts side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedTable {
    /// Of which intervals.
    pub comparison: Comparison,
    /// All features asked for.
    pub total: ComparedRow,
    /// In the order of their keys; those of the interval before alone as well.
    pub rows: Vec<ComparedRow>,
    /// What it was read from.
    pub versions: Versions,
}
