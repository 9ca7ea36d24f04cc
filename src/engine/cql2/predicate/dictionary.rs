//! Tests of texts that are kept in a dictionary: each distinct text is tested once.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::text_test::{TextTest, set};
use super::{Truths, each};
use crate::engine::columns::{BLOCK, Column, NO_CODE, Narrow, TextAnswers, Texts, Width, block_of, by_width, mask};
use crate::engine::cql2::fold::Folder;
use crate::model::filter::Folding;

/// Dictionaries of up to so many texts are tested whole, ahead; of larger ones only what the rows asked for hold, until it is this
/// share of them: testing all together takes a fraction of the time for each.
const AHEAD: usize = 1024;
/// See [`AHEAD`].
const MANY: usize = 16;
/// Texts of a dictionary too large to be kept folded that are folded and looked through together, bytes: they stay in the processor's
/// cache.
const FOLDED: usize = 64 << 10;

/// A test of a column's texts, after they are folded.
pub(super) struct TextLeaf<'a> {
    codes: Codes<'a>,
    texts: &'a Texts,
    folder: Folder,
    test: TextTest,
    answers: Answers,
}

#[derive(Clone, Copy)]
enum Codes<'a> {
    Small(&'a Narrow),
    Wide(&'a [u32]),
}

/// By dictionary code.
enum Answers {
    /// Every text passes.
    All,
    /// No text passes but this one.
    Only(u32),
    /// 1 where the text passes.
    Known(Box<[u8]>),
    /// Found out as they are asked for.
    Asked(Asked),
}

/// Answers of a large dictionary.
struct Asked {
    /// 1 where it passes, 2 where not, 0 where nobody asked yet.
    each: Box<[AtomicU8]>,
    /// How often one was asked for.
    times: AtomicUsize,
    /// All of them, from when many were asked for, by this filter or by another one that asks the same.
    all: TextAnswers,
}

impl<'a> TextLeaf<'a> {
    /// None for a column without texts. `foldings` are applied in their order.
    pub(super) fn new(column: &'a Column, foldings: Vec<Folding>, test: TextTest) -> Option<Self> {
        let (codes, texts) = match column {
            Column::Code { codes, texts } => (Codes::Small(codes), texts),
            Column::Text { codes, texts } => (Codes::Wide(codes), texts),
            _ => return None,
        };
        let folder = Folder::new(foldings);
        let mut leaf = Self { codes, texts, folder, test, answers: Answers::All };
        if !leaf.test.is_always_true() {
            leaf.answers = if texts.len() > AHEAD { Answers::Asked(leaf.ask()) } else { leaf.ahead() };
        }
        Some(leaf)
    }

    fn ask(&self) -> Asked {
        let all = self.texts.answers(format!("{:?} {:?}", self.folder.foldings(), self.test));
        let asked_alone = if all.get().is_some() { 0 } else { self.texts.len() };
        let each = (0..asked_alone).map(|_| AtomicU8::new(0)).collect();
        Asked { each, times: AtomicUsize::new(0), all }
    }

    fn ahead(&self) -> Answers {
        let all = self.all();
        // A byte each is looked up quicker than a bit, and these are few.
        let known: Box<[u8]> = (0..self.texts.len()).map(|code| u8::from(is_set(&all, code))).collect();
        let mut passing = (0..).zip(&known).filter(|(_, passes)| **passes == 1).map(|(code, _)| code);
        match (passing.next(), passing.next()) {
            (None, _) => Answers::Only(NO_CODE),
            (Some(only), None) => Answers::Only(only),
            _ => Answers::Known(known),
        }
    }

    fn passes(&self, code: u32) -> bool {
        self.test.passes(&self.folder.fold(self.texts.text(code)))
    }

    /// Tests every text: a bit each.
    fn all(&self) -> Box<[u64]> {
        let count = self.texts.len();
        let mut all = vec![0; count.div_ceil(BLOCK)].into_boxed_slice();
        if self.folder.foldings().is_empty() {
            self.test.mark(self.texts, &mut all);
            return all;
        }
        if let Some(folded) = self.texts.folded(self.folder.foldings(), self.codes.len(), || self.folded(0..count)) {
            self.test.mark(&folded, &mut all);
            return all;
        }
        let blocks = (FOLDED / (self.texts.size() / count.max(1)).max(1) / BLOCK).clamp(1, BLOCK);
        for (index, bits) in all.chunks_mut(blocks).enumerate() {
            let from = index * blocks * BLOCK;
            let codes = from..count.min(from + blocks * BLOCK);
            match self.folded(codes.clone()) {
                Some(folded) => self.test.mark(&folded, bits),
                None => codes.filter(|code| self.passes(*code as u32)).for_each(|code| set(bits, code - from)),
            }
        }
        all
    }

    /// Some of the texts, folded.
    fn folded(&self, codes: Range<usize>) -> Option<Texts> {
        let bytes = self.texts.size() / self.texts.len().max(1) * codes.len();
        let (bytes, ends) = self.folder.fold_all(codes.map(|code| self.texts.text(code as u32)), bytes)?;
        Some(Texts::new(bytes, ends))
    }

    fn asked(&self, answers: &Asked, code: u32) -> bool {
        let Some(answer) = answers.each.get(code as usize) else { return false };
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
        match self.codes {
            Codes::Small(codes) => by_width!(codes, codes => self.of(block_of(codes, block), wanted)),
            Codes::Wide(codes) => self.of(block_of(codes, block), wanted),
        }
    }

    fn of<C: Width>(&self, codes: &[C], wanted: u64) -> Truths {
        let known = mask(codes, |code| code != C::MAX);
        Truths { yes: self.yes(codes, wanted) & known, known }
    }

    fn yes<C: Width>(&self, codes: &[C], wanted: u64) -> u64 {
        let place = |code: C| code.into() as usize;
        match &self.answers {
            Answers::All => u64::MAX,
            Answers::Only(only) => C::try_from(u64::from(*only)).map_or(0, |only| mask(codes, |code| code == only)),
            Answers::Known(known) => mask(codes, |code| known.get(place(code)) == Some(&1)),
            Answers::Asked(answers) => {
                let all = if let Some(all) = answers.all.get() {
                    all
                } else {
                    let times = answers.times.fetch_add(wanted.count_ones() as usize, Ordering::Relaxed);
                    if times < self.texts.len() / MANY {
                        return each(wanted, |row| {
                            codes.get(row).is_some_and(|code| self.asked(answers, place(*code) as u32))
                        });
                    }
                    answers.all.get_or_init(|| self.all())
                };
                mask(codes, |code| is_set(all, place(code)))
            }
        }
    }
}

impl Codes<'_> {
    /// Number of rows.
    fn len(self) -> usize {
        match self {
            Self::Small(codes) => codes.len(),
            Self::Wide(codes) => codes.len(),
        }
    }
}

fn is_set(bits: &[u64], place: usize) -> bool {
    bits.get(place / BLOCK).is_some_and(|word| word >> (place % BLOCK) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cql2::fold::fold;
    use crate::engine::cql2::like::Pattern;
    use crate::model::filter::Comparison;
    use crate::model::filter::Folding::{Accents, Case};

    /// A column of as many texts as rows, but for every fifth row, which has none.
    fn column(rows: usize) -> Column {
        let mut texts = Texts::default();
        let code = |row: usize| {
            let text = format!("{} số {row}", ["Cháy bếp", "ĐỨC PHỔ", "Va chạm", "Straße"][row % 4]);
            if row.is_multiple_of(5) { NO_CODE } else { texts.push(&text).expect("there is room") }
        };
        Column::Text { codes: (0..rows).map(code).collect(), texts }
    }

    #[test]
    fn a_text_passes_alike_whether_it_is_tested_alone_or_with_all_others() {
        let column = column(64 * 60);
        let like = |pattern: &str| TextTest::Like(Pattern::new(pattern).expect("a pattern"));
        let tests = [
            (vec![], like("%chạm%1%")),
            (vec![], like("%số 37%")),
            (vec![], like("%_")),
            (vec![], like("%7")),
            (vec![Accents], like("Chay%")),
            (vec![], TextTest::Compare(Comparison::Equal, "Straße số 3".into())),
            (vec![], TextTest::Compare(Comparison::NotEqual, "Straße số 3".into())),
            (vec![Accents], like("%Chay%")),
            (vec![Case, Accents], like("duc pho%9")),
            (vec![Accents, Case], like("%strasse%")),
            (vec![Case], TextTest::Compare(Comparison::Less, "đức phổ số 2".into())),
            (vec![Accents], TextTest::one_of(vec!["Va cham so 1002".into(), "Chay bep so 4".into()])),
        ];
        for (index, (foldings, test)) in tests.into_iter().enumerate() {
            let leaf = TextLeaf::new(&column, foldings.clone(), test).expect("texts");
            let mut passed = 0;
            // The first rounds ask for few rows, the last for all: by then the dictionary is tested whole.
            for round in [1, 1 << 20, u64::MAX, u64::MAX] {
                for block in 0..60 {
                    let truths = leaf.truths(block, round);
                    for row in (0..BLOCK).filter(|row| round >> row & 1 == 1) {
                        let text = column.code(block * BLOCK + row).zip(column.texts());
                        let text = text.map(|(code, texts)| texts.text(code).to_owned());
                        let folded = text.map(|text| foldings.iter().fold(text, |text, way| fold(*way, &text)));
                        let wanted = folded.as_ref().is_some_and(|text| leaf.test.passes(text));
                        assert_eq!(truths.yes >> row & 1 == 1, wanted, "{index}: {folded:?}");
                        assert_eq!(truths.known >> row & 1 == 1, folded.is_some(), "{index}");
                        passed += usize::from(wanted);
                    }
                }
            }
            assert!(passed > 0, "{index}");
            let Answers::Asked(asked) = &leaf.answers else { panic!("a large dictionary") };
            assert!(asked.all.get().is_some(), "{index}");
        }
    }

    #[test]
    fn who_asks_the_same_again_is_answered_by_what_was_found() {
        let column = column(64 * 60);
        let leaf = |foldings: &[Folding], texts: &[&str]| {
            let test = TextTest::one_of(texts.iter().map(|text| (*text).to_owned()).collect());
            TextLeaf::new(&column, foldings.to_vec(), test).expect("texts")
        };
        let is_known = |leaf: &TextLeaf<'_>| {
            let Answers::Asked(asked) = &leaf.answers else { panic!("a large dictionary") };
            asked.all.get().is_some()
        };
        let first = leaf(&[Case], &["cháy bếp số 4", "straße số 3"]);
        let yes = |leaf: &TextLeaf<'_>| (0..60).map(|block| leaf.truths(block, u64::MAX).yes).collect::<Vec<_>>();
        yes(&first);
        let found = yes(&first);
        assert!(is_known(&first) && found[0] != 0);
        let same = leaf(&[Case], &["straße số 3", "cháy bếp số 4"]);
        assert!(is_known(&same));
        assert_eq!(yes(&same), found);
        for (foldings, listed) in [(&[][..], &["straße số 3", "cháy bếp số 4"][..]), (&[Case], &["straße số 3"])]
        {
            assert!(!is_known(&leaf(foldings, listed)), "{foldings:?} {listed:?}");
        }
        // What was not asked for long is given up.
        for number in 0..20 {
            yes(&leaf(&[], &[&number.to_string()]));
        }
        assert!(!is_known(&leaf(&[Case], &["cháy bếp số 4", "straße số 3"])));
    }
}
