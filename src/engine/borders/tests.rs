//! What is always true of unit tiles, on the real province and on made-up units.

use std::collections::HashMap;

use geo_types::{LineString, MultiPolygon, Polygon};
use proptest::prelude::*;

use super::quantize::{TileVertex, doubled_area};
use super::*;
use crate::engine::real_units::real_units;
use crate::model::{LonLat, MAX_ZOOM};

const TODAY: Day = Day(20_400);

/// Back from command integers to rings. Fails on anything that is not a valid polygon geometry.
fn decode(commands: &[u32]) -> Vec<Vec<TileVertex>> {
    let mut rings = Vec::new();
    let mut cursor = (0_i32, 0_i32);
    let mut rest = commands.iter().copied();
    let unzigzag = |value: u32| (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
    while let Some(start) = rest.next() {
        assert_eq!(start, 9, "a ring starts with one MoveTo");
        let mut ring = Vec::new();
        let mut vertices = 1;
        while vertices > 0 {
            cursor.0 += unzigzag(rest.next().unwrap());
            cursor.1 += unzigzag(rest.next().unwrap());
            ring.push(cursor);
            vertices -= 1;
            if ring.len() == 1 {
                let line = rest.next().unwrap();
                assert_eq!(line & 7, 2, "then LineTo");
                vertices = line >> 3;
            }
        }
        assert_eq!(rest.next(), Some(15), "then ClosePath");
        rings.push(ring);
    }
    rings
}

/// Decodes a tile and asserts what is true of every tile: valid rings, in the box, wound right, no unit twice.
fn checked_tile(map: &BorderMap, coord: TileCoord, level: Level, day: Day) -> Vec<(UnitId, Vec<Vec<TileVertex>>)> {
    let shapes = map.tile(coord, level, day);
    let decoded: Vec<_> = shapes.iter().map(|shape| (shape.unit, decode(&shape.commands))).collect();
    for (unit, rings) in &decoded {
        assert!(doubled_area(&rings[0]) > 0, "{unit:?} in {coord:?} starts with a hole");
        for ring in rings {
            assert!(ring.len() >= 3 && doubled_area(ring) != 0, "{unit:?} in {coord:?}: {ring:?}");
            let mut vertices = ring.clone();
            vertices.sort_unstable();
            vertices.dedup();
            assert_eq!(vertices.len(), ring.len(), "a vertex twice in {unit:?} in {coord:?}: {ring:?}");
            let drawn = -(BUFFER as i32)..=(EXTENT + BUFFER) as i32;
            assert!(
                ring.iter().all(|(x, y)| drawn.contains(x) && drawn.contains(y)),
                "{unit:?} in {coord:?}: {ring:?}"
            );
        }
    }
    let mut units: Vec<UnitId> = decoded.iter().map(|(unit, _)| *unit).collect();
    units.dedup();
    assert_eq!(units.len(), decoded.len());
    decoded
}

/// Asserts that a unit's rings are valid polygons: all their edges meet in common ends only, no two are the same, and holes lie
/// in the exterior before them.
fn assert_valid(unit: UnitId, coord: TileCoord, rings: &[Vec<TileVertex>]) {
    let hand = |a: TileVertex, b: TileVertex, c: TileVertex| {
        (i64::from(b.0 - a.0) * i64::from(c.1 - a.1) - i64::from(b.1 - a.1) * i64::from(c.0 - a.0)).signum()
    };
    let holds = |a: TileVertex, b: TileVertex, c: TileVertex| {
        let within = |value: i32, a: i32, b: i32| (a.min(b)..=a.max(b)).contains(&value);
        c != a && c != b && hand(a, b, c) == 0 && within(c.0, a.0, b.0) && within(c.1, a.1, b.1)
    };
    let edges = rings.iter().flat_map(|ring| ring.iter().copied().zip(ring.iter().copied().cycle().skip(1)));
    let mut edges: Vec<(TileVertex, TileVertex)> = edges.map(|(a, b)| (a.min(b), a.max(b))).collect();
    edges.sort_unstable();
    for (index, &(a, b)) in edges.iter().enumerate() {
        for &(c, d) in edges[index + 1..].iter().take_while(|(c, _)| c.0 <= b.0) {
            let crossing = hand(a, b, c) * hand(a, b, d) < 0 && hand(c, d, a) * hand(c, d, b) < 0;
            let touching = holds(a, b, c) || holds(a, b, d) || holds(c, d, a) || holds(c, d, b);
            assert!(!crossing && !touching && (a, b) != (c, d), "{unit:?} in {coord:?}: {a:?}-{b:?} meets {c:?}-{d:?}");
        }
    }
    let mut exterior = &[][..];
    for ring in rings {
        if doubled_area(ring) > 0 {
            exterior = std::slice::from_ref(ring);
            continue;
        }
        let middles = ring.iter().zip(ring.iter().cycle().skip(1));
        for (x, y) in middles.map(|(a, b)| (f64::from(a.0 + b.0) / 2.0, f64::from(a.1 + b.1) / 2.0)) {
            assert_eq!(winding(exterior, x, y), 1, "{unit:?} in {coord:?}: a hole outside at {x} {y}");
        }
    }
}

/// How often each smallest straight piece between whole tile units is walked, one way less the other.
type Chain = HashMap<(TileVertex, TileVertex), i32>;

fn add_to_chain(chain: &mut Chain, rings: &[Vec<TileVertex>], times: i32) {
    let gcd = |mut a: i32, mut b: i32| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a.abs()
    };
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let pieces = gcd(dx, dy);
            for piece in 0..pieces {
                let from = (a.0 + dx / pieces * piece, a.1 + dy / pieces * piece);
                let to = (from.0 + dx / pieces, from.1 + dy / pieces);
                let (key, sign) = if from < to { ((from, to), 1) } else { ((to, from), -1) };
                *chain.entry(key).or_default() += sign * times;
            }
        }
    }
}

/// All tiles of a zoom that touch the units' box.
fn tiles_of(units: &[Unit], z: u8) -> Vec<TileCoord> {
    let world = |lon, lat| World::from_lon_lat(LonLat { lon, lat });
    let bounds = WorldBox::of(
        units.iter().flat_map(|unit| &unit.geometry).flat_map(|part| &part.exterior().0).map(|at| world(at.x, at.y)),
    );
    let side = f64::from(1_u32 << z);
    let tile = |value: f64| ((value * side) as u32).min((1 << z) - 1);
    let columns = tile(bounds.min.x)..=tile(bounds.max.x);
    columns
        .flat_map(|x| (tile(bounds.min.y)..=tile(bounds.max.y)).map(move |y| TileCoord::new(z, x, y).unwrap()))
        .collect()
}

/// How often the rings wind around a place.
fn winding(rings: &[Vec<TileVertex>], x: f64, y: f64) -> i32 {
    let mut winding = 0;
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (ax, ay, bx, by) = (f64::from(a.0), f64::from(a.1), f64::from(b.0), f64::from(b.1));
            if (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) {
                winding += if by > ay { 1 } else { -1 };
            }
        }
    }
    winding
}

fn real_province() -> Option<Vec<Unit>> {
    let mut units = real_units("quang_ngai_communes_2025.geojson")?;
    units.extend(real_units("quang_ngai_province_2025.geojson")?);
    Some(units)
}

#[test]
fn the_communes_of_the_real_province_fit_each_other_and_the_province_in_every_tile() {
    let Some(units) = real_province() else { return };
    let map = BorderMap::new(&units);
    let mut looked_at = 0;
    // From zoom 2 on, none of the units is so small that it is drawn larger than it is.
    for z in 2..=MAX_ZOOM {
        let tiles = tiles_of(&units, z);
        let every = (tiles.len() / 12).max(1);
        for coord in tiles.into_iter().step_by(every) {
            let communes = checked_tile(&map, coord, Level::Commune, TODAY);
            let province = checked_tile(&map, coord, Level::Province, TODAY);
            let mut chain = Chain::default();
            for (_, rings) in &communes {
                add_to_chain(&mut chain, rings, 1);
            }
            for (_, rings) in &province {
                add_to_chain(&mut chain, rings, -1);
            }
            chain.retain(|_, count| *count != 0);
            assert!(chain.is_empty(), "{coord:?}: {chain:?}");
            let area = |units: &[(UnitId, Vec<Vec<TileVertex>>)]| -> i64 {
                units.iter().flat_map(|(_, rings)| rings).map(|ring| doubled_area(ring)).sum()
            };
            assert_eq!(area(&communes), area(&province), "{coord:?}");
            looked_at += communes.len();
        }
    }
    assert!(looked_at > 500, "{looked_at} polygons");
}

#[test]
fn no_real_unit_crosses_or_touches_itself_in_any_tile() {
    let Some(mut units) = real_province() else { return };
    let old = real_units("quang_ngai_kon_tum_communes_before_2025-07.geojson").expect("the other files are there");
    units.extend(old);
    let map = BorderMap::new(&units);
    let mut looked_at = 0;
    for z in 2..=16 {
        let tiles = tiles_of(&units, z);
        let every = (tiles.len() / 12).max(1);
        for coord in tiles.into_iter().step_by(every) {
            for (level, day) in [(Level::Commune, 20_000), (Level::Commune, 20_400), (Level::Province, 20_400)] {
                let drawn = checked_tile(&map, coord, level, Day(day));
                for (unit, rings) in &drawn {
                    assert_valid(*unit, coord, rings);
                }
                looked_at += drawn.len();
            }
        }
    }
    assert!(looked_at > 1_000, "{looked_at} polygons");
}

#[test]
fn a_place_in_the_real_province_is_drawn_in_one_commune() {
    let Some(units) = real_province() else { return };
    let map = BorderMap::new(&units);
    let mut seed = 1_u32;
    let mut random = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 8) / f64::from(1 << 24) * f64::from(EXTENT)
    };
    let (mut inside, mut shared) = (0, 0);
    for z in [5, 7, 9, 11, 13] {
        let tiles = tiles_of(&units, z);
        let every = (tiles.len() / 10).max(1);
        for coord in tiles.into_iter().step_by(every) {
            let communes = checked_tile(&map, coord, Level::Commune, TODAY);
            let province = checked_tile(&map, coord, Level::Province, TODAY);
            for _ in 0..200 {
                let (x, y) = (random(), random());
                let holders = communes.iter().filter(|(_, rings)| winding(rings, x, y) != 0).count();
                let held = province.iter().any(|(_, rings)| winding(rings, x, y) != 0);
                assert!(held == (holders > 0), "{coord:?} {x} {y}: {holders}");
                inside += holders.min(1);
                shared += usize::from(holders > 1);
            }
        }
    }
    // Rounding can fold a border over itself by a tile unit.
    assert!(inside > 1_000 && shared * 1_000 <= inside, "{inside} inside, {shared} in several");
}

fn square(id: i32, level: Level, corners: (f64, f64, f64, f64)) -> Unit {
    let (west, south, east, north) = corners;
    let ring = LineString::from(vec![(west, south), (east, south), (east, north), (west, north), (west, south)]);
    unit(id, level, MultiPolygon(vec![Polygon::new(ring, vec![])]))
}

fn unit(id: i32, level: Level, geometry: MultiPolygon<f64>) -> Unit {
    Unit {
        id: UnitId(id),
        level,
        code: id.to_string(),
        name: String::new(),
        full_name: String::new(),
        kind: String::new(),
        parent: None,
        valid: DayInterval::ALWAYS,
        schematic: false,
        geometry,
    }
}

#[test]
fn a_unit_never_vanishes_however_small() {
    let units = [square(1, Level::Commune, (108.0, 15.0, 108.000_01, 15.000_01))];
    let map = BorderMap::new(&units);
    for z in 0..=MAX_ZOOM {
        let drawn: usize =
            tiles_of(&units, z).into_iter().map(|coord| checked_tile(&map, coord, Level::Commune, TODAY).len()).sum();
        let names: usize =
            tiles_of(&units, z).into_iter().map(|coord| map.labels(coord, Level::Commune, TODAY).len()).sum();
        assert!(drawn >= 1, "zoom {z}");
        assert_eq!(names, 1, "zoom {z}");
    }
}

#[test]
fn a_unit_is_drawn_only_at_its_level_and_in_its_time() {
    let mut old = square(1, Level::Commune, (108.0, 15.0, 109.0, 16.0));
    old.valid.to = Some(Day(100));
    let mut new = square(2, Level::Commune, (108.0, 15.0, 109.0, 16.0));
    new.valid.from = Some(Day(100));
    let map = BorderMap::new(&[old, new, square(3, Level::District, (108.0, 15.0, 109.0, 16.0))]);
    let coord = TileCoord::new(0, 0, 0).unwrap();
    let drawn = |level, day| map.tile(coord, level, Day(day)).iter().map(|shape| shape.unit.0).collect::<Vec<_>>();
    assert_eq!(drawn(Level::Commune, 99), [1]);
    assert_eq!(drawn(Level::Commune, 100), [2]);
    assert_eq!(drawn(Level::District, 99), [3]);
    assert!(drawn(Level::Province, 99).is_empty());
    let shapes = |level| map.tile(coord, level, Day(99)).remove(0).commands;
    assert_eq!(shapes(Level::Commune), shapes(Level::District), "the same polygon at two levels");
}

#[test]
fn a_tile_deep_inside_a_unit_is_all_unit() {
    let map = BorderMap::new(&[square(1, Level::Province, (-180.0, -90.0, 180.0, 90.0))]);
    let coord = TileCoord::new(22, 3_000_000, 2_000_000).unwrap();
    let drawn = checked_tile(&map, coord, Level::Province, TODAY);
    assert_eq!(doubled_area(&drawn[0].1[0]), 2 * i64::from(EXTENT + 2 * BUFFER).pow(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rings_make_valid_tiles(
        rings in prop::collection::vec(prop::collection::vec((-180.0..=180.0_f64, -90.0..=90.0_f64), 0..30), 0..6),
        z in 0_u8..=6, x in 0_u32..64, y in 0_u32..64,
    ) {
        let polygon = |ring: &Vec<(f64, f64)>| Polygon::new(LineString::from(ring.clone()), vec![]);
        let whole = MultiPolygon(rings.iter().map(polygon).collect());
        let holes = rings.iter().skip(1).map(|ring| LineString::from(ring.clone())).collect();
        let holed = rings.first().map(|ring| Polygon::new(LineString::from(ring.clone()), holes));
        let units = [unit(1, Level::Commune, whole), unit(2, Level::Commune, MultiPolygon(holed.into_iter().collect()))];
        let map = BorderMap::new(&units);
        checked_tile(&map, TileCoord::new(z, x % (1 << z), y % (1 << z)).unwrap(), Level::Commune, TODAY);
    }

    #[test]
    fn cells_of_a_bent_grid_fit_in_every_tile(
        shifts in prop::collection::vec((-0.4..0.4_f64, -0.4..0.4_f64), 36),
        z in 5_u8..=14, x in 0.0..1.0_f64, y in 0.0..1.0_f64,
    ) {
        // Five by five cells of 0.01 degree whose inner corners are moved; one unit is their sum.
        let corner = |column: usize, row: usize| {
            let inner = (1..5).contains(&column) && (1..5).contains(&row);
            let (dx, dy) = if inner { shifts[row * 6 + column] } else { (0.0, 0.0) };
            (108.0 + 0.01 * (column as f64 + dx), 15.0 + 0.01 * (row as f64 + dy))
        };
        let ring = |corners: Vec<(usize, usize)>| {
            let ring: Vec<(f64, f64)> = corners.into_iter().map(|(column, row)| corner(column, row)).collect();
            MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])])
        };
        let cells = (0..25).map(|n| (n % 5, n / 5)).map(|(c, r)| ring(vec![(c, r), (c + 1, r), (c + 1, r + 1), (c, r + 1)]));
        let mut units: Vec<Unit> = cells.enumerate().map(|(n, cell)| unit(n as i32, Level::Commune, cell)).collect();
        let around = (0..20).map(|n| match n / 5 { 0 => (n, 0), 1 => (5, n - 5), 2 => (15 - n, 5), _ => (0, 20 - n) });
        units.push(unit(25, Level::District, ring(around.collect())));
        let at = World::from_lon_lat(LonLat { lon: 108.0 + 0.05 * x, lat: 15.0 + 0.05 * y });
        let side = f64::from(1_u32 << z);
        let coord = TileCoord::new(z, (at.x * side) as u32, (at.y * side) as u32).unwrap();
        let map = BorderMap::new(&units);
        let mut chain = Chain::default();
        for (level, times) in [(Level::Commune, 1), (Level::District, -1)] {
            for (unit, rings) in checked_tile(&map, coord, level, TODAY) {
                assert_valid(unit, coord, &rings);
                add_to_chain(&mut chain, &rings, times);
            }
        }
        chain.retain(|_, count| *count != 0);
        // Only a cell that rounding turned over may be missing.
        prop_assert!(chain.len() <= 8, "{coord:?}: {chain:?}");
    }
}
