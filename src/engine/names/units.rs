//! The names of all units, looked through one by one: they are few.

use std::collections::{BTreeSet, HashMap};

use super::asked::AskedName;
use super::fold::plain;
use super::kinds::{Reading, kind_at, readings, spelled_words};
use crate::engine::unit_map::UnitMap;
use crate::model::{Day, Fit, Level, Unit, UnitId};

/// The names of all units of all dates.
///
/// Numbers of units here are their places in [`UnitMap::all`].
#[derive(Debug, Default)]
pub struct UnitNames {
    pub(super) units: Vec<UnitName>,
    /// By name without spaces.
    pub(super) by_name: HashMap<String, Vec<u32>>,
    /// By code without the zeros before it.
    pub(super) by_code: HashMap<String, Vec<u32>>,
}

/// What a unit is called.
#[derive(Debug)]
pub(super) struct UnitName {
    /// Official code.
    pub code: String,
    /// Its rank.
    pub level: Level,
    /// Plain form of the name without its kind.
    pub name: String,
    /// Spelled words of the same.
    pub spelled: Vec<String>,
    /// Plain form of the kind.
    pub kind: String,
    /// Plain form of the name with its kind, where that is other words than kind and name.
    pub full: String,
    /// The units above it.
    pub above: Vec<u32>,
    /// Those above what it became or was made of: people go on using them.
    pub above_related: Vec<u32>,
    /// Letters of its names and of those above.
    letters: u64,
}

/// A unit whose name or code fits what is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundUnit {
    /// Which.
    pub unit: UnitId,
    /// How well.
    pub fit: Fit,
}

impl UnitNames {
    /// The names of some units.
    pub fn new(units: &UnitMap) -> Self {
        let above = Above::new(units);
        let mut names = Self::default();
        for (index, unit) in (0_u32..).zip(units.all()) {
            let name = UnitName { above_related: above.of_related(index), ..UnitName::new(unit, above.of(index)) };
            names.by_name.entry(squeezed(&name.name)).or_default().push(index);
            names.by_code.entry(without_zeros(&unit.code).to_owned()).or_default().push(index);
            names.units.push(name);
        }
        let own: Vec<u64> = names.units.iter().map(|name| letters(&name.name) | letters(&name.full)).collect();
        for (name, own_letters) in names.units.iter_mut().zip(&own) {
            let above = name.all_above().filter_map(|above| own.get(above as usize));
            name.letters = above.fold(*own_letters, |all, above| all | above);
        }
        names
    }

    /// The units whose name or code fits what is asked, best first: by fit, whether they are in force on the day, level, plain
    /// name, code and first day.
    ///
    /// Words may also name the units above, after those of the unit itself: `Ba Tơ Quảng Ngãi`. Looks at every unit, about
    /// 1 µs each.
    pub fn find(&self, units: &UnitMap, asked: &AskedName, day: Day) -> Vec<FoundUnit> {
        let words = spelled_words(&asked.text);
        let ways: Vec<Way<'_>> = readings(&words).iter().map(Way::new).collect();
        let meant: BTreeSet<UnitId> = self.meant(units, &asked.text).into_iter().collect();
        let mut found: Vec<(FoundUnit, &Unit)> = Vec::new();
        for (name, unit) in self.units.iter().zip(units.all()) {
            let may_fit = ways.iter().filter(|way| way.letters & !name.letters == 0);
            let by_name = may_fit.filter_map(|way| self.fit(name, unit, way)).min();
            let meant = meant.contains(&unit.id).then_some(Fit::Folded);
            if let Some(fit) = [by_name, by_code(unit, asked), meant].into_iter().flatten().min() {
                found.push((FoundUnit { unit: unit.id, fit }, unit));
            }
        }
        let place = |(found, unit): &(FoundUnit, &Unit)| {
            (found.fit, !unit.valid.contains(day), unit.level, plain(&unit.name), unit.code.clone(), unit.valid.from)
        };
        found.sort_by_cached_key(place);
        found.into_iter().map(|(found, _)| found).collect()
    }

    fn fit(&self, name: &UnitName, unit: &Unit, way: &Way<'_>) -> Option<Fit> {
        let other_kind = way.kind.as_ref().is_some_and(|kind| *kind != name.kind);
        if !way.levels.contains(&unit.level) && (way.kind.is_none() || other_kind) {
            return None;
        }
        let asked = &way.asked;
        let fit = asked.fit_plain(&name.name, || name.spelled.join(" "));
        match fit.or_else(|| asked.fit_plain(&name.full, String::new)) {
            // Of another kind than was said: a mistake, or the kind of another date.
            Some(fit) if other_kind => Some(fit.max(Fit::Words)),
            Some(fit) => Some(fit),
            // Its own neighbours have such names too: last.
            None => self.with_above(name, asked).then_some(Fit::Contained),
        }
    }

    /// Whether the words asked for begin words of the name or of the units above it, at least one of the name.
    fn with_above(&self, name: &UnitName, asked: &AskedName) -> bool {
        let begins = |form: &str, asked: &String| form.split(' ').any(|word| word.starts_with(asked.as_str()));
        asked.words.iter().any(|word| begins(&name.name, word))
            && asked.words.iter().all(|word| {
                let above = || name.all_above().filter_map(|index| self.units.get(index as usize));
                begins(&name.full, word) || above().any(|above| begins(&above.full, word))
            })
    }
}

/// One way to read what is asked.
struct Way<'a> {
    asked: AskedName,
    /// Plain form of the kind said.
    kind: Option<String>,
    levels: &'a [Level],
    letters: u64,
}

impl<'a> Way<'a> {
    fn new(reading: &Reading<'a>) -> Self {
        let spelling = reading.name.join(" ");
        let form = plain(&spelling);
        let mut words: Vec<String> = form.split(' ').map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        let (kind, levels) = (reading.kind.map(|kind| plain(kind.name)), reading.levels);
        let letters = letters(&form);
        Self { asked: AskedName { text: spelling.clone(), plain: form, spelling, words }, kind, levels, letters }
    }
}

/// A code fits exactly, without the zeros that a spreadsheet took from it, or as it begins.
fn by_code(unit: &Unit, asked: &AskedName) -> Option<Fit> {
    let typed = asked.plain.as_str();
    if !typed.bytes().all(|byte| byte.is_ascii_digit()) {
        return (typed == plain(&unit.code)).then_some(Fit::Exact);
    }
    match () {
        () if typed == unit.code => Some(Fit::Exact),
        () if without_zeros(typed) == without_zeros(&unit.code) => Some(Fit::Folded),
        () if unit.code.starts_with(typed) => Some(Fit::Prefix),
        () => None,
    }
}

impl UnitName {
    fn new(unit: &Unit, above: Vec<u32>) -> Self {
        let words = spelled_words(&unit.name);
        let kind_words = spelled_words(&unit.kind);
        let official = kind_at(&kind_words).map(|(kind, _)| kind.name);
        // Some sources have the kind in the name.
        let in_name = kind_at(&words).filter(|(kind, length)| {
            words.len() > *length
                && official.is_none_or(|official| official == kind.name)
                && unit.full_name.len() <= unit.name.len()
        });
        let spelled = in_name.and_then(|(_, length)| words.get(length..)).unwrap_or(&words).to_vec();
        // `thành phố thuộc tỉnh` is a `thành phố`.
        let kind = in_name.map(|(kind, _)| kind.name).or(official).unwrap_or(&unit.kind);
        let full =
            if unit.full_name.is_empty() { format!("{kind} {}", spelled.join(" ")) } else { unit.full_name.clone() };
        Self {
            code: unit.code.clone(),
            level: unit.level,
            name: plain(&spelled.join(" ")),
            spelled,
            kind: plain(kind),
            full: plain(&full),
            above,
            above_related: Vec::new(),
            letters: 0,
        }
    }

    pub fn all_above(&self) -> impl Iterator<Item = u32> {
        self.above.iter().chain(&self.above_related).copied()
    }
}

/// The letters and digits of a form, a bit each, some sharing one.
fn letters(form: &str) -> u64 {
    form.bytes().filter(|byte| *byte != b' ').fold(0, |letters, byte| letters | 1 << (byte & 63))
}

/// A plain form without its spaces, and numbers in it without the zeros before them.
pub(super) fn squeezed(form: &str) -> String {
    form.split(' ').map(without_zeros).collect()
}

pub(super) fn without_zeros(word: &str) -> &str {
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let bare = if digits { word.trim_start_matches('0') } else { word };
    if bare.is_empty() { word } else { bare }
}

/// Which units are above which, on whatever date.
struct Above<'a> {
    units: &'a [Unit],
    by_code: HashMap<&'a str, Vec<u32>>,
    /// Units that became each other, by number.
    related: HashMap<u32, Vec<u32>>,
}

impl<'a> Above<'a> {
    fn new(map: &'a UnitMap) -> Self {
        let units = map.all();
        let mut by_code: HashMap<&str, Vec<u32>> = HashMap::new();
        for (index, unit) in (0_u32..).zip(units) {
            by_code.entry(unit.code.as_str()).or_default().push(index);
        }
        let mut above = Self { units, by_code, related: HashMap::new() };
        for change in map.changes() {
            let before = above.commune(&change.old_code, Day(change.date.0.saturating_sub(1)));
            let after = above.commune(&change.new_code, change.date);
            if let (Some(before), Some(after)) = (before, after) {
                above.related.entry(before).or_default().push(after);
                above.related.entry(after).or_default().push(before);
            }
        }
        above
    }

    fn commune(&self, code: &str, day: Day) -> Option<u32> {
        let known = self.by_code.get(code)?.iter().copied();
        known.into_iter().find(|index| {
            self.units.get(*index as usize).is_some_and(|unit| unit.level == Level::Commune && unit.valid.contains(day))
        })
    }

    fn of(&self, index: u32) -> Vec<u32> {
        let mut above = BTreeSet::new();
        self.add(index, &mut above);
        above.into_iter().collect()
    }

    fn of_related(&self, index: u32) -> Vec<u32> {
        let mut above = BTreeSet::new();
        let related = self.related.get(&index).into_iter().flatten();
        related.for_each(|related| self.add(*related, &mut above));
        above.into_iter().collect()
    }

    fn add(&self, index: u32, above: &mut BTreeSet<u32>) {
        let Some(unit) = self.units.get(index as usize) else { return };
        let Some(parents) = unit.parent.as_deref().and_then(|code| self.by_code.get(code)) else { return };
        for parent in parents {
            let is_parent = self.units.get(*parent as usize).is_some_and(|parent| {
                // Larger, so that there is no circle.
                parent.level < unit.level && parent.valid.meets(&unit.valid)
            });
            if is_parent {
                above.insert(*parent);
                self.add(*parent, above);
            }
        }
    }
}
