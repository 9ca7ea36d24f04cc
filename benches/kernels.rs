//! The engine's verbs one by one, over a million made-up points: `cargo bench --bench kernels`.

use std::hint::black_box;

use bandoso::config::load_catalogue;
use bandoso::demo::Crowd;
use bandoso::engine::as_of::Answers;
use bandoso::engine::columns::ColumnsBuilder;
use bandoso::engine::compress::{Encoding, brotli_at, gzip_at, pack, zstd_at};
use bandoso::engine::count::{CountSource, Key, count};
use bandoso::engine::cql2::{check, read_text};
use bandoso::engine::nearest::nearest;
use bandoso::engine::parts::Parts;
use bandoso::engine::select::Selected;
use bandoso::engine::tile::{PointsSource, points_layer};
use bandoso::engine::unit_map::UnitMap;
use bandoso::engine::within::rows_in_radius;
use bandoso::model::filter::Filter;
use bandoso::model::{
    AsOf, Catalogue, Day, Dense, Feature, Layer, LayerId, Level, LonLat, TileCoord, TimePart, View, World,
};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};

const POINTS: usize = 1_000_000;
const TODAY: Day = Day(20_700);
/// In the largest town.
const TOWN: LonLat = LonLat { lon: 108.8, lat: 15.12 };
/// Where the nearest are asked for.
const PLACES: [(&str, LonLat); 4] = [
    ("far away", LonLat { lon: 0.0, lat: 0.0 }),
    ("40 km off the coast", OFF_THE_COAST),
    ("on the other side of the world", LonLat { lon: -71.3, lat: -15.1 }),
    ("in the hills", LonLat { lon: 108.3, lat: 15.0 }),
];
const OFF_THE_COAST: LonLat = LonLat { lon: 109.4, lat: 15.2 };
const ALONE: LonLat = LonLat { lon: 109.401, lat: 15.2 };
/// Filters that leave few features, or none.
const RARE: [(&str, &str); 3] =
    [("one in thousands", "id < 500"), ("three of a million", "id < 4"), ("none at all", "id < 0")];
const FILTER: &str = "category = 'theft' AND occurred_at >= TIMESTAMP('2025-01-01T00:00:00Z')";

type Packer = fn(&[u8]) -> Option<Vec<u8>>;

/// Ways to pack a tile.
const PACKERS: [(&str, Packer); 7] = [
    ("gzip as it is served", |bytes| pack(Encoding::Gzip, bytes.to_vec())),
    ("gzip level 1", |bytes| gzip_at(1, bytes)),
    ("gzip level 6", |bytes| gzip_at(6, bytes)),
    ("zstd level 1", |bytes| zstd_at(1, bytes)),
    ("zstd level 3", |bytes| zstd_at(3, bytes)),
    ("brotli quality 1", |bytes| brotli_at(1, bytes)),
    ("brotli quality 4", |bytes| brotli_at(4, bytes)),
];

struct Bench {
    catalogue: Catalogue,
    layer: Layer,
    features: Vec<Feature>,
}

impl Bench {
    fn new() -> Option<Self> {
        let catalogue = load_catalogue(None).ok()?;
        let layer = catalogue.layer(&LayerId::parse("layer", "police.incidents").ok()?)?.clone();
        let rows = Crowd::new(&layer, 2025).take(POINTS).zip(1..);
        let features =
            rows.map(|(row, id)| Feature { id, at: row.at, values: row.values, units: Vec::new() }).collect();
        Some(Self { catalogue, layer, features })
    }

    fn parts(&self) -> Parts {
        let mut builder = ColumnsBuilder::new(&self.layer, &self.catalogue.time_zone);
        for batch in self.features.chunks(4_096) {
            builder.push(batch);
        }
        Parts::new(builder.finish())
    }

    fn filter(&self, text: &str) -> Option<Filter> {
        let asked = read_text("filter", text).ok()?;
        check("filter", &asked, &self.layer, View::EVERYTHING, &self.catalogue.time_zone).ok()
    }
}

fn tile_at(z: u8, at: LonLat) -> Option<TileCoord> {
    let world = World::from_lon_lat(at);
    let side = f64::from(1_u32 << z);
    TileCoord::new(z, (world.x * side) as u32, (world.y * side) as u32).ok()
}

fn kernels(criterion: &mut Criterion) {
    let Some(bench) = Bench::new() else { return };
    let parts = bench.parts();
    let mut group = criterion.benchmark_group("kernels");
    group.sample_size(10);
    group.bench_function("columns of a million", |run| run.iter(|| bench.parts()));
    let changed = bench.features.iter().take(100).cloned().collect::<Vec<_>>();
    let change = (&bench.layer, &bench.catalogue.time_zone, 1);
    group.bench_function("a change of 100", |run| run.iter(|| parts.with(&changed, &[], change)));
    let (everything, filter) = (Selected::everything(&parts), bench.filter(FILTER));
    let filtered = filter.as_ref().map(|filter| Selected::everything(&parts).filtered(filter));
    let units = UnitMap::default();
    let answers = Answers::new(parts.links(), &units, Level::Commune, AsOf::Own, TODAY);
    let fields: Vec<String> = ["category", "severity", "source", "status"].map(str::to_owned).into();
    let (layer, view) = (&bench.layer, View::EVERYTHING);
    let source = PointsSource { layer, units: &units, view, communes: &answers, fields: Some(&fields) };
    for z in [8, 10, 12, 14] {
        let Some(coord) = tile_at(z, TOWN) else { continue };
        let draw = || points_layer(&source, coord, Dense::All, &everything);
        group.bench_function(format!("z{z}, every point, 4 fields"), |run| run.iter(draw));
        let bytes = draw().bytes;
        for (name, packs) in PACKERS {
            let size = packs(&bytes).map_or(0, |packed| packed.len());
            group.bench_function(format!("z{z}, {name}, {} to {size} bytes", bytes.len()), |run| {
                run.iter(|| packs(black_box(&bytes)));
            });
        }
    }
    if let Some(coord) = tile_at(12, TOWN) {
        let all = PointsSource { fields: None, ..source };
        group.bench_function("z12, every point, all fields", |run| {
            run.iter(|| points_layer(&all, coord, Dense::All, &everything));
        });
    }
    if let (Some(coord), Some(filtered)) = (tile_at(6, TOWN), &filtered) {
        let dense = |selected| points_layer(&source, coord, Dense::Cells, selected);
        group.bench_function("z6, cells of the whole province", |run| run.iter(|| dense(&everything)));
        group.bench_function("z6, cells under a filter", |run| run.iter(|| dense(filtered)));
        let source = CountSource { layer, units: &units, zone: &bench.catalogue.time_zone };
        let by = [Key::Unit(&answers), Key::Time(TimePart::Month)];
        group.bench_function("count by unit and month", |run| run.iter(|| count(&source, &by, &[], &everything)));
        group.bench_function("count under a filter", |run| run.iter(|| count(&source, &by, &[], filtered)));
    }
    group.bench_function("within 2 km", |run| run.iter(|| rows_in_radius(&everything, black_box(TOWN), 2_000.0)));
    the_nearest(&mut group, &bench, &parts);
    group.finish();
}

fn the_nearest(group: &mut BenchmarkGroup<'_, WallTime>, bench: &Bench, parts: &Parts) {
    let everything = Selected::everything(parts);
    group.bench_function("nearest 10", |run| run.iter(|| nearest(&everything, black_box(TOWN), 10)));
    for (name, place) in PLACES {
        group.bench_function(format!("10 nearest, {name}"), |run| run.iter(|| nearest(&everything, place, 10)));
    }
    for (name, text) in RARE {
        let Some(rare) = bench.filter(text) else { continue };
        let rare = Selected::everything(parts).filtered(&rare);
        group.bench_function(format!("10 nearest, {name}"), |run| run.iter(|| nearest(&rare, black_box(TOWN), 10)));
    }
    let crowd = bench.features.iter().take(200_000).cloned().map(|feature| Feature { at: ALONE, ..feature });
    let crowded = parts.with(&crowd.collect::<Vec<_>>(), &[], (&bench.layer, &bench.catalogue.time_zone, 1));
    let crowded = Selected::everything(&crowded);
    let name = "10 nearest, beside 200,000 on one spot";
    group.bench_function(name, |run| run.iter(|| nearest(&crowded, black_box(OFF_THE_COAST), 10)));
}

criterion_group!(benches, kernels);
criterion_main!(benches);
