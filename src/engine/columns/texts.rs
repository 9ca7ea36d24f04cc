//! Distinct texts, and what was found out about them for those who ask the same again.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::NO_CODE;
use super::ends::Ends;
use crate::model::filter::Folding;

/// Largest dictionary that is kept in a folded form as well, bytes for each row that has its texts: where many rows share a text.
/// Where each has its own, the copy would be a third of all that is held of the rows.
const MOST_FOLDED_A_ROW: usize = 6;
/// Largest one at all, bytes.
const MOST_FOLDED_BYTES: usize = 64 << 20;
/// Questions of which the answers are kept, the last asked: a bit a text each.
const MOST_ANSWERS: usize = 8;
/// Longest question that is kept, bytes.
const LONGEST_QUESTION: usize = 8 << 10;

/// Whether each text passes some test: bit `i` of word `w` is the text `w × 64 + i`. Found by the first who needs all.
pub(in crate::engine) type TextAnswers = Arc<OnceLock<Box<[u64]>>>;

/// Distinct texts, one after the other in one allocation.
#[derive(Debug, Default)]
pub struct Texts {
    bytes: String,
    ends: Ends,
    /// The same texts folded, in the way that was asked for last.
    folded: Mutex<Option<(Vec<Folding>, Arc<Texts>)>>,
    /// The last asked for first.
    answers: Mutex<Vec<(Box<str>, TextAnswers)>>,
}

impl Texts {
    /// Texts one after the other, and where each ends.
    pub fn new(bytes: String, ends: Vec<u32>) -> Self {
        Self { bytes, ends: Ends::Wide(ends), ..Self::default() }
    }

    /// Adds a text and gives its index. `None` when 4 GiB of text are full.
    pub fn push(&mut self, text: &str) -> Option<u32> {
        let end = u32::try_from(self.bytes.len() + text.len()).ok()?;
        let index = u32::try_from(self.ends.len()).ok().filter(|index| *index != NO_CODE)?;
        self.bytes.push_str(text);
        self.ends.push(end);
        Some(index)
    }

    /// The text at an index; empty when there is none.
    pub fn text(&self, index: u32) -> &str {
        self.ends.of(index as usize).and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or("")
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same texts in the order in which the codes first name them, and the codes made to fit. What none names is left out.
    ///
    /// Rows beside each other on the map then have texts beside each other in memory, and a tile reads a stretch of them.
    pub(super) fn in_order_of(&self, codes: &mut [u32]) -> Self {
        let mut places = vec![NO_CODE; self.len()];
        let mut texts = Self::new(String::with_capacity(self.bytes.len()), Vec::with_capacity(self.len()));
        for code in codes.iter_mut().filter(|code| **code != NO_CODE) {
            let place = &mut places[*code as usize];
            if *place == NO_CODE {
                // There is room for it: it was there before.
                *place = texts.push(self.text(*code)).unwrap_or(NO_CODE);
            }
            *code = *place;
        }
        texts.shrink();
        texts
    }

    /// The bytes of each text with its index, in their order: where only their number is looked at, no text is read.
    #[inline]
    pub(in crate::engine) fn each(&self, mut take: impl FnMut(usize, &[u8])) {
        let (bytes, mut start) = (self.bytes.as_bytes(), 0);
        self.ends.each(|index, end| {
            take(index, bytes.get(start..end).unwrap_or(&[]));
            start = end;
        });
    }

    /// The indexes of the texts that hold a piece, ascending.
    pub fn holding(&self, piece: &str) -> Vec<u32> {
        let finder = memchr::memmem::Finder::new(piece);
        let (mut found, mut index, mut from) = (Vec::new(), 0, 0);
        while let Some(at) = self.bytes.as_bytes().get(from..).and_then(|rest| finder.find(rest)).map(|at| from + at) {
            index = self.ends.ending_after(index, at);
            let Some((_, end)) = self.ends.of(index) else { break };
            // A piece across the end of a text is in neither.
            if at + piece.len() <= end {
                found.push(index as u32);
            }
            from = end;
        }
        found
    }

    /// How long the texts are together, bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Memory that they take, with what is kept of questions about them, bytes.
    pub fn bytes(&self) -> usize {
        let folded = self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = |(question, answers): &(Box<str>, TextAnswers)| {
            question.len() + answers.get().map_or(0, |words| size_of_val(&**words))
        };
        self.bytes.capacity()
            + self.ends.bytes()
            + folded.as_ref().map_or(0, |(_, texts)| texts.bytes())
            + answers.iter().map(answered).sum::<usize>()
    }

    /// The same texts folded, kept when they are asked for: `fold` makes them. None for a dictionary that is too large to be kept
    /// twice for so many rows, or whose folded texts are.
    pub(in crate::engine) fn folded(
        &self,
        foldings: &[Folding],
        rows: usize,
        fold: impl FnOnce() -> Option<Self>,
    ) -> Option<Arc<Self>> {
        if self.size() > MOST_FOLDED_BYTES.min(rows.saturating_mul(MOST_FOLDED_A_ROW)) {
            return None;
        }
        // Who asks meanwhile waits, and does not fold them as well.
        let mut kept = self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|(of, _)| of != foldings) {
            let mut texts = fold()?;
            texts.shrink();
            *kept = Some((foldings.to_vec(), Arc::new(texts)));
        }
        kept.as_ref().map(|(_, texts)| Arc::clone(texts))
    }

    /// Where the answers to a question about all texts are, or will be: the same for whoever asks the same while it is kept.
    pub(in crate::engine) fn answers(&self, question: String) -> TextAnswers {
        if question.len() > LONGEST_QUESTION {
            return TextAnswers::default();
        }
        let mut kept = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.iter().position(|(known, _)| **known == *question) {
            kept[..=index].rotate_right(1);
        } else {
            kept.truncate(MOST_ANSWERS - 1);
            kept.insert(0, (question.into(), TextAnswers::default()));
        }
        kept.first().map(|(_, answers)| Arc::clone(answers)).unwrap_or_default()
    }

    /// Gives back what was allocated ahead, and keeps as little as there must be.
    pub(in crate::engine) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.pack();
    }
}
