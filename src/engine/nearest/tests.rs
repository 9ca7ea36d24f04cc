use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::*;
use crate::engine::made_up::{changed_parts, parts};
use crate::engine::parts::Parts;
use crate::model::Feature;

fn place(lon: f64, lat: f64) -> LonLat {
    // A step over the edge of the map comes out on the other side.
    let lon = if lon > 180.0 { lon - 360.0 } else { lon };
    LonLat { lon: if lon < -180.0 { lon + 360.0 } else { lon }, lat: lat.clamp(-90.0, 90.0) }
}

fn anywhere(random: &mut StdRng) -> LonLat {
    place(random.random_range(-180.0..=180.0), random.random_range(-90.0..=90.0))
}

fn near(random: &mut StdRng, at: LonLat, degrees: f64) -> LonLat {
    place(at.lon + random.random_range(-degrees..=degrees), at.lat + random.random_range(-degrees..=degrees))
}

/// Places that are alike in some way, each way with what goes wrong there.
fn places(random: &mut StdRng, kind: usize, count: usize) -> Vec<LonLat> {
    let centre = anywhere(random);
    let towns: Vec<LonLat> = (0..5).map(|_| near(random, centre, 2.0)).collect();
    let wide = if random.random_bool(0.5) { 30.0 } else { 0.05 };
    let mut one = |index: usize| match kind {
        0 => anywhere(random),
        // Towns, and a spot on which very many lie.
        1 if index.is_multiple_of(3) => centre,
        1 => near(random, towns[index % 5], 0.02),
        // One spot; a second one in the same cell.
        2 if index.is_multiple_of(2) => place(centre.lon, centre.lat + 1e-9),
        2 => centre,
        // A road, straight and aslant.
        3 => place(centre.lon + index as f64 * 1e-4, centre.lat + index as f64 * 3e-5),
        // Along a meridian, and across the edge of the map.
        4 => place(180.0 + random.random_range(-wide..wide), centre.lat / 2.0 + random.random_range(-0.1..0.1)),
        // At a pole, where many have one key.
        5 => place(random.random_range(-180.0..=180.0), 90.0_f64.copysign(centre.lat)),
        6 => {
            place(random.random_range(-180.0..=180.0), (90.0 - random.random_range(0.0..6.0_f64)).copysign(centre.lat))
        }
        // A grid: many are equally far.
        _ => place((index % 40) as f64 * 0.001 - 0.02, (index / 40) as f64 * 0.001),
    };
    (0..count).map(&mut one).collect()
}

fn features(places: &[LonLat]) -> Vec<Feature> {
    let feature = |(at, id): (&LonLat, u64)| Feature { id, at: *at, values: Vec::new(), units: Vec::new() };
    places.iter().zip(0..).map(feature).collect()
}

/// Where to ask from: at the features, beside them, far from them, on their other side of the world, at poles and edges.
fn askers(random: &mut StdRng, places: &[LonLat]) -> Vec<LonLat> {
    let some = *places.choose(random).unwrap();
    let across = place(some.lon + 180.0, -some.lat);
    let mut askers = vec![some, near(random, some, 0.01), near(random, some, 0.5), near(random, some, 8.0)];
    askers.extend([anywhere(random), across, near(random, across, 0.1), near(random, across, 12.0)]);
    askers.extend([place(some.lon, 90.0), place(0.0, -90.0), place(180.0, some.lat), place(-180.0, some.lat)]);
    askers
}

fn chosen<'a>(random: &mut StdRng, parts: &'a Parts, share: f64) -> Selected<'a> {
    let words = |part: &crate::engine::parts::Part| {
        let word =
            |random: &mut StdRng| (0..BLOCK).fold(0, |word, bit| word | u64::from(random.random_bool(share)) << bit);
        (0..part.columns.len().div_ceil(BLOCK)).map(|_| word(random)).collect()
    };
    let words = parts.iter().map(words).collect();
    Selected::everything(parts).kept(words)
}

fn by_brute_force(selected: &Selected<'_>, at: LonLat) -> Vec<(Row, f64)> {
    let parts = selected.parts();
    let mut all: Vec<(Row, f64)> = selected.rows().map(|row| (row, distance_m(at, parts.at(row)))).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(parts.id(a.0).cmp(&parts.id(b.0))));
    all
}

#[test]
fn the_nearest_are_as_by_brute_force() {
    let mut random = StdRng::seed_from_u64(5);
    for round in 0..32 {
        let size = *[40, 700, 700, 3_000].choose(&mut random).unwrap();
        let places = places(&mut random, round % 8, size);
        let features = features(&places);
        let parts = if round % 3 == 0 { parts(&features) } else { changed_parts(&features) };
        for share in [1.0, 0.3, 0.01, 0.001] {
            let selected = if share < 1.0 { chosen(&mut random, &parts, share) } else { Selected::everything(&parts) };
            for at in askers(&mut random, &places) {
                let (brute, count) = (by_brute_force(&selected, at), random.random_range(1..=50));
                let found = nearest(&selected, at, count);
                assert_eq!(found, brute[..count.min(brute.len())], "round {round}, {share} of {size}, {at:?}, {count}");
            }
        }
    }
}

#[test]
fn few_of_very_many_are_found_wherever_they_are() {
    let mut random = StdRng::seed_from_u64(6);
    for kind in [0, 1, 3] {
        let places = places(&mut random, kind, 12_000);
        let parts = changed_parts(&features(&places));
        for share in [0.002, 0.000_3, 0.0] {
            let selected = chosen(&mut random, &parts, share);
            for at in askers(&mut random, &places) {
                let brute = by_brute_force(&selected, at);
                assert_eq!(nearest(&selected, at, 3), brute[..brute.len().min(3)], "{kind} {share} {at:?}");
            }
        }
    }
}

#[test]
fn those_of_which_none_is_near_are_found() {
    let mut random = StdRng::seed_from_u64(8);
    for kind in [0, 1, 3] {
        let places = places(&mut random, kind, 12_000);
        let parts = changed_parts(&features(&places));
        for at in askers(&mut random, &places) {
            let mut brute = by_brute_force(&Selected::everything(&parts), at);
            let mut words = Selected::everything(&parts).words();
            brute.drain(..9_000).for_each(|(Row { part, row }, _)| {
                words[part as usize][row as usize / BLOCK] &= !(1 << (row as usize % BLOCK));
            });
            let selected = Selected::everything(&parts).kept(words);
            assert_eq!(nearest(&selected, at, 12), brute[..12], "{kind} {at:?}");
        }
    }
}

#[test]
fn of_many_on_one_spot_those_with_the_least_ids_come_first() {
    let spot = place(108.8, 15.1);
    // The second is another place in the same cell, the third another cell.
    let spots = [spot, place(108.8, 15.1 + 1e-9), place(108.801, 15.1)];
    let places: Vec<LonLat> = (0..9_000).map(|index| spots[index / 7 % 3]).collect();
    for parts in [parts(&features(&places)), changed_parts(&features(&places))] {
        let everything = Selected::everything(&parts);
        let half =
            everything.words().iter().map(|words| words.iter().map(|_| 0x5555_5555_5555_5555).collect()).collect();
        for selected in [Selected::everything(&parts), Selected::everything(&parts).kept(half)] {
            for at in [spot, spots[1], place(108.8, 15.2), place(0.0, 0.0)] {
                let (found, effort) = nearest_with_effort(&selected, at, 20);
                assert_eq!(found, by_brute_force(&selected, at)[..20]);
                assert!(effort.measured <= 100, "{effort:?}");
            }
        }
    }
}

#[test]
fn what_it_takes_grows_neither_with_the_distance_nor_with_the_layer() {
    let mut random = StdRng::seed_from_u64(7);
    let town = place(108.8, 15.1);
    let askers =
        [town, place(108.9, 15.1), place(109.4, 15.2), place(0.0, 0.0), place(-120.0, 80.0), place(180.0, -40.0)];
    for size in [4_000, 80_000] {
        let places: Vec<LonLat> = (0..size).map(|_| near(&mut random, town, 0.3)).collect();
        let parts = parts(&features(&places));
        let (everything, hundredth) = (Selected::everything(&parts), chosen(&mut random, &parts, 0.01));
        for at in askers {
            let (_, Effort { cells, rows, measured }) = nearest_with_effort(&everything, at, 10);
            assert!(cells < 400 && rows < 800 && measured < 80, "{size} {at:?}: {cells} {rows} {measured}");
            let (_, Effort { cells, rows, measured }) = nearest_with_effort(&hundredth, at, 10);
            assert!(
                cells < 2_000 && rows < 1_500 && measured < 80,
                "a hundredth of {size} {at:?}: {cells} {rows} {measured}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_row_is_nearer_than_its_cell_is_at_least(
        at in (-180.0..=180.0_f64, -90.0..=90.0_f64), row in (-180.0..=180.0_f64, -90.0..=90.0_f64),
        bits in 0_u32..=32, close in 0_u8..4,
    ) {
        let (at, row) = (place(at.0, at.1), place(row.0, row.1));
        let row = if close == 0 { place(at.lon + row.lon / 1e3, at.lat + row.lat / 1e3) } else { row };
        let key = Cell::from_world(World::from_lon_lat(row)).key();
        let rest = if bits == 32 { u64::MAX } else { (1 << (2 * bits)) - 1 };
        let cell = Quarters::of_rows(&[key & !rest, key | rest], &(0..2));
        let (least_m, exact_m) = (cell.least_m(&Around::new(at)), distance_m(at, row));
        prop_assert!(least_m <= exact_m, "{} m, not {}", exact_m, least_m);
        // Not so careful that it says nothing: a cell is at most 10 mm wide where its bits end.
        if bits == 0 && row.lat.abs() < 85.0 {
            prop_assert!(exact_m - least_m <= exact_m * 1e-4 + 0.04, "{} m, but {}", exact_m, least_m);
        }
    }
}
