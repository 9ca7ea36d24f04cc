//! A tile of points as most are: what is begun with where codes of one's own would not pay.

use crate::engine::tile::{LayerEncoder, PropertyValue};

const FEATURES: usize = 250;
/// Its fields, and their values.
const FIELDS: [(&str, [&str; 6]); 4] = [
    ("category", ["theft", "traffic", "fraud", "public_order", "fire", "other"]),
    ("severity", ["1", "2", "3", "minor", "major", "critical"]),
    ("status", ["reported", "open", "in progress", "closed", "rejected", "reopened"]),
    ("source", ["hotline", "patrol", "citizen", "camera", "app", "station"]),
];

/// The tile, the same each time: its points lie anywhere, have any value of each field, and ids up to a million.
pub fn tile() -> Vec<u8> {
    let mut layer = LayerEncoder::new();
    let keys = FIELDS.map(|(name, _)| layer.key(name));
    // D. E. Knuth's generator, of which the high bits are good enough.
    let mut state = 1_u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    for _ in 0..FEATURES {
        let values = FIELDS.map(|(_, values)| layer.value(PropertyValue::Text(values[below(values.len())])));
        let at = (below(4096) as i32, below(4096) as i32);
        layer.point_feature(below(1_000_000) as u64, keys.into_iter().zip(values), at);
    }
    layer.finish("police.incidents")
}
