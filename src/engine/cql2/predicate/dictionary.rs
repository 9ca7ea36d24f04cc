//! Tests of texts that are kept in a dictionary: each distinct text is tested once.

use std::sync::atomic::{AtomicU8, Ordering};

use super::{Truths, each};
use crate::engine::columns::{Column, NO_CODE, Texts, block_of, mask};
use crate::engine::cql2::fold::fold;
use crate::engine::cql2::like::Pattern;
use crate::model::filter::{Comparison, Folding};

/// Dictionaries of up to so many texts are tested whole, ahead; of larger ones only what the rows asked for hold.
const AHEAD: usize = 1024;

/// What a text is tested for.
pub(super) enum TextTest {
    Compare(Comparison, String),
    In(Vec<String>),
    Like(Pattern),
}

/// A test of a column's texts, after they are folded.
pub(super) struct TextLeaf<'a> {
    codes: Codes<'a>,
    texts: &'a Texts,
    foldings: Vec<Folding>,
    test: TextTest,
    answers: Answers,
}

#[derive(Clone, Copy)]
enum Codes<'a> {
    Small(&'a [u16]),
    Wide(&'a [u32]),
}

/// By dictionary code.
enum Answers {
    /// No text passes but this one.
    Only(u32),
    /// 1 where the text passes.
    Known(Box<[u8]>),
    /// 1 where it passes, 2 where not, 0 where nobody asked yet.
    Asked(Box<[AtomicU8]>),
}

impl<'a> TextLeaf<'a> {
    /// None for a column without texts. `foldings` are applied in their order.
    pub(super) fn new(column: &'a Column, foldings: Vec<Folding>, test: TextTest) -> Option<Self> {
        let (codes, texts) = match column {
            Column::Code { codes, texts } => (Codes::Small(codes), texts),
            Column::Text { codes, texts } => (Codes::Wide(codes), texts),
            _ => return None,
        };
        let mut leaf = Self { codes, texts, foldings, test, answers: Answers::Only(NO_CODE) };
        leaf.answers = if texts.len() > AHEAD {
            Answers::Asked((0..texts.len()).map(|_| AtomicU8::new(0)).collect())
        } else {
            let known: Box<[u8]> = (0..texts.len()).map(|code| u8::from(leaf.passes(code as u32))).collect();
            let mut passing = (0..).zip(&known).filter(|(_, passes)| **passes == 1).map(|(code, _)| code);
            match (passing.next(), passing.next()) {
                (Some(only), None) => Answers::Only(only),
                _ => Answers::Known(known),
            }
        };
        Some(leaf)
    }

    fn passes(&self, code: u32) -> bool {
        let text = self.texts.text(code);
        let Some((first, rest)) = self.foldings.split_first() else { return self.test.passes(text) };
        let folded = rest.iter().fold(fold(*first, text), |text, folding| fold(*folding, &text));
        self.test.passes(&folded)
    }

    fn asked(&self, answers: &[AtomicU8], code: u32) -> bool {
        let Some(answer) = answers.get(code as usize) else { return false };
        match answer.load(Ordering::Relaxed) {
            0 => {
                let passes = self.passes(code);
                answer.store(if passes { 1 } else { 2 }, Ordering::Relaxed);
                passes
            }
            answer => answer == 1,
        }
    }

    pub(super) fn truths(&self, block: usize, wanted: u64) -> Truths {
        let (yes, known) = match self.codes {
            Codes::Small(codes) => {
                let codes = block_of(codes, block);
                (self.yes(codes, wanted, u32::from), mask(codes, |code| code != u16::MAX))
            }
            Codes::Wide(codes) => {
                let codes = block_of(codes, block);
                (self.yes(codes, wanted, |code| code), mask(codes, |code| code != NO_CODE))
            }
        };
        Truths { yes: yes & known, known }
    }

    fn yes<C: Copy + PartialEq + TryFrom<u32>>(&self, codes: &[C], wanted: u64, wide: impl Fn(C) -> u32) -> u64 {
        match &self.answers {
            Answers::Only(only) => C::try_from(*only).map_or(0, |only| mask(codes, |code| code == only)),
            Answers::Known(known) => mask(codes, |code| known.get(wide(code) as usize) == Some(&1)),
            Answers::Asked(answers) => {
                each(wanted, |row| codes.get(row).is_some_and(|code| self.asked(answers, wide(*code))))
            }
        }
    }
}

impl TextTest {
    fn passes(&self, text: &str) -> bool {
        match self {
            Self::Compare(comparison, other) => comparison.holds(text.as_bytes().cmp(other.as_bytes())),
            Self::In(texts) => texts.iter().any(|other| other == text),
            Self::Like(pattern) => pattern.matches(text),
        }
    }
}
