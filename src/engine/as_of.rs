//! Which unit holds each point on a date: a look-up in its links, made once for each list of links and span of days.

use super::columns::{BLOCK, Columns, LinkSets, NO_DAY, Width, by_width};
use super::unit_map::UnitMap;
use crate::model::{AsOf, Day, Level, Relation, UnitId, UnitLink};

/// The answer of the join's rule for one point, level and date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holding {
    /// This unit covers it.
    Covered(UnitId),
    /// No unit covers it; this one is nearest, within 200 m.
    Near(UnitId),
    /// In and near none.
    Outside,
}

impl Holding {
    /// The unit, where there is one.
    pub fn unit(self) -> Option<UnitId> {
        match self {
            Self::Covered(id) | Self::Near(id) => Some(id),
            Self::Outside => None,
        }
    }

    /// How the point belongs to it.
    pub fn relation(self) -> Relation {
        match self {
            Self::Covered(_) => Relation::Covered,
            Self::Near(_) => Relation::Near,
            Self::Outside => Relation::Outside,
        }
    }
}

/// The unit that holds a point with these links, of the level, on the day: the first link that is of both.
pub fn holding(units: &UnitMap, links: &[UnitLink], level: Level, day: Day) -> Holding {
    held_by(links, |id| units.unit(id).is_some_and(|unit| unit.level == level && unit.valid.contains(day)))
}

/// The unit of the first link that is of such a one.
pub(super) fn held_by(links: &[UnitLink], is_such: impl Fn(UnitId) -> bool) -> Holding {
    match links.iter().find(|link| is_such(link.unit())) {
        Some(UnitLink::Covered(id)) => Holding::Covered(*id),
        Some(UnitLink::Near(id)) => Holding::Near(*id),
        None => Holding::Outside,
    }
}

/// The answers of a level for a whole layer: one for each (span of days without a change, set of links).
#[derive(Debug)]
pub struct Answers {
    table: Vec<Holding>,
    sets: usize,
    spans: Spans,
}

/// Which part of the table a feature's day leads to.
#[derive(Debug)]
enum Spans {
    /// One day for all.
    One,
    /// Each feature's own: bounds between spans, and the span of today for features without a day.
    Own { bounds: Vec<Day>, today: usize },
}

impl Answers {
    /// Answers for the level under `as_of`; `today` is the date of features that have none.
    ///
    /// Costs one pass over the distinct link sets for each span of days, none over the features: keep it between requests.
    pub fn new(sets: &LinkSets, units: &UnitMap, level: Level, as_of: AsOf, today: Day) -> Self {
        let mut table = Vec::new();
        let mut add = |day: Day| {
            table.extend(sets.iter().map(|links| holding(units, links, level, day)));
        };
        let spans = match as_of {
            AsOf::Day(day) => {
                add(day);
                Spans::One
            }
            AsOf::Own => {
                let bounds = units.bounds().to_vec();
                // Any day of a span stands for it: its first, and for the span before the first bound the day before that.
                add(bounds.first().map_or(today, |first| Day(first.0.saturating_sub(1))));
                for bound in &bounds {
                    add(*bound);
                }
                let today = span_of(&bounds, today);
                Spans::Own { bounds, today }
            }
        };
        Self { table, sets: sets.len(), spans }
    }

    /// The row's place in the table of answers: rows with the same one have the same unit.
    pub fn index(&self, columns: &Columns, row: usize) -> usize {
        let set = columns.links.get(row) as usize;
        match &self.spans {
            Spans::One => set,
            Spans::Own { bounds, today } => {
                let day = columns.day(row);
                let span = if day == NO_DAY { *today } else { span_of(bounds, day) };
                span * self.sets + set
            }
        }
    }

    /// [`Answers::index`] of the rows from `first` on, the first one of a block, as many of it as there is room for: column by
    /// column, for many rows at once.
    pub fn indexes(&self, columns: &Columns, first: usize, indexes: &mut [u32]) {
        let rows = first..first + indexes.len();
        by_width!(&columns.links, links => copied(&links[rows], indexes));
        let Spans::Own { bounds, today } = &self.spans else { return };
        let sets = self.sets as u32;
        if columns.days.is_empty() {
            for index in indexes {
                *index += *today as u32 * sets;
            }
            return;
        }
        let days = columns.days.block(first / BLOCK, NO_DAY, |day| Day(day as i32));
        for bound in bounds {
            for (index, day) in indexes.iter_mut().zip(&days) {
                *index += u32::from(bound <= day) * sets;
            }
        }
        if columns.days.known(first / BLOCK) == u64::MAX {
            return;
        }
        for (index, day) in indexes.iter_mut().zip(&days) {
            // Before all bounds so far: no day is earlier.
            *index += u32::from(*day == NO_DAY) * (*today as u32 * sets);
        }
    }

    /// The row's unit.
    pub fn of(&self, columns: &Columns, row: usize) -> Holding {
        self.table[self.index(columns, row)]
    }

    /// All answers, by [`Answers::index`].
    pub fn table(&self) -> &[Holding] {
        &self.table
    }
}

fn copied<T: Width>(links: &[T], indexes: &mut [u32]) {
    indexes.iter_mut().zip(links).for_each(|(index, set)| *index = (*set).into() as u32);
}

/// How many bounds are on or before the day. There are few: a scan beats a binary search.
fn span_of(bounds: &[Day], day: Day) -> usize {
    bounds.iter().take_while(|bound| **bound <= day).count()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::engine::columns::ColumnsBuilder;
    use crate::engine::made_up::{features, layer};
    use crate::engine::parts::Parts;
    use crate::model::{DayInterval, Unit, Value};

    const TODAY: Day = Day(20_700);

    fn unit(id: i32, (from, to): (i32, i32)) -> Unit {
        Unit {
            id: UnitId(id),
            level: Level::Commune,
            code: format!("{id}"),
            name: String::new(),
            full_name: String::new(),
            kind: String::new(),
            parent: None,
            valid: DayInterval { from: Some(Day(from)), to: Some(Day(to)) },
            schematic: false,
            geometry: geo_types::MultiPolygon(Vec::new()),
        }
    }

    #[test]
    fn a_unit_of_another_name_holds_what_it_held() {
        let map = |unit: Unit| UnitMap::new(vec![unit], Vec::new(), 1);
        let (before, named) = (map(unit(1, (0, 1))), map(Unit { name: "B".to_owned(), ..unit(1, (0, 1)) }));
        assert_eq!(before.joins(), named.joins());
        assert_ne!(before.fingerprint(), named.fingerprint());
        let square = geo_types::Rect::new((108.0, 14.0), (109.0, 15.0)).to_polygon();
        let grown = Unit { geometry: geo_types::MultiPolygon(vec![square]), ..unit(1, (0, 1)) };
        for other in [unit(1, (0, 2)), unit(2, (0, 1)), Unit { level: Level::Province, ..unit(1, (0, 1)) }, grown] {
            let other = map(other);
            assert!(before.joins() != other.joins() && before.fingerprint() != other.fingerprint());
        }
    }

    #[test]
    fn the_id_of_a_unit_may_be_any_number() {
        // A table of all numbers up to it would be one of 8 GiB.
        for id in [1, i32::MAX, -5] {
            let units = UnitMap::new(vec![unit(id, (0, 1)), unit(2, (0, 1))], Vec::new(), 1);
            assert_eq!(units.unit(UnitId(id)).map(|unit| unit.code.clone()), Some(id.to_string()));
            assert!(units.unit(UnitId(3)).is_none());
        }
    }

    #[test]
    fn a_row_without_a_day_has_the_unit_of_today_and_each_other_one_that_of_its_own() {
        // The first bound is before all days, the last one after today.
        let spans = [(-9_000, 5_000), (5_000, 15_000), (15_000, 20_700), (20_700, 30_000)];
        let units = UnitMap::new((1..).zip(spans).map(|(id, span)| unit(id, span)).collect(), Vec::new(), 1);
        let mut features = features(500);
        for feature in &mut features {
            feature.units =
                (1..=4).filter(|id| feature.id % 5 != *id as u64).map(|id| UnitLink::Covered(UnitId(id))).collect();
        }
        for time in [layer().time, None] {
            let layer = crate::model::Layer { time, ..layer() };
            let mut builder = ColumnsBuilder::new(&layer, &TimeZone::UTC);
            builder.push(&features);
            let parts = Parts::new(builder.finish());
            let columns = &parts.iter().next().expect("a part").columns;
            let answers = Answers::new(parts.links(), &units, Level::Commune, AsOf::Own, TODAY);
            let mut indexes = vec![0; columns.len()];
            for (block, indexes) in indexes.chunks_mut(BLOCK).enumerate() {
                answers.indexes(columns, block * BLOCK, indexes);
            }
            for (row, index) in indexes.into_iter().enumerate() {
                let feature = features.iter().find(|feature| feature.id == columns.id(row)).expect("a feature");
                let day = match (time, &feature.values[1]) {
                    (Some(_), Value::Timestamp(instant)) => instant.day(&TimeZone::UTC),
                    _ => TODAY,
                };
                let wanted = holding(&units, &feature.units, Level::Commune, day);
                assert_eq!((answers.table()[index as usize], answers.of(columns, row)), (wanted, wanted), "{day:?}");
            }
        }
    }
}
