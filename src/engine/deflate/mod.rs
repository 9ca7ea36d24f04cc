//! Gzip of tiles of points, by what is known of them: DEFLATE (RFC 1951) in gzip's frame (RFC 1952).
//!
//! Packing is most of what an uncached tile costs. A general packer looks at every byte for something that was there before; of
//! a point feature, id and place practically never were, while its tags mostly were, as a whole or from one pair on, and all that
//! is around them always was. So only there is looked (`spots`, `steps`), and what is found is written with codes made for each
//! block (`block`, `code`), as any packer does.
//!
//! The result depends on the bytes alone: not on what was packed before, and not on the processor.

mod bits;
mod block;
mod code;
mod spots;
mod steps;
mod symbols;
#[cfg(test)]
mod tests;

use bits::BitWriter;
use block::{Counts, Next, Step};
use libdeflater::Crc;
use spots::Spots;
use steps::{BLOCK_STEPS, Places};

/// A file without a name or a time, packed fast, of no particular system (RFC 1952 §2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
/// The fewest features for which codes are worth their while.
const LEAST_FEATURES: usize = 128;
/// Of eight bytes of a tile, so many at least are the features': what else there is, texts above all, is not looked at here.
const LEAST_EIGHTHS: usize = 6;

/// Packs tiles of points one after the other.
pub struct PointPacker {
    places: Places,
    steps: Box<[Step; BLOCK_STEPS]>,
}

impl PointPacker {
    /// With its tables, some 80 kB.
    pub fn new() -> Self {
        Self { places: Places::new(), steps: Box::new([Step::default(); BLOCK_STEPS]) }
    }

    /// Puts the bytes of a tile into the room as gzip: how many bytes it has then. `None` where they are not a tile of points mostly,
    /// or do not fit: a general packer does better there.
    pub fn gzip(&mut self, bytes: &[u8], room: &mut [u8]) -> Option<usize> {
        // They are gone through twice: to know what they are takes a twentieth of packing them, to begin in vain much of it.
        let mut spots = Spots::new(bytes);
        let (mut features, mut in_features) = (0, 0);
        for spot in spots.by_ref() {
            features += 1;
            in_features += spot.end - spot.feature;
        }
        if !spots.whole() || features < LEAST_FEATURES || in_features * 8 < bytes.len() * LEAST_EIGHTHS {
            return None;
        }
        room.get_mut(..HEADER.len())?.copy_from_slice(&HEADER);
        let mut out = BitWriter::new(room, HEADER.len());
        let mut finder = self.places.begin(bytes.len())?;
        let mut spots = Spots::new(bytes);
        let mut at = 0;
        loop {
            let mut counts = Counts::new();
            let (many, next) = finder.block(bytes, &mut spots, (&mut self.steps, &mut counts));
            at = block::write(&mut out, bytes, at, (&self.steps[..many], &counts), next);
            if next == Next::End {
                break;
            }
        }
        let mut check = Crc::new();
        check.update(bytes);
        out.end([check.sum(), bytes.len() as u32])
    }
}
