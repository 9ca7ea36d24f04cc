//! What texts are tested for, one by one and many at once.

use std::fmt;

use foldhash::HashSet;

use crate::engine::columns::{BLOCK, Texts};
use crate::engine::cql2::like::{Pattern, Shape};
use crate::model::filter::Comparison;

/// What a text is tested for.
#[derive(Debug)]
pub(super) enum TextTest {
    Compare(Comparison, String),
    In(Listed),
    Like(Pattern),
}

/// Texts of a list, found by their hash.
pub(super) struct Listed {
    texts: HashSet<Vec<u8>>,
    /// A bit for each length modulo 64: most texts of a dictionary differ from all listed ones in it, or else in their hash.
    lengths: u64,
}

impl Listed {
    fn has(&self, text: &[u8]) -> bool {
        self.lengths >> (text.len() % 64) & 1 == 1 && self.texts.contains(text)
    }
}

/// In order: lists of the same texts are the same question.
impl fmt::Debug for Listed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut texts: Vec<_> = self.texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
        texts.sort_unstable();
        texts.fmt(formatter)
    }
}

impl TextTest {
    pub(super) fn one_of(texts: Vec<String>) -> Self {
        let lengths = texts.iter().fold(0, |lengths, text| lengths | 1 << (text.len() % 64));
        Self::In(Listed { texts: texts.into_iter().map(String::into_bytes).collect(), lengths })
    }

    /// Whether there is no text that does not pass.
    pub(super) fn is_always_true(&self) -> bool {
        matches!(self, Self::Like(pattern) if pattern.shape() == Shape::Anything)
    }

    pub(super) fn passes(&self, text: &str) -> bool {
        match self {
            Self::Compare(comparison, other) => comparison.holds(text.as_bytes().cmp(other.as_bytes())),
            Self::In(listed) => listed.has(text.as_bytes()),
            Self::Like(pattern) => pattern.matches(text),
        }
    }

    /// Sets the bits of the texts that pass; none is set before.
    pub(super) fn mark(&self, texts: &Texts, bits: &mut [u64]) {
        match self {
            // A look at the length decides of most.
            Self::Compare(Comparison::Equal, other) => mark_each(texts, bits, |text| text == other.as_bytes()),
            Self::Compare(Comparison::NotEqual, other) => mark_each(texts, bits, |text| text != other.as_bytes()),
            Self::Compare(comparison, other) => {
                mark_each(texts, bits, |text| comparison.holds(text.cmp(other.as_bytes())));
            }
            Self::In(listed) => mark_each(texts, bits, |text| listed.has(text)),
            Self::Like(pattern) => mark_like(pattern, texts, bits),
        }
    }
}

fn mark_like(pattern: &Pattern, texts: &Texts, bits: &mut [u64]) {
    match (pattern.shape(), pattern.piece()) {
        (Shape::Within | Shape::Steps, Some(piece)) => {
            let is_its_piece = pattern.shape() == Shape::Within;
            for index in texts.holding(piece) {
                if is_its_piece || pattern.matches(texts.text(index)) {
                    set(bits, index as usize);
                }
            }
        }
        (Shape::Ends, Some(piece)) => mark_each(texts, bits, |text| text.ends_with(piece.as_bytes())),
        (Shape::Begins, Some(piece)) => mark_each(texts, bits, |text| text.starts_with(piece.as_bytes())),
        _ => {
            for index in (0..texts.len() as u32).filter(|index| pattern.matches(texts.text(*index))) {
                set(bits, index as usize);
            }
        }
    }
}

#[inline]
fn mark_each(texts: &Texts, bits: &mut [u64], passes: impl Fn(&[u8]) -> bool) {
    texts.each(|index, text| {
        if passes(text) {
            set(bits, index);
        }
    });
}

/// Sets the bit of a text.
pub(super) fn set(bits: &mut [u64], index: usize) {
    if let Some(word) = bits.get_mut(index / BLOCK) {
        *word |= 1 << (index % BLOCK);
    }
}
