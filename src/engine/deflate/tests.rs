//! Judged by two unpackers of others: libdeflate, and flate2's in Rust.

use std::io::Read;

use proptest::prelude::*;

use super::PointPacker;
use super::code::Code;
use crate::engine::compress::gzip_at;
use crate::engine::tile::{LayerEncoder, PropertyValue};

/// A tile of points with that many fields of that many values each, anywhere or all in one place.
fn tile(features: u64, (fields, values): (u32, u64), apart: bool) -> Vec<u8> {
    let mut layer = LayerEncoder::new();
    let names: Vec<_> = (0..fields).map(|field| layer.key(&format!("field {field}"))).collect();
    let mut noise = 1_u64;
    for id in 0..features {
        let mut next = || {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            noise >> 33
        };
        let tags: Vec<_> =
            names.iter().map(|key| (*key, layer.value(PropertyValue::Unsigned(next() % values)))).collect();
        let at = if apart { ((next() % 4096) as i32, (next() % 4096) as i32) } else { (7, 7) };
        layer.point_feature(if apart { next() } else { id % 2 }, tags.into_iter(), at);
    }
    layer.finish("police.incidents")
}

/// Packs into as much room as the tile has itself, and some.
fn gzip(packer: &mut PointPacker, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut room = vec![0; bytes.len() + 64];
    let length = packer.gzip(bytes, &mut room)?;
    room.truncate(length);
    Some(room)
}

fn unpacked(packed: &[u8], length: usize) -> Vec<u8> {
    let mut plain = vec![0; length];
    libdeflater::Decompressor::new().gzip_decompress(packed, &mut plain).unwrap();
    let mut other = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut other).unwrap();
    assert_eq!(plain, other);
    plain
}

#[test]
fn tiles_of_points_come_back_as_they_were() {
    let mut packer = PointPacker::new();
    // Of some hundred to a hundred thousand bytes, so of one block and of many; with matches longer than the longest, and with none.
    for features in [128, 300, 3_000] {
        for fields in [0, 1, 2, 4, 8, 30, 63] {
            for values in [1, 3, 100, 300, 20_000] {
                for apart in [true, false] {
                    let plain = tile(features, (fields, values), apart);
                    if let Some(packed) = gzip(&mut packer, &plain) {
                        assert!(
                            unpacked(&packed, plain.len()) == plain,
                            "{features} of {fields} fields, {values} values"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_tile_of_points_is_smaller_than_by_others_or_nearly() {
    for (features, fields, values, most) in [
        (150, 4, 5, 1.12),
        (250, 4, 5, 1.08),
        (300, 4, 5, 1.03),
        (3_000, 4, 10, 1.0),
        (10_000, 4, 10, 1.0),
        (3_000, 1, 5, 1.0),
        (3_000, 8, 3, 0.95),
    ] {
        let plain = tile(features, (fields, values), true);
        let (own, other) = (gzip(&mut PointPacker::new(), &plain).unwrap(), gzip_at(1, &plain).unwrap());
        let ratio = own.len() as f64 / other.len() as f64;
        assert!(
            ratio < most,
            "{features} features, {fields} fields of {values} values: {} bytes, {ratio} of them",
            own.len()
        );
    }
}

#[test]
fn what_is_no_tile_of_points_is_left_to_others() {
    let mut packer = PointPacker::new();
    let mut polygons = LayerEncoder::new();
    for id in 0..300 {
        polygons.feature(Some(id)).polygon(&[9, 2, 2, 18, 8, 8, 9, 9, 15]);
    }
    let polygons = polygons.finish("units.commune");
    let points = tile(300, (4, 10), true);
    assert!(gzip(&mut packer, &points).is_some());
    let both = [&points[..], &polygons].concat();
    let few = tile(20, (4, 10), true);
    // Mostly texts and numbers that are not looked at.
    let values = tile(300, (8, 1 << 30), true);
    for (name, bytes) in [
        ("nothing", &[][..]),
        ("polygons", &polygons),
        ("points and polygons", &both),
        ("few points", &few),
        ("many values", &values),
        ("cut short", &points[..points.len() - 1]),
        ("a byte too many", &[&points[..], &[0]].concat()),
        ("JSON", br#"{"type":"FeatureCollection","features":[]}"#),
    ] {
        assert!(gzip(&mut packer, bytes).is_none(), "{name}");
    }
    assert!(gzip(&mut packer, &[&points[..], &points].concat()).is_some(), "two layers of points");
}

#[test]
fn a_tile_that_does_not_fit_is_left_to_others_and_writes_nothing_beyond() {
    let plain = tile(3_000, (4, 10), true);
    let mut packer = PointPacker::new();
    let length = gzip(&mut packer, &plain).unwrap().len();
    for short in [0, 9, 10, 100, length / 2, length - 1] {
        assert_eq!(packer.gzip(&plain, &mut vec![0; short]), None, "{short}");
    }
    let mut room = vec![0; length + 8];
    assert_eq!(packer.gzip(&plain, &mut room), Some(length));
    assert!(unpacked(&room[..length], plain.len()) == plain);
}

#[test]
fn a_tile_is_packed_into_the_same_bytes_whatever_was_packed_before() {
    let plain = tile(3_000, (4, 10), true);
    let first = gzip(&mut PointPacker::new(), &plain).unwrap();
    let mut packer = PointPacker::new();
    for other in [tile(500, (4, 10), true), tile(70, (0, 1), false), plain.clone(), tile(9_000, (4, 12), true)] {
        gzip(&mut packer, &other);
        assert!(gzip(&mut packer, &plain).unwrap() == first);
    }
    // Places are told from a beginning that goes on and on: here it comes to its end.
    packer.places.wear_out(plain.len() as u32 + 1);
    for _ in 0..4 {
        assert!(gzip(&mut packer, &plain).unwrap() == first);
    }
}

/// The bits that symbols take which occur so often.
fn bits<const N: usize>(counts: &[u32; N], code: &Code<N>) -> u64 {
    counts.iter().zip(&code.lengths).map(|(count, bits)| u64::from(*count) * u64::from(*bits)).sum()
}

/// How much of all words of 15 bits the code takes: 2¹⁵ when it is complete.
fn taken<const N: usize>(code: &Code<N>) -> u32 {
    code.lengths.iter().filter(|bits| **bits > 0).map(|bits| 1_u32 << (15 - bits)).sum()
}

#[test]
fn a_code_is_complete_even_of_one_symbol_or_none() {
    for counts in [
        [0; 30],
        {
            let mut one = [0; 30];
            one[7] = 9;
            one
        },
        {
            let mut one = [0; 30];
            one[0] = 9;
            one
        },
    ] {
        let code = Code::new(&counts, 15);
        assert_eq!(taken(&code), 1 << 15, "{counts:?}");
        assert!(counts.iter().zip(code.lengths).all(|(count, bits)| *count == 0 || bits == 1));
    }
}

#[test]
fn a_code_of_counts_like_fibonacci_numbers_is_shortened_and_stays_complete() {
    let mut counts = [1_u32; 30];
    for at in 2..30 {
        counts[at] = counts[at - 1] + counts[at - 2];
    }
    for longest in [5, 7, 14, 15] {
        let code = Code::new(&counts, longest);
        assert_eq!(taken(&code), 1 << 15);
        assert!(code.lengths.iter().all(|bits| usize::from(*bits) <= longest));
        assert!(code.lengths.windows(2).all(|two| two[0] >= two[1]), "a rarer symbol has no shorter code");
    }
}

/// The bits that the best code takes: the sum of all nodes' weights.
fn least_bits(counts: &[u32]) -> u64 {
    let mut nodes: Vec<u64> = counts.iter().filter(|count| **count > 0).map(|count| u64::from(*count)).collect();
    let mut sum = 0;
    while nodes.len() > 1 {
        nodes.sort_unstable_by(|one, other| other.cmp(one));
        let node = nodes.pop().unwrap() + nodes.pop().unwrap();
        sum += node;
        nodes.push(node);
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_code_is_the_best_there_is(counts in prop::collection::vec(prop_oneof![Just(0), 1..9_u32, 1..2_000_u32], 30)) {
        let counts: [u32; 30] = counts.try_into().unwrap();
        prop_assume!(counts.iter().filter(|count| **count > 0).count() > 1);
        let code = Code::new(&counts, 15);
        prop_assert_eq!(bits(&counts, &code), least_bits(&counts));
        prop_assert_eq!(taken(&code), 1 << 15);
    }

    /// Whatever stands where features should: never a panic, never other bytes.
    #[test]
    fn spoilt_tiles_come_back_as_they_were(
        fields in 0..5_u32,
        spoilt in prop::collection::vec((0..9_000_usize, any::<u8>()), 0..6),
        cut in 0..9_000_usize,
    ) {
        let mut plain = tile(300, (fields, 7), true);
        for (at, byte) in spoilt {
            let length = plain.len();
            plain[at % length] = byte;
        }
        plain.truncate(cut.max(100));
        let mut packer = PointPacker::new();
        for bytes in [&plain[..], &[&tile(100, (fields, 7), true)[..], &plain].concat()] {
            if let Some(packed) = gzip(&mut packer, bytes) {
                prop_assert!(unpacked(&packed, bytes.len()) == bytes);
            }
        }
    }
}
