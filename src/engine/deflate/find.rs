//! What of a tile was there before.

use super::spots::{Spots, word};
use super::symbols::{MAX_MATCH, WINDOW};
use super::tokens::Tokens;

/// Type, tag and length of the geometry and its command, bytes: they follow the tags, and then comes the place.
const HEAD_OF_PLACE: usize = 5;
/// Bytes that are looked for at once: those before the tags and two pairs of them, then four pairs, or what is left.
const PIECE: usize = 8;
/// The shortest match of a place that is taken, bytes: a shorter one takes as many bits as they do themselves.
const LEAST_MATCH: usize = 4;
/// Log₂ of the number of places that are remembered: a window of short features has some 3,000 pieces.
const SLOT_BITS: u32 = 13;
const SLOTS: usize = 1 << SLOT_BITS;

/// Where pieces were seen last, by what they are: a place is told from `since` on, so that what other tiles left counts as nothing.
pub struct Places {
    last: Vec<u32>,
    since: u32,
}

impl Places {
    /// None yet.
    pub fn new() -> Self {
        Self { last: vec![0; SLOTS], since: 1 }
    }

    /// Tells a tile in tokens. What is found in it does not depend on others before. `None` where it is too large.
    pub fn find(&mut self, bytes: &[u8], tokens: &mut Tokens) -> Option<()> {
        let behind = u32::try_from(bytes.len()).ok().and_then(|used| self.since.checked_add(used));
        let since = if let Some(behind) = behind {
            std::mem::replace(&mut self.since, behind)
        } else {
            self.last.fill(0);
            self.since = u32::try_from(bytes.len()).ok()?.checked_add(1)?;
            1
        };
        tokens.begin(bytes.len());
        let mut finder = Finder { last: self.last.first_chunk_mut()?, since, bytes, tokens, anchor: 0 };
        let mut last_place = (0, None);
        for spot in Spots::new(bytes) {
            let place = spot.tags_end + HEAD_OF_PLACE;
            finder.tags((spot.feature, spot.tags_end), place);
            last_place = finder.place(place, last_place);
        }
        let Finder { tokens, anchor, .. } = finder;
        tokens.literals(bytes, anchor, bytes.len());
        Some(())
    }

    /// As after very many tiles: so many bytes fit in before it begins anew.
    #[cfg(test)]
    pub fn wear_out(&mut self, left: u32) {
        self.since = u32::MAX - left;
    }
}

/// Goes through a tile.
struct Finder<'a> {
    last: &'a mut [u32; SLOTS],
    since: u32,
    bytes: &'a [u8],
    tokens: &'a mut Tokens,
    /// The first byte for which there is no token yet.
    anchor: usize,
}

impl Finder<'_> {
    /// What is before the place of a feature, piece by piece. Where a piece was there before, so are the next ones mostly, behind it or
    /// elsewhere: no byte between them is looked at, and whether one is there is all that has to be guessed.
    #[inline]
    fn tags(&mut self, (feature, tags_end): (usize, usize), place: usize) {
        let mut at = feature;
        // Where the match that ends here goes on; here itself where none does.
        let mut source = at;
        while let Some(here) = word(self.bytes, at).filter(|_| at < tags_end) {
            let piece = PIECE.min(place - at);
            let key = if piece < PIECE { here << (8 * (PIECE - piece)) } else { here };
            let before = self.seen(at, key);
            let is_last = at + PIECE >= tags_end;
            let on = self.alike((at, source), here, is_last);
            if on >= piece {
                self.tokens.longer(on);
                self.anchor += on;
                source += on;
            } else {
                let found = self.alike((at, before), here, is_last);
                source = at + PIECE;
                // The feature before may have been told beyond its end.
                if found >= piece && at >= self.anchor {
                    self.matched((at, before), found);
                    source = before + found;
                }
            }
            at += PIECE;
        }
    }

    /// Where the key was seen last; it is seen at `at` now.
    #[inline]
    fn seen(&mut self, at: usize, key: u64) -> usize {
        let slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOT_BITS)) as usize;
        let last = std::mem::replace(&mut self.last[slot], self.since.wrapping_add(at as u32));
        last.wrapping_sub(self.since) as usize
    }

    /// How many bytes of a piece are those from `before` on, and of the last piece of some more behind it.
    #[inline]
    fn alike(&self, (at, before): (usize, usize), here: u64, is_last: bool) -> usize {
        if at.wrapping_sub(before).wrapping_sub(1) >= WINDOW {
            return 0;
        }
        let same = |here: Option<u64>, there: Option<u64>| match (here, there) {
            (Some(here), Some(there)) => ((here ^ there).trailing_zeros() / 8) as usize,
            _ => 0,
        };
        let piece = same(Some(here), word(self.bytes, before));
        if piece < PIECE || !is_last {
            return piece;
        }
        PIECE + same(word(self.bytes, at + PIECE), word(self.bytes, before + PIECE))
    }

    /// From afar many points have the place of the one before: four bytes tell, before more is looked at.
    #[inline]
    fn place(&mut self, place: usize, last: (usize, Option<u32>)) -> (usize, Option<u32>) {
        let four = word(self.bytes, place).map(|eight| eight as u32);
        if four == last.1 {
            let at = self.anchor.max(place);
            let before = at - place + last.0;
            let length = alike(self.bytes, at, before);
            if length >= LEAST_MATCH && at - before <= WINDOW {
                self.matched((at, before), length);
            }
        }
        (place, four)
    }

    /// Tells that so many bytes at a place are those at one before.
    #[inline]
    fn matched(&mut self, (at, before): (usize, usize), length: usize) {
        self.tokens.literals(self.bytes, self.anchor, at);
        self.tokens.matched(length, (at - before - 1) as u16);
        self.anchor = at + length;
    }
}

/// How many bytes from `at` on are the same as from `before` on, 258 at most.
#[inline]
fn alike(bytes: &[u8], at: usize, before: usize) -> usize {
    let mut same = 0;
    while same < MAX_MATCH {
        let (Some(here), Some(there)) = (word(bytes, at + same), word(bytes, before + same)) else {
            // The last bytes of a tile, which are no feature's.
            break;
        };
        let differ = here ^ there;
        if differ != 0 {
            same += (differ.trailing_zeros() / 8) as usize;
            break;
        }
        same += 8;
    }
    same.min(MAX_MATCH)
}
