//! Two layers by distance: for each feature of one, how many of the other are near it.

use super::geodesic::{Around, boxes_around, distance_m};
use super::parts::{Parts, Row};
use super::select::Selected;
use super::within::{rows_in_radius, rows_to_look_at};

/// Features by which the cost of a join is judged.
const SAMPLE: usize = 256;
/// What it costs to look around one feature, in features looked at.
const SEARCH: usize = 60;

/// A feature and what is near it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Joined {
    /// The feature.
    pub row: Row,
    /// How many of the other layer are within the distance.
    pub near: u64,
}

/// About how many features a join looks at, judged by a sample of the rows: a hundred million cost some seconds.
pub fn features_to_look_at(parts: &Parts, rows: &[Row], others: &Parts, radius_m: f64) -> u64 {
    let every = rows.len().div_ceil(SAMPLE).max(1);
    let look = |row: &Row| (rows_to_look_at(others, &boxes_around(parts.at(*row), radius_m)) + SEARCH) as u64;
    rows.iter().step_by(every).map(look).sum::<u64>().saturating_mul(every as u64)
}

/// For each row how many of the others are within the geodesic distance, edge included. A feature is not near itself:
/// `same` tells whether both are of one layer.
pub fn join(parts: &Parts, rows: &[Row], others: &Selected<'_>, radius_m: f64, same: Same) -> Vec<Joined> {
    let joined = |row: &Row| {
        let found = rows_in_radius(others, parts.at(*row), radius_m);
        let itself = same == Same::Layer && found.iter().any(|other| others.parts().id(*other) == parts.id(*row));
        Joined { row: *row, near: found.len() as u64 - u64::from(itself) }
    };
    rows.iter().take_while(|_| !others.is_cancelled()).map(joined).collect()
}

/// The nearest of the others within the distance, its id and metres; of several as near the one with the least id.
pub fn nearest_other(parts: &Parts, row: Row, others: &Selected<'_>, radius_m: f64, same: Same) -> Option<(u64, f64)> {
    let (at, around) = (parts.at(row), Around::new(parts.at(row)));
    let mut found = rows_in_radius(others, at, radius_m);
    found.retain(|other| same == Same::Nothing || others.parts().id(*other) != parts.id(row));
    let bounds = found.into_iter().map(|other| (other, around.bounds_m(others.parts().at(other))));
    let bounds: Vec<(Row, (f64, f64))> = bounds.collect();
    let reach_m = bounds.iter().map(|(_, (_, most_m))| *most_m).fold(f64::INFINITY, f64::min);
    let near = bounds.into_iter().filter(|(_, (least_m, _))| *least_m <= reach_m).map(|(other, _)| other);
    let measured = near.map(|other| (others.parts().id(other), distance_m(at, others.parts().at(other))));
    measured.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))
}

/// What the two sides of a join have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Same {
    /// Both are features of one layer.
    Layer,
    /// They are of different layers.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::made_up::{changed_parts, features, parts};

    #[test]
    fn a_join_is_as_by_brute_force() {
        let (features, others) = (features(400), features(900));
        for (left, same) in [(parts(&features), Same::Nothing), (changed_parts(&features), Same::Layer)] {
            let right = changed_parts(&others);
            let selected = Selected::everything(&right);
            let rows: Vec<Row> = Selected::everything(&left).rows().collect();
            for radius_m in [1.0, 800.0, 20_000.0] {
                for joined in join(&left, &rows, &selected, radius_m, same) {
                    let (id, at) = (left.id(joined.row), left.at(joined.row));
                    let near = others.iter().filter(|other| same == Same::Nothing || other.id != id);
                    let near = near.map(|other| (distance_m(at, other.at), other.id));
                    let mut near: Vec<(f64, u64)> = near.filter(|(metres, _)| *metres <= radius_m).collect();
                    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                    assert_eq!(joined.near, near.len() as u64);
                    let nearest = nearest_other(&left, joined.row, &selected, radius_m, same);
                    assert_eq!(nearest, near.first().map(|(metres, id)| (*id, *metres)));
                }
            }
            assert!(features_to_look_at(&left, &rows, &right, 20_000.0) > 400 * 60);
        }
    }
}
