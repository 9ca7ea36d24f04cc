//! What an aspect of a layer's quality asks of its features.

use super::AtlasError;
use super::count::{CountedBy, keys};
use super::query::Question;
use crate::engine::count::rows_behind;
use crate::engine::crowds::crowds;
use crate::engine::quality::{at_places, of_values};
use crate::engine::select::Selected;
use crate::model::filter::{Condition, Filter};
use crate::model::{AsOf, Aspect, AspectPick, CountKey, FindingKind, Invalid, Level, LonLat, UnitId};

/// What must be true of a feature.
pub(super) enum Asks {
    /// Nothing.
    Everything,
    /// Its answer of the join for a level is one of these.
    Held(Level, Vec<CountKey>),
    /// A condition on its own values and its place.
    Values(Filter),
}

/// Aspects whose rows lie in and near no unit of a level.
const OUTSIDE: [(Aspect, Level); 3] = [
    (Aspect::UnitOutside, Level::Commune),
    (Aspect::Finding(FindingKind::OutsideUnits), Level::Commune),
    (Aspect::Finding(FindingKind::OutsideProvince), Level::Province),
];

impl Question {
    /// What an aspect asks; none where the layer, as this caller sees it, has no such aspect. `crowds` gives the places of very
    /// many rows, where it is asked by them.
    pub(super) fn asks(&self, pick: AspectPick, crowds: impl FnOnce() -> Vec<LonLat>) -> Option<Asks> {
        let held = |level: Level, keys: Vec<CountKey>| {
            let known = self.state.units.map.all().iter().any(|unit| unit.level == level);
            known.then_some(Asks::Held(level, keys))
        };
        let zone = &self.clock.zone;
        let values = |condition: Condition| Asks::Values(Filter { condition, zone: zone.clone() });
        if let Some((_, level)) = OUTSIDE.iter().find(|(aspect, _)| *aspect == pick.aspect) {
            return held(*level, vec![CountKey::Outside]);
        }
        match pick.aspect {
            Aspect::WithPosition => Some(Asks::Everything),
            Aspect::UnitCovered => held(Level::Commune, self.units_at(Level::Commune)),
            Aspect::UnitNear => held(Level::Commune, vec![CountKey::Near]),
            Aspect::Finding(FindingKind::DuplicatePlace) => Some(values(at_places(&crowds()))),
            _ => of_values(&self.snapshot.layer, self.view, pick, zone).map(values),
        }
    }

    /// The same of an aspect that is asked for by its name.
    pub(super) fn asks_of(&self, pick: AspectPick, crowds: impl FnOnce() -> Vec<LonLat>) -> Result<Asks, Invalid> {
        self.asks(pick, crowds).ok_or_else(|| {
            let layer = &self.snapshot.layer.id;
            Invalid::new("of", format!("a number that /query/quality tells of {layer}; found {}", pick.aspect.name()))
        })
    }

    /// The aspects of its features that a layer has and this caller sees, each with what it asks.
    pub(super) fn aspects(&self, pick: impl Fn(Aspect) -> AspectPick, crowds: &[LonLat]) -> Vec<(Aspect, Asks)> {
        let told = Aspect::all().filter(|aspect| *aspect != Aspect::WithPosition && aspect.left_out().is_none());
        told.filter_map(|aspect| Some((aspect, self.asks(pick(aspect), || crowds.to_vec())?))).collect()
    }

    fn units_at(&self, level: Level) -> Vec<CountKey> {
        let units = self.state.units.map.all().iter().filter(|unit| unit.level == level);
        units.map(|unit| CountKey::Unit(unit.id)).collect()
    }

    /// The features of an aspect of a layer in memory: a bit for each row of each part.
    pub(super) fn words_of_aspect(&self, pick: AspectPick, as_of: AsOf) -> Result<Vec<Vec<u64>>, AtlasError> {
        let asks = self.asks_of(pick, || crowds(&self.snapshot.parts))?;
        Ok(self.words_of(asks, as_of))
    }

    /// The features of which it is true.
    pub(super) fn words_of(&self, asks: Asks, as_of: AsOf) -> Vec<Vec<u64>> {
        let parts = &self.snapshot.parts;
        let all = Selected::everything(parts).until(&self.cancel);
        match asks {
            Asks::Everything => all.words(),
            Asks::Values(filter) => all.filtered(&filter).words(),
            Asks::Held(level, wanted) => {
                let by = [CountedBy::Level(level)];
                let answers = self.answers_of(&by, as_of);
                let line: Vec<_> = keys(&by, &answers).into_iter().map(|key| (key, wanted.clone())).collect();
                rows_behind(&self.count_source(), &line, parts)
            }
        }
    }
}

/// The units among keys.
pub(super) fn units_of(keys: &[CountKey]) -> Vec<UnitId> {
    let unit = |key: &CountKey| match key {
        CountKey::Unit(id) => Some(*id),
        _ => None,
    };
    keys.iter().filter_map(unit).collect()
}
