//! Columns hold what was put into them, whatever their widths.

use jiff::tz::TimeZone;

use super::*;
use crate::engine::count::{CountSource, Key, count};
use crate::engine::made_up::{layer, parts};
use crate::engine::parts::Parts;
use crate::engine::select::Selected;
use crate::engine::unit_map::UnitMap;
use crate::model::filter::{Comparison, Condition, Filter, Scalar};
use crate::model::{CountKey, FieldType, UnitId, UnitLink};

const CODE: FieldType = FieldType::Code;

fn feature(id: u64, category: Value) -> Feature {
    let at = LonLat { lon: 108.8, lat: 15.1 };
    Feature { id, at, values: vec![category, Value::Null, Value::Null, Value::Null], units: Vec::new() }
}

fn taken(parts: &Parts, condition: Condition) -> Vec<u64> {
    let selected = Selected::everything(parts).filtered(&Filter { condition, zone: TimeZone::UTC });
    let mut ids: Vec<u64> = selected.rows().map(|row| parts.id(row)).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn null_stays_apart_from_the_last_text_that_a_width_has_room_for() {
    let listed = layer().fields[0].codes.iter().map(|code| code.code.clone()).collect::<Vec<_>>();
    for (texts, width) in [(3, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 4)] {
        let text = |id: usize| listed.get(id).cloned().unwrap_or_else(|| format!("unlisted {id}"));
        let value = |id: usize| if id < texts { Value::Text(text(id)) } else { Value::Null };
        let features: Vec<Feature> = (0..=texts).map(|id| feature(id as u64, value(id))).collect();
        let parts = parts(&features);
        let columns = &parts.iter().next().expect("a part").columns;
        let found = match &columns.fields[0] {
            Column::Code { codes, .. } => codes.width(),
            _ => 4,
        };
        assert_eq!(found, width, "{texts} texts");
        for feature in &features {
            let row = columns.row_of(feature.id).expect("a row");
            assert_eq!(columns.value(row, 0), feature.values[0], "{texts} texts");
        }
        let (last, null) = (texts as u64 - 1, texts as u64);
        let field = || Scalar::Field(0, CODE);
        let is_last = |comparison| Condition::Compare(comparison, field(), Scalar::Literal(value(texts - 1)));
        assert_eq!(taken(&parts, Condition::IsNull(field())), [null], "{texts} texts");
        assert_eq!(taken(&parts, is_last(Comparison::Equal)), [last], "{texts} texts");
        assert_eq!(taken(&parts, is_last(Comparison::NotEqual)).len(), texts - 1, "{texts} texts");

        let (layer, units) = (layer(), UnitMap::default());
        let source = CountSource { layer: &layer, units: &units, zone: &TimeZone::UTC };
        let counted = count(&source, &[Key::Field(0)], &[], &Selected::everything(&parts));
        let (_, lines) = counted.expect("few lines");
        assert!(lines.iter().all(|(line, _)| line.count == 1), "{texts} texts");
        assert_eq!(lines.last().map(|(line, _)| line.keys.clone()), Some(vec![CountKey::Null]), "{texts} texts");
        assert_eq!(lines.len(), texts + 1);
    }
}

#[test]
fn an_id_above_32_bits_in_one_part_is_found_beside_narrow_ones_of_another() {
    let feature = |id| feature(id, Value::Null);
    let few: Vec<Feature> = (1..40).map(feature).collect();
    let far = [feature(41), feature((1 << 40) + 41)];
    let (layer, zone) = (layer(), TimeZone::UTC);
    let grown = parts(&few).with(&far, &[40], (&layer, &zone, 1));
    let widths: Vec<usize> = grown.iter().map(|part| part.columns.ids.width()).collect();
    assert_eq!(widths, [1, 8]);

    let all: Vec<Feature> = few.into_iter().chain(far).collect();
    for parts in [&grown, &parts(&all), &grown.rebased(grown.merge(&layer, &zone)).expect("the same")] {
        for feature in &all {
            let row = parts.row_of(feature.id).expect("a row");
            assert_eq!(parts.feature(row), *feature);
        }
        // As far from an id as a narrower number goes round.
        for id in [0, 40, 41 + 256, (1 << 40) + 40, u64::MAX] {
            assert_eq!(parts.row_of(id), None, "{id}");
        }
        let above = |id: i64| {
            let id = Scalar::Literal(Value::Integer(id));
            taken(parts, Condition::Compare(Comparison::Greater, Scalar::Id, id))
        };
        assert_eq!(above(40), [41, (1 << 40) + 41]);
        assert_eq!(above(1 << 32), [(1 << 40) + 41]);
        assert!(above(1 << 41).is_empty());
        assert_eq!(parts.fingerprint(), grown.fingerprint());
    }
}

#[test]
fn more_lists_of_units_than_a_byte_counts_stay_apart() {
    let in_unit = |id| Feature { units: vec![UnitLink::Covered(UnitId(id as i32))], ..feature(id, Value::Null) };
    for (lists, width) in [(256, 1), (257, 2)] {
        let features: Vec<Feature> = (0..lists).map(in_unit).collect();
        let parts = parts(&features);
        assert_eq!(parts.iter().next().map(|part| part.columns.links.width()), Some(width));
        for feature in &features {
            let row = parts.row_of(feature.id).expect("a row");
            assert_eq!(parts.unit_links(row), feature.units);
        }
    }
}
