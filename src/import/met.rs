//! Which of very many numbers were met, in bounded memory: the last ones in a table, the others in sorted files that nobody else sees.

use std::collections::HashSet;
use std::fs::File;
use std::hash::Hash;
use std::io::{self, Read, Seek, SeekFrom, Write};

use foldhash::fast::RandomState;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of numbers that the table holds: its 2²⁰ places for eight bytes each, or half as many for sixteen, are then full.
const RECENT_BYTES: usize = (8 << 20) / 8 * 7;
/// Numbers of a file that are read together.
const PAGE: usize = 256;
/// Bits that a file's filter spends on a number: one of forty that are not there is looked for in vain.
const FILTER_BITS: usize = 8;

/// A number as it is kept.
pub(super) trait Mark: Copy + Ord + Hash {
    /// How wide it is.
    const BYTES: usize;

    /// Into a file.
    fn write(self, out: &mut Vec<u8>);

    /// From a file; none where it ends.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// How many steps it lies above a smaller one.
    fn above(self, other: Self) -> u128;

    fn hash(self) -> u64;
}

impl Mark for u64 {
    const BYTES: usize = 8;

    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_le_bytes)
    }

    fn above(self, other: Self) -> u128 {
        u128::from(self.wrapping_sub(other))
    }

    fn hash(self) -> u64 {
        xxh3_64(&self.to_le_bytes())
    }
}

impl Mark for u128 {
    const BYTES: usize = 16;

    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_le_bytes)
    }

    fn above(self, other: Self) -> u128 {
        self.wrapping_sub(other)
    }

    fn hash(self) -> u64 {
        xxh3_64(&self.to_le_bytes())
    }
}

/// Numbers that were met.
pub(super) struct Met<K> {
    recent: HashSet<K, RandomState>,
    most_recent: usize,
    runs: Vec<Run<K>>,
    /// Why no more can be kept.
    broken: Option<io::Error>,
}

impl<K: Mark> Default for Met<K> {
    fn default() -> Self {
        Self { recent: HashSet::default(), most_recent: RECENT_BYTES / K::BYTES, runs: Vec::new(), broken: None }
    }
}

impl<K: Mark> Met<K> {
    /// Takes a number in; false where it was met before.
    pub fn insert(&mut self, key: K) -> bool {
        if !self.recent.insert(key) {
            return false;
        }
        for run in &mut self.runs {
            match run.holds(key) {
                Ok(true) => {
                    self.recent.remove(&key);
                    return false;
                }
                Ok(false) => {}
                Err(error) => self.broken = Some(error),
            }
        }
        if self.recent.len() >= self.most_recent {
            let mut keys: Vec<K> = self.recent.drain().collect();
            keys.sort_unstable();
            match Run::new(&keys) {
                Ok(run) => self.runs.push(run),
                Err(error) => self.broken = Some(error),
            }
        }
        true
    }

    /// Why its answers are not to be relied on, if they are not.
    pub fn broken(&self) -> Option<&io::Error> {
        self.broken.as_ref()
    }
}

/// Numbers that the table had no room for.
struct Run<K> {
    first: K,
    last: K,
    /// None where it holds all numbers between the two, as senders number their rows.
    kept: Option<Kept<K>>,
}

/// Sorted numbers in a file.
struct Kept<K> {
    file: File,
    /// The first of each page.
    pages: Vec<K>,
    /// A Bloom filter: three bits of one word for each number.
    filter: Vec<u64>,
    bytes: Vec<u8>,
}

impl<K: Mark> Run<K> {
    /// Of sorted numbers, no two of them the same.
    fn new(keys: &[K]) -> io::Result<Self> {
        let (Some(&first), Some(&last)) = (keys.first(), keys.last()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let is_whole = last.above(first) == keys.len() as u128 - 1;
        let kept = if is_whole { None } else { Some(Kept::new(keys)?) };
        Ok(Self { first, last, kept })
    }

    fn holds(&mut self, key: K) -> io::Result<bool> {
        if key < self.first || key > self.last {
            return Ok(false);
        }
        self.kept.as_mut().map_or(Ok(true), |kept| kept.holds(key))
    }
}

impl<K: Mark> Kept<K> {
    fn new(keys: &[K]) -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        let (mut bytes, mut pages) = (Vec::with_capacity(PAGE * K::BYTES), Vec::new());
        let mut filter = vec![0_u64; (keys.len() * FILTER_BITS).div_ceil(64)];
        for page in keys.chunks(PAGE) {
            bytes.clear();
            pages.extend(page.first());
            for key in page {
                key.write(&mut bytes);
            }
            file.write_all(&bytes)?;
        }
        for key in keys {
            let (place, bits) = Self::spread(*key, filter.len());
            if let Some(word) = filter.get_mut(place) {
                *word |= bits;
            }
        }
        Ok(Self { file, pages, filter, bytes })
    }

    /// The word of the filter that a number is in, and its bits there.
    fn spread(key: K, words: usize) -> (usize, u64) {
        let hash = Mark::hash(key);
        let bit = |shift: u32| 1_u64 << ((hash >> shift) & 63);
        (((u128::from(hash) * words as u128) >> 64) as usize, bit(0) | bit(6) | bit(12))
    }

    fn holds(&mut self, key: K) -> io::Result<bool> {
        let (place, bits) = Self::spread(key, self.filter.len());
        if self.filter.get(place).is_none_or(|word| word & bits != bits) {
            return Ok(false);
        }
        let Some(page) = self.pages.partition_point(|first| *first <= key).checked_sub(1) else { return Ok(false) };
        self.file.seek(SeekFrom::Start((page * PAGE * K::BYTES) as u64))?;
        self.bytes.clear();
        (&self.file).take((PAGE * K::BYTES) as u64).read_to_end(&mut self.bytes)?;
        let mut found = self.bytes.chunks_exact(K::BYTES).filter_map(K::read);
        Ok(found.any(|one| one == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds a small table against one without bounds.
    fn agrees<K: Mark + std::fmt::Debug>(keys: impl Iterator<Item = K>) {
        let mut met = Met { most_recent: 700, ..Met::default() };
        let mut all = HashSet::new();
        for key in keys {
            assert_eq!(met.insert(key), all.insert(key), "{key:?}");
            assert!(met.recent.len() < 700);
        }
        assert!(met.broken().is_none() && met.runs.len() > 3);
    }

    #[test]
    fn numbers_are_known_again_after_any_time() {
        let mixed = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        agrees((0..9_000).map(|n| mixed(n % 7_000)));
        agrees((0..9_000).map(|n| u128::from(mixed(n % 8_000)) << 70 | 5));
        agrees((0..5_000).chain(4_000..8_000).chain([0, 699, 700, 8_000, u64::MAX, u64::MAX - 1, u64::MAX]));
        agrees((0..6_000_u64).map(|n| n * 3).chain(0..6_000));
    }

    #[test]
    fn rows_numbered_one_after_the_other_need_no_file() {
        let mut met = Met { most_recent: 700, ..Met::<u64>::default() };
        assert!((1..=7_000).all(|n| met.insert(n)));
        assert!(met.runs.len() == 10 && met.runs.iter().all(|run| run.kept.is_none()));
        assert!((1..=7_000).all(|n| !met.insert(n)));
    }
}
