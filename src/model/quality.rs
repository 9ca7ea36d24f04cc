//! How good the rows of a layer are: what is counted of them, and what came of it.

use super::filter::AskedFilter;
use super::{AsOf, Day, FindingKind, Instant, Invalid, LayerId, TimeInterval, Versions};

/// Rows of a layer that are counted for its owner, and that can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// Rows that are features of the map.
    WithPosition,
    /// Rows of the table that the map leaves out because they have no position that it can use.
    WithoutPosition,
    /// Covered by a commune.
    UnitCovered,
    /// Covered by none, and within 200 m of one.
    UnitNear,
    /// In and near no commune.
    UnitOutside,
    /// With a code that the layer's category lists.
    CategoryKnown,
    /// With one that it does not list.
    CategoryUnknown,
    /// Without a code.
    CategoryMissing,
    /// With a time up to the end of today.
    TimePast,
    /// With one after today.
    TimeFuture,
    /// Without a time.
    TimeMissing,
    /// With a fault that has a name.
    Finding(FindingKind),
}

/// The faults of rows that the map leaves out.
pub const LEFT_OUT: [FindingKind; 5] = [
    FindingKind::MissingPosition,
    FindingKind::InvalidPosition,
    FindingKind::WrongGeometry,
    FindingKind::UnreadableRow,
    FindingKind::InvalidId,
];
/// The faults of features that can be told from what is stored.
pub const OF_FEATURES: [FindingKind; 6] = [
    FindingKind::OutsideUnits,
    FindingKind::OutsideProvince,
    FindingKind::DuplicatePlace,
    FindingKind::UnknownCode,
    FindingKind::OutOfRange,
    FindingKind::FutureDate,
];

impl Aspect {
    /// Those that are no findings.
    pub const SHARES: [Self; 11] = [
        Self::WithPosition,
        Self::WithoutPosition,
        Self::UnitCovered,
        Self::UnitNear,
        Self::UnitOutside,
        Self::CategoryKnown,
        Self::CategoryUnknown,
        Self::CategoryMissing,
        Self::TimePast,
        Self::TimeFuture,
        Self::TimeMissing,
    ];

    /// All of them, in the order in which they are told.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::SHARES.into_iter().chain(LEFT_OUT.into_iter().chain(OF_FEATURES).map(Self::Finding))
    }

    /// Its name in addresses: what it is a share of and which share; the stable name of a finding.
    pub fn name(self) -> &'static str {
        match self {
            Self::WithPosition => "position_with",
            Self::WithoutPosition => "position_without",
            Self::UnitCovered => "unit_covered",
            Self::UnitNear => "unit_near",
            Self::UnitOutside => "unit_outside",
            Self::CategoryKnown => "category_known",
            Self::CategoryUnknown => "category_unknown",
            Self::CategoryMissing => "category_missing",
            Self::TimePast => "time_past",
            Self::TimeFuture => "time_future",
            Self::TimeMissing => "time_missing",
            Self::Finding(kind) => kind.name(),
        }
    }

    /// Reads a name.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        Self::all().find(|aspect| aspect.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            Invalid::new(parameter, format!("one of {}; found {text:?}", names.join(", ")))
        })
    }

    /// The faults of the rows, where they are rows that the map leaves out.
    pub fn left_out(self) -> Option<&'static [FindingKind]> {
        match self {
            Self::WithoutPosition => LEFT_OUT.get(..4),
            Self::Finding(kind) => {
                LEFT_OUT.iter().position(|known| *known == kind).and_then(|at| LEFT_OUT.get(at..=at))
            }
            _ => None,
        }
    }
}

/// An aspect of a layer's features, held against a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AspectPick {
    /// Which features.
    pub aspect: Aspect,
    /// What is later than this day is in the future.
    pub today: Day,
}

/// How good the rows of a layer are.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityRequest {
    /// Whose.
    pub layer: LayerId,
    /// When: of features only.
    pub datetime: Option<TimeInterval>,
    /// Features for which it is true.
    pub filter: Option<AskedFilter>,
    /// Under which date's units.
    pub as_of: AsOf,
    /// What is later than this day is in the future.
    pub today: Day,
}

/// What was counted of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerQuality {
    /// Features that were asked for.
    pub features: u64,
    /// Rows of the table that are no features, by what is wrong with them. None where a time or a filter was asked for, which
    /// only features have.
    pub left_out: Option<Vec<(FindingKind, u64)>>,
    /// Features by aspect: those aspects that the layer has and the caller sees.
    pub counts: Vec<(Aspect, u64)>,
    /// What it was read from.
    pub versions: Versions,
}

impl LayerQuality {
    /// How many rows an aspect has; none where it is not told of this layer.
    pub fn count(&self, aspect: Aspect) -> Option<u64> {
        match (aspect, aspect.left_out()) {
            (Aspect::WithPosition, _) => Some(self.features),
            (_, Some(kinds)) => {
                let counts = self.left_out.as_ref()?.iter().filter(|(kind, _)| kinds.contains(kind));
                Some(counts.map(|(_, count)| count).sum())
            }
            _ => self.counts.iter().find(|(known, _)| *known == aspect).map(|(_, count)| *count),
        }
    }

    /// All rows: features, and those that are left out where they were counted.
    pub fn rows(&self) -> u64 {
        let left_out = self.left_out.iter().flatten().map(|(_, count)| count);
        self.features + left_out.sum::<u64>()
    }
}

/// When a layer's rows were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// When a row was last added, changed or removed, by whatever program; none where no such time is known.
    pub updated: Option<Instant>,
    /// When its owner last said how things are: an import, even of rows that were all there already, or `updated`.
    pub confirmed: Option<Instant>,
}

const DAY_US: i64 = 86_400_000_000;

impl Freshness {
    /// Whether more days have gone by than the owner promised. None where nothing is promised, and where there are rows of
    /// which nobody knows since when; a layer that has never had any is behind.
    pub fn is_stale(&self, update_days: Option<u32>, (rows, now): (u64, Instant)) -> Option<bool> {
        let promised_us = i64::from(update_days?) * DAY_US;
        match self.confirmed {
            Some(Instant(confirmed)) => Some(now.0.saturating_sub(confirmed) > promised_us),
            None if rows == 0 => Some(true),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_aspect_has_a_name_of_its_own_that_is_read_back() {
        let names: std::collections::HashSet<&str> = Aspect::all().map(Aspect::name).collect();
        assert_eq!(names.len(), Aspect::all().count());
        for aspect in Aspect::all() {
            assert_eq!(Aspect::parse("of", aspect.name()), Ok(aspect));
        }
        let refused = Aspect::parse("of", "duplicate_id").expect_err("not told from what is stored");
        assert!(refused.parameter == "of" && refused.expected.contains("position_without, unit_covered"));
    }

    #[test]
    fn a_row_without_a_usable_id_is_not_without_position() {
        let left_out =
            vec![(FindingKind::MissingPosition, 2), (FindingKind::WrongGeometry, 1), (FindingKind::InvalidId, 4)];
        let quality = LayerQuality {
            features: 10,
            left_out: Some(left_out),
            counts: vec![(Aspect::TimeMissing, 3)],
            versions: Versions::new(),
        };
        assert_eq!((quality.rows(), quality.count(Aspect::WithoutPosition)), (17, Some(3)));
        assert_eq!(quality.count(Aspect::Finding(FindingKind::InvalidId)), Some(4));
        assert_eq!(quality.count(Aspect::Finding(FindingKind::UnreadableRow)), Some(0));
        assert_eq!((quality.count(Aspect::TimeMissing), quality.count(Aspect::TimePast)), (Some(3), None));
        let filtered = LayerQuality { left_out: None, ..quality };
        assert_eq!((filtered.rows(), filtered.count(Aspect::WithoutPosition)), (10, None));
    }

    #[test]
    fn a_layer_is_stale_when_more_days_have_gone_by_than_were_promised() {
        let at = |days: i64| Some(Instant(days * DAY_US));
        let now = (5, Instant(10 * DAY_US));
        let fresh = |confirmed| Freshness { updated: None, confirmed };
        assert_eq!(fresh(at(3)).is_stale(Some(7), now), Some(false), "exactly a week");
        assert_eq!(
            Freshness { confirmed: Some(Instant(3 * DAY_US - 1)), ..fresh(None) }.is_stale(Some(7), now),
            Some(true)
        );
        assert_eq!(fresh(at(0)).is_stale(None, now), None, "nothing is promised");
        assert_eq!(fresh(None).is_stale(Some(7), now), None, "rows of which nobody knows since when");
        assert_eq!(fresh(None).is_stale(Some(7), (0, now.1)), Some(true), "never had any");
        assert_eq!(fresh(at(11)).is_stale(Some(7), now), Some(false), "another machine's clock is ahead");
    }
}
