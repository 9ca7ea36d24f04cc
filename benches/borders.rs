//! How long unit polygons take to prepare and to draw, on the real province where the shared data is, else on nothing.

use std::path::PathBuf;

use bandoso::engine::borders::BorderMap;
use bandoso::model::{Day, DayInterval, Level, LonLat, TileCoord, Unit, UnitId, World};
use criterion::{Criterion, criterion_group, criterion_main};
use geo_types::{Geometry, MultiPolygon};
use geojson::{Feature, GeoJson};

const FILES: [&str; 5] = [
    "quang_ngai_communes_2025",
    "quang_ngai_province_2025",
    "quang_ngai_kon_tum_communes_before_2025-07",
    "quang_ngai_kon_tum_districts_before_2025-07",
    "quang_ngai_kon_tum_provinces_before_2025-07",
];

fn real_units() -> Vec<Unit> {
    let shared = std::env::var_os("BANDOSO_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")), PathBuf::from);
    let mut units = Vec::new();
    for file in FILES {
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

/// The tile that holds a place.
fn tile_at(z: u8, lon: f64, lat: f64) -> Option<TileCoord> {
    let at = World::from_lon_lat(LonLat { lon, lat });
    let side = f64::from(1_u32 << z);
    TileCoord::new(z, (at.x * side) as u32, (at.y * side) as u32).ok()
}

fn borders(criterion: &mut Criterion) {
    let units = real_units();
    let today = Day(20_400);
    let mut group = criterion.benchmark_group("borders");
    group.sample_size(10);
    group.bench_function("prepare", |bench| bench.iter(|| BorderMap::new(&units)));
    let map = BorderMap::new(&units);
    // In the town of Quảng Ngãi: small wards, the densest borders there are.
    for z in [0, 6, 8, 10, 12, 14, 18, 22] {
        let Some(coord) = tile_at(z, 108.8, 15.12) else { continue };
        group.bench_function(format!("communes/z{z}"), |bench| bench.iter(|| map.tile(coord, Level::Commune, today)));
        group.bench_function(format!("province/z{z}"), |bench| bench.iter(|| map.tile(coord, Level::Province, today)));
    }
    group.finish();
}

criterion_group!(benches, borders);
criterion_main!(benches);
