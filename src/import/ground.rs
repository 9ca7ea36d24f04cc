//! The ground that a map is about: where the rows of its departments are to be expected.

use super::stated::KnownUnits;
use crate::engine::crs::Crs;
use crate::engine::locate::UnitIndex;
use crate::engine::readings::Reading;
use crate::model::{Bbox, Level, LonLat, Unit};
use crate::store::UnitTable;

/// Vietnam with its islands and sea: where grids of VN-2000 are used, for a store that knows no units yet.
const VIETNAM: Bbox = Bbox { west: 102.0, south: 6.0, east: 118.0, north: 23.5 };

/// The provinces of a store at any time, or the level below where it has none.
pub(super) struct Ground {
    /// All units of the store.
    pub units: KnownUnits,
    land: Option<UnitIndex>,
    /// Names of the provinces, to know their grids by.
    provinces: Vec<String>,
}

impl Ground {
    /// From all that a store knows of units.
    pub fn new(table: UnitTable) -> Self {
        let units = KnownUnits::new(table.units, table.changes);
        let (land, provinces) = Self::land_of(units.all());
        Self { units, land, provinces }
    }

    fn land_of(units: &[Unit]) -> (Option<UnitIndex>, Vec<String>) {
        let drawn = |level: Level| {
            let of_level = units.iter().filter(move |unit| unit.level == level && !unit.geometry.0.is_empty());
            of_level.cloned().collect::<Vec<Unit>>()
        };
        let upper = Level::ALL.into_iter().map(drawn).find(|units| !units.is_empty());
        let provinces = units.iter().filter(|unit| unit.level == Level::Province).map(|unit| unit.name.clone());
        (upper.map(|units| UnitIndex::new(&units)), provinces.collect())
    }

    /// Whether a place is on it or within 200 m, as far as the reading allows to say.
    pub fn holds(&self, at: LonLat, reading: Reading) -> bool {
        match &self.land {
            Some(land) => !land.links(at).is_empty(),
            None => !is_vn2000(reading.crs) || VIETNAM.contains(at),
        }
    }

    /// Whether it is known at all where rows belong that are read so.
    pub fn is_known(&self, reading: Reading) -> bool {
        self.land.is_some() || is_vn2000(reading.crs)
    }

    /// Which reading is likelier among those that fit, lowest first: the grids of the provinces before others.
    pub fn prior(&self, reading: Reading, told: Reading) -> usize {
        let rank = match reading.crs {
            Crs::Crs84 | Crs::Wgs84 => 0,
            Crs::Vn2000 => 1,
            Crs::Grid(grid) if self.provinces.iter().any(|name| grid.provinces.split(", ").any(|one| one == name)) => 0,
            Crs::Grid(grid) if grid.scale_1e4 == 9999 => 1,
            Crs::Grid(_) => 2,
            Crs::WebMercator => 3,
        };
        rank * 2 + usize::from(reading.order != told.order)
    }
}

fn is_vn2000(crs: Crs) -> bool {
    matches!(crs, Crs::Vn2000 | Crs::Grid(_))
}
