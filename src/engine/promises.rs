//! What the verbs promise together, held against brute force over a made-up layer.

use std::collections::BTreeMap;

use fast_mvt::{MvtGeometry, MvtReaderRef, MvtValueRef};
use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::as_of::{Answers, Holdings};
use super::columns::{Columns, ColumnsBuilder};
use super::count::{CountSource, Key, count};
use super::geodesic::distance_m;
use super::nearest::nearest;
use super::search::{rows_in_bbox, rows_in_radius};
use super::select::Selection;
use super::slice::{CellBox, rows_of_box};
use super::tile::{PointsSource, TileLayerBytes, points_layer};
use super::unit_map::UnitMap;
use super::within::page;
use crate::model::*;

const TODAY: Day = Day(20_700);

fn layer() -> Layer {
    let field = |name: &str, kind: FieldType, codes: &[&str]| {
        let code = |code: &&str| Code { code: (*code).into(), vi: (*code).into(), en: (*code).into(), colour: None };
        let title = Title { vi: name.into(), en: name.into() };
        let codes = codes.iter().map(code).collect();
        Field { name: name.into(), title, kind, codes, classification: None, unit: None }
    };
    Layer {
        id: LayerId::parse("layer", "police.made_up").unwrap(),
        title: Title { vi: "Thử".into(), en: "Trial".into() },
        geometry: GeometryKind::Point,
        classification: Classification::Public,
        time: Some(1),
        category: Some(0),
        zoom: ZoomRange { min: 0, max: 22 },
        max_features: 500,
        published: None,
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
fn features(count: u64) -> Vec<Feature> {
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

fn columns(features: &[Feature]) -> Columns {
    let mut builder = ColumnsBuilder::new(&layer(), &TimeZone::UTC);
    for feature in features {
        builder.push(feature);
    }
    builder.finish()
}

fn tile(columns: &Columns, coord: TileCoord, dense: Dense, selection: &Selection<'_>) -> TileLayerBytes {
    let (layer, units) = (layer(), UnitMap::default());
    let answers = Answers::new(columns, &units, Level::Commune, (AsOf::Own, TODAY));
    let communes = Holdings::new(columns, &answers);
    let source = PointsSource { layer: &layer, columns, units: &units, view: View::EVERYTHING, communes };
    points_layer(&source, coord, dense, selection)
}

/// A feature as a reader of the tile sees it: whether it lies in the tile without its buffer, its id, its properties.
type Seen = (bool, Option<u64>, BTreeMap<String, String>);

fn read(tile: &TileLayerBytes) -> Vec<Seen> {
    let reader = MvtReaderRef::new(&tile.bytes).unwrap();
    let mut seen = Vec::new();
    for feature in reader.layers().flat_map(fast_mvt::MvtLayerRef::features) {
        let MvtGeometry::Point(point) = feature.geometry().unwrap() else { panic!("not a point") };
        let inside = (0..4096).contains(&point.x()) && (0..4096).contains(&point.y());
        let text = |value: MvtValueRef<'_>| match value {
            MvtValueRef::String(text) => text.to_string(),
            MvtValueRef::UInt(number) => number.to_string(),
            MvtValueRef::SInt(number) | MvtValueRef::Int(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        let properties = feature.properties().map(|property| {
            let (key, value) = property.unwrap();
            (key.to_string(), text(value))
        });
        seen.push((inside, feature.id(), properties.collect()));
    }
    seen
}

/// The sum of `name` over the features inside the tile; a feature without `count` stands for itself.
fn sum(seen: &[Seen], name: &str) -> u64 {
    let inside = seen.iter().filter(|(inside, ..)| *inside);
    let number = |properties: &BTreeMap<String, String>| properties.get(name).map(|text| text.parse::<u64>().unwrap());
    inside.map(|(_, _, properties)| number(properties).unwrap_or(u64::from(name == "count"))).sum()
}

fn tiles_of_zoom(z: u8) -> impl Iterator<Item = TileCoord> {
    let side = 1_u32 << z;
    (0..side * side).map(move |index| TileCoord::new(z, index % side, index / side).unwrap())
}

#[test]
fn the_tiles_of_each_zoom_add_up_to_the_layer_dense_or_not() {
    let columns = columns(&features(5_000));
    for dense in [Dense::Cells, Dense::All] {
        for z in 0..=5 {
            let mut total = 0;
            for coord in tiles_of_zoom(z) {
                let drawn = tile(&columns, coord, dense, &Selection::EVERYTHING);
                assert_eq!(sum(&read(&drawn), "count"), drawn.features, "{coord:?} {dense:?}");
                assert_eq!(drawn.cells, dense == Dense::Cells && drawn.features > 500);
                total += drawn.features;
            }
            assert_eq!(total, 5_000, "zoom {z} {dense:?}");
        }
    }
}

#[test]
fn a_dense_tile_counts_each_code_of_the_main_field_exactly() {
    let features = features(5_000);
    let seen = read(&tile(&columns(&features), TileCoord::new(0, 0, 0).unwrap(), Dense::Cells, &Selection::EVERYTHING));
    assert!(seen.iter().all(|(inside, id, _)| *inside && id.is_none()));
    for code in ["theft", "fire", "flood"] {
        let brute = features.iter().filter(|feature| feature.values[0] == Value::Text(code.into())).count() as u64;
        assert_eq!(sum(&seen, &format!("count_{code}")), brute, "{code}");
    }
}

#[test]
fn a_point_beside_an_edge_is_in_the_buffer_of_the_next_tile_too() {
    let one = Feature { id: 5, at: LonLat { lon: -0.0001, lat: 10.0 }, values: Vec::new(), units: Vec::new() };
    let columns = columns(&[one]);
    let west = tile(&columns, TileCoord::new(1, 0, 0).unwrap(), Dense::Cells, &Selection::EVERYTHING);
    let east = tile(&columns, TileCoord::new(1, 1, 0).unwrap(), Dense::Cells, &Selection::EVERYTHING);
    assert_eq!((west.features, east.features), (1, 0));
    assert_eq!(read(&west).iter().map(|seen| seen.0).collect::<Vec<_>>(), [true]);
    assert_eq!(read(&east).iter().map(|seen| seen.0).collect::<Vec<_>>(), [false]);
}

#[test]
fn the_deepest_tiles_hold_each_point_once() {
    let features = features(300);
    let columns = columns(&features);
    for feature in &features {
        let world = World::from_lon_lat(feature.at);
        let axis = |value: f64| ((value * f64::from(1 << 22)) as u32).min((1 << 22) - 1);
        let coord = TileCoord::new(22, axis(world.x), axis(world.y)).unwrap();
        let seen = read(&tile(&columns, coord, Dense::All, &Selection::EVERYTHING));
        assert!(seen.iter().any(|(inside, id, _)| *inside && *id == Some(feature.id)), "{feature:?}");
    }
}

#[test]
fn a_feature_keeps_its_id_and_its_values_and_leaves_nulls_out() {
    let features = features(40);
    let seen = read(&tile(&columns(&features), TileCoord::new(0, 0, 0).unwrap(), Dense::All, &Selection::EVERYTHING));
    for (_, id, properties) in &seen {
        let feature = &features[id.unwrap() as usize];
        assert_eq!(properties.get("id"), Some(&feature.id.to_string()));
        assert_eq!(properties.get("title"), Some(&format!("Vụ {}", feature.id)));
        let injured = match feature.values[3] {
            Value::Integer(number) => Some(number.to_string()),
            _ => None,
        };
        assert_eq!(properties.get("injured").cloned(), injured);
        assert!(!properties.contains_key("unit"));
    }
}

#[test]
fn a_time_filter_counts_just_the_features_in_it() {
    let features = features(5_000);
    let columns = columns(&features);
    let interval = TimeInterval { from: Some(Instant(400_000_000_000_000)), to: Some(Instant(900_000_000_000_000)) };
    let selection = Selection::in_time(&columns, Some(1), Some(interval), &TimeZone::UTC);
    let inside = |feature: &&Feature| matches!(feature.values[1], Value::Timestamp(at) if interval.contains(at));
    let brute = features.iter().filter(inside).count() as u64;
    let drawn = tile(&columns, TileCoord::new(0, 0, 0).unwrap(), Dense::Cells, &selection);
    assert_eq!((drawn.features, sum(&read(&drawn), "count")), (brute, brute));
}

#[test]
fn rows_of_a_box_are_those_that_lie_in_it() {
    let columns = columns(&features(3_000));
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..300 {
        let coord = |random: &mut StdRng| super::morton::Cell::from_key(columns.keys[random.random_range(0..3_000)]);
        let (a, b) = (coord(&mut random), coord(&mut random));
        let area = CellBox {
            min: super::morton::Cell { x: a.x.min(b.x), y: a.y.min(b.y) },
            max: super::morton::Cell { x: a.x.max(b.x), y: a.y.max(b.y) },
        };
        let found: Vec<usize> = rows_of_box(&columns, area).into_iter().flatten().collect();
        let brute: Vec<usize> = (0..columns.len()).filter(|row| area.contains(columns.cell(*row))).collect();
        assert_eq!(found, brute);
    }
}

#[test]
fn circles_boxes_and_the_nearest_are_as_by_brute_force() {
    let columns = columns(&features(3_000));
    let mut random = StdRng::seed_from_u64(2);
    for round in 0..200 {
        let at = match round % 3 {
            0 => LonLat { lon: random.random_range(-180.0..=180.0), lat: random.random_range(-90.0..=90.0) },
            _ => columns.at(random.random_range(0..columns.len())),
        };
        let mut by_distance: Vec<(usize, f64)> =
            (0..columns.len()).map(|row| (row, distance_m(at, columns.at(row)))).collect();
        by_distance.sort_by(|a, b| a.1.total_cmp(&b.1).then(columns.ids[a.0].cmp(&columns.ids[b.0])));
        let wanted = random.random_range(1..50);
        assert_eq!(nearest(&columns, at, wanted, &Selection::EVERYTHING), by_distance[..wanted]);
        // The distance of a point itself: the edge of the circle is in it.
        let radius_m = by_distance[random.random_range(0..columns.len())].1;
        let mut brute: Vec<usize> = by_distance.iter().filter(|(_, m)| *m <= radius_m).map(|(row, _)| *row).collect();
        brute.sort_unstable();
        assert_eq!(rows_in_radius(&columns, at, radius_m), brute, "{at:?} {radius_m}");
        let corner = columns.at(random.random_range(0..columns.len()));
        let mut area = Bbox::EMPTY;
        area.extend(at);
        area.extend(corner);
        let brute: Vec<usize> = (0..columns.len()).filter(|row| area.contains(columns.at(*row))).collect();
        assert_eq!(rows_in_bbox(&columns, &area), brute);
    }
}

#[test]
fn pages_give_every_row_once_in_the_order_of_ids() {
    let columns = columns(&features(1_000));
    let rows: Vec<usize> = (0..columns.len()).filter(|row| columns.ids[*row].is_multiple_of(3)).collect();
    let (mut after, mut ids) = (None, Vec::new());
    loop {
        let page = page(&columns, rows.clone(), &Selection::EVERYTHING, (after, 37));
        assert_eq!(page.matched, rows.len() as u64);
        ids.extend(page.rows.iter().map(|row| columns.ids[*row]));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(ids, (0..1_000).filter(|id| id % 3 == 0).collect::<Vec<u64>>());
}

#[test]
fn counts_by_category_and_month_are_as_by_brute_force() {
    let features = features(4_000);
    let (layer, columns, units) = (layer(), columns(&features), UnitMap::default());
    let answers = Answers::new(&columns, &units, Level::Commune, (AsOf::Own, TODAY));
    let source = CountSource { layer: &layer, columns: &columns, units: &units, zone: &TimeZone::UTC };
    let by = [Key::Month, Key::Category, Key::Unit(&answers)];
    let (total, rows) = count(&source, &by, &Selection::EVERYTHING);
    assert_eq!((total, rows.iter().map(|row| row.count).sum::<u64>()), (4_000, 4_000));
    let mut brute: BTreeMap<Vec<CountKey>, u64> = BTreeMap::new();
    for feature in &features {
        let month = match feature.values[1] {
            Value::Timestamp(at) => CountKey::Month(at.day(&TimeZone::UTC).to_string()[..7].to_owned()),
            _ => CountKey::Null,
        };
        let category = match &feature.values[0] {
            Value::Text(code) => CountKey::Code(code.clone()),
            _ => CountKey::Null,
        };
        *brute.entry(vec![month, category, CountKey::Outside]).or_default() += 1;
    }
    assert_eq!(rows.iter().map(|row| (row.keys.clone(), row.count)).collect::<BTreeMap<_, _>>(), brute);
    assert_eq!(count(&source, &[], &Selection::EVERYTHING), (4_000, Vec::new()));
}

#[test]
fn a_polygon_that_would_cost_too_much_is_refused_before_the_work() {
    let columns = columns(&features(20_000));
    let zigzag = |corners: usize| {
        let tooth = |index: usize| {
            (107.0 + 3.0 * index as f64 / corners as f64, if index.is_multiple_of(2) { 14.0 } else { 16.0 })
        };
        let mut ring: Vec<(f64, f64)> = (0..=corners).map(tooth).collect();
        ring.extend([(110.0, 17.0), (107.0, 17.0)]);
        let polygon = geo_types::Polygon::new(ring.into(), Vec::new());
        super::locate::PreparedArea::new(&geo_types::MultiPolygon(vec![polygon]))
    };
    assert!(super::search::rows_in_polygon(&columns, &zigzag(100)).is_some_and(|rows| !rows.is_empty()));
    assert_eq!(super::search::rows_in_polygon(&columns, &zigzag(90_000)), None);
}
