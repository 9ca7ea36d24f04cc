//! A `PMTiles` 3 archive of given tiles, so that Martin serves the very bytes that Bandoso has in its cache.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use bandoso::model::TileCoord;
use flate2::Compression;
use flate2::write::GzEncoder;

const HEADER_BYTES: usize = 127;
/// Of the specification: gzip, and Mapbox vector tiles.
const GZIP: u8 = 2;
const MVT: u8 = 1;

/// Writes an archive of tiles that are gzip already. Few enough for one directory: some thousands.
pub fn write(file: &Path, tiles: &[(TileCoord, Vec<u8>)]) {
    let by_id: BTreeMap<u64, (&TileCoord, &Vec<u8>)> =
        tiles.iter().map(|(coord, body)| (tile_id(*coord), (coord, body))).collect();
    let bodies: Vec<&Vec<u8>> = by_id.values().map(|(_, body)| *body).collect();
    let directory = directory(&by_id.keys().copied().collect::<Vec<_>>(), &bodies);
    let metadata = gzip(br#"{"vector_layers":[{"id":"bench.points","fields":{}}]}"#);
    let data: Vec<u8> = bodies.iter().flat_map(|body| body.iter().copied()).collect();
    let zooms = || by_id.values().map(|(coord, _)| coord.z());

    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend(b"PMTiles\x03");
    let mut at = HEADER_BYTES as u64;
    // Root directory, metadata, leaf directories (none), tiles: each with its place and length.
    for length in [directory.len(), metadata.len(), 0, data.len()] {
        header.extend(at.to_le_bytes());
        header.extend((length as u64).to_le_bytes());
        at += length as u64;
    }
    // Tiles addressed, entries, contents.
    for _ in 0..3 {
        header.extend((by_id.len() as u64).to_le_bytes());
    }
    header.extend([1, GZIP, GZIP, MVT, zooms().min().unwrap_or(0), zooms().max().unwrap_or(0)]);
    for degrees in [-180_i32, -85, 180, 85] {
        header.extend((degrees * 10_000_000).to_le_bytes());
    }
    header.push(8);
    header.extend([0; 8]);
    assert_eq!(header.len(), HEADER_BYTES);
    std::fs::write(file, [header, directory, metadata, data].concat()).unwrap();
}

/// Entries by columns: differences of ids, run lengths, lengths, places (0: behind the one before).
fn directory(ids: &[u64], bodies: &[&Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint(&mut bytes, ids.len() as u64);
    let mut before = 0;
    for id in ids {
        varint(&mut bytes, id - before);
        before = *id;
    }
    for _ in ids {
        varint(&mut bytes, 1);
    }
    for body in bodies {
        varint(&mut bytes, body.len() as u64);
    }
    for index in 0..ids.len() {
        varint(&mut bytes, u64::from(index == 0));
    }
    gzip(&bytes)
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tile's number: all tiles of smaller zooms, then its place on the Hilbert curve of its zoom.
fn tile_id(coord: TileCoord) -> u64 {
    let smaller: u64 = (0..coord.z()).map(|z| 1_u64 << (2 * u32::from(z))).sum();
    let (mut x, mut y, mut place) = (u64::from(coord.x()), u64::from(coord.y()), 0);
    let mut side = (1_u64 << coord.z()) / 2;
    while side > 0 {
        let (right, low) = (u64::from(x & side > 0), u64::from(y & side > 0));
        place += side * side * ((3 * right) ^ low);
        if low == 0 {
            if right == 1 {
                // Only the bits below `side` are looked at from here on.
                (x, y) = ((side - 1).wrapping_sub(x), (side - 1).wrapping_sub(y));
            }
            (x, y) = (y, x);
        }
        side /= 2;
    }
    smaller + place
}
