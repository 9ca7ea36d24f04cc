//! Mapbox Vector Tile 2.1 (<https://github.com/mapbox/vector-tile-spec/tree/master/2.1>), written straight to bytes.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::commands::{MOVE_TO_ONE, zigzag};
use super::short_point::{MOST_PROPERTIES, ROOM, ShortPoint};
use crate::model::EXTENT;

/// Protobuf tags of the fields used: number × 8 + wire type (0 varint, 1 eight bytes, 2 length and bytes).
pub(in crate::engine) mod tag {
    pub const TILE_LAYER: u8 = 3 << 3 | 2;
    pub const LAYER_NAME: u8 = 1 << 3 | 2;
    pub const LAYER_FEATURE: u8 = 2 << 3 | 2;
    pub const LAYER_KEY: u8 = 3 << 3 | 2;
    pub const LAYER_VALUE: u8 = 4 << 3 | 2;
    pub const LAYER_EXTENT: u8 = 5 << 3;
    pub const LAYER_VERSION: u8 = 15 << 3;
    pub const FEATURE_ID: u8 = 1 << 3;
    pub const FEATURE_TAGS: u8 = 2 << 3 | 2;
    pub const FEATURE_TYPE: u8 = 3 << 3;
    pub const FEATURE_GEOMETRY: u8 = 4 << 3 | 2;
    pub const VALUE_STRING: u8 = 1 << 3 | 2;
    pub const VALUE_DOUBLE: u8 = 3 << 3 | 1;
    pub const VALUE_UINT: u8 = 5 << 3;
    pub const VALUE_SINT: u8 = 6 << 3;
    pub const VALUE_BOOL: u8 = 7 << 3;
}

/// A feature's geometry type, by its number in the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeomType {
    /// One point.
    Point = 1,
    /// Polygons.
    Polygon = 3,
}

/// A property's value on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PropertyValue<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number from 0.
    Unsigned(u64),
    /// A whole number.
    Signed(i64),
    /// A finite number.
    Real(f64),
    /// True or false.
    Boolean(bool),
}

/// About what a point with an id and some properties takes.
const FEATURE_BYTES: usize = 32;
const MOST_RESERVED: usize = 1 << 16;

/// Writes the features of one layer, one after the other: each as a [`LayerEncoder::feature`], or as a point at once.
pub struct LayerEncoder {
    keys: Vec<u8>,
    key_count: u32,
    features: Vec<u8>,
    values: Vec<u8>,
    value_count: u32,
    /// Where in `values` each value that may come again lies, and its index.
    known: HashTable<(u32, u32, u32)>,
    scratch: Vec<u8>,
    short: ShortPoint,
}

impl LayerEncoder {
    /// A layer without features.
    pub fn new() -> Self {
        Self {
            keys: Vec::new(),
            key_count: 0,
            features: Vec::new(),
            values: Vec::new(),
            value_count: 0,
            known: HashTable::new(),
            scratch: Vec::new(),
            short: ShortPoint::new(),
        }
    }

    /// Makes room for about so many features to come; very many make it for themselves, for a filter may leave few of them.
    pub fn reserve(&mut self, features: usize) {
        self.features.reserve(features.min(MOST_RESERVED) * FEATURE_BYTES + ROOM);
    }

    /// Adds a point with its properties, as indexes of keys and values. `at` in tile units.
    ///
    /// Most are short, and their lengths take a byte: such a one is written on its own and added in one go, which takes half the
    /// time.
    pub fn point_feature(&mut self, id: u64, tags: impl Iterator<Item = (u32, u32)> + Clone, at: (i32, i32)) {
        let few = tags.size_hint().1.is_some_and(|most| most <= MOST_PROPERTIES);
        if few && self.short.write(id, tags.clone(), at) {
            self.short.add_to(&mut self.features);
            return;
        }
        let mut feature = self.feature(Some(id));
        tags.for_each(|(key, value)| feature.tag(key, value));
        feature.point(at.0, at.1);
    }

    /// Adds a property's name and gives its index.
    pub fn key(&mut self, name: &str) -> u32 {
        self.keys.push(tag::LAYER_KEY);
        text(&mut self.keys, name);
        self.key_count += 1;
        self.key_count - 1
    }

    /// Adds a value that is known to be unlike all before.
    pub fn new_value(&mut self, value: PropertyValue<'_>) -> u32 {
        self.values.extend_from_slice(&[tag::LAYER_VALUE, 0]);
        let begun = self.values.len();
        write_value(&mut self.values, value);
        set_length(&mut self.values, begun);
        self.value_count += 1;
        self.value_count - 1
    }

    /// The index of a value, added when it is new.
    pub fn value(&mut self, value: PropertyValue<'_>) -> u32 {
        self.scratch.clear();
        write_value(&mut self.scratch, value);
        let hash = xxh3_64(&self.scratch);
        let values = &self.values;
        let same = |(from, to, _): &(u32, u32, u32)| values[*from as usize..*to as usize] == *self.scratch;
        if let Some((.., index)) = self.known.find(hash, same) {
            return *index;
        }
        let index = self.push_scratch();
        let (values, to) = (&self.values, self.values.len());
        let rehash = |(from, to, _): &(u32, u32, u32)| xxh3_64(&values[*from as usize..*to as usize]);
        self.known.insert_unique(hash, ((to - self.scratch.len()) as u32, to as u32, index), rehash);
        index
    }

    fn push_scratch(&mut self) -> u32 {
        self.values.push(tag::LAYER_VALUE);
        varint(&mut self.values, self.scratch.len() as u64);
        self.values.extend_from_slice(&self.scratch);
        self.value_count += 1;
        self.value_count - 1
    }

    /// Begins a feature.
    pub fn feature(&mut self, id: Option<u64>) -> FeatureEncoder<'_> {
        // Lengths are written when they are known; one byte is kept for each.
        self.features.extend_from_slice(&[tag::LAYER_FEATURE, 0]);
        let begun = self.features.len();
        self.features.extend_from_slice(&[tag::FEATURE_TAGS, 0]);
        let tags_begun = self.features.len();
        FeatureEncoder { layer: self, begun, tags_begun, id }
    }

    /// The layer with its tag and length; nothing when it has no feature, as section 4.1 asks.
    pub fn finish(self, name: &str) -> Vec<u8> {
        if self.features.is_empty() {
            return Vec::new();
        }
        let mut layer = self.features;
        layer.extend_from_slice(&self.keys);
        layer.extend_from_slice(&self.values);
        layer.push(tag::LAYER_EXTENT);
        varint(&mut layer, u64::from(EXTENT));
        let mut first = vec![tag::LAYER_VERSION, 2, tag::LAYER_NAME];
        text(&mut first, name);
        let mut head = Vec::with_capacity(first.len() + 11);
        head.push(tag::TILE_LAYER);
        varint(&mut head, (first.len() + layer.len()) as u64);
        head.extend_from_slice(&first);
        // Moving the bytes up where they are costs less than other memory for them.
        layer.splice(0..0, head);
        layer
    }
}

/// A feature that is being written: its properties, then what it is. Only then is it whole.
#[must_use]
pub struct FeatureEncoder<'a> {
    layer: &'a mut LayerEncoder,
    /// Where in the layer's bytes it begins, and its tags: after the byte that is kept for the length.
    begun: usize,
    tags_begun: usize,
    id: Option<u64>,
}

impl FeatureEncoder<'_> {
    /// Gives it a property: the index of its key, and the value.
    pub fn property(&mut self, key: u32, value: PropertyValue<'_>) {
        let value = self.layer.value(value);
        self.tag(key, value);
    }

    /// Ends it as a point. `x`, `y` in tile units.
    pub fn point(self, x: i32, y: i32) {
        self.end(GeomType::Point, &[MOVE_TO_ONE, zigzag(x), zigzag(y)]);
    }

    /// Ends it as a polygon. `commands` as in section 4.3 of the specification.
    pub fn polygon(self, commands: &[u32]) {
        self.end(GeomType::Polygon, commands);
    }

    fn tag(&mut self, key: u32, value: u32) {
        varint(&mut self.layer.features, u64::from(key));
        varint(&mut self.layer.features, u64::from(value));
    }

    fn end(self, kind: GeomType, commands: &[u32]) {
        let features = &mut self.layer.features;
        if features.len() == self.tags_begun {
            features.truncate(self.tags_begun - 2);
        } else {
            set_length(features, self.tags_begun);
        }
        features.extend_from_slice(&[tag::FEATURE_TYPE, kind as u8, tag::FEATURE_GEOMETRY, 0]);
        let geometry = features.len();
        for command in commands {
            varint(features, u64::from(*command));
        }
        set_length(features, geometry);
        // The id comes last, which the order of fields is free to be: all that is the same in many features lies together, and packs
        // into less in less time.
        if let Some(id) = self.id {
            features.push(tag::FEATURE_ID);
            varint(features, id);
        }
        set_length(features, self.begun);
    }
}

impl Default for LayerEncoder {
    fn default() -> Self {
        Self::new()
    }
}

fn write_value(bytes: &mut Vec<u8>, value: PropertyValue<'_>) {
    match value {
        PropertyValue::Text(value) => {
            bytes.push(tag::VALUE_STRING);
            text(bytes, value);
        }
        PropertyValue::Unsigned(value) => {
            bytes.push(tag::VALUE_UINT);
            varint(bytes, value);
        }
        PropertyValue::Signed(value) => {
            if let Ok(value) = u64::try_from(value) {
                return write_value(bytes, PropertyValue::Unsigned(value));
            }
            bytes.push(tag::VALUE_SINT);
            varint(bytes, ((value << 1) ^ (value >> 63)) as u64);
        }
        PropertyValue::Real(value) => {
            bytes.push(tag::VALUE_DOUBLE);
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        PropertyValue::Boolean(value) => bytes.extend_from_slice(&[tag::VALUE_BOOL, u8::from(value)]),
    }
}

fn text(bytes: &mut Vec<u8>, value: &str) {
    varint(bytes, value.len() as u64);
    bytes.extend_from_slice(value.as_bytes());
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Writes how many bytes there are from `start` on into the byte before it; a length that takes more bytes pushes them back.
fn set_length(bytes: &mut Vec<u8>, start: usize) {
    let length = bytes.len() - start;
    if length < 0x80 {
        bytes[start - 1] = length as u8;
        return;
    }
    let mut written = Vec::with_capacity(5);
    varint(&mut written, length as u64);
    bytes.splice(start - 1..start, written);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_takes_the_bytes_that_it_needs() {
        for length in [0, 1, 127, 128, 300, 16_383, 16_384] {
            let mut bytes = vec![7, 0];
            bytes.resize(2 + length, 9);
            set_length(&mut bytes, 2);
            let mut expected = vec![7];
            varint(&mut expected, length as u64);
            expected.resize(expected.len() + length, 9);
            assert_eq!(bytes, expected, "{length}");
        }
    }

    #[test]
    fn a_short_point_is_written_as_any_other() {
        for (id, most, value) in
            [(1, 0, 0), (127, 1, 127), (128, 4, 128), (u64::MAX, 20, u32::MAX), (7, 21, 3), (7, 41, 3)]
        {
            for at in [(0, 0), (-64, 4_160), (i32::MIN, i32::MAX)] {
                let tags = (0..most).map(|key| (key, value));
                let (mut whole, mut piecewise) = (LayerEncoder::new(), LayerEncoder::new());
                whole.point_feature(id, tags.clone(), at);
                let mut feature = piecewise.feature(Some(id));
                tags.for_each(|(key, value)| feature.tag(key, value));
                feature.point(at.0, at.1);
                assert_eq!(whole.features, piecewise.features, "{id}, {most} tags of {value}, {at:?}");
            }
        }
    }

    #[test]
    fn a_layer_without_features_is_not_written() {
        let mut layer = LayerEncoder::new();
        layer.key("name");
        assert!(layer.finish("police.incidents").is_empty());
    }

    #[test]
    fn equal_values_are_written_once_and_unequal_ones_apart() {
        let mut layer = LayerEncoder::new();
        let one = layer.value(PropertyValue::Signed(1));
        assert_eq!(layer.value(PropertyValue::Unsigned(1)), one);
        assert_ne!(layer.value(PropertyValue::Text("1")), one);
        assert_ne!(layer.value(PropertyValue::Real(1.0)), one);
        assert_ne!(layer.value(PropertyValue::Signed(-1)), one);
    }
}
