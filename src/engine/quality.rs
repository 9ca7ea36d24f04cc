//! What must be true of the values of a row for it to be counted under an aspect of quality.

use geo_types::{Geometry, MultiPoint, Point};
use jiff::tz::TimeZone;

use crate::model::filter::{Comparison, Condition, PlaceTest, Scalar};
use crate::model::{Aspect, AspectPick, Day, Field, FieldType, FindingKind, Layer, LonLat, Value, View};

/// What is true of the features of an aspect, by their own values. None where the aspect is told by something else, and where
/// the layer lacks the field or the caller does not see it.
pub fn of_values(layer: &Layer, view: View, pick: AspectPick, zone: &TimeZone) -> Option<Condition> {
    let seen = |index: Option<usize>| {
        let index = index?;
        layer.fields.get(index).filter(|field| view.sees_field(field)).map(|field| (index, field))
    };
    let (category, time) = (seen(layer.category), seen(layer.time));
    let later = |comparison: [Comparison; 2]| time.map(|time| against_today(time, (pick.today, zone), comparison));
    match pick.aspect {
        Aspect::CategoryKnown => category.map(listed),
        Aspect::CategoryUnknown => category.map(unlisted),
        Aspect::CategoryMissing => category.map(|(index, field)| Condition::IsNull(Scalar::Field(index, field.kind))),
        Aspect::TimeMissing => time.map(|(index, field)| Condition::IsNull(Scalar::Field(index, field.kind))),
        Aspect::TimePast => later([Comparison::Less, Comparison::LessOrEqual]),
        Aspect::TimeFuture | Aspect::Finding(FindingKind::FutureDate) => {
            later([Comparison::GreaterOrEqual, Comparison::Greater])
        }
        Aspect::Finding(FindingKind::UnknownCode) => {
            any(fields(layer, view).filter(|(_, field)| field.kind == FieldType::Code).map(unlisted))
        }
        Aspect::Finding(FindingKind::OutOfRange) => any(fields(layer, view).filter_map(beyond)),
        _ => None,
    }
}

/// At one of some places, equal to the last bit.
pub fn at_places(places: &[LonLat]) -> Condition {
    if places.is_empty() {
        return Condition::Always(false);
    }
    let points = places.iter().map(|at| Point::new(at.lon, at.lat)).collect();
    Condition::Position(PlaceTest::Meets, Geometry::MultiPoint(MultiPoint(points)))
}

fn fields(layer: &Layer, view: View) -> impl Iterator<Item = (usize, &Field)> {
    layer.fields.iter().enumerate().filter(move |(_, field)| view.sees_field(field))
}

/// One of several; none where there is none.
fn any(conditions: impl Iterator<Item = Condition>) -> Option<Condition> {
    let conditions: Vec<Condition> = conditions.collect();
    (!conditions.is_empty()).then_some(Condition::Or(conditions))
}

/// One of the field's codes. Unknown where there is no value.
fn listed((index, field): (usize, &Field)) -> Condition {
    if field.codes.is_empty() {
        return Condition::Always(false);
    }
    let codes = field.codes.iter().map(|code| Scalar::Literal(Value::Text(code.code.clone()))).collect();
    Condition::In(Scalar::Field(index, field.kind), codes)
}

fn unlisted(field: (usize, &Field)) -> Condition {
    let is_null = Condition::IsNull(Scalar::Field(field.0, field.1.kind));
    Condition::And(vec![is_null.negated(), listed(field).negated()])
}

/// A number below the field's least or above its greatest; none for a field without these.
fn beyond((index, field): (usize, &Field)) -> Option<Condition> {
    let value = || match field.kind {
        FieldType::Real => Some(Scalar::Field(index, field.kind)),
        FieldType::Integer => Some(Scalar::Real(Box::new(Scalar::Field(index, field.kind)))),
        _ => None,
    };
    let ends = [(Comparison::Less, field.min), (Comparison::Greater, field.max)];
    let compared = ends.into_iter().filter_map(|(comparison, end)| {
        Some(Condition::Compare(comparison, value()?, Scalar::Literal(Value::Real(end?))))
    });
    any(compared)
}

/// How a time lies to the end of today: an instant to the first of tomorrow by the first comparison, a day to today by the second.
fn against_today(
    (index, field): (usize, &Field),
    (today, zone): (Day, &TimeZone),
    [instants, days]: [Comparison; 2],
) -> Condition {
    let (comparison, bound) = match field.kind {
        FieldType::Date => (days, Value::Date(today)),
        _ => (instants, Value::Timestamp(Day(today.0.saturating_add(1)).start(zone))),
    };
    Condition::Compare(comparison, Scalar::Field(index, field.kind), Scalar::Literal(bound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cql2::Predicate;
    use crate::engine::made_up::{layer, parts};
    use crate::model::filter::Filter;
    use crate::model::{Classification, Feature};

    /// The ids of the rows of an aspect, on the day 1970-01-03 in a zone seven hours ahead.
    fn rows_of(layer: &Layer, view: View, aspect: Aspect) -> Option<Vec<u64>> {
        let zone = TimeZone::fixed(jiff::tz::offset(7));
        let hour = |hours: i64| Value::Timestamp(crate::model::Instant(hours * 3_600_000_000));
        let text = |text: &str| Value::Text(text.to_owned());
        let row = |id, category, at, injured| Feature {
            id,
            at: LonLat { lon: 1.0, lat: id as f64 },
            values: vec![category, at, text("x"), injured],
            units: Vec::new(),
        };
        let features = [
            // An hour before the end of today, and just at its end.
            row(1, text("theft"), hour(64), Value::Integer(0)),
            row(2, text("arson"), hour(65), Value::Integer(-1)),
            row(3, Value::Null, Value::Null, Value::Null),
            row(4, text("fire"), hour(0), Value::Integer(9)),
            row(5, text("Fire"), hour(-9), Value::Integer(10)),
        ];
        let parts = parts(&features);
        let condition = of_values(layer, view, AspectPick { aspect, today: Day(2) }, &zone)?;
        let columns = parts.iter().next().expect("a part").columns.clone();
        let filter = Filter { condition, zone };
        let word = Predicate::new(&filter, &columns).word(0);
        let mut ids: Vec<u64> = (0..5).filter(|row| word >> row & 1 == 1).map(|row| columns.id(row)).collect();
        ids.sort_unstable();
        Some(ids)
    }

    #[test]
    fn each_row_is_in_one_share_of_its_category_and_in_one_of_its_time() {
        let mut layer = layer();
        (layer.fields[3].min, layer.fields[3].max) = (Some(0.0), Some(9.5));
        let rows = |aspect| rows_of(&layer, View::PUBLIC, aspect).expect("told");
        assert_eq!(rows(Aspect::CategoryKnown), [1, 4]);
        assert_eq!(rows(Aspect::CategoryUnknown), [2, 5], "codes have one spelling");
        assert_eq!(rows(Aspect::CategoryMissing), [3]);
        assert_eq!(rows(Aspect::TimePast), [1, 4, 5]);
        assert_eq!(rows(Aspect::TimeFuture), [2], "tomorrow begins at 17 o'clock in UTC");
        assert_eq!(rows(Aspect::TimeMissing), [3]);
        assert_eq!(rows(Aspect::Finding(FindingKind::UnknownCode)), [2, 5]);
        assert_eq!(rows(Aspect::Finding(FindingKind::OutOfRange)), [2, 5]);
        assert_eq!(rows(Aspect::Finding(FindingKind::FutureDate)), [2]);
    }

    #[test]
    fn nothing_is_told_by_a_field_that_the_caller_does_not_see() {
        let mut layer = layer();
        assert_eq!(rows_of(&layer, View::PUBLIC, Aspect::Finding(FindingKind::OutOfRange)), None, "no bounds");
        layer.fields[3].max = Some(1.0);
        for field in &mut layer.fields {
            field.classification = Some(Classification::Restricted);
        }
        for aspect in Aspect::all() {
            assert_eq!(rows_of(&layer, View::PUBLIC, aspect), None, "{aspect:?}");
        }
        assert!(rows_of(&layer, View::EVERYTHING, Aspect::TimePast).is_some());
    }
}
