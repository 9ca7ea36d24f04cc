//! Units of the real province, read from the folder of shared data (`BANDOSO_SHARED`, else `../shared/data`).

use std::path::PathBuf;

use bandoso::model::{Day, DayInterval, Level, Unit, UnitId};
use geo_types::{Geometry, MultiPolygon};
use geojson::{Feature, GeoJson};

/// The units of some files of `boundaries/`, numbered from 1; files that are not there are named and left out.
pub fn real_units(files: &[&str]) -> Vec<Unit> {
    let shared = std::env::var_os("BANDOSO_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")), PathBuf::from);
    let mut units = Vec::new();
    for file in files {
        let path = shared.join("boundaries").join(file).with_extension("geojson");
        let Ok(Ok(GeoJson::FeatureCollection(collection))) = std::fs::read_to_string(&path).map(|text| text.parse())
        else {
            eprintln!("without {}", path.display());
            continue;
        };
        units.extend(collection.features.iter().filter_map(unit));
    }
    (1..).zip(&mut units).for_each(|(id, unit)| unit.id = UnitId(id));
    units
}

fn unit(feature: &Feature) -> Option<Unit> {
    let text = |name: &str| feature.property(name).and_then(|value| value.as_str()).map(str::to_owned);
    let day = |name: &str| Day::parse(name, &text(name)?).ok();
    Some(Unit {
        id: UnitId(0),
        level: Level::parse("level", &text("level")?).ok()?,
        code: text("code")?,
        name: text("name")?,
        full_name: text("full_name")?,
        kind: text("kind")?,
        parent: text("parent"),
        valid: DayInterval { from: day("valid_from"), to: day("valid_to") },
        schematic: false,
        geometry: match Geometry::<f64>::try_from(feature.geometry.clone()?).ok()? {
            Geometry::Polygon(polygon) => MultiPolygon(vec![polygon]),
            Geometry::MultiPolygon(polygons) => polygons,
            _ => return None,
        },
    })
}
