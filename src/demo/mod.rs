//! The demonstration province: schematic units, and about 30,000 made-up points in the built-in layers.
//!
//! The points come from `fixtures/points.toml` and a fixed seed: every run makes the same ones. They carry no personal data, and the
//! name of each ends in "(minh hoạ)", for illustration.

mod chance;
mod crowd;
mod moment;
mod recipe;
mod terrain;
#[cfg(test)]
mod tests;
mod units;
mod values;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;

pub use self::crowd::Crowd;
use self::moment::Moments;
use self::recipe::{Group, Recipe};
use self::terrain::{Spot, Terrain};
use self::values::{Plan, Surroundings};
use crate::engine::locate::UnitIndex;
use crate::model::{Catalogue, Day, Finding, Layer, LayerId, Level, Unit, UnitLink};
use crate::store::{ImportBatch, ImportId, ImportRow, Imported, Store, StoreError, UnitsStored};

const RECIPE: &str = include_str!("../../fixtures/points.toml");
/// What the made-up points are made from.
const SEED: u64 = 20_250_701;
/// Rows in a batch of an import.
const BATCH_ROWS: usize = 1_000;

/// Why the demonstration could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that is built into the program cannot be read: a fault of the program.
    #[error("{file}, built into the program: {cause}")]
    Fixture {
        /// Which file.
        file: &'static str,
        /// What is wrong in it.
        cause: String,
    },
    /// The catalogue is another one than the built-in one.
    #[error("the demonstration fills the built-in layers; in {layer} it expects {expected}")]
    Misfit {
        /// The layer.
        layer: LayerId,
        /// What the catalogue lacks.
        expected: String,
    },
}

/// What the demonstration brought.
#[derive(Debug, Clone)]
pub struct DemoReport {
    /// Its units.
    pub units: UnitsStored,
    /// Its layers, in the catalogue's order.
    pub layers: Vec<(LayerId, Imported)>,
    /// Three old communes have no cell: see `fixtures/README.md`. And what the store said of its own tables.
    pub findings: Vec<Finding>,
}

/// Puts the demonstration's units and points into a store. Run again, it changes nothing.
pub async fn fill(store: &dyn Store, catalogue: &Catalogue) -> Result<DemoReport, DemoError> {
    let demonstration = Demonstration::new()?;
    let points = catalogue.layers.iter().map(|layer| Ok((layer, demonstration.points(catalogue, layer)?)));
    // All are made before any is stored: a catalogue that does not fit leaves the store as it was.
    let points = points.collect::<Result<Vec<_>, DemoError>>()?;
    let mut findings = store.prepare(catalogue).await?;
    let units::Fixtures { units, changes, findings: of_units } = &demonstration.fixtures;
    findings.extend(of_units.iter().cloned());
    let units = store.put_units(units, changes).await?;
    let mut layers = Vec::new();
    for (layer, rows) in points {
        if rows.is_empty() {
            continue;
        }
        let (sender, receiver) = mpsc::channel(2);
        let (imported, ()) = tokio::join!(store.import(layer, receiver), send(rows, sender));
        layers.push((layer.id.clone(), imported?));
    }
    Ok(DemoReport { units, layers, findings })
}

async fn send(rows: Vec<ImportRow>, to: mpsc::Sender<ImportBatch>) {
    let mut rows = rows.into_iter();
    loop {
        let batch = rows.by_ref().take(BATCH_ROWS).collect::<Vec<_>>();
        let last = batch.is_empty();
        let sent = to.send(if last { ImportBatch::Commit } else { ImportBatch::Rows(batch) }).await;
        // A receiver that went away tells why in the import's own result.
        if last || sent.is_err() {
            return;
        }
    }
}

/// The demonstration's units, and the recipe of its points.
pub struct Demonstration {
    fixtures: units::Fixtures,
    recipe: Recipe,
    days: (Day, Day),
}

impl Demonstration {
    /// Reads what is built into the program.
    pub fn new() -> Result<Self, DemoError> {
        let fault = |cause: String| DemoError::Fixture { file: "fixtures/points.toml", cause };
        let recipe: Recipe = toml::from_str(RECIPE).map_err(|error| fault(error.to_string()))?;
        let days = Moments::parse(&recipe.from, &recipe.to).ok_or_else(|| fault("from before to".to_owned()))?;
        Ok(Self { fixtures: units::fixtures()?, recipe, days })
    }

    /// Its units of all dates.
    pub fn units(&self) -> &[Unit] {
        &self.fixtures.units
    }

    /// The made-up points of a layer: none for a layer that the demonstration does not know.
    pub fn points(&self, catalogue: &Catalogue, layer: &Layer) -> Result<Vec<ImportRow>, DemoError> {
        let groups = self.recipe.groups.iter().enumerate().filter(|(_, group)| group.layer == layer.id.as_str());
        let mut rows = Vec::new();
        let mut maker = None;
        for (number, group) in groups {
            let maker = maker.get_or_insert_with(|| Maker::new(self));
            rows.extend(maker.group(number, group, catalogue, layer)?);
        }
        Ok(rows)
    }
}

/// What the points of all groups need.
struct Maker<'d> {
    demonstration: &'d Demonstration,
    terrain: Terrain<'d>,
    index: UnitIndex,
    today: Day,
}

impl<'d> Maker<'d> {
    fn new(demonstration: &'d Demonstration) -> Self {
        let today = Day(demonstration.days.1.0 - 1);
        Self {
            demonstration,
            terrain: Terrain::new(&demonstration.recipe, demonstration.units(), today),
            index: UnitIndex::new(demonstration.units()),
            today,
        }
    }

    fn group(
        &self,
        number: usize,
        group: &Group,
        catalogue: &Catalogue,
        layer: &Layer,
    ) -> Result<Vec<ImportRow>, DemoError> {
        let plan = Plan::new(group, layer, &self.demonstration.recipe.words)?;
        let moments = Moments::new(group, self.demonstration.days);
        // Each group has chances of its own: another group's change does not move its points.
        let mut random = StdRng::seed_from_u64(SEED + number as u64);
        let mut rows = Vec::with_capacity(group.points);
        for index in 0..group.points {
            let site = chance::weighted(&group.at, |(_, weight)| **weight, &mut random);
            let Some((site, _)) = site else { continue };
            let spot = self.terrain.spot(*site, index, &group.roads, &mut random);
            let time = layer.time.and_then(|_| moments.draw(&catalogue.time_zone, &mut random));
            let around = self.surroundings(&spot, time.map_or(self.today, |(_, day)| day));
            let values = plan.values(&spot, &around, time, &mut random);
            let id = ImportId::Text(format!("demo-{number}-{index}"));
            rows.push(ImportRow { id, at: spot.at, values });
        }
        Ok(rows)
    }

    /// The commune of a place as it was called on the day.
    fn surroundings(&self, spot: &Spot, day: Day) -> Surroundings {
        let links = self.index.links(spot.at);
        let unit = |link: &UnitLink| self.demonstration.units().iter().find(|unit| unit.id == link.unit());
        let commune = |unit: &&Unit| unit.level == Level::Commune && unit.valid.contains(day);
        match links.iter().filter_map(unit).find(commune) {
            Some(unit) => Surroundings { unit: values::lower_first(&unit.full_name), place: unit.name.clone() },
            None => Surroundings {
                unit: "vùng biển Quảng Ngãi".to_owned(), place: "ngoài khơi Quảng Ngãi".to_owned()
            },
        }
    }
}
