//! One block, with codes that it tells itself (RFC 1951 §3.2.7).

use super::bits::{AT_ONCE, BitWriter, LENGTH_AT, Word};
use super::code::Code;
use super::symbols::{END_OF_BLOCK, FIRST_LENGTH, MAX_MATCH, length_extra, length_symbol};
use super::tokens::{BITS, DISTANCE, LENGTH, MOST_BITS, TOKENS, Token};

/// Symbols of literals and lengths, two of which never occur.
const SYMBOLS: usize = 288;
/// Symbols of distances, and two that never occur.
const DISTANCES: usize = 32;
/// Symbols of lengths of codes, in the order in which a block tells theirs.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Symbols of distances that occur.
const USED_DISTANCES: usize = 30;
/// The longest code of a literal, a length or a distance, bits: with the five further bits that a length has at most, any four tokens
/// are no longer than [`AT_ONCE`]. Longer ones would be those of one symbol in thousands.
const LONGEST: usize = 12;
const _: () = assert!(4 * LONGEST + 5 <= AT_ONCE as usize);
/// The longest code of a code's length, bits.
const LONGEST_LENGTH: usize = 7;

/// What follows a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another one.
    Block,
    /// Nothing: it holds all that is left.
    End,
}

/// How often each token occurs.
pub struct Counts([u32; TOKENS]);

impl Counts {
    /// In these.
    pub fn of(tokens: &[Token]) -> Self {
        let mut counts = [0; TOKENS];
        for token in tokens {
            counts[usize::from(*token) % TOKENS] += 1;
        }
        Self(counts)
    }

    /// As if each symbol had occurred once more: none is without a code then.
    pub fn and_each(mut self) -> Self {
        let bytes = self.0[..END_OF_BLOCK].iter_mut();
        bytes.for_each(|count| *count += 1);
        let is_first = |length: &usize| *length == 3 || length_symbol(*length) != length_symbol(length - 1);
        (3..=MAX_MATCH).filter(is_first).for_each(|length| self.0[LENGTH + length] += 1);
        self.0[DISTANCE..DISTANCE + USED_DISTANCES].iter_mut().for_each(|count| *count += 1);
        self
    }

    /// Of literals and lengths, in a block.
    fn symbols(&self) -> [u32; SYMBOLS] {
        let mut symbols = [0; SYMBOLS];
        symbols[..END_OF_BLOCK].copy_from_slice(&self.0[..END_OF_BLOCK]);
        symbols[END_OF_BLOCK] = 1;
        for length in 3..=MAX_MATCH {
            symbols[length_symbol(length)] += self.0[LENGTH + length];
        }
        symbols
    }

    fn distances(&self) -> [u32; DISTANCES] {
        let mut distances = [0; DISTANCES];
        distances[..USED_DISTANCES].copy_from_slice(&self.0[DISTANCE..DISTANCE + USED_DISTANCES]);
        distances
    }
}

/// By token, what is written for it.
pub struct Words([Word; TOKENS]);

impl Words {
    /// Of no block yet: those of further bits alone, which are the same in all.
    pub fn new() -> Self {
        let mut words = [0; TOKENS];
        for count in 0..=MOST_BITS {
            for bits in 0..1 << count {
                words[BITS + (1 << count) + bits] = bits as Word | count << LENGTH_AT;
            }
        }
        Self(words)
    }

    fn set(&mut self, symbols: &Code<SYMBOLS>, distances: &Code<DISTANCES>) {
        let Self(words) = self;
        words[..=END_OF_BLOCK].copy_from_slice(&symbols.words[..=END_OF_BLOCK]);
        for length in 3..=MAX_MATCH {
            let code = symbols.words[length_symbol(length)];
            let (bits, count) = length_extra(length);
            words[LENGTH + length] = code + (bits << (code >> LENGTH_AT)) + (count << LENGTH_AT);
        }
        words[DISTANCE..DISTANCE + DISTANCES].copy_from_slice(&distances.words);
    }
}

/// Begins a block with the best codes for tokens that occur so often; they are told, and `words` are set to them.
pub fn begin(out: &mut BitWriter, counts: &Counts, words: &mut Words, next: Next) {
    let symbols = Code::new(&counts.symbols(), LONGEST);
    let distances = Code::new(&counts.distances(), LONGEST);
    head(out, &symbols, &distances, next);
    words.set(&symbols, &distances);
}

/// Writes the tokens of a block that was begun, and its end.
pub fn write(out: &mut BitWriter, tokens: &[Token], Words(words): &Words) {
    let word = |token: &Token| words[usize::from(*token) % TOKENS];
    out.in_registers(|out| {
        let (fours, rest) = tokens.as_chunks::<4>();
        for four in fours {
            for token in four {
                out.put(word(token));
            }
            out.flush();
        }
        for token in rest {
            out.put(word(token));
        }
        out.flush();
        out.put(words[END_OF_BLOCK]);
        out.flush();
    });
}

/// Tells the codes of the block.
fn head(out: &mut BitWriter, symbols: &Code<SYMBOLS>, distances: &Code<DISTANCES>, next: Next) {
    let (literals, backs) = (symbols.used(), distances.used());
    let mut lengths = [0; SYMBOLS + DISTANCES];
    lengths[..literals].copy_from_slice(&symbols.lengths[..literals]);
    lengths[literals..literals + backs].copy_from_slice(&distances.lengths[..backs]);
    let mut items = [(0, 0); SYMBOLS + DISTANCES];
    let mut many = 0;
    let mut counts = [0; ORDER.len()];
    runs(&lengths[..literals + backs], |symbol, extra| {
        items[many] = (symbol, extra);
        many += 1;
        counts[usize::from(symbol)] += 1;
    });
    let code = Code::new(&counts, LONGEST_LENGTH);
    let told = ORDER.iter().rposition(|symbol| code.lengths[*symbol] > 0).map_or(4, |at| (at + 1).max(4));
    // Whether it is the last one, and that its codes are told.
    out.add(u64::from(next == Next::End) | 2 << 1, 3);
    out.add((literals - FIRST_LENGTH) as u64, 5);
    out.add((backs - 1) as u64, 5);
    out.add((told - 4) as u64, 4);
    out.flush();
    for symbol in &ORDER[..told] {
        out.add(u64::from(code.lengths[*symbol]), 3);
        out.flush();
    }
    out.in_registers(|out| {
        // One has fourteen bits at most.
        for four in items[..many].chunks(4) {
            for (symbol, extra) in four {
                out.put(code.words[usize::from(*symbol)]);
                out.add(u64::from(*extra), [2, 3, 7, 0][usize::from(symbol.wrapping_sub(16).min(3))]);
            }
            out.flush();
        }
    });
}

/// Tells lengths of codes, one by one and in runs: a symbol, and the number behind it.
fn runs(lengths: &[u8], mut tell: impl FnMut(u8, u8)) {
    for same in lengths.chunk_by(|one, next| one == next) {
        let length = same[0];
        let mut left = same.len();
        if length == 0 {
            while left >= 11 {
                let run = left.min(138);
                tell(18, (run - 11) as u8);
                left -= run;
            }
            if left >= 3 {
                tell(17, (left - 3) as u8);
                left = 0;
            }
        } else if left > 3 {
            // The length itself, and then how often again.
            tell(length, 0);
            left -= 1;
            while left >= 3 {
                let run = left.min(6);
                tell(16, (run - 3) as u8);
                left -= run;
            }
        }
        (0..left).for_each(|_| tell(length, 0));
    }
}
