//! The names of a layer by their beginnings and their words: found without a look at each.

use std::cmp::Ordering;
use std::ops::Range;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::asked::AskedName;
use super::fold::{plain, plain_into, spelling};
use crate::engine::columns::{Bits, Texts};

/// The names in a dictionary of texts, by their plain forms and by the words of these.
///
/// Names are numbered in the order of their plain forms, so that the names that begin in some way are a range, and for each word
/// the numbers of its names are kept as small steps: about 8 bytes a name, some 20 where each has a word of its own.
#[derive(Debug, Default)]
pub struct NameIndex {
    /// The text's code, by the number of the name.
    codes: Vec<u32>,
    /// The distinct words, in order.
    words: Texts,
    /// The number of the word's only name; of a word that several have, where its steps begin.
    places: Vec<u32>,
    /// The words that one name has: numbers and marks mostly, as many as there are names.
    lone: NameSet,
    /// For each other word, from one of its names to the next in LEB128, then a zero, which no step is; of a word that very many
    /// have, where that is less, a zero and then a bit for each name.
    steps: Vec<u8>,
}

/// Some of the names of an index, by number.
#[derive(Debug, Clone, Default)]
pub(super) struct NameSet(Vec<u64>);

impl NameSet {
    pub fn empty(names: usize) -> Self {
        Self(vec![0; names.div_ceil(64)])
    }

    pub fn insert(&mut self, name: u32) {
        self.0[name as usize / 64] |= 1 << (name % 64);
    }

    pub fn contains(&self, name: u32) -> bool {
        self.0.get(name as usize / 64).is_some_and(|word| word >> (name % 64) & 1 == 1)
    }

    pub fn remove(&mut self, names: Range<u32>) {
        names.for_each(|name| self.remove_one(name));
    }

    /// Adds those whose bits are set, eight a byte.
    fn insert_bits(&mut self, bits: &[u8]) {
        for (word, bits) in self.0.iter_mut().zip(bits.as_chunks::<8>().0) {
            *word |= u64::from_le_bytes(*bits);
        }
    }

    fn remove_one(&mut self, name: u32) {
        self.0[name as usize / 64] &= !(1 << (name % 64));
    }

    pub fn without(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= !other);
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let words = (0_u32..).zip(&self.0).filter(|(_, word)| **word != 0);
        words.flat_map(|(index, word)| Bits(*word).map(move |bit| index * 64 + bit as u32))
    }
}

impl NameIndex {
    /// Indexes the texts of a dictionary. Texts without a letter or digit have no name.
    pub fn new(texts: &Texts) -> Self {
        let mut read = Read::default();
        read.texts(texts);
        let words = read.sort_words();
        let codes = read.order(texts);
        let (places, lone, steps) = read.places(&codes, words.len());
        Self { codes, words, places, lone, steps }
    }

    /// Number of names.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Memory that it takes, bytes.
    pub fn bytes(&self) -> usize {
        let numbers = (self.codes.capacity() + self.places.capacity()) * size_of::<u32>();
        numbers + self.words.bytes() + self.lone.0.capacity() * size_of::<u64>() + self.steps.capacity()
    }

    /// The code of a name's text.
    pub(super) fn code(&self, name: u32) -> u32 {
        self.codes[name as usize]
    }

    /// The names whose plain form is the one asked for, and those that begin with it, these among them.
    pub(super) fn beginning(&self, texts: &Texts, asked: &AskedName) -> (Range<u32>, Range<u32>) {
        let after = |from: usize, is_before: &dyn Fn(&str) -> bool| {
            from + self.codes[from..].partition_point(|code| is_before(&plain(texts.text(*code))))
        };
        let asked = asked.plain.as_str();
        let first = after(0, &|name| name < asked);
        let exact = after(first, &|name| name == asked);
        let last = after(exact, &|name| name.starts_with(asked));
        let range = |end: usize| first as u32..end as u32;
        (range(exact), range(last))
    }

    /// Whether a name has the spelling asked for.
    pub(super) fn is_spelled(&self, texts: &Texts, name: u32, asked: &AskedName) -> bool {
        spelling(texts.text(self.code(name))) == asked.spelling
    }

    /// The names of which each word asked for begins a word.
    pub(super) fn by_words(&self, asked: &AskedName) -> NameSet {
        self.all_of(asked, |word| self.words_from(word))
    }

    /// The names of which each word asked for is in a word.
    pub(super) fn by_pieces(&self, asked: &AskedName) -> NameSet {
        self.all_of(asked, |piece| self.words.holding(piece))
    }

    fn words_from(&self, beginning: &str) -> Vec<u32> {
        let place = |is_before: &dyn Fn(&str) -> bool| {
            let (mut low, mut high) = (0, self.words.len() as u32);
            while low < high {
                let middle = low.midpoint(high);
                if is_before(self.words.text(middle)) { low = middle + 1 } else { high = middle }
            }
            low
        };
        let first = place(&|word| word < beginning);
        (first..place(&|word| word < beginning || word.starts_with(beginning))).collect()
    }

    fn all_of(&self, asked: &AskedName, words: impl Fn(&str) -> Vec<u32>) -> NameSet {
        let mut all: Option<NameSet> = None;
        for word in &asked.words {
            let mut names = NameSet::empty(self.len());
            for word in words(word) {
                self.add_names(word, &mut names);
            }
            let both = match all {
                Some(mut all) => {
                    all.0.iter_mut().zip(&names.0).for_each(|(all, names)| *all &= names);
                    all
                }
                None => names,
            };
            if both.is_empty() {
                return both;
            }
            all = Some(both);
        }
        all.unwrap_or_else(|| NameSet::empty(self.len()))
    }

    fn add_names(&self, word: u32, names: &mut NameSet) {
        let Some(place) = self.places.get(word as usize).copied() else { return };
        if self.lone.contains(word) {
            return names.insert(place);
        }
        let steps = self.steps.get(place as usize..).unwrap_or(&[]);
        if let Some((0, bits)) = steps.split_first() {
            return names.insert_bits(bits);
        }
        let (mut name, mut step, mut shift) = (u32::MAX, 0_u32, 0);
        for byte in steps.iter().take_while(|byte| **byte != 0) {
            step |= u32::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                name = name.wrapping_add(step);
                names.insert(name);
                (step, shift) = (0, 0);
            }
        }
    }
}

/// The words of all names, while an index is made.
#[derive(Default)]
struct Read {
    words: Texts,
    /// The words of the names, one name after the other.
    named: Vec<u32>,
    ends: Vec<usize>,
}

impl Read {
    fn texts(&mut self, texts: &Texts) {
        let mut known: HashTable<u32> = HashTable::new();
        let mut form = String::new();
        for code in 0..texts.len() as u32 {
            form.clear();
            plain_into(texts.text(code), &mut form);
            for word in form.split(' ').filter(|word| !word.is_empty()) {
                let hash = xxh3_64(word.as_bytes());
                let words = &mut self.words;
                let seen = known.find(hash, |seen| words.text(*seen) == word).copied();
                let Some(number) = seen.or_else(|| {
                    let number = words.push(word)?;
                    known.insert_unique(hash, number, |seen| xxh3_64(words.text(*seen).as_bytes()));
                    Some(number)
                }) else {
                    // 4 GiB of different words: a dictionary of texts is full before.
                    continue;
                };
                self.named.push(number);
            }
            self.ends.push(self.named.len());
        }
    }

    /// Puts the words in order and gives them so.
    fn sort_words(&mut self) -> Texts {
        let mut order: Vec<u32> = (0..self.words.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.words.text(*a).cmp(self.words.text(*b)));
        let mut places = vec![0; order.len()];
        let mut sorted = Texts::default();
        for (place, word) in (0_u32..).zip(&order) {
            places[*word as usize] = place;
            // There is room for it: it was there before.
            sorted.push(self.words.text(*word));
        }
        self.words = Texts::default();
        sorted.shrink();
        self.named.iter_mut().for_each(|word| *word = places[*word as usize]);
        sorted
    }

    fn of(&self, code: u32) -> &[u32] {
        let code = code as usize;
        let start = code.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.named.get(start..self.ends.get(code).copied().unwrap_or(start)).unwrap_or(&[])
    }

    /// The codes of the names in the order of their words, which is that of their plain forms: a space is before all letters.
    fn order(&self, texts: &Texts) -> Vec<u32> {
        let key = |words: &[u32]| {
            let word = |index: usize| words.get(index).map_or(0, |word| u64::from(*word) + 1);
            // Two words at once: most names differ in these, and the others are all over memory.
            word(0) << 32 | word(1)
        };
        let codes = (0..self.ends.len() as u32).filter(|code| !self.of(*code).is_empty());
        let mut order: Vec<(u64, u32)> = codes.map(|code| (key(self.of(code)), code)).collect();
        let by_words = |a: u32, b: u32| -> Ordering { self.of(a).cmp(self.of(b)) };
        order.sort_unstable_by(|(a, one), (b, other)| {
            let words = a.cmp(b).then_with(|| by_words(*one, *other));
            words.then_with(|| texts.text(*one).cmp(texts.text(*other)))
        });
        order.into_iter().map(|(_, code)| code).collect()
    }

    /// For each word its only name or where its steps begin, the words that have an only name, and the steps.
    fn places(&self, codes: &[u32], words: usize) -> (Vec<u32>, NameSet, Vec<u8>) {
        let mut places = vec![0_u32; words];
        let (mut lone, mut known, mut common) = (NameSet::empty(words), NameSet::empty(words), NameSet::empty(words));
        // How long the steps of each word are. Those of all are less than 4 GiB: in the names they stand for more bytes.
        self.each_step(codes, words, |word, _, step| {
            if known.contains(word) {
                lone.remove_one(word);
            } else {
                lone.insert(word);
            }
            known.insert(word);
            places[word as usize] += length(step);
        });
        let (bits, mut end) = (codes.len().div_ceil(64) as u32 * 8, 0);
        for (word, place) in (0_u32..).zip(&mut places).filter(|(word, _)| !lone.contains(*word)) {
            if *place > bits {
                common.insert(word);
            }
            let length = (*place).min(bits) + 1;
            *place = end;
            end += length;
        }
        let mut next = places.clone();
        let mut steps = vec![0_u8; end as usize];
        self.each_step(codes, words, |word, name, mut step| {
            let place = &mut next[word as usize];
            if lone.contains(word) {
                places[word as usize] = name;
                return;
            }
            if common.contains(word) {
                steps[*place as usize + 1 + name as usize / 8] |= 1 << (name % 8);
                return;
            }
            while step > 0x7F {
                steps[*place as usize] = step as u8 | 0x80;
                *place += 1;
                step >>= 7;
            }
            steps[*place as usize] = step as u8;
            *place += 1;
        });
        (places, lone, steps)
    }

    /// Word, name, and the step from the name before that has the word.
    fn each_step(&self, codes: &[u32], words: usize, mut take: impl FnMut(u32, u32, u32)) {
        let mut last = vec![u32::MAX; words];
        for (name, code) in (0_u32..).zip(codes) {
            for word in self.of(*code) {
                let last = &mut last[*word as usize];
                // The name has the word twice.
                if *last != name {
                    take(*word, name, name.wrapping_sub(*last));
                    *last = name;
                }
            }
        }
    }
}

/// Bytes of a number in LEB128.
fn length(number: u32) -> u32 {
    (32 - number.leading_zeros()).div_ceil(7).max(1)
}
