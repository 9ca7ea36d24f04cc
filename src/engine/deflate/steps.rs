//! What of a tile was there before.

use super::block::{Counts, Next, Step};
use super::spots::{Spots, word};
use super::symbols::{MAX_MATCH, WINDOW};

/// Steps of a block: codes follow what a tile has in one place, and are told once in 50 kB.
pub const BLOCK_STEPS: usize = 2048;
/// The most steps that one feature makes: its head, its place, and its tags, which have less than 128 bytes, two of them at least for each.
const FEATURE_STEPS: usize = 66;

/// Type, tag and length of the geometry and its command, bytes: behind them comes the place.
const HEAD_OF_PLACE: usize = 5;

/// The shortest match that is taken, bytes: a shorter one takes as many bits as they do themselves.
const LEAST_MATCH: usize = 4;

/// Log₂ of the number of places that are remembered: a window of short features has some 8,000 pairs of tags.
const PLACES_BITS: u32 = 13;

/// Where tags were seen last, by what they are: a place is told from `since` on, so that what other tiles left counts as nothing.
pub struct Places {
    last: Vec<u32>,
    since: u32,
}

impl Places {
    pub fn new() -> Self {
        Self { last: vec![0; 1 << PLACES_BITS], since: 1 }
    }

    /// Begins a tile of that many bytes. What is found in it does not depend on others before.
    pub fn begin(&mut self, used: usize) -> Option<Finder<'_>> {
        let behind = u32::try_from(used).ok().and_then(|used| self.since.checked_add(used));
        let since = if let Some(behind) = behind {
            std::mem::replace(&mut self.since, behind)
        } else {
            self.last.fill(0);
            self.since = u32::try_from(used).ok()?.checked_add(1)?;
            1
        };
        Some(Finder { last: &mut self.last, since, anchor: 0 })
    }

    /// As after very many tiles: so many bytes fit in before it begins anew.
    #[cfg(test)]
    pub fn wear_out(&mut self, left: u32) {
        self.since = u32::MAX - left;
    }
}

/// Goes through the features of a tile, in blocks.
pub struct Finder<'a> {
    last: &'a mut [u32],
    since: u32,
    /// The first byte for which there is no step yet.
    anchor: usize,
}

impl Finder<'_> {
    /// Puts the steps of the next block down: how many they are, and what follows it.
    pub fn block(
        &mut self,
        bytes: &[u8],
        spots: &mut Spots,
        (steps, counts): (&mut [Step; BLOCK_STEPS], &mut Counts),
    ) -> (usize, Next) {
        let (last, since) = (&mut *self.last, self.since);
        let mut made = Made { bytes, steps, counts, many: 0, anchor: self.anchor };
        let mut last_place = (0, None);
        while made.many < BLOCK_STEPS - FEATURE_STEPS {
            let Some(spot) = spots.next() else {
                made.rest();
                return (made.many, Next::End);
            };
            let mut seen = |at: usize, key: u64| {
                let place = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES_BITS)) as usize;
                std::mem::replace(&mut last[place], since.wrapping_add(at as u32)).wrapping_sub(since) as usize
            };
            // The first pairs and all in front of them are taken where not all tags were there before.
            let mut head = word(bytes, spot.feature).map(|head| seen(spot.feature, head));
            let mut at = spot.tags;
            while let Some(here) = word(bytes, at).filter(|_| at < spot.tags_end) {
                // Eight bytes of tags are mostly all that follow, and what is the same behind them in every point; of the last
                // pair alone four must do, before the place comes.
                let before = seen(at, if at + 3 < spot.tags_end { here } else { here & 0xffff_ffff });
                let found = made.alike(at, before).or_else(|| made.alike(spot.feature, head?));
                if let Some((at, before, length)) = found {
                    made.step(at, before, length);
                }
                head = None;
                // On to the next pair: a key takes one byte where there are fewer than 128, a value three at most.
                let long = here >> 15 & 1;
                at += 2 + (long + (here >> 23 & long)) as usize;
            }
            // From afar many points have the place of the one before: four bytes tell, before more is looked at.
            let place = spot.tags_end + HEAD_OF_PLACE;
            let four = word(bytes, place).map(|eight| eight as u32);
            if four == last_place.1 {
                let at = made.anchor.max(place);
                if let Some((at, before, length)) = made.alike(at, at - place + last_place.0) {
                    made.step(at, before, length);
                }
            }
            last_place = (place, four);
        }
        self.anchor = made.anchor;
        (made.many, Next::Block)
    }
}

/// What was made of a block so far.
struct Made<'a> {
    bytes: &'a [u8],
    steps: &'a mut [Step; BLOCK_STEPS],
    counts: &'a mut Counts,
    many: usize,
    anchor: usize,
}

impl Made<'_> {
    /// How many bytes at a place that is not told yet are those at one before: so many that it is worth telling.
    #[inline]
    fn alike(&self, at: usize, before: usize) -> Option<(usize, usize, usize)> {
        if at < self.anchor || at.wrapping_sub(before) > WINDOW {
            return None;
        }
        let length = alike(self.bytes, at, before);
        (length >= LEAST_MATCH).then_some((at, before, length))
    }

    /// Tells that so many bytes at a place are those at one before, and more where those in front of them are, too.
    #[inline]
    fn step(&mut self, mut at: usize, mut before: usize, mut length: usize) {
        while at > self.anchor && before > 0 && length < MAX_MATCH && self.bytes[at - 1] == self.bytes[before - 1] {
            (at, before, length) = (at - 1, before - 1, length + 1);
        }
        let literals = &self.bytes[self.anchor..at];
        let back = (at - before - 1) as u16;
        self.counts.literals(literals);
        self.counts.matched(length, back);
        self.steps[self.many & (BLOCK_STEPS - 1)] =
            Step { literals: literals.len() as u32, length: length as u16, back };
        self.many += 1;
        self.anchor = at + length;
    }

    /// All that is left, as it is.
    fn rest(&mut self) {
        let literals = self.bytes.get(self.anchor..).unwrap_or_default();
        self.counts.literals(literals);
        self.steps[self.many & (BLOCK_STEPS - 1)] = Step { literals: literals.len() as u32, length: 0, back: 0 };
        self.many += 1;
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
