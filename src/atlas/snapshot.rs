use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use foldhash::HashMap;
use quick_cache::sync::Cache;

use super::AtlasError;
use super::lagging::unreadable;
use super::large::LargeLayer;
use crate::engine::as_of::Answers;
use crate::engine::borders::BorderMap;
use crate::engine::locate::UnitIndex;
use crate::engine::names::UnitNames;
use crate::engine::parts::Parts;
use crate::engine::unit_map::UnitMap;
use crate::model::filter::AskedFilter;
use crate::model::{AsOf, Bbox, Day, Instant, Layer, LayerId, Level, TimeInterval, UnitId, Versions, View};
use crate::store::{Found, LayerTotals, UnitTable};

/// The map at one moment.
#[derive(Clone)]
pub struct State {
    /// The units of all dates.
    pub units: Arc<UnitSnapshot>,
    /// Each layer's features.
    pub layers: HashMap<LayerId, Arc<LayerSnapshot>>,
    /// Layers that could not be read since the start, and of which nothing can be told.
    pub unread: Vec<Arc<Layer>>,
    /// Layers that lag behind the store, those among them: in order.
    pub lagging: Vec<LayerId>,
}

impl State {
    /// A layer that the view sees.
    pub fn layer(&self, view: View, id: &LayerId) -> Result<&Arc<LayerSnapshot>, AtlasError> {
        let found = self.layers.get(id).filter(|snapshot| view.sees(&snapshot.layer));
        // Of a layer that is not loaded, nothing is left when its table cannot be read.
        let is_away = found.is_some_and(|snapshot| snapshot.large.is_some()) && self.lagging.contains(id);
        if is_away || self.unread.iter().any(|layer| layer.id == *id && view.sees(layer)) {
            return Err(unreadable(id));
        }
        found.ok_or_else(|| AtlasError::UnknownLayer(id.to_string()))
    }

    /// The versions of the units and of these layers.
    pub fn versions<'a>(&self, layers: impl IntoIterator<Item = &'a Arc<LayerSnapshot>>) -> Versions {
        let mut versions = Versions::from([("units".to_owned(), self.units.map.version())]);
        versions.extend(layers.into_iter().map(|snapshot| (snapshot.layer.id.to_string(), snapshot.version)));
        versions
    }
}

/// The units of all dates, ready to be asked.
pub struct UnitSnapshot {
    /// By id.
    pub map: Arc<UnitMap>,
    /// By place.
    pub index: UnitIndex,
    /// By tile.
    pub borders: BorderMap,
    /// By name.
    pub names: UnitNames,
}

impl UnitSnapshot {
    /// Indexes what the store knows of units.
    pub fn new(table: UnitTable) -> Self {
        let index = UnitIndex::new(&table.units);
        let map = UnitMap::new(table.units, table.changes, table.version);
        // Sorted: simplified borders depend on the order in which units come.
        let borders = BorderMap::new(map.all());
        let names = UnitNames::new(&map);
        Self { map: Arc::new(map), index, borders, names }
    }
}

/// A layer at one version.
pub struct LayerSnapshot {
    /// What it is.
    pub layer: Arc<Layer>,
    /// Its features.
    pub parts: Parts,
    /// The store's version of it.
    pub version: u64,
    /// Changes with the layer's definition: its fields, codes and limits are drawn too.
    pub definition: u64,
    /// Answers of the join by level and date, made when first asked for; later versions share them.
    answers: Arc<Cache<AnswersKey, Arc<Answers>>>,
    /// Its features by unit, counted when first asked for; a later version counts anew.
    unit_counts: OnceLock<Cache<UnitCountsKey, UnitCounts>>,
    /// Of a layer that is not loaded: its parts are empty, or the rows that were fetched for one answer.
    pub large: Option<Arc<LargeLayer>>,
}

/// What answers depend on: level, date, today, the fingerprint of the units, and how many lists of units there are (lists are
/// only ever added, while a layer is not loaded whole).
type AnswersKey = (Level, AsOf, Day, u64, usize);

/// What counts by unit depend on, beside the features and the fingerprint of the units.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnitCountsKey {
    /// Into units of this level,
    pub level: Level,
    /// as they are on this day.
    pub day: Day,
    /// Whose fingerprint is this.
    pub units: u64,
    /// Only features whose time is in it,
    pub datetime: Option<TimeInterval>,
    /// and for which it is true.
    pub filter: Option<AskedFilter>,
}

/// Features by the unit that covers them.
pub type UnitCounts = Arc<BTreeMap<UnitId, u64>>;

/// Dates that are kept ready for one layer: a map is looked at under few.
const MOST_ANSWERS: usize = 32;
/// Counts by unit that are kept for one version of a layer: a map of units is one, however many tiles it has.
const MOST_UNIT_COUNTS: usize = 32;

impl LayerSnapshot {
    /// A layer as it was loaded at a version.
    pub fn new(layer: &Layer, parts: Parts, version: u64) -> Self {
        let definition = xxhash_rust::xxh3::xxh3_64(format!("{layer:?}").as_bytes());
        let answers = Arc::new(Cache::new(MOST_ANSWERS));
        Self {
            layer: Arc::new(layer.clone()),
            parts,
            version,
            definition,
            answers,
            unit_counts: OnceLock::new(),
            large: None,
        }
    }

    /// A layer that stays in the database.
    pub fn large(layer: &Layer, found: &Found<LayerTotals>) -> Self {
        let large = Some(Arc::new(LargeLayer::new(found)));
        Self { large, ..Self::new(layer, Parts::default(), found.version) }
    }

    /// The layer as some rows of it, read at a version.
    #[must_use]
    pub fn of_rows(&self, version: u64, parts: Parts) -> Self {
        // Answers are by the parts' own lists of units.
        Self { answers: Arc::new(Cache::new(MOST_ANSWERS)), ..self.at(version, parts) }
    }

    /// Changes with the features of a layer that is loaded; the version alone speaks for one that is not.
    pub fn fingerprint(&self) -> u64 {
        if self.large.is_some() { 0 } else { self.parts.fingerprint() }
    }

    /// The layer at a later version, its parts made from these.
    #[must_use]
    pub fn at(&self, version: u64, parts: Parts) -> Self {
        Self {
            layer: Arc::clone(&self.layer),
            parts,
            version,
            definition: self.definition,
            answers: Arc::clone(&self.answers),
            unit_counts: OnceLock::new(),
            large: self.large.clone(),
        }
    }

    /// A layer that stays in the database, which gives its versions again to other rows: what was drawn of them before is no answer.
    #[must_use]
    pub fn anew(&self, version: u64) -> Self {
        Self { definition: self.definition.wrapping_add(1), ..self.at(version, Parts::default()) }
    }

    /// The units of a level that hold each feature under `as_of`; `today` is the date of features that have none.
    pub fn answers(&self, units: &UnitMap, level: Level, (as_of, today): (AsOf, Day)) -> Arc<Answers> {
        let sets = self.parts.links();
        let key = (level, as_of, today, units.fingerprint(), sets.len());
        let make = || Ok::<_, Infallible>(Arc::new(Answers::new(sets, units, level, as_of, today)));
        let Ok(answers) = self.answers.get_or_insert_with(&key, make);
        answers
    }

    /// The features by unit, if they were counted before.
    pub fn unit_counts(&self, key: &UnitCountsKey) -> Option<UnitCounts> {
        self.unit_counts.get()?.get(key)
    }

    /// The features by unit, counted by one of those who ask at a time; what `count` fails at is not kept.
    pub fn unit_counts_or<E>(
        &self,
        key: &UnitCountsKey,
        count: impl FnOnce() -> Result<UnitCounts, E>,
    ) -> Result<UnitCounts, E> {
        self.unit_counts.get_or_init(|| Cache::new(MOST_UNIT_COUNTS)).get_or_insert_with(key, count)
    }

    /// What people are told of it.
    pub fn summary(self: &Arc<Self>) -> LayerSummary {
        let features = self.large.as_ref().map_or(self.parts.len() as u64, |large| large.totals().features);
        LayerSummary { layer: Arc::clone(&self.layer), features, version: self.version, snapshot: Arc::clone(self) }
    }
}

/// What there is to know of a layer without reading its features.
#[derive(Clone)]
pub struct LayerSummary {
    /// What it is.
    pub layer: Arc<Layer>,
    /// How many features it has.
    pub features: u64,
    /// The store's version of it.
    pub version: u64,
    /// Where and when they are may have to be looked for, and few ask.
    snapshot: Arc<LayerSnapshot>,
}

/// A layer of the catalogue, read or not.
pub struct ListedLayer<'a> {
    /// What it is.
    pub layer: &'a Layer,
    /// None where it could not be read since the start.
    pub summary: Option<LayerSummary>,
    /// It cannot be read at the moment: what is shown of it is as it was read last.
    pub lagging: bool,
}

impl LayerSummary {
    /// Where they are; empty when there is none.
    pub fn bbox(&self) -> Bbox {
        self.snapshot.large.as_ref().map_or_else(|| self.snapshot.parts.bbox(), |large| large.totals().bbox)
    }

    /// First and last time.
    pub fn time(&self) -> Option<(Instant, Instant)> {
        self.snapshot.large.as_ref().map_or_else(|| self.snapshot.parts.time_range(), |large| large.totals().time)
    }
}
