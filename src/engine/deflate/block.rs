//! One block, with codes of its own (RFC 1951 §3.2.7).

use super::bits::{BitWriter, LENGTH_AT, Word};
use super::code::Code;
use super::symbols::{END_OF_BLOCK, FIRST_LENGTH, MAX_MATCH, distance_symbol, length_extra, length_symbol};

/// Symbols of literals and lengths, two of which never occur.
const SYMBOLS: usize = 288;
/// Symbols of distances, two of which never occur.
const DISTANCES: usize = 32;
/// Symbols of lengths of codes, in the order in which a block tells theirs.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// The longest code of a literal, bits: four of them fit beside seven bits that wait.
const LONGEST_LITERAL: usize = 14;
/// The longest code of a distance, bits.
const LONGEST_DISTANCE: usize = 15;
/// The longest code of a code's length, bits.
const LONGEST_LENGTH: usize = 7;

/// Bytes as they are, and then some that were there before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Step {
    /// How many bytes as they are.
    pub literals: u32,
    /// How many bytes that were there before: 3 to 258, or none at the very end.
    pub length: u16,
    /// How far before, less one.
    pub back: u16,
}

/// How often each symbol occurs in a block.
pub struct Counts {
    symbols: [u32; SYMBOLS],
    distances: [u32; DISTANCES],
}

impl Counts {
    /// Of a block with nothing in it.
    pub fn new() -> Self {
        let mut symbols = [0; SYMBOLS];
        symbols[END_OF_BLOCK] = 1;
        Self { symbols, distances: [0; DISTANCES] }
    }

    /// Counts bytes as they are.
    #[inline]
    pub fn literals(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.symbols[usize::from(*byte)] += 1;
        }
    }

    /// Counts bytes that were there before.
    #[inline]
    pub fn matched(&mut self, length: usize, back: u16) {
        self.symbols[length_symbol(length)] += 1;
        self.distances[distance_symbol(back).0] += 1;
    }
}

/// What follows a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another one.
    Block,
    /// Nothing: it holds all that is left.
    End,
}

/// Writes the block of these steps, the first of which is at `at` of the bytes: where the next block begins.
pub fn write(
    out: &mut BitWriter,
    bytes: &[u8],
    mut at: usize,
    (steps, counts): (&[Step], &Counts),
    next: Next,
) -> usize {
    let symbols = Code::new(&counts.symbols, LONGEST_LITERAL);
    let distances = Code::new(&counts.distances, LONGEST_DISTANCE);
    head(out, &symbols, &distances, next);
    let lengths = length_words(&symbols);
    out.in_registers(|out| {
        for step in steps {
            let (literals, matched) = (step.literals as usize, usize::from(step.length));
            let mut fours = bytes[at..at + literals].chunks_exact(4);
            for four in fours.by_ref() {
                for byte in four {
                    out.put(symbols.words[usize::from(*byte)]);
                }
                out.flush();
            }
            for byte in fours.remainder() {
                out.put(symbols.words[usize::from(*byte)]);
            }
            out.flush();
            if matched > 0 {
                out.put(lengths[matched]);
                let (symbol, extra) = distance_symbol(step.back);
                out.put(distances.words[symbol]);
                out.add(u64::from(step.back) & ((1 << extra) - 1), extra);
                out.flush();
            }
            at += literals + matched;
        }
        out.put(symbols.words[END_OF_BLOCK]);
        out.flush();
    });
    at
}

/// By length of a match, what tells it.
fn length_words(symbols: &Code<SYMBOLS>) -> [Word; MAX_MATCH + 1] {
    let mut words = [0; MAX_MATCH + 1];
    for (length, word) in words.iter_mut().enumerate().skip(3) {
        let code = symbols.words[length_symbol(length)];
        let (bits, count) = length_extra(length);
        *word = code + (bits << (code >> LENGTH_AT)) + (count << LENGTH_AT);
    }
    words
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
    for (symbol, extra) in &items[..many] {
        out.put(code.words[usize::from(*symbol)]);
        out.add(u64::from(*extra), [2, 3, 7, 0][usize::from(symbol.wrapping_sub(16).min(3))]);
        out.flush();
    }
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
