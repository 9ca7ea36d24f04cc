//! What a tile is told in: bytes as they are, and bytes that were there before.
//!
//! All are numbers of one table, so that writing them is one loop without a branch: how many bytes are as they are between two
//! matches cannot be foreseen, and each time that a processor guesses wrong costs as much as writing four of them.

use super::symbols::{END_OF_BLOCK, MAX_MATCH, distance_symbol};

/// A byte as it is (0 to 255), the end of a block (256), or a part of a match.
pub type Token = u16;

/// A match begins with this and its length.
pub const LENGTH: usize = END_OF_BLOCK;
/// Then comes this and the symbol of its distance.
pub const DISTANCE: usize = LENGTH + MAX_MATCH + 1;
/// And twice this and up to seven further bits of the distance, with a one above them: the lower ones first.
pub const BITS: usize = 768;
/// How many tokens there are: a power of two.
pub const TOKENS: usize = BITS + (2 << MOST_BITS);
/// The most further bits in a token.
pub const MOST_BITS: u32 = 7;

/// Tokens of a match.
const OF_MATCH: usize = 4;
/// Bytes that are taken over at once: as many as there mostly are between two matches, or more.
const STRIDE: usize = 16;

/// The tokens of a block, in room that is used again for the next one.
pub struct Tokens {
    room: Vec<Token>,
    many: usize,
}

impl Tokens {
    /// None, with room for so many.
    pub fn new(most: usize) -> Self {
        Self { room: vec![0; most + STRIDE + OF_MATCH], many: 0 }
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.many = 0;
    }

    /// Adds the bytes from `from` to `to` as they are.
    #[inline]
    pub fn literals(&mut self, bytes: &[u8], from: usize, to: usize) {
        let (mut at, mut into) = (from, self.many);
        while at < to {
            // Some too many, which the next token is put over.
            let some = bytes.get(at..at + STRIDE).unwrap_or(&bytes[at..to]);
            for (token, byte) in self.room[into..into + STRIDE].iter_mut().zip(some) {
                *token = Token::from(*byte);
            }
            (at, into) = (at + STRIDE, into + STRIDE);
        }
        self.many += to - from;
    }

    /// Adds a match of 3 to 258 bytes, as far back as is said, less one.
    #[inline]
    pub fn matched(&mut self, length: usize, back: u16) {
        let (symbol, count) = distance_symbol(back);
        let further = usize::from(back) & ((1 << count) - 1);
        let low = count.min(MOST_BITS);
        let bits = |bits: usize, count: u32| (BITS + (1 << count) + bits) as Token;
        self.room[self.many..self.many + OF_MATCH].copy_from_slice(&[
            (LENGTH + length) as Token,
            (DISTANCE + symbol) as Token,
            bits(further & ((1 << low) - 1), low),
            bits(further >> low, count - low),
        ]);
        self.many += OF_MATCH;
    }

    /// Makes the match that was added last longer by so many bytes.
    #[inline]
    pub fn longer(&mut self, by: usize) {
        self.room[self.many - OF_MATCH] += by as Token;
    }

    /// All of them.
    pub fn all(&self) -> &[Token] {
        &self.room[..self.many]
    }
}
