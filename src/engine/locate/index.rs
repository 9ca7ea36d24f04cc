//! All units of all dates, found by place.

use std::collections::HashMap;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::area::PreparedArea;
use super::cells::Cells;
use super::days::{self, Span};
use super::near::{MetresPerDegree, NEAR_M};
use crate::engine::as_of::held_by;
use crate::model::{Bbox, Day, Level, LonLat, Relation, Unit, UnitId, UnitLink};

/// All units of all dates, prepared so that any place finds its own in a few microseconds. Immutable.
pub struct UnitIndex {
    /// By level, code and first day, so that indices are in the order of the links.
    entries: Vec<Entry>,
    by_id: HashMap<UnitId, usize>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    /// Of each level, the days on which any unit is valid.
    level_days: [(Level, Vec<Span>); Level::ALL.len()],
    cells: Cells<Covering>,
}

/// What covers a place.
struct Covering {
    /// Indices of entries, in order.
    entries: Vec<usize>,
    /// Of each level, the days on which none of them is valid but others are.
    uncovered: [Vec<Span>; Level::ALL.len()],
}

struct Entry {
    id: UnitId,
    level: Level,
    days: Span,
    area: PreparedArea,
}

impl UnitIndex {
    /// Prepares units given in any order. A unit without polygons is known and covers nothing.
    pub fn new(units: &[Unit]) -> Self {
        let mut sorted: Vec<&Unit> = units.iter().collect();
        sorted.sort_by(|a, b| a.identity().cmp(&b.identity()));
        let entries: Vec<Entry> = sorted
            .into_iter()
            .map(|unit| Entry {
                id: unit.id,
                level: unit.level,
                days: Span::new(unit.valid),
                area: PreparedArea::new(&unit.geometry),
            })
            .collect();
        let placed = entries.iter().enumerate().filter(|(_, entry)| !entry.area.bbox().is_empty());
        let boxes = placed.map(|(index, entry)| {
            let Bbox { west, south, east, north } = entry.area.reach();
            GeomWithData::new(Rectangle::from_corners([west, south], [east, north]), index)
        });
        let mut bbox = Bbox::EMPTY;
        for entry in entries.iter().filter(|entry| !entry.area.bbox().is_empty()) {
            let Bbox { west, south, east, north } = entry.area.reach();
            bbox.extend(LonLat { lon: west, lat: south });
            bbox.extend(LonLat { lon: east, lat: north });
        }
        let spans = |level| entries.iter().filter(move |entry| entry.level == level).map(|entry| entry.days);
        Self {
            by_id: entries.iter().enumerate().map(|(index, entry)| (entry.id, index)).collect(),
            tree: RTree::bulk_load(boxes.collect()),
            level_days: Level::ALL.map(|level| (level, days::union(spans(level).collect()))),
            cells: Cells::new(bbox, entries.iter().flat_map(|entry| entry.area.segments())),
            entries,
        }
    }

    /// The units of all levels and dates that a place belongs to, in the order of the join's rule.
    pub fn links(&self, at: LonLat) -> Vec<UnitLink> {
        match self.cells.answer(at, |middle| self.covering(middle), |entries| self.uncovered(entries.to_vec())) {
            Some(covering) => self.links_of(at, &covering),
            None => self.links_of(at, &self.uncovered(self.covering(at))),
        }
    }

    /// Indices of the units that cover a place, in order.
    fn covering(&self, at: LonLat) -> Vec<usize> {
        let mut covering: Vec<usize> =
            self.tree.locate_all_at_point([at.lon, at.lat]).map(|candidate| candidate.data).collect();
        covering.retain(|&index| self.entries.get(index).is_some_and(|entry| entry.area.covers(at)));
        covering.sort_unstable();
        covering
    }

    fn uncovered(&self, entries: Vec<usize>) -> Covering {
        let uncovered = self.level_days.each_ref().map(|(level, all)| {
            let covering = entries.iter().filter_map(|index| self.entries.get(*index));
            let of_level = covering.filter(|entry| entry.level == *level);
            days::without(all, of_level.map(|entry| entry.days).collect())
        });
        Covering { entries, uncovered }
    }

    fn links_of(&self, at: LonLat, Covering { entries, uncovered }: &Covering) -> Vec<UnitLink> {
        let covering = || entries.iter().filter_map(|index| self.entries.get(*index));
        let mut links: Vec<UnitLink> = covering().map(|entry| UnitLink::Covered(entry.id)).collect();
        if uncovered.iter().any(|days| !days.is_empty()) {
            links.extend(self.near(at, |entry| {
                let of_level = self.level_days.iter().zip(uncovered).filter(|((level, _), _)| *level == entry.level);
                of_level.flat_map(|(_, days)| days).any(|span| span.meets(entry.days))
                    && covering().all(|covering| covering.id != entry.id)
            }));
        }
        links
    }

    /// The wanted units within [`NEAR_M`], by level, distance, and then code and first day.
    fn near(&self, at: LonLat, wanted: impl Fn(&Entry) -> bool) -> impl Iterator<Item = UnitLink> {
        let metres = MetresPerDegree::at(at.lat);
        // A tenth more than the reach: candidates may be too many, never too few. At the poles all longitudes are near.
        let (dx, dy) = ((1.1 * NEAR_M / metres.x).min(360.0), 1.1 * NEAR_M / metres.y);
        let around = Bbox { west: at.lon - dx, south: at.lat - dy, east: at.lon + dx, north: at.lat + dy };
        let envelope = AABB::from_corners([around.west, around.south], [around.east, around.north]);
        let mut found: Vec<(Level, f64, usize, UnitId)> = self
            .tree
            .locate_in_envelope_intersecting(envelope)
            .filter_map(|candidate| Some((candidate.data, self.entries.get(candidate.data)?)))
            .filter(|(_, entry)| wanted(entry) && entry.area.has_border_in(&around))
            .map(|(index, entry)| (entry.level, entry.area.distance_m(at, NEAR_M), index, entry.id))
            .filter(|(_, distance_m, ..)| *distance_m <= NEAR_M)
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        found.into_iter().map(|(.., id)| UnitLink::Near(id))
    }

    /// How a point with these links belongs to a level on a day: its first link that is of both decides.
    pub fn relation(&self, links: &[UnitLink], level: Level, day: Day) -> Relation {
        let holding = held_by(links, |id| {
            let entry = self.by_id.get(&id).and_then(|index| self.entries.get(*index));
            entry.is_some_and(|entry| entry.level == level && entry.days.contains(day))
        });
        holding.relation()
    }

    /// Whether a unit covers a place, border included; an unknown one covers none.
    pub fn covers(&self, unit: UnitId, at: LonLat) -> bool {
        let entry = self.by_id.get(&unit).and_then(|index| self.entries.get(*index));
        entry.is_some_and(|entry| entry.area.covers(at))
    }

    /// Metres from a place to a unit in the plane of the place ([`MetresPerDegree`]): 0 where it covers the place. None for an
    /// unknown unit and one without polygons. Good to 0.1 % for some kilometres, a mere order of magnitude beyond some hundred.
    pub fn distance_m(&self, unit: UnitId, at: LonLat) -> Option<f64> {
        let entry = self.entries.get(*self.by_id.get(&unit)?)?;
        if entry.area.covers(at) {
            return Some(0.0);
        }
        Some(entry.area.distance_m(at, f64::INFINITY)).filter(|metres| metres.is_finite())
    }

    /// Metres from a place, inside or outside, to the unit's nearest border, as good as [`UnitIndex::distance_m`].
    pub fn border_m(&self, unit: UnitId, at: LonLat) -> Option<f64> {
        let entry = self.entries.get(*self.by_id.get(&unit)?)?;
        Some(entry.area.border_m(at)).filter(|metres| metres.is_finite())
    }
}
