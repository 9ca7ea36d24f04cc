//! Before anything is timed: both servers draw the same points.

use std::collections::HashMap;
use std::io::Read;

use bandoso::model::TileCoord;
use fast_mvt::{MvtGeometry, MvtReaderRef, MvtValueRef};

use crate::load::Client;

/// Width of a tile and of its buffer in tile units.
const EXTENT: i32 = 4096;
const BUFFER: i32 = 64;
/// Units by which two ways of rounding may differ.
const ROUNDING: i32 = 2;

/// A feature of a tile: where it is, and its properties.
#[derive(Debug, PartialEq)]
struct Drawn {
    x: i32,
    y: i32,
    properties: HashMap<String, String>,
}

/// A tile as it came.
pub struct Tile {
    /// By id.
    features: HashMap<u64, Drawn>,
    /// Of features inside, cells counted as often as they say.
    inside: u64,
}

/// A body without its gzip.
pub fn unpacked(client: &Client) -> Vec<u8> {
    if client.header("content-encoding") != Some("gzip") {
        return client.body().to_vec();
    }
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(client.body()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Fetches and decodes a tile of points.
pub fn fetch(client: &mut Client, path: &str) -> Tile {
    let status = client.get(path, "");
    assert!(matches!(status, Some(200 | 204)), "{path}: {status:?}");
    let bytes = unpacked(client);
    let mut tile = Tile { features: HashMap::new(), inside: 0 };
    let reader = MvtReaderRef::new(&bytes).unwrap();
    for feature in reader.layers().flat_map(fast_mvt::MvtLayerRef::features) {
        let MvtGeometry::Point(at) = feature.geometry().unwrap() else { panic!("{path}: not a point") };
        let properties = feature.properties_vec().unwrap().into_iter();
        let properties: HashMap<_, _> = properties.map(|(key, value)| (key.to_owned(), text(value))).collect();
        let (x, y) = (at.x(), at.y());
        if (0..EXTENT).contains(&x) && (0..EXTENT).contains(&y) {
            tile.inside += properties.get("count").map_or(1, |count| count.parse().unwrap());
        }
        if let Some(id) = feature.id() {
            tile.features.insert(id, Drawn { x, y, properties });
        }
    }
    tile
}

fn text(value: MvtValueRef<'_>) -> String {
    match value {
        MvtValueRef::String(text) => text.to_owned(),
        MvtValueRef::Int(number) | MvtValueRef::SInt(number) => number.to_string(),
        MvtValueRef::UInt(number) => number.to_string(),
        MvtValueRef::Float(number) => number.to_string(),
        MvtValueRef::Double(number) => number.to_string(),
        MvtValueRef::Bool(truth) => truth.to_string(),
        MvtValueRef::Null => String::new(),
    }
}

/// Panics unless both have the same ids with the same four values; on the rim of the buffer either may have more.
pub fn compare(ours: &Tile, peer: &Tile, coord: TileCoord, fields: &str) {
    let on_rim = |at: i32| (at + BUFFER).abs() <= ROUNDING || (at - EXTENT - BUFFER).abs() <= ROUNDING;
    for (have, other) in [(ours, peer), (peer, ours)] {
        for (id, drawn) in &have.features {
            // Martin widens its box in degrees, so it has points beyond the buffer too.
            let beyond = |at: i32| !(-BUFFER..=EXTENT + BUFFER).contains(&at);
            let may_lack = [drawn.x, drawn.y].into_iter().any(|at| on_rim(at) || beyond(at));
            let Some(same) = other.features.get(id) else {
                assert!(may_lack, "{coord:?}: only one of both has {id} at {}, {}", drawn.x, drawn.y);
                continue;
            };
            let apart = (drawn.x - same.x).abs().max((drawn.y - same.y).abs());
            assert!(apart <= ROUNDING, "{coord:?}: {id} is {apart} units apart");
            for field in fields.split(',') {
                assert_eq!(drawn.properties.get(field), same.properties.get(field), "{coord:?}: {field} of {id}");
            }
        }
    }
}

/// Panics unless the counts of a dense tile make up its header and, but for rounding on the tile's border, the peer's points.
pub fn adds_up(cells: &Tile, header: Option<&str>, peer: &Tile, coord: TileCoord) {
    let promised: u64 = header.and_then(|text| text.parse().ok()).unwrap_or(0);
    assert_eq!(cells.inside, promised, "{coord:?}: the counts make up the header");
    let apart = cells.inside.abs_diff(peer.inside);
    assert!(apart as f64 <= 3.0 + peer.inside as f64 * 0.002, "{coord:?}: {} against {}", cells.inside, peer.inside);
}
