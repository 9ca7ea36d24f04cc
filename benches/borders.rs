//! How long unit polygons take to prepare and to draw, on the real province where the shared data is, else on nothing.

use bandoso::engine::borders::BorderMap;
use bandoso::model::{Day, Level, LonLat, TileCoord, World};
use criterion::{Criterion, criterion_group, criterion_main};

#[path = "shared/units.rs"]
mod units;

const FILES: [&str; 5] = [
    "quang_ngai_communes_2025",
    "quang_ngai_province_2025",
    "quang_ngai_kon_tum_communes_before_2025-07",
    "quang_ngai_kon_tum_districts_before_2025-07",
    "quang_ngai_kon_tum_provinces_before_2025-07",
];

/// The tile that holds a place.
fn tile_at(z: u8, lon: f64, lat: f64) -> Option<TileCoord> {
    let at = World::from_lon_lat(LonLat { lon, lat });
    let side = f64::from(1_u32 << z);
    TileCoord::new(z, (at.x * side) as u32, (at.y * side) as u32).ok()
}

fn borders(criterion: &mut Criterion) {
    let units = units::real_units(&FILES);
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
