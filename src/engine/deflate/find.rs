//! What of a tile was there before.

use super::block::Next;
use super::spots::{Spot, Spots, word};
use super::symbols::{MAX_MATCH, WINDOW};
use super::tokens::Tokens;

/// Type, tag and length of the geometry and its command, bytes: they follow the tags, and then comes the place.
const HEAD_OF_PLACE: usize = 5;
/// Bytes that are looked for at once: those before the tags and two pairs of them, then four pairs, or what is left.
const PIECE: usize = 8;
/// The shortest match of a place that is taken, bytes: a shorter one takes as many bits as they do themselves.
const LEAST_MATCH: usize = 4;
/// Tokens of a block, more or less: codes follow what a tile has in one place, and are told once in 50 kB.
const BLOCK: usize = 24_576;
/// Bytes between features that are told at once.
const BETWEEN: usize = 4_096;
/// Room for the tokens of any block: when one more is seen to be needed, what is told is that much, and two features of less than 130
/// bytes.
pub const ROOM: usize = BLOCK + BETWEEN + 2 * 130;
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

    /// Begins a tile. What is found in it does not depend on others before. `None` where it is too large.
    pub fn begin<'a>(&'a mut self, bytes: &'a [u8]) -> Option<Finder<'a>> {
        let behind = u32::try_from(bytes.len()).ok().and_then(|used| self.since.checked_add(used));
        let since = if let Some(behind) = behind {
            std::mem::replace(&mut self.since, behind)
        } else {
            self.last.fill(0);
            self.since = u32::try_from(bytes.len()).ok()?.checked_add(1)?;
            1
        };
        let mut spots = Spots::new(bytes);
        let next = spots.next();
        Some(Finder { last: self.last.first_chunk_mut()?, since, bytes, spots, next, anchor: 0, last_place: (0, None) })
    }

    /// As after very many tiles: so many bytes fit in before it begins anew.
    #[cfg(test)]
    pub fn wear_out(&mut self, left: u32) {
        self.since = u32::MAX - left;
    }
}

/// Goes through the features of a tile, in blocks.
pub struct Finder<'a> {
    last: &'a mut [u32; SLOTS],
    since: u32,
    bytes: &'a [u8],
    spots: Spots<'a>,
    /// The feature that comes next.
    next: Option<Spot>,
    /// The first byte for which there is no token yet.
    anchor: usize,
    /// Where the last feature's place is, and its first four bytes.
    last_place: (usize, Option<u32>),
}

impl Finder<'_> {
    /// Puts the tokens of the next block down, no more than [`ROOM`]: what follows it.
    pub fn block(&mut self, tokens: &mut Tokens) -> Next {
        tokens.clear();
        while tokens.all().len() < BLOCK {
            let features = self.next.map_or(self.bytes.len(), |spot| spot.feature);
            let between = features.saturating_sub(self.anchor).min(BETWEEN);
            if between == BETWEEN || self.next.is_none() {
                // Names and values lie before and behind the features of a layer, and may be long.
                tokens.literals(self.bytes, self.anchor, self.anchor + between);
                self.anchor += between;
            } else if let Some(spot) = std::mem::replace(&mut self.next, self.spots.next()) {
                let place = spot.tags_end + HEAD_OF_PLACE;
                self.tags(tokens, (spot.feature, spot.tags_end), place);
                self.place(tokens, place);
            }
            if self.next.is_none() && self.anchor >= self.bytes.len() {
                return Next::End;
            }
        }
        Next::Block
    }

    /// What is before the place of a feature, piece by piece. Where a piece was there before, so are the next ones mostly, behind it or
    /// elsewhere: no byte between them is looked at, and whether one is there is all that has to be guessed.
    #[inline]
    fn tags(&mut self, tokens: &mut Tokens, (feature, tags_end): (usize, usize), place: usize) {
        let mut at = feature;
        // Where the match that ends here goes on; here itself where none does.
        let mut source = at;
        while let Some(here) = word(self.bytes, at).filter(|_| at < tags_end) {
            let piece = PIECE.min(place - at);
            let key = if piece < PIECE { here << (8 * (PIECE - piece)) } else { here };
            let before = self.seen(at, key);
            // Behind the last piece some more may be alike.
            let most = if at + PIECE < tags_end { PIECE } else { 2 * PIECE };
            let on = self.piece_alike((at, source), here, most);
            if on >= piece {
                tokens.longer(on);
                self.anchor += on;
                source += on;
            } else {
                let found = self.piece_alike((at, before), here, most);
                source = at + PIECE;
                // The feature before may have been told beyond its end.
                if found >= piece && at >= self.anchor {
                    self.matched(tokens, (at, before), found);
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

    /// How many bytes are those from `before` on: of a piece that begins so, or of two.
    #[inline]
    fn piece_alike(&self, (at, before): (usize, usize), here: u64, most: usize) -> usize {
        if at.wrapping_sub(before).wrapping_sub(1) >= WINDOW {
            return 0;
        }
        let same = |here: Option<u64>, there: Option<u64>| match (here, there) {
            (Some(here), Some(there)) => ((here ^ there).trailing_zeros() / 8) as usize,
            _ => 0,
        };
        let piece = same(Some(here), word(self.bytes, before));
        if piece < PIECE || most == PIECE {
            return piece;
        }
        PIECE + same(word(self.bytes, at + PIECE), word(self.bytes, before + PIECE))
    }

    /// From afar many points have the place of the one before: four bytes tell, before more is looked at.
    #[inline]
    fn place(&mut self, tokens: &mut Tokens, place: usize) {
        let four = word(self.bytes, place).map(|eight| eight as u32);
        let (last, last_four) = std::mem::replace(&mut self.last_place, (place, four));
        if four == last_four {
            let at = self.anchor.max(place);
            let before = at - place + last;
            let length = run_alike(self.bytes, at, before);
            if length >= LEAST_MATCH && at - before <= WINDOW {
                self.matched(tokens, (at, before), length);
            }
        }
    }

    /// Tells that so many bytes at a place are those at one before.
    #[inline]
    fn matched(&mut self, tokens: &mut Tokens, (at, before): (usize, usize), length: usize) {
        tokens.literals(self.bytes, self.anchor, at);
        tokens.matched(length, (at - before - 1) as u16);
        self.anchor = at + length;
    }
}

/// How many bytes from `at` on are the same as from `before` on, 258 at most.
#[inline]
fn run_alike(bytes: &[u8], at: usize, before: usize) -> usize {
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
