//! Where made-up points may stand: the province's communes, its coast, its towns and roads.

use geo::{Centroid, InteriorPoint};
use rand::Rng;
use rand::rngs::StdRng;

use super::chance::{normal, weighted};
use super::recipe::{Recipe, Road, Site};
use crate::engine::locate::PreparedArea;
use crate::model::{Bbox, Day, Level, LonLat, Unit};

/// Kilometres in a degree of latitude, near enough for points that stand nowhere in particular.
const KM_PER_DEGREE: f64 = 110.6;
/// How far a coast's eastern side is free of land.
const OPEN_SEA_KM: f64 = 20.0;
/// Draws before a place inside the province is given up and the unit's centre taken.
const TRIES: usize = 200;

/// A place for a point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    pub(super) at: LonLat,
    /// The road it stands on, and the kilometre.
    pub(super) road: Option<(String, u32)>,
}

struct Commune {
    code: String,
    area: PreparedArea,
    bbox: Bbox,
    centre: LonLat,
    coastal: bool,
}

/// The land and its edge.
pub(super) struct Terrain<'r> {
    recipe: &'r Recipe,
    communes: Vec<Commune>,
    bbox: Bbox,
    /// Segments of the outline that face the open sea.
    coast: Vec<(LonLat, LonLat)>,
}

impl<'r> Terrain<'r> {
    /// The land of the communes valid on a day.
    pub(super) fn new(recipe: &'r Recipe, units: &[Unit], day: Day) -> Self {
        let valid = |unit: &&Unit| unit.level == Level::Commune && unit.valid.contains(day);
        let communes = units.iter().filter(valid).filter_map(commune).collect::<Vec<_>>();
        let mut bbox = Bbox::EMPTY;
        for commune in &communes {
            bbox.join(&commune.bbox);
        }
        let mut terrain = Self { recipe, communes, bbox, coast: Vec::new() };
        for unit in units.iter().filter(valid) {
            let seaward = segments(unit).filter(|segment| terrain.faces_the_sea(*segment)).collect::<Vec<_>>();
            if let Some(commune) = terrain.communes.iter_mut().find(|commune| commune.code == unit.code) {
                commune.coastal = !seaward.is_empty();
            }
            terrain.coast.extend(seaward);
        }
        terrain
    }

    /// Whether any commune covers the place.
    pub(super) fn covers(&self, at: LonLat) -> bool {
        self.communes.iter().any(|commune| commune.bbox.contains(at) && commune.area.covers(at))
    }

    fn faces_the_sea(&self, (from, to): (LonLat, LonLat)) -> bool {
        let middle = LonLat { lon: f64::midpoint(from.lon, to.lon), lat: f64::midpoint(from.lat, to.lat) };
        let steps = (1..=40).map(|step| f64::from(step) / 40.0 * OPEN_SEA_KM);
        // West of this meridian the province's outline is a border on land.
        middle.lon > 108.6 && steps.into_iter().all(|km| !self.covers(shifted(middle, km, 0.0)))
    }

    /// A place of the given sort for the `index`-th point of a group that keeps to the given roads (all when none is given).
    pub(super) fn spot(&self, site: Site, index: usize, roads: &[String], random: &mut StdRng) -> Spot {
        let off_road = |at| Spot { at, road: None };
        match site {
            Site::Town => off_road(self.in_town(random)),
            Site::Road => self.on_road(roads, random),
            Site::EachUnit => off_road(self.in_commune_number(index, random)),
            Site::Coast => off_road(self.by_the_coast(random, 0.03, 0.9, Side::Land)),
            Site::Near => off_road(self.by_the_coast(random, 0.02, 0.15, Side::Sea)),
            Site::Outside => off_road(self.by_the_coast(random, 3.0, 40.0, Side::Sea)),
            Site::Inland => {
                let inland = self.communes.iter().filter(|commune| !commune.coastal).collect::<Vec<_>>();
                off_road(self.within(inland.get(random.random_range(0..inland.len().max(1))).copied(), random))
            }
            Site::Anywhere => off_road(self.within(None, random)),
        }
    }

    fn in_town(&self, random: &mut StdRng) -> LonLat {
        let town = weighted(&self.recipe.towns, |town| town.weight, random);
        let commune = town.and_then(|town| self.communes.iter().find(|commune| commune.code == town.unit));
        let Some((town, commune)) = town.zip(commune) else { return self.within(None, random) };
        about(commune.centre, town.spread_km, random, |at| self.covers(at))
    }

    fn in_commune_number(&self, index: usize, random: &mut StdRng) -> LonLat {
        let Some(commune) = self.communes.get(index % self.communes.len().max(1)) else {
            return self.within(None, random);
        };
        about(commune.centre, 0.8, random, |at| commune.area.covers(at))
    }

    /// A place in the commune, or in the whole province.
    fn within(&self, commune: Option<&Commune>, random: &mut StdRng) -> LonLat {
        let bbox = commune.map_or(self.bbox, |commune| commune.bbox);
        for _ in 0..TRIES {
            let at = LonLat {
                lon: random.random_range(bbox.west..bbox.east),
                lat: random.random_range(bbox.south..bbox.north),
            };
            if commune.map_or_else(|| self.covers(at), |commune| commune.area.covers(at)) {
                return at;
            }
        }
        commune.map_or(LonLat { lon: bbox.west, lat: bbox.south }, |commune| commune.centre)
    }

    /// A place on a road, within its verges. Roads may leave the province.
    fn on_road(&self, roads: &[String], random: &mut StdRng) -> Spot {
        let allowed = |road: &&Road| roads.is_empty() || roads.contains(&road.name);
        let allowed = self.recipe.roads.iter().filter(allowed).collect::<Vec<_>>();
        let Some(road) = weighted(&allowed, |road| road.weight, random) else {
            return Spot { at: self.within(None, random), road: None };
        };
        let legs = road.line.iter().zip(road.line.iter().skip(1)).map(|(from, to)| (place(*from), place(*to)));
        let legs = legs.map(|(from, to)| (from, to, km_between(from, to))).collect::<Vec<_>>();
        let mut km = random.random_range(0.0..legs.iter().map(|(_, _, km)| km).sum::<f64>().max(f64::MIN_POSITIVE));
        let whole = km as u32;
        for (from, to, length) in &legs {
            if km <= *length {
                let share = km / length.max(f64::MIN_POSITIVE);
                let on =
                    LonLat { lon: from.lon + (to.lon - from.lon) * share, lat: from.lat + (to.lat - from.lat) * share };
                let at = shifted(on, 0.05 * normal(random), 0.05 * normal(random));
                return Spot { at, road: Some((road.name.clone(), whole)) };
            }
            km -= length;
        }
        Spot { at: self.within(None, random), road: None }
    }

    /// A place so many kilometres from the coast, on its land or its sea side.
    fn by_the_coast(&self, random: &mut StdRng, least_km: f64, most_km: f64, side: Side) -> LonLat {
        for _ in 0..TRIES {
            let Some((from, to)) = self.coast.get(random.random_range(0..self.coast.len().max(1))) else { break };
            let share = random.random_range(0.0..1.0);
            let on =
                LonLat { lon: from.lon + (to.lon - from.lon) * share, lat: from.lat + (to.lat - from.lat) * share };
            let (east, north) = ((to.lon - from.lon) * on.lat.to_radians().cos(), to.lat - from.lat);
            let length = east.hypot(north).max(f64::MIN_POSITIVE);
            let km = random.random_range(least_km..most_km);
            // At right angles to the coast; which of the two sides is which, the land says.
            for turn in [1.0, -1.0] {
                let at = shifted(on, turn * km * north / length, -turn * km * east / length);
                if self.covers(at) == (side == Side::Land) {
                    return at;
                }
            }
        }
        self.within(None, random)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Land,
    Sea,
}

/// A place about a centre where `allowed`; one in five lies in the outskirts.
fn about(centre: LonLat, spread_km: f64, random: &mut StdRng, allowed: impl Fn(LonLat) -> bool) -> LonLat {
    for _ in 0..TRIES {
        let spread = if random.random_bool(0.2) { spread_km * 2.5 } else { spread_km };
        let at = shifted(centre, spread * normal(random), spread * normal(random));
        if allowed(at) {
            return at;
        }
    }
    centre
}

fn commune(unit: &Unit) -> Option<Commune> {
    let area = PreparedArea::new(&unit.geometry);
    let at = |point: geo_types::Point<f64>| LonLat { lon: point.x(), lat: point.y() };
    // A crescent's centroid may lie outside of it.
    let centroid = unit.geometry.centroid().map(at).filter(|centre| area.covers(*centre));
    let centre = centroid.or_else(|| unit.geometry.interior_point().map(at))?;
    Some(Commune { code: unit.code.clone(), bbox: area.bbox(), area, centre, coastal: false })
}

fn segments(unit: &Unit) -> impl Iterator<Item = (LonLat, LonLat)> {
    let at = |coord: &geo_types::Coord<f64>| LonLat { lon: coord.x, lat: coord.y };
    unit.geometry.iter().flat_map(move |polygon| {
        let ring = &polygon.exterior().0;
        ring.iter().zip(ring.iter().skip(1)).map(move |(from, to)| (at(from), at(to)))
    })
}

fn place([lon, lat]: [f64; 2]) -> LonLat {
    LonLat { lon, lat }
}

/// A place so many kilometres east and north.
pub(super) fn shifted(at: LonLat, east_km: f64, north_km: f64) -> LonLat {
    let lon = at.lon + east_km / (KM_PER_DEGREE * at.lat.to_radians().cos());
    LonLat { lon, lat: at.lat + north_km / KM_PER_DEGREE }
}

fn km_between(from: LonLat, to: LonLat) -> f64 {
    let east = (to.lon - from.lon) * from.lat.to_radians().cos();
    east.hypot(to.lat - from.lat) * KM_PER_DEGREE
}
