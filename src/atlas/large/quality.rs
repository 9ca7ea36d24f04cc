use super::refused;
use crate::atlas::AtlasError;
use crate::atlas::aspect::Asks;
use crate::atlas::load::large_layers;
use crate::atlas::query::Question;
use crate::engine::as_of::{Holding, holding};
use crate::model::filter::Filter;
use crate::model::{AsOf, Aspect, AspectPick, CountKey, FindingKind, LayerQuality, Level, LonLat, QualityRequest};
use crate::store::{Group, Grouping, Store};

impl Question {
    /// What is counted of the features of a layer that is not loaded.
    pub async fn quality_large(&self, store: &dyn Store, request: &QualityRequest) -> Result<LayerQuality, AtlasError> {
        let filter = self.checked(request.datetime, request.filter.as_ref())?;
        let mut wanted = self.wanted(filter.as_ref(), request.datetime, request.as_of);
        wanted.fields.clear();
        let large = large_layers(store, &self.snapshot.layer).map_err(refused)?;
        let crowds = large.crowds(&self.snapshot.layer).await.map_err(refused)?.found;
        let pick = |aspect| AspectPick { aspect, today: request.today };
        let (mut held, mut tested, mut tests) = (Vec::new(), Vec::new(), Vec::<Filter>::new());
        for (aspect, asks) in self.aspects(pick, &crowds) {
            match asks {
                Asks::Everything => {}
                Asks::Held(level, keys) => held.push((aspect, level, keys)),
                Asks::Values(test) => {
                    tested.push(aspect);
                    tests.push(test);
                }
            }
        }
        let by = Grouping { units: Some(self.bounds(request.as_of)), ..Grouping::default() };
        let found = large.tally(&wanted, (&by, &tests)).await.map_err(refused)?;
        let tally = found.found;
        let of_units = |(aspect, level, keys): (Aspect, Level, Vec<CountKey>)| {
            let groups = tally.groups.iter().filter(|group| keys.contains(&self.key_of(group, level, request.as_of)));
            (aspect, groups.map(|group| group.count).sum())
        };
        let counts: Vec<(Aspect, u64)> =
            held.into_iter().map(of_units).chain(tested.into_iter().zip(tally.counts.iter().copied())).collect();
        let versions =
            self.state.versions([&std::sync::Arc::new(self.snapshot.at(found.version, self.snapshot.parts.clone()))]);
        Ok(LayerQuality { features: tally.rows, left_out: None, counts, versions })
    }

    fn key_of(&self, group: &Group, level: Level, as_of: AsOf) -> CountKey {
        match holding(&self.state.units.map, &group.links, level, self.day_of(group.span, as_of)) {
            Holding::Covered(id) => CountKey::Unit(id),
            Holding::Near(_) => CountKey::Near,
            Holding::Outside => CountKey::Outside,
        }
    }

    /// What an aspect asks of the features of a layer that is not loaded.
    pub(super) async fn asks_large(&self, store: &dyn Store, pick: AspectPick) -> Result<Asks, AtlasError> {
        let mut crowds: Vec<LonLat> = Vec::new();
        if pick.aspect == Aspect::Finding(FindingKind::DuplicatePlace) {
            let large = large_layers(store, &self.snapshot.layer).map_err(refused)?;
            crowds = large.crowds(&self.snapshot.layer).await.map_err(refused)?.found;
        }
        Ok(self.asks_of(pick, || crowds)?)
    }
}
