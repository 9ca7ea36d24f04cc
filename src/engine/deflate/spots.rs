//! Where the points of a tile are.

use crate::engine::tile::{GeomType, tag};

/// The type, a point, and the tag of the geometry, as they lie behind the tags.
const POINT_GEOMETRY: [u8; 3] = [tag::FEATURE_TYPE, GeomType::Point as u8, tag::FEATURE_GEOMETRY];

/// A point feature: where its parts lie, bytes from the beginning of the tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The first byte, its tag within the layer; then come its length, the tag of its tags and theirs.
    pub feature: usize,
    /// The numbers of its keys and values.
    pub tags: usize,
    /// Behind them.
    pub tags_end: usize,
    /// Behind the feature.
    pub end: usize,
}

/// The features of a tile whose features are points, each with tags, its type, its geometry and what else in this order and of less
/// than 128 bytes: as this engine writes nearly all of them.
#[derive(Debug, Clone)]
pub struct Spots<'a> {
    bytes: &'a [u8],
    at: usize,
    layer_end: usize,
}

impl<'a> Spots<'a> {
    /// Of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, layer_end: 0 }
    }

    /// Whether the walk came to the end, rather than to something else than such features.
    pub fn whole(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// A part that is not a feature: goes past it. `None` where there is none.
    fn pass(&mut self) -> Option<()> {
        let field = *self.bytes.get(self.at)?;
        let (number, behind) = varint(self.bytes, self.at + 1)?;
        if self.at >= self.layer_end {
            self.layer_end = behind.checked_add(number)?;
            self.at = behind;
            return (field == tag::TILE_LAYER).then_some(());
        }
        self.at = match field {
            tag::LAYER_NAME | tag::LAYER_KEY | tag::LAYER_VALUE => behind.checked_add(number)?,
            tag::LAYER_EXTENT | tag::LAYER_VERSION => behind,
            _ => return None,
        };
        Some(())
    }

    #[inline]
    fn spot(&self) -> Option<Spot> {
        let feature = self.at;
        let [_, length @ 0..128, tag::FEATURE_TAGS, count @ 0..128] = *self.bytes.get(feature..feature + 4)? else {
            return None;
        };
        let tags = feature + 4;
        let tags_end = tags + usize::from(count);
        let end = feature + 2 + usize::from(length);
        // What follows the tags, whatever it is, ends with the feature.
        let point = self.bytes.get(tags_end..tags_end + 3)? == POINT_GEOMETRY;
        (point && tags_end + 3 < end && end <= self.bytes.len()).then_some(Spot { feature, tags, tags_end, end })
    }
}

impl Iterator for Spots<'_> {
    type Item = Spot;

    #[inline]
    fn next(&mut self) -> Option<Spot> {
        while self.at >= self.layer_end || self.bytes.get(self.at) != Some(&tag::LAYER_FEATURE) {
            self.pass()?;
        }
        let spot = self.spot()?;
        self.at = spot.end;
        Some(spot)
    }
}

/// Eight bytes as a number, the first in the least place. `None` where there are fewer.
#[inline]
pub fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.first_chunk().map(|eight| u64::from_le_bytes(*eight))
}

/// A number of up to 28 bits, and where it ends.
fn varint(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut number = 0;
    for shift in [0, 7, 14, 21] {
        let byte = *bytes.get(at)?;
        at += 1;
        number |= usize::from(byte & 127) << shift;
        if byte < 128 {
            return Some((number, at));
        }
    }
    None
}
