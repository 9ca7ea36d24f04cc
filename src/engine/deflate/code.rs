//! Codes of as few bits as symbols are frequent.

use super::bits::{LENGTH_AT, Word};

/// The longest code there is, bits (RFC 1951 §3.2.7).
const MOST_BITS: usize = 15;

/// The most symbols there are.
const MOST_SYMBOLS: usize = 288;

/// A prefix code of up to `N` symbols.
pub struct Code<const N: usize> {
    /// By symbol, bits: 0 of one that does not occur.
    pub lengths: [u8; N],
    /// By symbol, to be written.
    pub words: [Word; N],
}

impl<const N: usize> Code<N> {
    /// The best code for symbols that occur that often, fewer than 2³¹ times in all, none longer than `longest` bits (D. A. Huffman,
    /// 1952; too long ones are shortened at the cost of others, which is not always the best). A symbol that is alone gets a second one
    /// beside it, so that the code is complete, as some decoders want it.
    pub fn new(counts: &[u32; N], longest: usize) -> Self {
        let mut counts = *counts;
        for symbol in 0..2 {
            if counts.iter().filter(|count| **count > 0).nth(1).is_none() {
                counts[symbol] = counts[symbol].max(1);
            }
        }
        let (leaves, unused) = by_count(&counts);
        let leaves = &leaves[unused..];
        let mut lengths = [0; N];
        let mut left = leaves.iter();
        for (bits, many) in how_many(&counts, leaves, longest).into_iter().enumerate().rev() {
            for leaf in left.by_ref().take(many) {
                lengths[usize::from(*leaf)] = bits as u8;
            }
        }
        Self { words: words(&lengths), lengths }
    }

    /// One more than the last symbol that has a code.
    pub fn used(&self) -> usize {
        self.lengths.iter().rposition(|bits| *bits > 0).map_or(0, |last| last + 1)
    }
}

/// The symbols, the rarest first, and how many of them do not occur.
fn by_count<const N: usize>(counts: &[u32; N]) -> ([u16; N], usize) {
    // Of a small tile nearly all are rare: those are put where they belong by counting, and only the others compared. Which occur
    // cannot be foreseen, so that those that do not are put somewhere as well.
    const RARE: usize = 64;
    let mut starts = [0_usize; RARE + 1];
    for count in counts {
        starts[(*count as usize).min(RARE)] += 1;
    }
    let unused = starts[0];
    let mut before = 0;
    for start in &mut starts {
        (*start, before) = (before, before + *start);
    }
    let mut leaves = [0; N];
    let frequent = starts[RARE];
    for (symbol, count) in counts.iter().enumerate() {
        let start = &mut starts[(*count as usize).min(RARE)];
        leaves[*start] = symbol as u16;
        *start += 1;
    }
    leaves[frequent..].sort_unstable_by_key(|symbol| (counts[usize::from(*symbol)], *symbol));
    (leaves, unused)
}

/// How many symbols get a code of each length, for two symbols and more.
fn how_many<const N: usize>(counts: &[u32; N], leaves: &[u16], longest: usize) -> [usize; MOST_BITS + 1] {
    // The two rarest nodes become one, again and again. New nodes come about in the order of their weights, so that the rarest
    // are always at the heads of two queues (J. van Leeuwen, 1976).
    // Which they are cannot be foreseen: so two of each are looked at, and nothing branches.
    const NONE: u32 = u32::MAX / 2;
    let mut rare = [NONE; MOST_SYMBOLS + 2];
    for (count, symbol) in rare.iter_mut().zip(leaves) {
        *count = counts[usize::from(*symbol)];
    }
    let mut weights = [NONE; MOST_SYMBOLS + 1];
    let mut parents = [0_u16; MOST_SYMBOLS + 1];
    let nodes = leaves.len() - 1;
    let (mut leaf, mut node) = (0, 0);
    for new in 0..nodes {
        let ([one, two], [three, four]) = ([rare[leaf], rare[leaf + 1]], [weights[node], weights[node + 1]]);
        weights[new] = (one + two).min(one + three).min(three + four);
        // Of a node that is not taken now it is written again when it is.
        (parents[node], parents[node + 1]) = (new as u16, new as u16);
        let taken = 1 + usize::from(four < one) - usize::from(two <= three);
        (leaf, node) = (leaf + 2 - taken, node + taken);
    }
    // From the root down, each node puts two leaves below one.
    let mut many = [0; MOST_BITS + 1];
    many[0] = 1;
    let (mut level, mut end) = (nodes - 1, nodes);
    for depth in 0.. {
        let wide = end - level;
        if wide == 0 {
            break;
        }
        if depth < longest {
            many[depth] -= wide;
            many[depth + 1] += 2 * wide;
        } else {
            // Too deep, it takes a leaf higher up instead.
            for _ in 0..wide {
                let bits = (1..longest).rev().find(|bits| many[*bits] > 0).unwrap_or(1);
                many[bits] -= 1;
                many[bits + 1] += 2;
            }
        }
        end = level;
        // Nodes of a level follow one another, as their parents do.
        while level > 0 && usize::from(parents[level - 1]) >= end {
            level -= 1;
        }
    }
    many
}

/// The codes that go with lengths (RFC 1951 §3.2.2), their first bit in the least place.
fn words<const N: usize>(lengths: &[u8; N]) -> [Word; N] {
    let mut next = [0_u16; MOST_BITS + 2];
    for bits in lengths {
        next[usize::from(*bits) + 1] += 1;
    }
    // Those that do not occur are no codes of one bit. They get a word below as well, which has no bits.
    next[1] = 0;
    for bits in 1..next.len() {
        next[bits] = (next[bits] + next[bits - 1]) << 1;
    }
    let mut words = [0; N];
    for (word, bits) in words.iter_mut().zip(lengths) {
        let code = &mut next[usize::from(*bits)];
        *word = u32::from(code.reverse_bits()) >> (16 - bits) | u32::from(*bits) << LENGTH_AT;
        *code += 1;
    }
    words
}
