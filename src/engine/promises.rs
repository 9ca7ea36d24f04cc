//! What the verbs promise together, held against brute force over a made-up layer.

use std::collections::BTreeMap;

use fast_mvt::{MvtGeometry, MvtReaderRef, MvtValueRef};
use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::as_of::Answers;
use super::count::{CountSource, Key, count};
use super::geodesic::distance_m;
use super::made_up::{changed_parts, features, layer, parts};
use super::nearest::nearest;
use super::page::page;
use super::parts::{Parts, Row};
use super::select::Selected;
use super::slice::{CellBox, rows_of_box, rows_of_buffered_tile};
use super::tile::{PointsSource, TileLayerBytes, points_layer};
use super::unit_map::UnitMap;
use super::within::{rows_in_bbox, rows_in_radius};
use crate::model::*;

const TODAY: Day = Day(20_700);

fn tile(selected: &Selected<'_>, coord: TileCoord, dense: Dense) -> TileLayerBytes {
    let (layer, units) = (layer(), UnitMap::default());
    let answers = Answers::new(selected.parts().links(), &units, Level::Commune, AsOf::Own, TODAY);
    let source =
        PointsSource { layer: &layer, units: &units, view: View::EVERYTHING, communes: &answers, fields: None };
    points_layer(&source, coord, dense, selected)
}

fn all(parts: &Parts) -> Vec<Row> {
    Selected::everything(parts).rows().collect()
}

#[test]
fn changes_lead_to_the_same_bytes_and_answers_as_a_load() {
    let features = features(5_000);
    let (loaded, changed) = (parts(&features), changed_parts(&features));
    assert!(changed.count() > 1, "some deltas are left");
    assert_eq!((changed.len(), changed.fingerprint()), (loaded.len(), loaded.fingerprint()));
    let interval = TimeInterval { from: Some(Instant(400_000_000_000_000)), to: None };
    for interval in [None, Some(interval)] {
        let select = |parts| Selected::in_time(parts, Some(1), interval, &TimeZone::UTC);
        let (loaded, changed) = (select(&loaded), select(&changed));
        for dense in [Dense::Cells, Dense::All] {
            for coord in (0..=4).flat_map(tiles_of_zoom).chain([TileCoord::new(8, 205, 117).unwrap()]) {
                let (a, b) = (tile(&loaded, coord, dense), tile(&changed, coord, dense));
                assert_eq!((a.features, a.cells), (b.features, b.cells), "{coord:?}");
                assert_eq!(a.bytes, b.bytes, "{coord:?} {dense:?}");
            }
        }
        let at = LonLat { lon: 108.81, lat: 15.12 };
        let ids = |parts: &Parts, found: Vec<(Row, f64)>| {
            found.into_iter().map(|(row, metres)| (parts.id(row), metres)).collect::<Vec<_>>()
        };
        assert_eq!(ids(loaded.parts(), nearest(&loaded, at, 40)), ids(changed.parts(), nearest(&changed, at, 40)));
        let (layer, units) = (self::layer(), UnitMap::default());
        let source = CountSource { layer: &layer, units: &units, zone: &TimeZone::UTC };
        let by = [Key::Time(TimePart::Month), Key::Field(0)];
        assert_eq!(count(&source, &by, &[3], &loaded), count(&source, &by, &[3], &changed));
    }
}

#[test]
fn a_feature_at_the_edge_that_went_or_came_back_leaves_no_wider_box() {
    let features = features(2_000);
    let mut parts = parts(&features);
    let (layer, zone) = (layer(), TimeZone::UTC);
    let far = |at: f64, time: i64| {
        let mut feature = features[7].clone();
        (feature.at, feature.values[1]) = (LonLat { lon: at, lat: at / 2.0 }, Value::Timestamp(Instant(time)));
        feature
    };
    let steps = [far(2.0, i64::MIN / 4), far(170.0, i64::MAX / 4), features[7].clone()];
    for (step, feature) in steps.into_iter().enumerate() {
        parts = parts.with(&[feature], &[], (&layer, &zone, 1));
        let mut all: Vec<Feature> = Selected::everything(&parts).rows().map(|row| parts.feature(row)).collect();
        let mut bbox = Bbox::EMPTY;
        for feature in &all {
            bbox.extend(feature.at);
        }
        all.retain(|feature| feature.values[1] != Value::Null);
        let times = all.iter().map(|feature| match feature.values[1] {
            Value::Timestamp(time) => time,
            _ => unreachable!("a time"),
        });
        assert_eq!(parts.bbox(), bbox, "{step}");
        assert_eq!(parts.time_range(), times.clone().min().zip(times.max()), "{step}");
        let (first, last) = parts.time_span().unwrap();
        assert!(parts.time_range().is_some_and(|range| first <= range.0 && range.1 <= last));
    }
    // Down to nothing.
    let ids: Vec<u64> = features.iter().map(|feature| feature.id).collect();
    for some in ids.chunks(500) {
        parts = parts.with(&[], some, (&layer, &zone, 1));
    }
    assert!(parts.bbox().is_empty() && parts.time_range().is_none());
}

#[test]
fn a_layer_loaded_meanwhile_does_not_take_the_base_of_before() {
    let features = features(100);
    let merged = parts(&features).merge(&layer(), &TimeZone::UTC);
    assert!(parts(&features).rebased(merged).is_none());
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
    let parts = parts(&features(5_000));
    let everything = Selected::everything(&parts);
    for dense in [Dense::Cells, Dense::All] {
        for z in 0..=5 {
            let mut total = 0;
            for coord in tiles_of_zoom(z) {
                let drawn = tile(&everything, coord, dense);
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
    let parts = parts(&features);
    let seen = read(&tile(&Selected::everything(&parts), TileCoord::new(0, 0, 0).unwrap(), Dense::Cells));
    assert!(seen.iter().all(|(inside, id, _)| *inside && id.is_none()));
    for code in ["theft", "fire", "flood"] {
        let brute = features.iter().filter(|feature| feature.values[0] == Value::Text(code.into())).count() as u64;
        assert_eq!(sum(&seen, &format!("count_{code}")), brute, "{code}");
    }
}

#[test]
fn a_point_beside_an_edge_is_in_the_buffer_of_the_next_tile_too() {
    let one = Feature { id: 5, at: LonLat { lon: -0.0001, lat: 10.0 }, values: Vec::new(), units: Vec::new() };
    let parts = parts(&[one]);
    let everything = Selected::everything(&parts);
    let west = tile(&everything, TileCoord::new(1, 0, 0).unwrap(), Dense::Cells);
    let east = tile(&everything, TileCoord::new(1, 1, 0).unwrap(), Dense::Cells);
    assert_eq!((west.features, east.features), (1, 0));
    assert_eq!(read(&west).iter().map(|seen| seen.0).collect::<Vec<_>>(), [true]);
    assert_eq!(read(&east).iter().map(|seen| seen.0).collect::<Vec<_>>(), [false]);
}

#[test]
fn a_tile_beside_a_crowd_does_not_draw_the_crowd_in_its_buffer() {
    let at = |id: u64, lon: f64| Feature { id, at: LonLat { lon, lat: 10.0 }, values: Vec::new(), units: Vec::new() };
    // As many as a tile may hold in the buffer west of the edge, and a few on its other side.
    let crowd = |size: u64| (1..=size).map(|id| at(id, -0.0001)).chain((1..=3).map(move |few| at(size + few, 1.0)));
    let east = TileCoord::new(1, 1, 0).unwrap();
    for (size, dense, drawn) in
        [(497, Dense::Cells, 500), (498, Dense::Cells, 3), (9_000, Dense::Cells, 3), (498, Dense::All, 501)]
    {
        let parts = parts(&crowd(size).collect::<Vec<_>>());
        let everything = Selected::everything(&parts);
        let tile = tile(&everything, east, dense);
        assert_eq!((tile.features, tile.cells, read(&tile).len()), (3, false, drawn), "{size} {dense:?}");
    }
}

#[test]
fn the_deepest_tiles_hold_each_point_once() {
    let features = features(300);
    let parts = parts(&features);
    let everything = Selected::everything(&parts);
    for feature in &features {
        let world = World::from_lon_lat(feature.at);
        let axis = |value: f64| ((value * f64::from(1 << 22)) as u32).min((1 << 22) - 1);
        let coord = TileCoord::new(22, axis(world.x), axis(world.y)).unwrap();
        let seen = read(&tile(&everything, coord, Dense::All));
        assert!(seen.iter().any(|(inside, id, _)| *inside && *id == Some(feature.id)), "{feature:?}");
    }
}

#[test]
fn a_feature_keeps_its_id_and_its_values_and_leaves_nulls_out() {
    let features = features(40);
    let parts = parts(&features);
    let seen = read(&tile(&Selected::everything(&parts), TileCoord::new(0, 0, 0).unwrap(), Dense::All));
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
    let parts = parts(&features);
    let interval = TimeInterval { from: Some(Instant(400_000_000_000_000)), to: Some(Instant(900_000_000_000_000)) };
    let selected = Selected::in_time(&parts, Some(1), Some(interval), &TimeZone::UTC);
    let inside = |feature: &&Feature| matches!(feature.values[1], Value::Timestamp(at) if interval.contains(at));
    let brute = features.iter().filter(inside).count() as u64;
    let drawn = tile(&selected, TileCoord::new(0, 0, 0).unwrap(), Dense::Cells);
    assert_eq!((drawn.features, sum(&read(&drawn), "count")), (brute, brute));
}

#[test]
fn rows_of_a_box_are_those_that_lie_in_it() {
    let parts = parts(&features(3_000));
    let columns = &parts.iter().next().unwrap().columns;
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..300 {
        let coord = |random: &mut StdRng| super::morton::Cell::from_key(columns.keys[random.random_range(0..3_000)]);
        let (a, b) = (coord(&mut random), coord(&mut random));
        let area = CellBox {
            min: super::morton::Cell { x: a.x.min(b.x), y: a.y.min(b.y) },
            max: super::morton::Cell { x: a.x.max(b.x), y: a.y.max(b.y) },
        };
        let found: Vec<usize> = rows_of_box(columns, area).into_iter().flatten().collect();
        let brute: Vec<usize> = (0..columns.len()).filter(|row| area.contains(columns.cell(*row))).collect();
        assert_eq!(found, brute);
    }
}

#[test]
fn rows_of_a_tile_with_its_buffer_are_those_that_lie_in_it() {
    let parts = parts(&features(3_000));
    let columns = &parts.iter().next().unwrap().columns;
    let mut random = StdRng::seed_from_u64(1);
    for z in 0..=22 {
        for _ in 0..20 {
            let cell = columns.cell(random.random_range(0..3_000));
            // A tile beside the point's as often as its own, and beyond the world's edge none.
            let axis = |cell: u32, step: u32| ((u64::from(cell) >> (32 - u32::from(z))) as u32).saturating_add(step);
            let (x, y) = (axis(cell.x, random.random_range(0..2)), axis(cell.y, random.random_range(0..2)));
            let Ok(coord) = TileCoord::new(z, x, y) else { continue };
            let area = CellBox::of_buffered_tile(coord);
            let found: Vec<usize> = rows_of_buffered_tile(columns, coord).into_iter().flatten().collect();
            let brute: Vec<usize> = (0..columns.len()).filter(|row| area.contains(columns.cell(*row))).collect();
            assert_eq!(found, brute, "{coord:?}");
        }
    }
}

#[test]
fn circles_boxes_and_the_nearest_are_as_by_brute_force() {
    let features = features(3_000);
    for parts in [parts(&features), changed_parts(&features)] {
        let everything = Selected::everything(&parts);
        let rows = all(&parts);
        let mut random = StdRng::seed_from_u64(2);
        for round in 0..200 {
            let at = match round % 3 {
                0 => LonLat { lon: random.random_range(-180.0..=180.0), lat: random.random_range(-90.0..=90.0) },
                _ => parts.at(rows[random.random_range(0..rows.len())]),
            };
            let mut by_distance: Vec<(Row, f64)> =
                rows.iter().map(|row| (*row, distance_m(at, parts.at(*row)))).collect();
            by_distance.sort_by(|a, b| a.1.total_cmp(&b.1).then(parts.id(a.0).cmp(&parts.id(b.0))));
            let wanted = random.random_range(1..50);
            assert_eq!(nearest(&everything, at, wanted), by_distance[..wanted]);
            // The distance of a point itself: the edge of the circle is in it.
            let radius_m = by_distance[random.random_range(0..rows.len())].1;
            let mut brute: Vec<Row> = by_distance.iter().filter(|(_, m)| *m <= radius_m).map(|(row, _)| *row).collect();
            brute.sort_unstable();
            assert_eq!(rows_in_radius(&everything, at, radius_m), brute, "{at:?} {radius_m}");
            let mut area = Bbox::EMPTY;
            area.extend(at);
            area.extend(parts.at(rows[random.random_range(0..rows.len())]));
            let brute: Vec<Row> = rows.iter().copied().filter(|row| area.contains(parts.at(*row))).collect();
            assert_eq!(rows_in_bbox(&everything, &area), brute);
        }
    }
}

#[test]
fn pages_give_every_row_once_in_the_order_of_ids() {
    let parts = changed_parts(&features(1_000));
    let rows: Vec<Row> = all(&parts).into_iter().filter(|row| parts.id(*row).is_multiple_of(3)).collect();
    let (mut after, mut ids) = (None, Vec::new());
    loop {
        let page = page(&parts, rows.clone(), (after, 37));
        assert_eq!(page.matched, rows.len() as u64);
        ids.extend(page.rows.iter().map(|row| parts.id(*row)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(ids, (0..1_000).filter(|id| id % 3 == 0).collect::<Vec<u64>>());
}

#[test]
fn a_polygon_that_would_cost_too_much_is_refused_before_the_work() {
    let parts = parts(&features(20_000));
    let everything = Selected::everything(&parts);
    let zigzag = |corners: usize| {
        let tooth = |index: usize| {
            (107.0 + 3.0 * index as f64 / corners as f64, if index.is_multiple_of(2) { 14.0 } else { 16.0 })
        };
        let mut ring: Vec<(f64, f64)> = (0..=corners).map(tooth).collect();
        ring.extend([(110.0, 17.0), (107.0, 17.0)]);
        let polygon = geo_types::Polygon::new(ring.into(), Vec::new());
        super::locate::PreparedArea::new(&geo_types::MultiPolygon(vec![polygon]))
    };
    assert!(super::within::rows_in_polygon(&everything, &zigzag(100)).is_some_and(|rows| !rows.is_empty()));
    assert_eq!(super::within::rows_in_polygon(&everything, &zigzag(90_000)), None);
}

#[test]
fn work_that_nobody_waits_for_selects_nothing_any_more() {
    let parts = parts(&features(1_000));
    let cancel = super::cancel::Cancel::default();
    let selected = Selected::everything(&parts).until(&cancel);
    assert_eq!(selected.rows().count(), 1_000);
    cancel.cancel();
    assert_eq!(selected.rows().count(), 0);
}
