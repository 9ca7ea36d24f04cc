//! Points of few bytes, most points: written where there is room for them in any case, which takes half the time.

use super::commands::{MOVE_TO_ONE, zigzag};
use super::encode::{GeomType, tag};

/// Room for a short point, bytes: a power of two.
pub(super) const ROOM: usize = 256;
/// What a point with few properties takes at most.
const USUAL_BYTES: usize = 48;
/// Properties that a short point has at most: with every number as long as it can be they still fit.
pub(super) const MOST_PROPERTIES: usize = 20;

/// Bytes of a key or value's index or of a coordinate, at most, and of an id.
const INDEX_BYTES: usize = 5;
const ID_BYTES: usize = 10;
/// What else there is: field and length of the feature, of its tags and of its geometry; field and number of its type; the
/// command; the field of its id.
const OTHER_BYTES: usize = 3 * 2 + 2 + 1 + 1;
const _: () = assert!(OTHER_BYTES + 2 * INDEX_BYTES + ID_BYTES + MOST_PROPERTIES * 2 * INDEX_BYTES <= ROOM);

/// A point feature of fewer than 128 bytes, written into a fixed array: every length is then one byte and nothing is checked.
/// [`LayerEncoder`](super::LayerEncoder) writes the same bytes the long way.
pub(super) struct ShortPoint {
    bytes: [u8; ROOM],
    length: usize,
}

impl ShortPoint {
    /// With nothing in it. Making one takes as long as writing a point: it is made once.
    pub(super) fn new() -> Self {
        Self { bytes: [0; ROOM], length: 0 }
    }

    /// Adds what was written.
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

    /// Writes a point. False where it is not short: then nothing of it is of use.
    pub(super) fn write(&mut self, id: u64, tags: impl Iterator<Item = (u32, u32)>, (x, y): (i32, i32)) -> bool {
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
        self.bytes[(begun - 1) % ROOM] = (self.length - begun) as u8;
    }

    fn push(&mut self, byte: u8) {
        // The remainder is the length: it spares the check.
        self.bytes[self.length % ROOM] = byte;
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
