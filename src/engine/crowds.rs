//! Places that stand for many rows: what a geocoder gives for addresses that it does not know.

use std::collections::BTreeSet;

use super::parts::{Part, Parts};
use crate::model::LonLat;

/// Least rows in one place that are told, …
const LEAST_ROWS: u64 = 20;
/// … and their least share of all rows, percent.
const LEAST_PERCENT: u64 = 5;

/// How many of so many rows must lie in one place for it to be told.
pub fn least_rows(of: u64) -> u64 {
    LEAST_ROWS.max(of.saturating_mul(LEAST_PERCENT).div_ceil(100))
}

/// The places, in degrees, at which very many of a layer's features lie: equal to the last bit. There are twenty at most.
///
/// Rows of one place follow each other in each part, so one of its parts has a run of that many for each of the parts: a
/// look at all keys, and one at the rows of the few that are left.
pub fn crowds(parts: &Parts) -> Vec<LonLat> {
    let least = least_rows(parts.len() as u64) as usize;
    let in_one = least.div_ceil(parts.iter().count().max(1));
    let keys: BTreeSet<u64> = parts.iter().flat_map(|part| long_runs(&part.columns.keys, in_one)).collect();
    let mut places = Vec::new();
    for key in keys {
        let mut found: Vec<LonLat> = parts.iter().flat_map(|part| places_of(part, key)).collect();
        found.sort_by(|a, b| a.lon.total_cmp(&b.lon).then(a.lat.total_cmp(&b.lat)));
        places.extend(found.chunk_by(|a, b| a == b).filter(|same| same.len() >= least).filter_map(|same| same.first()));
    }
    places
}

/// The keys that stand so often in a list in their order.
fn long_runs(keys: &[u64], least: usize) -> impl Iterator<Item = u64> {
    let runs = keys.chunk_by(|a, b| a == b).filter(move |run| run.len() >= least);
    runs.filter_map(|run| run.first().copied())
}

/// Where the rows of a key are that are there. Both zeros are one place.
fn places_of(part: &Part, key: u64) -> impl Iterator<Item = LonLat> {
    let rows = part.columns.rows_between(key, key).filter(|row| !part.gone.contains(*row));
    rows.map(|row| part.columns.at(row)).map(|at| LonLat { lon: at.lon + 0.0, lat: at.lat + 0.0 })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::engine::made_up::{changed_parts, features, parts};
    use crate::model::Feature;

    fn by_counting(features: &[Feature]) -> Vec<(u64, u64)> {
        let mut counts: HashMap<(u64, u64), u64> = HashMap::new();
        for feature in features {
            *counts.entry(((feature.at.lon + 0.0).to_bits(), (feature.at.lat + 0.0).to_bits())).or_default() += 1;
        }
        let least = least_rows(features.len() as u64);
        let mut places: Vec<_> = counts.into_iter().filter(|(_, count)| *count >= least).map(|(at, _)| at).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn crowded_places_are_those_that_counting_finds_however_the_layer_is_divided() {
        let mut features = features(3_000);
        // Beside a crowd, in the same cell of the key.
        for feature in features.iter_mut().filter(|feature| feature.id % 10 == 3) {
            feature.at = LonLat { lon: 20.0, lat: if feature.id % 30 == 3 { 5.0 } else { 5.000_000_000_001 } };
        }
        let expected = by_counting(&features);
        assert!(expected.len() >= 2, "{expected:?}");
        for parts in [parts(&features), changed_parts(&features)] {
            let mut found: Vec<_> = crowds(&parts).iter().map(|at| (at.lon.to_bits(), at.lat.to_bits())).collect();
            found.sort_unstable();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn nineteen_rows_are_no_crowd_and_an_empty_layer_has_none() {
        let at = |id| Feature { id, at: LonLat { lon: 1.0, lat: 2.0 }, values: Vec::new(), units: Vec::new() };
        let rows: Vec<Feature> = (0..20).map(at).collect();
        assert_eq!(crowds(&parts(&rows[..19])), []);
        assert_eq!(crowds(&parts(&rows)), [LonLat { lon: 1.0, lat: 2.0 }]);
        assert_eq!(crowds(&Parts::default()), []);
    }
}
