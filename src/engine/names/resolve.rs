//! The unit that a sender's words mean on a day: the names that fit, then what became of the units that they name.

use std::collections::BTreeSet;

use super::fold::plain;
use super::kinds::{kind_at, readings, spelled_words};
use super::units::{UnitNames, squeezed, without_zeros};
use crate::engine::convert::became;
use crate::engine::unit_map::UnitMap;
use crate::model::{Day, Level, UnitId};

/// Longest text that is read as a unit, bytes: what is longer is none.
const MOST_BYTES: usize = 1_000;

/// What somebody writes for a unit, and the day for which it is meant.
#[derive(Debug, Clone, Copy)]
pub struct UnitAsked<'a> {
    /// A code or name of any date, with its kind or without, alone or with the units above it: `Xã Ba Tơ, huyện Ba Tơ`.
    pub text: &'a str,
    /// The level of the unit that is meant, where that is known.
    pub level: Option<Level>,
    /// The unit in force on this day is asked for.
    pub day: Day,
}

/// The unit that somebody's words mean on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// One unit.
    One {
        /// In force on the day.
        unit: UnitId,
        /// The unit that the words name: the same, or one of another date that became it (or was made of it).
        named: UnitId,
    },
    /// It may be any of these, in force on the day; by level, code and first day.
    Several(Vec<UnitId>),
    /// No unit in force on the day, or none at all, is called so.
    None,
}

/// A unit that a text may mean. The less, the better it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// 0 the very spelling or code, 1 without accents or with zeros lost, 2 without spaces.
    spelling: u8,
    /// 1 where another kind of the same level was said.
    other_kind: bool,
    /// How well the units said to be above it are: 0 they are, 1 under another kind, 2 above what it became or was made of.
    above: u8,
    unit: u32,
}

impl UnitNames {
    /// The unit in force on a day that a sender's words mean.
    ///
    /// The date decides where a code or name was used again. A unit of another date stands for what it became by the table of
    /// changes, or for what it was made of. The spelling as written goes before a name that is alike without accents, the kind
    /// said before another one of the level, a unit in force on the day before others. Some 50 µs: whoever asks for many rows
    /// remembers the answers, which are the same for all days between two of [`UnitMap::bounds`].
    pub fn resolve(&self, units: &UnitMap, asked: UnitAsked<'_>) -> Resolved {
        let mut candidates = self.candidates(asked.text, asked.level);
        let in_force = |candidate: &Candidate| {
            let unit = units.all().get(candidate.unit as usize);
            unit.is_some_and(|unit| unit.valid.contains(asked.day))
        };
        let rank =
            |candidate: &Candidate| (candidate.spelling, candidate.other_kind, candidate.above, !in_force(candidate));
        candidates.sort_by_key(|candidate| (rank(candidate), candidate.unit));
        for same in candidates.chunk_by(|a, b| rank(a) == rank(b)) {
            let mut named = None;
            let mut found: BTreeSet<UnitId> = BTreeSet::new();
            for unit in same.iter().filter_map(|candidate| units.all().get(candidate.unit as usize)) {
                let became = became(units, unit, asked.day);
                if !became.is_empty() {
                    named = Some(unit.id);
                }
                found.extend(became.into_iter().map(|(id, _)| id));
            }
            if asked.level.is_none() {
                keep_lowest(units, &mut found);
            }
            let mut found: Vec<UnitId> = found.into_iter().collect();
            match (found.as_slice(), named) {
                ([], _) => {}
                ([unit], Some(named)) => return Resolved::One { unit: *unit, named },
                _ => {
                    let place = |id: &UnitId| units.unit(*id).map(|unit| (unit.level, &unit.code, unit.valid.from));
                    found.sort_by(|a, b| place(a).cmp(&place(b)));
                    return Resolved::Several(found);
                }
            }
        }
        Resolved::None
    }

    /// The units of whatever date that a text names, with those above it rightly named.
    pub(super) fn meant(&self, units: &UnitMap, text: &str) -> Vec<UnitId> {
        if !text.contains(|c| SEPARATORS.contains(&c)) {
            return Vec::new();
        }
        let found = self.candidates(text, None).into_iter();
        found.filter_map(|found| units.all().get(found.unit as usize)).map(|unit| unit.id).collect()
    }

    fn candidates(&self, text: &str, level: Option<Level>) -> Vec<Candidate> {
        if text.len() > MOST_BYTES {
            return Vec::new();
        }
        let parts = parts(text);
        let found = self.of_parts(&parts, level, usize::MAX);
        if !found.is_empty() || parts.len() != 1 {
            return found;
        }
        // Nothing between the parts but their kinds: `Xã Ba Tơ huyện Ba Tơ`. Not all that look like kinds are: `Sơn Tinh`, `Ia H' Drai`.
        let words = parts.first().map_or(&[][..], Vec::as_slice);
        let places = kinds_within(words);
        let mut cuts: Vec<u32> = (1..1 << places.len()).collect();
        cuts.sort_by_key(|cut| std::cmp::Reverse(cut.count_ones()));
        let parts = cuts.into_iter().map(|cut| {
            let at = |(place, _): &(usize, &usize)| cut >> place & 1 == 1;
            cut_at(words, places.iter().enumerate().filter(at).map(|(_, place)| *place))
        });
        parts.map(|parts| self.of_parts(&parts, level, 0)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// From small to large, some parts before the unit being none (a house, a hamlet), or from large to small.
    fn of_parts(&self, parts: &[Vec<String>], level: Option<Level>, most_before: usize) -> Vec<Candidate> {
        let codes: Vec<&str> = parts.iter().filter_map(|words| code_of(words)).collect();
        let names: Vec<&[String]> = parts.iter().filter(|words| code_of(words).is_none()).map(Vec::as_slice).collect();
        let all_levels = |candidate: &Candidate| level.is_none_or(|level| self.level(candidate.unit) == Some(level));
        if names.is_empty() {
            let [code] = codes.as_slice() else { return Vec::new() };
            return self.of_code(code).into_iter().filter(all_levels).collect();
        }
        let fits = |target: usize, above: &[&[String]]| -> Vec<Candidate> {
            let Some(words) = names.get(target) else { return Vec::new() };
            let mut found = self.of_words(words);
            found.retain(all_levels);
            for words in above {
                let called = self.of_words(words);
                found.retain_mut(|candidate| {
                    let fits = self.is_above(candidate.unit, &called);
                    candidate.above = candidate.above.max(fits.unwrap_or(0));
                    fits.is_some()
                });
            }
            for code in &codes {
                let has = |candidate: &Candidate| self.has_code(candidate.unit, code);
                // A short number that is no unit's is a house's.
                if code.len() >= CODE_DIGITS || found.iter().any(has) {
                    found.retain(has);
                }
            }
            found
        };
        for target in 0..names.len().min(most_before.saturating_add(1)) {
            let found = fits(target, names.get(target + 1..).unwrap_or(&[]));
            if !found.is_empty() {
                return found;
            }
            // A unit by its kind that does not fit what is above it is no hamlet.
            if names.get(target).is_some_and(|words| kind_at(words).is_some() && !self.of_words(words).is_empty()) {
                break;
            }
        }
        let Some((_, above)) = names.split_last() else { return Vec::new() };
        if above.is_empty() { Vec::new() } else { fits(above.len(), above) }
    }

    /// Units that are called so.
    fn of_words(&self, words: &[String]) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for reading in readings(words) {
            let spelling = reading.name.join(" ");
            let form = plain(&spelling);
            let kind = reading.kind.map(|kind| plain(kind.name));
            for unit in self.by_name.get(&squeezed(&form)).into_iter().flatten() {
                let Some(name) = self.units.get(*unit as usize) else { continue };
                let other_kind = kind.as_ref().is_some_and(|kind| *kind != name.kind);
                if !reading.levels.contains(&name.level) && (kind.is_none() || other_kind) {
                    continue;
                }
                let grade = match () {
                    () if name.spelled == reading.name => 0,
                    () if name.name == form => 1,
                    () => 2,
                };
                found.push(Candidate { spelling: grade, other_kind, above: 0, unit: *unit });
            }
        }
        if let [word] = words {
            found.extend(self.of_code(word));
        }
        if found.is_empty() {
            found = self.with_code(words);
        }
        found.sort_unstable_by_key(|candidate| (candidate.unit, *candidate));
        found.dedup_by_key(|candidate| candidate.unit);
        found
    }

    /// `21025 Cẩm Thành`, `Phường Cẩm Thành (21025)`: both must be the unit's.
    fn with_code(&self, words: &[String]) -> Vec<Candidate> {
        let (first, last) = (words.split_first(), words.split_last());
        let halves = [first, last].into_iter().flatten().filter(|(code, rest)| is_code(code) && !rest.is_empty());
        let mut found = Vec::new();
        for (code, rest) in halves {
            found.extend(self.of_words(rest).into_iter().filter(|candidate| self.has_code(candidate.unit, code)));
        }
        found
    }

    fn of_code(&self, code: &str) -> Vec<Candidate> {
        let known = self.by_code.get(without_zeros(code)).into_iter().flatten().copied();
        let candidate = |unit: u32| {
            let same = self.units.get(unit as usize).is_some_and(|name| name.code == code);
            Candidate { spelling: u8::from(!same), other_kind: false, above: 0, unit }
        };
        known.map(candidate).collect()
    }

    fn has_code(&self, unit: u32, code: &str) -> bool {
        let is = |unit: u32| {
            self.units.get(unit as usize).is_some_and(|name| without_zeros(&name.code) == without_zeros(code))
        };
        is(unit) || self.units.get(unit as usize).is_some_and(|name| name.all_above().any(is))
    }

    /// How well a unit that is called so is above the unit; none where none is.
    fn is_above(&self, unit: u32, called: &[Candidate]) -> Option<u8> {
        let name = self.units.get(unit as usize)?;
        let fits = |candidate: &Candidate| match () {
            () if name.above.contains(&candidate.unit) => Some(u8::from(candidate.other_kind)),
            () if name.above_related.contains(&candidate.unit) && !candidate.other_kind => Some(2),
            () => None,
        };
        called.iter().filter_map(fits).min()
    }

    fn level(&self, unit: u32) -> Option<Level> {
        self.units.get(unit as usize).map(|name| name.level)
    }
}

/// Kinds without anything before them at which a text is cut.
const MOST_CUTS: usize = 5;
/// Digits of a number among names that can only be a unit's code.
const CODE_DIGITS: usize = 4;
/// What may stand between a unit and the one above it.
const SEPARATORS: [char; 8] = [',', ';', '/', '|', '\n', '\t', '>', '–'];

/// A district without communes stands among communes under its own code: the lowest of the two is meant.
fn keep_lowest(units: &UnitMap, found: &mut BTreeSet<UnitId>) {
    let all: Vec<_> = found.iter().filter_map(|id| units.unit(*id)).collect();
    let stands_in = |code: &str, at: Level| all.iter().any(|unit| unit.code == code && unit.level > at);
    let doubled = all.iter().filter(|unit| stands_in(&unit.code, unit.level));
    let doubled: Vec<UnitId> = doubled.map(|unit| unit.id).collect();
    for id in doubled {
        found.remove(&id);
    }
}

/// The spelled words of each part; the country is none.
fn parts(text: &str) -> Vec<Vec<String>> {
    // A number that went through a spreadsheet.
    let text = text.trim();
    let text = text.strip_suffix(".0").filter(|number| is_code(number)).unwrap_or(text);
    let text = text.replace(" - ", ",");
    let words = text.split(SEPARATORS).map(spelled_words).filter(|words| !words.is_empty());
    let is_country = |words: &Vec<String>| {
        let form = plain(&words.join(""));
        form == "vietnam" || form == "vn"
    };
    words.filter(|words| !is_country(words)).collect()
}

/// Where kinds seem to begin that have a word before them, few of them.
fn kinds_within(words: &[String]) -> Vec<usize> {
    let is_kind = |at: &usize| words.get(*at..).and_then(kind_at).is_some_and(|(_, length)| words.len() > at + length);
    (1..words.len()).filter(is_kind).take(MOST_CUTS).collect()
}

/// The words cut before some of them.
fn cut_at(words: &[String], places: impl Iterator<Item = usize>) -> Vec<Vec<String>> {
    let mut parts = Vec::new();
    let mut from = 0;
    for place in places.chain([words.len()]) {
        parts.extend(words.get(from..place).map(<[String]>::to_vec));
        from = place;
    }
    parts
}

fn code_of(words: &[String]) -> Option<&str> {
    match words {
        [word] if is_code(word) => Some(word),
        _ => None,
    }
}

fn is_code(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
