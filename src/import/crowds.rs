//! One place for many rows: what a geocoder gives for addresses that it does not know.

use super::fault::Fault;
use crate::engine::crowds::least_rows;
use crate::model::{FindingKind, LonLat};

/// Places that are followed: one that stands for more than a 65th of the rows is always among them.
const FOLLOWED: usize = 64;

/// Finds the places of a stream that stand for many rows (Misra and Gries 1982), in constant memory. Counts are too low by a
/// 65th of the rows at most.
#[derive(Default)]
pub(super) struct Crowds {
    places: Vec<(LonLat, u64)>,
    rows: u64,
}

impl Crowds {
    /// Takes a row's place in.
    pub fn add(&mut self, at: LonLat) {
        self.rows += 1;
        if let Some((_, count)) = self.places.iter_mut().find(|(place, _)| *place == at) {
            *count += 1;
        } else if self.places.len() < FOLLOWED {
            self.places.push((at, 1));
        } else {
            self.places.iter_mut().for_each(|(_, count)| *count -= 1);
            self.places.retain(|(_, count)| *count > 0);
        }
    }

    /// The places that stand for many rows, most first.
    pub fn faults(&self) -> Vec<Fault> {
        let is_many = |count: u64| count >= least_rows(self.rows);
        let mut many: Vec<&(LonLat, u64)> = self.places.iter().filter(|(_, count)| is_many(*count)).collect();
        many.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let fault = |(at, count): &(LonLat, u64)| {
            let message = format!(
                "at least {count} of {} rows lie at {:.6},{:.6}; stored as they are",
                self.rows, at.lon, at.lat
            );
            Fault::new(FindingKind::DuplicatePlace, message)
        };
        many.into_iter().map(fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_many_rows_is_found_among_many_places() {
        let at = |lon: f64| LonLat { lon, lat: 15.0 };
        let mut crowds = Crowds::default();
        for row in 0..50_000 {
            crowds.add(if row % 10 == 0 { at(108.0) } else { at(100.0 + f64::from(row) * 1e-4) });
        }
        let faults = crowds.faults();
        assert!(faults.len() == 1 && faults[0].message.contains("at 108.000000,15.000000"), "{faults:?}");
        let mut few = Crowds::default();
        (0..19).for_each(|_| few.add(at(108.0)));
        assert_eq!(few.faults(), []);
    }
}
