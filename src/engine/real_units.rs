//! Test support: the real units of the shared data, which tests may read and the project never carries.

use std::path::PathBuf;

use geo_types::{Geometry, MultiPolygon};
use geojson::GeoJson;

use crate::model::{Day, DayInterval, Level, Unit, UnitId};

/// The units of a file in `boundaries/` of the shared data. `None`, told on the output, where there is no shared data; in CI
/// that is a failure.
pub(crate) fn real_units(file: &str) -> Option<Vec<Unit>> {
    let shared = std::env::var_os("BANDOSO_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")), PathBuf::from);
    let path = shared.join("boundaries").join(file);
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
        println!("skipped: {} is missing", path.display());
        return None;
    }
    let text = std::fs::read_to_string(&path).expect("a readable file");
    let GeoJson::FeatureCollection(collection) = text.parse().expect("GeoJSON") else {
        panic!("{file}: no collection")
    };
    Some(collection.features.into_iter().enumerate().map(|(index, feature)| unit(index, &feature)).collect())
}

fn unit(index: usize, feature: &geojson::Feature) -> Unit {
    let text = |name: &str| feature.property(name).and_then(|value| value.as_str()).map(str::to_owned);
    let day = |name: &str| text(name).map(|text| Day::parse(name, &text).unwrap());
    let geometry = Geometry::<f64>::try_from(feature.geometry.clone().expect("a geometry")).unwrap();
    Unit {
        id: UnitId(index as i32 + 1),
        // Lý Sơn had no communes: the district stands among them as "district without communes".
        level: text("level").map_or(Level::Commune, |level| Level::parse("level", &level).unwrap_or(Level::Commune)),
        code: text("code").expect("a code"),
        name: text("name").expect("a name"),
        full_name: text("full_name").unwrap_or_default(),
        kind: text("kind").unwrap_or_default(),
        parent: text("parent"),
        // The files name the last day in force; an interval ends on the first day after it.
        valid: DayInterval { from: day("valid_from"), to: day("valid_to").map(|last| Day(last.0 + 1)) },
        schematic: false,
        geometry: match geometry {
            Geometry::Polygon(polygon) => MultiPolygon(vec![polygon]),
            Geometry::MultiPolygon(polygons) => polygons,
            other => panic!("{other:?}"),
        },
    }
}
