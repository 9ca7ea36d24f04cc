//! A layer made up for tests, loaded at once and come to by changes.

use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::columns::ColumnsBuilder;
use super::parts::Parts;
use crate::model::*;

pub fn layer() -> Layer {
    let field = |name: &str, kind: FieldType, codes: &[&str]| {
        let code = |code: &&str| Code { code: (*code).into(), vi: (*code).into(), en: (*code).into(), colour: None };
        let title = Title { vi: name.into(), en: name.into() };
        let codes = codes.iter().map(code).collect();
        Field { name: name.into(), title, kind, codes, classification: None, unit: None, min: None, max: None }
    };
    Layer {
        id: LayerId::parse("layer", "police.made_up").unwrap(),
        title: Title { vi: "Thử".into(), en: "Trial".into() },
        geometry: GeometryKind::Point,
        classification: Classification::Public,
        time: Some(1),
        category: Some(0),
        name: Some(2),
        zoom: ZoomRange { min: 0, max: 22 },
        max_features: 500,
        published: None,
        residency: Residency::Memory,
        update_days: None,
        colour: "#336699".into(),
        symbol: "circle".into(),
        fields: vec![
            field("category", FieldType::Code, &["theft", "fire", "flood"]),
            field("occurred_at", FieldType::Timestamp, &[]),
            field("title", FieldType::Text, &[]),
            field("injured", FieldType::Integer, &[]),
        ],
    }
}

/// Clustered points with repeats, some beyond the Mercator square, some on the edges of tiles.
pub fn features(count: u64) -> Vec<Feature> {
    let mut random = StdRng::seed_from_u64(7);
    let make = |id| {
        let at = match id % 10 {
            0 => LonLat { lon: random.random_range(-180.0..=180.0), lat: random.random_range(-90.0..=90.0) },
            1 => LonLat { lon: 108.75, lat: 15.0 },
            2 => LonLat { lon: f64::from(random.random_range(-4..=4)) * 45.0, lat: 0.0 },
            _ => LonLat { lon: 108.8 + random.random_range(-0.2..0.2), lat: 15.1 + random.random_range(-0.2..0.2) },
        };
        let category = ["theft", "fire", "flood", "unlisted"].get(random.random_range(0..5));
        let at_time = Value::Timestamp(Instant(random.random_range(0..1_700_000_000_000_000)));
        let values = vec![
            category.map_or(Value::Null, |code| Value::Text((*code).into())),
            if id % 7 == 0 { Value::Null } else { at_time },
            Value::Text(format!("Vụ {id}")),
            if id % 3 == 0 { Value::Null } else { Value::Integer(id as i64 - 50) },
        ];
        Feature { id, at, values, units: Vec::new() }
    };
    (0..count).map(make).collect()
}

pub fn parts(features: &[Feature]) -> Parts {
    parts_in(features, &TimeZone::UTC)
}

/// With days of a zone.
pub fn parts_in(features: &[Feature], zone: &TimeZone) -> Parts {
    let mut builder = ColumnsBuilder::new(&layer(), zone);
    builder.push(features);
    Parts::new(builder.finish())
}

/// The same features as [`parts`] gives, but come to by changes: some were others before, some came later, some went.
pub fn changed_parts(features: &[Feature]) -> Parts {
    let mut random = StdRng::seed_from_u64(11);
    let (layer, zone) = (layer(), TimeZone::UTC);
    let before = |feature: &Feature| match feature.id % 5 {
        0 => None,
        1 => Some(Feature {
            at: LonLat { lon: 20.0, lat: -3.0 },
            values: vec![Value::Text("fire".into())],
            ..feature.clone()
        }),
        _ => Some(feature.clone()),
    };
    let mut first: Vec<Feature> = features.iter().filter_map(before).collect();
    let extra = |id| Feature { id, at: LonLat { lon: 108.8, lat: 15.1 }, values: Vec::new(), units: Vec::new() };
    first.extend((1_000_000..1_000_050).map(extra));
    let mut result = parts(&first);
    let mut steps: Vec<&Feature> = features.iter().filter(|feature| feature.id % 5 < 2).collect();
    let mut merge = None;
    while !steps.is_empty() {
        let step = steps.split_off(steps.len().saturating_sub(random.random_range(1..90)));
        let kept = merge.as_ref().map_or(1, |(kept, _)| *kept);
        result = result.with(&step.into_iter().cloned().collect::<Vec<_>>(), &[], (&layer, &zone, kept));
        merge = match merge {
            None if random.random_bool(0.1) => Some((result.count(), result.merge(&layer, &zone))),
            Some((_, merged)) if random.random_bool(0.3) => {
                result = result.rebased(merged).unwrap();
                None
            }
            running => running,
        };
    }
    result.with(&[], &(1_000_000..1_000_060).collect::<Vec<u64>>(), (&layer, &zone, 1))
}
