//! Points of few bytes, put together without a check.

use super::commands::{MOVE_TO_ONE, zigzag};
use super::encode::{GeomType, tag};

/// Room for a point that is put together aside, bytes: a power of two.
pub(super) const ASIDE_BYTES: usize = 256;
/// What a point with few properties takes at most.
const USUAL_BYTES: usize = 48;
/// Properties that such a point has at most: with every number as long as it can be they still fit.
pub(super) const MOST_ASIDE: usize = 20;

/// A feature that is put together where there is room for it in any case.
pub(super) struct Aside {
    bytes: [u8; ASIDE_BYTES],
    length: usize,
}

impl Aside {
    /// With nothing in it. Making one takes as long as putting a point together: it is made once.
    pub(super) fn new() -> Self {
        Self { bytes: [0; ASIDE_BYTES], length: 0 }
    }

    /// Adds what was put together.
    pub(super) fn add_to(&self, bytes: &mut Vec<u8>) {
        let end = bytes.len() + self.length;
        // A few bytes too many, of a number that is known, are copied sooner than just as many as there are.
        if self.length <= USUAL_BYTES {
            bytes.extend_from_slice(&self.bytes[..USUAL_BYTES]);
        } else {
            bytes.extend_from_slice(&self.bytes[..self.length]);
        }
        bytes.truncate(end);
    }

    /// Puts together a point as [`LayerEncoder::point_feature`] has it. Whether it is short enough: each of its lengths takes one
    /// byte.
    ///
    /// [`LayerEncoder::point_feature`]: super::LayerEncoder::point_feature
    pub(super) fn point(&mut self, id: u64, tags: impl Iterator<Item = (u32, u32)>, (x, y): (i32, i32)) -> bool {
        self.length = 0;
        self.push(tag::LAYER_FEATURE);
        let feature = self.begin();
        self.push(tag::FEATURE_TAGS);
        let begun = self.begin();
        for (key, value) in tags {
            self.varint(u64::from(key));
            self.varint(u64::from(value));
        }
        if self.length == begun {
            self.length -= 2;
        } else {
            self.end(begun);
        }
        for byte in [tag::FEATURE_TYPE, GeomType::Point as u8, tag::FEATURE_GEOMETRY] {
            self.push(byte);
        }
        let geometry = self.begin();
        self.push(MOVE_TO_ONE as u8);
        self.varint(u64::from(zigzag(x)));
        self.varint(u64::from(zigzag(y)));
        self.end(geometry);
        self.push(tag::FEATURE_ID);
        self.varint(id);
        self.end(feature);
        self.length - feature < 0x80
    }

    /// Keeps a byte for a length.
    fn begin(&mut self) -> usize {
        self.push(0);
        self.length
    }

    fn end(&mut self, begun: usize) {
        self.bytes[(begun - 1) % ASIDE_BYTES] = (self.length - begun) as u8;
    }

    fn push(&mut self, byte: u8) {
        // The remainder is the length: it spares the check.
        self.bytes[self.length % ASIDE_BYTES] = byte;
        self.length += 1;
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }
}
