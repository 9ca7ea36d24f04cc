//! Gzip of tiles of points, by what is known of them: DEFLATE (RFC 1951) in gzip's frame (RFC 1952).
//!
//! Packing is most of what an uncached tile costs. A general packer looks at every byte for something that was there before; of
//! a point feature, id and place practically never were, while its tags mostly were, some at a time, and all that is around them
//! always was. So only there is looked (`spots`, `find`). What is found is told in tokens (`tokens`), and they are written with codes
//! (`block`, `code`): codes made for each block, as any packer does, or, in a small tile, where making and telling them takes as long
//! as all the rest, those that fit such tiles in common (`common`).
//!
//! The result depends on the bytes alone: not on what was packed before, and not on the processor.

mod bits;
mod block;
mod code;
mod common;
mod find;
mod spots;
mod symbols;
#[cfg(test)]
mod tests;
mod tokens;

use bits::{Begun, BitWriter};
use block::{Counts, Next, Words};
use find::Places;
use libdeflater::Crc;
use spots::Spots;
use tokens::Tokens;

/// A file without a name or a time, packed fast, of no particular system (RFC 1952 §2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
/// The fewest features that are packed here: with fewer, what is around them counts for more.
const LEAST_FEATURES: usize = 128;
/// Of eight bytes of a tile, so many at least are the features': what else there is, texts above all, is not looked at here.
const LEAST_EIGHTHS: usize = 6;
/// Up to so many tokens a tile has the codes that are common to all: half the time of codes of its own, for some 4 % more bytes.
const COMMON_CODES: usize = 4_000;
/// Room for the codes of a block, bytes: more than any take.
const CODES_BYTES: usize = 512;

/// Packs tiles of points one after the other.
pub struct PointPacker {
    places: Places,
    tokens: Tokens,
    header: Begun,
    own: Words,
    /// The header and the beginning of the only block.
    common: (Begun, Words),
}

impl PointPacker {
    /// With its tables, some 100 kB.
    pub fn new() -> Self {
        let (mut places, mut tokens, tile) = (Places::new(), Tokens::new(find::ROOM), common::tile());
        if let Some(mut finder) = places.begin(&tile) {
            finder.block(&mut tokens);
        }
        let counts = Counts::of(tokens.all()).and_each();
        let mut words = Words::new();
        let begun = Begun::new(HEADER.len() + CODES_BYTES, |out| {
            header(out);
            block::begin(out, &counts, &mut words, Next::End);
        });
        Self { places, tokens, header: Begun::new(2 * HEADER.len(), header), own: Words::new(), common: (begun, words) }
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
        let tokens = &mut self.tokens;
        let mut finder = self.places.begin(bytes)?;
        let mut next = finder.block(tokens);
        let mut out;
        if next == Next::End && tokens.all().len() <= COMMON_CODES {
            let (begun, words) = &self.common;
            out = BitWriter::new(room, begun)?;
            block::write(&mut out, tokens.all(), words);
        } else {
            out = BitWriter::new(room, &self.header)?;
            loop {
                block::begin(&mut out, &Counts::of(tokens.all()), &mut self.own, next);
                block::write(&mut out, tokens.all(), &self.own);
                if next == Next::End {
                    break;
                }
                next = finder.block(tokens);
            }
        }
        let mut check = Crc::new();
        check.update(bytes);
        out.end([check.sum(), bytes.len() as u32])
    }
}

fn header(out: &mut BitWriter) {
    for byte in HEADER {
        out.add(u64::from(byte), 8);
        out.flush();
    }
}
