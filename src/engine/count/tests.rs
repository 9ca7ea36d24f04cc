//! Tables held against brute force over made-up layers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::engine::made_up::{changed_parts, features, layer};
use crate::engine::parts::Parts;
use crate::model::{AsOf, Day, Feature, Level, Value};

const TODAY: Day = Day(20_700);

fn brute_key(key: &Key<'_>, feature: &Feature, zone: &TimeZone) -> CountKey {
    match key {
        Key::Unit(_) => CountKey::Outside,
        Key::Field(field) => match &feature.values[*field] {
            Value::Text(code) => CountKey::Code(code.clone()),
            _ => CountKey::Null,
        },
        Key::Time(part) => match feature.values[1] {
            Value::Timestamp(at) => {
                let zoned = Timestamp::from_microsecond(at.0).expect("in range").to_zoned(zone.clone());
                CountKey::Time(match part {
                    TimePart::Hour => i32::from(zoned.hour()),
                    part => part.of_day(Day::from_date(zoned.date())),
                })
            }
            _ => CountKey::Null,
        },
    }
}

fn table(source: &CountSource<'_>, by: &[Key<'_>], parts: &Parts) -> (Line, Vec<Line>) {
    count(source, by, &[3], &Selected::everything(parts)).expect("few lines")
}

#[test]
fn counts_and_sums_by_any_three_are_as_by_brute_force() {
    let features = features(4_000);
    let (layer, parts, units) = (layer(), changed_parts(&features), UnitMap::default());
    let answers = Answers::new(parts.links(), &units, Level::Commune, AsOf::Own, TODAY);
    // The second zone has summer time, and the years before 1970 as well.
    for zone in ["Asia/Ho_Chi_Minh", "Europe/London", "UTC"] {
        let zone = TimeZone::get(zone).expect("a zone");
        let source = CountSource { layer: &layer, units: &units, zone: &zone };
        for part in TimePart::ALL {
            let by = [Key::Time(part), Key::Field(0), Key::Unit(&answers)];
            let parts =
                if zone == TimeZone::UTC { parts.clone() } else { crate::engine::made_up::parts_in(&features, &zone) };
            let (total, lines) = table(&source, &by, &parts);
            let mut brute: BTreeMap<Vec<CountKey>, (u64, i128, u64)> = BTreeMap::new();
            for feature in &features {
                let keys = by.iter().map(|key| brute_key(key, feature, &zone)).collect();
                let line = brute.entry(keys).or_default();
                line.0 += 1;
                if let Value::Integer(number) = feature.values[3] {
                    line.1 += i128::from(number);
                    line.2 += 1;
                }
            }
            let found = lines
                .iter()
                .map(|(row, measured)| (row.keys.clone(), (row.count, measured[0].whole, measured[0].values)));
            assert_eq!(found.collect::<BTreeMap<_, _>>(), brute, "{part:?}");
            assert_eq!(total.0.count, 4_000);
            assert_eq!(total.1[0].whole, brute.values().map(|line| line.1).sum::<i128>());
        }
    }
    let source = CountSource { layer: &layer, units: &units, zone: &TimeZone::UTC };
    let (total, lines) = count(&source, &[], &[], &Selected::everything(&parts)).expect("no lines");
    assert_eq!((total.0.count, lines.len()), (4_000, 0));
}

#[test]
fn wild_dates_add_their_own_lines_and_change_no_other() {
    const DAY_US: i64 = 86_400_000_000;
    let (layer, units) = (layer(), UnitMap::default());
    let source = CountSource { layer: &layer, units: &units, zone: &TimeZone::UTC };
    let mut features = features(2_000);
    for feature in &mut features {
        if let Value::Timestamp(at) = &mut feature.values[1] {
            at.0 = at.0.rem_euclid(300 * DAY_US);
        }
    }
    for part in TimePart::ALL {
        let of = |features: &[Feature]| {
            let (_, lines) = table(&source, &[Key::Time(part)], &crate::engine::made_up::parts(features));
            lines.into_iter().map(|(row, _)| (row.keys, row.count)).collect::<BTreeMap<_, _>>()
        };
        let mut expected = of(&features);
        let mut wild = features.clone();
        for (id, seconds) in [(9_001, -62_135_596_800), (9_002, 253_402_000_000)] {
            let at = crate::model::Instant(seconds * 1_000_000);
            let feature = Feature { id, values: vec![Value::Null, Value::Timestamp(at)], ..features[0].clone() };
            *expected.entry(vec![brute_key(&Key::Time(part), &feature, &TimeZone::UTC)]).or_default() += 1;
            wild.push(feature);
        }
        assert_eq!(of(&wild), expected, "{part:?}");
    }
}

#[test]
fn functions_of_nothing_are_null_and_of_something_what_sql_says() {
    let mut measured = Measured::default();
    for function in Function::ALL {
        assert_eq!(measured.value(function), Value::Null);
    }
    let column = crate::engine::columns::Column::Real(vec![0.1, 0.2, f64::NAN, -0.3]);
    (0..4).for_each(|row| measured.take(&column, row));
    assert_eq!(measured.values, 3);
    assert_eq!(measured.value(Function::Min), Value::Real(-0.3));
    assert_eq!(measured.value(Function::Max), Value::Real(0.2));
    // Exactly 2.77…e-17, where doubles added one by one give 5.55…e-17.
    assert_eq!(measured.value(Function::Sum), Value::Real(2.775_557_561_562_891_4e-17));
}
